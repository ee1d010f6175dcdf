//! Which stop of which trip the vehicle drives to.

use msgs::atlasmesh_msgs::msg::{Trip, TripStop};
use vehicle::Pose2;

/// Where to stop.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Height in map, m.
    pub z: f64,
    /// Whether the heading of the pose counts.
    pub has_heading: bool,
    /// How long to stand there, ns.
    pub dwell_ns: i64,
}

/// By their bits: a stop that is not a number is the same as itself, so that no new route is sought all the time.
impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        let bits = |stop: &Self| {
            let Self { pose, z, has_heading, dwell_ns } = *stop;
            ([pose.position.x, pose.position.y, pose.heading, z].map(f64::to_bits), has_heading, dwell_ns)
        };
        bits(self) == bits(other)
    }
}

impl From<&TripStop> for Stop {
    fn from(stop: &TripStop) -> Self {
        let q = &stop.pose.orientation;
        let norm = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w;
        let dwell = &stop.dwell;
        Self {
            pose: Pose2::from(&stop.pose),
            z: stop.pose.position.z,
            has_heading: norm > 0.01,
            dwell_ns: (i64::from(dwell.sec) * 1_000_000_000 + i64::from(dwell.nanosec)).max(0),
        }
    }
}

/// What the vehicle is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    /// There is no trip, or it is done: stand.
    Stand,
    /// Drive to a stop.
    Drive(Stop),
    /// The trip is cancelled: stop comfortably.
    Cancelled,
}

/// The trip under way.
#[derive(Clone, Debug, Default)]
pub struct TripState {
    id: String,
    revision: u32,
    cancelled: bool,
    stops: Vec<Stop>,
    next: usize,
    arrived_ns: Option<i64>,
    max_speed_mps: f64,
}

impl TripState {
    /// Takes over an order; false if it is not newer than the one known. A new revision of the same trip goes on
    /// with the stop that the old one was at if both have it, else with its first.
    pub fn take(&mut self, trip: &Trip) -> bool {
        let same = trip.trip_id == self.id;
        if same && trip.revision <= self.revision && (self.revision > 0 || !self.stops.is_empty()) {
            return false;
        }
        let stops: Vec<Stop> =
            if trip.trip_id.is_empty() { vec![] } else { trip.stops.iter().map(Stop::from).collect() };
        let goes_on = same && stops.get(..self.next) == self.stops.get(..self.next);
        if !goes_on {
            (self.next, self.arrived_ns) = (0, None);
        } else if stops.get(self.next) != self.stops.get(self.next) {
            self.arrived_ns = None;
        }
        self.id.clone_from(&trip.trip_id);
        self.revision = trip.revision;
        self.cancelled = trip.action == Trip::ACTION_CANCEL;
        self.stops = stops;
        let limit = f64::from(trip.max_speed_mps);
        self.max_speed_mps = if limit.is_finite() && limit > 0.0 { limit } else { f64::INFINITY };
        true
    }

    /// What to do now.
    pub fn task(&self) -> Task {
        match self.stops.get(self.next) {
            _ if self.cancelled => Task::Cancelled,
            Some(stop) => Task::Drive(*stop),
            None => Task::Stand,
        }
    }

    /// Tells that the vehicle stands at its stop; true when it has stood long enough and there is another one.
    pub fn stands_at_stop(&mut self, now_ns: i64) -> bool {
        let since = *self.arrived_ns.get_or_insert(now_ns);
        let Some(stop) = self.stops.get(self.next) else { return false };
        if now_ns.saturating_sub(since) < stop.dwell_ns || self.next + 1 >= self.stops.len() {
            return false;
        }
        self.next += 1;
        self.arrived_ns = None;
        true
    }

    /// Whether the vehicle has come to the stop that it is to drive to.
    pub fn has_arrived(&self) -> bool {
        self.arrived_ns.is_some()
    }

    /// Id of the trip; empty before the first one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Revision of the order.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The stop that the vehicle drives to or stands at, from 0.
    pub fn stop_index(&self) -> u32 {
        u32::try_from(self.next).unwrap_or(u32::MAX)
    }

    /// Whether no other stop follows.
    pub fn is_at_last_stop(&self) -> bool {
        self.next + 1 >= self.stops.len()
    }

    /// Highest speed on this trip, m/s; infinite without a limit.
    pub fn max_speed_mps(&self) -> f64 {
        if self.max_speed_mps > 0.0 { self.max_speed_mps } else { f64::INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(id: &str, revision: u32, stops: &[f64]) -> Trip {
        let stop = |x: &f64| {
            let mut stop = TripStop::default();
            stop.pose.position.x = *x;
            stop.dwell.sec = 5;
            stop
        };
        Trip { trip_id: id.into(), revision, stops: stops.iter().map(stop).collect(), ..Trip::default() }
    }

    fn x(state: &TripState) -> Option<f64> {
        match state.task() {
            Task::Drive(stop) => Some(stop.pose.position.x),
            _ => None,
        }
    }

    #[test]
    fn stops_one_after_another() {
        let mut state = TripState::default();
        assert_eq!(state.task(), Task::Stand);
        assert!(state.take(&trip("a", 1, &[1.0, 2.0])));
        assert_eq!(x(&state), Some(1.0));
        assert!(!state.stands_at_stop(0));
        assert!(!state.stands_at_stop(4_000_000_000));
        assert!(state.stands_at_stop(5_000_000_000));
        assert_eq!(x(&state), Some(2.0));
        assert!(!state.stands_at_stop(6_000_000_000));
        assert!(!state.stands_at_stop(600_000_000_000), "stays at the last one");
        assert_eq!(x(&state), Some(2.0));
    }

    #[test]
    fn only_newer_revisions_count() {
        let mut state = TripState::default();
        assert!(state.take(&trip("a", 3, &[1.0])));
        assert!(!state.take(&trip("a", 3, &[2.0])));
        assert!(!state.take(&trip("a", 2, &[2.0])));
        assert!(state.take(&trip("b", 0, &[4.0])));
        assert!(!state.take(&trip("b", 0, &[5.0])), "the same again");
        let cancel = Trip { action: Trip::ACTION_CANCEL, ..trip("b", 1, &[4.0]) };
        assert!(state.take(&cancel));
        assert_eq!(state.task(), Task::Cancelled);
    }

    #[test]
    fn a_revision_goes_on_where_the_trip_was() {
        let mut state = TripState::default();
        state.take(&trip("a", 1, &[1.0, 2.0]));
        state.stands_at_stop(0);
        assert!(state.stands_at_stop(9_000_000_000));
        state.take(&trip("a", 2, &[1.0, 3.0]));
        assert_eq!(x(&state), Some(3.0));
        state.take(&trip("a", 3, &[7.0, 3.0]));
        assert_eq!(x(&state), Some(7.0));
    }
}
