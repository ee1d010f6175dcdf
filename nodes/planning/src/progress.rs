//! How far the vehicle is on its trip: `/mission/progress`.

use msgs::atlasmesh_msgs::msg::TripProgress;

use crate::plan::StopsFor;
use crate::trip::{Task, TripState};

/// What is to be told, without a stamp; none while there is nothing to tell: before the first trip, and while the vehicle
/// comes to a stop on a cancelled one.
pub fn of(trip: &TripState, stops_for: Option<StopsFor>, stands: bool) -> Option<TripProgress> {
    if trip.id().is_empty() {
        return None;
    }
    let (state, reason) = match (trip.task(), stops_for) {
        (Task::Cancelled, _) if stands => (TripProgress::STATE_CANCELLED, ""),
        (Task::Cancelled, _) => return None,
        (Task::Drive(_), _) if trip.has_arrived() && trip.is_at_last_stop() => {
            (TripProgress::STATE_COMPLETED, "")
        }
        (Task::Drive(_), _) if trip.has_arrived() => (TripProgress::STATE_AT_STOP, ""),
        (Task::Drive(_), Some(StopsFor::NoRoute(why))) if stands => (TripProgress::STATE_FAILED, why.words()),
        (Task::Drive(_), Some(StopsFor::Heading)) if stands => {
            (TripProgress::STATE_FAILED, "the vehicle stands too far across its lane to set off")
        }
        (Task::Drive(_), _) => (TripProgress::STATE_DRIVING, ""),
        (Task::Stand, _) => (TripProgress::STATE_FAILED, "the trip has no stops"),
    };
    Some(TripProgress {
        trip_id: trip.id().into(),
        revision: trip.revision(),
        state,
        stop_index: trip.stop_index(),
        reason: reason.into(),
        ..TripProgress::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::NoRoute;
    use msgs::atlasmesh_msgs::msg::{Trip, TripStop};

    fn trip(revision: u32, action: u8) -> Trip {
        Trip { trip_id: "T".into(), revision, action, stops: vec![TripStop::default(); 2], ..Trip::default() }
    }

    #[test]
    fn from_the_order_to_the_last_stop() {
        let mut state = TripState::default();
        assert_eq!(of(&state, Some(StopsFor::NoTrip), true), None);
        state.take(&trip(1, Trip::ACTION_DRIVE));
        let told = |state: &TripState, why, stands| of(state, why, stands).map(|p| (p.state, p.stop_index));
        assert_eq!(told(&state, None, true), Some((TripProgress::STATE_DRIVING, 0)));
        let no_route = Some(StopsFor::NoRoute(NoRoute::Unreachable));
        assert_eq!(told(&state, no_route, false), Some((TripProgress::STATE_DRIVING, 0)), "it still moves");
        let failed = of(&state, no_route, true).unwrap();
        assert_eq!(
            (failed.state, failed.reason.as_str()),
            (TripProgress::STATE_FAILED, "no route leads to the stop")
        );
        state.stands_at_stop(0);
        // Without a dwell time it goes on with the next stop at once.
        assert_eq!(told(&state, None, true), Some((TripProgress::STATE_DRIVING, 1)));
        state.stands_at_stop(1);
        assert_eq!(told(&state, None, true), Some((TripProgress::STATE_COMPLETED, 1)));
    }

    #[test]
    fn cancelled_when_it_stands() {
        let mut state = TripState::default();
        state.take(&trip(1, Trip::ACTION_DRIVE));
        state.take(&trip(2, Trip::ACTION_CANCEL));
        assert_eq!(of(&state, None, false), None);
        let told = of(&state, None, true).unwrap();
        assert_eq!((told.state, told.revision), (TripProgress::STATE_CANCELLED, 2));
    }
}
