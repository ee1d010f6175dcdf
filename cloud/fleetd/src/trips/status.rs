//! The life of a trip.

use std::fmt;
use std::str::FromStr;

use bridge_proto::v1::trip_progress::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a trip is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TripStatus {
    /// Ordered; waits for a vehicle.
    Created,
    /// A vehicle has it, and has not set off yet.
    Assigned,
    /// The vehicle drives to the pickup.
    EnRouteToPickup,
    /// It stands at the pickup.
    AtPickup,
    /// It drives to the destination.
    InProgress,
    /// It stands at the destination.
    Completed,
    /// Somebody called it off.
    Cancelled,
    /// It can't be done.
    Failed,
}

use TripStatus::*;

/// The way of a trip that goes well.
const WAY: [TripStatus; 6] = [Created, Assigned, EnRouteToPickup, AtPickup, InProgress, Completed];

impl TripStatus {
    const ALL: [Self; 8] =
        [Created, Assigned, EnRouteToPickup, AtPickup, InProgress, Completed, Cancelled, Failed];

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Completed | Cancelled | Failed)
    }

    /// Whether a vehicle has it.
    pub fn has_vehicle(self) -> bool {
        matches!(self, Assigned | EnRouteToPickup | AtPickup | InProgress)
    }

    /// The statuses to go through to come from this one to `to`, without this one; none if that can't be.
    ///
    /// A trip goes forward, and says each step: where an event of the vehicle was lost, the steps between are filled in.
    /// It is called off or fails from anywhere but the end. Before the pickup it may go back to wait for another vehicle.
    pub fn steps_to(self, to: Self) -> Option<Vec<Self>> {
        if self.is_final() {
            return None;
        }
        match to {
            Cancelled | Failed => Some(vec![to]),
            Created => matches!(self, Assigned | EnRouteToPickup).then(|| vec![Created]),
            _ => {
                let index = |status| WAY.iter().position(|step| *step == status);
                let (from, to) = (index(self)?, index(to)?);
                (from < to).then(|| WAY[from + 1..=to].to_vec())
            }
        }
    }

    /// What a vehicle's report on a trip with pickup and destination means.
    pub fn of_progress(state: State, stop_index: u32) -> Option<Self> {
        match (state, stop_index) {
            (State::Driving, 0) => Some(EnRouteToPickup),
            (State::AtStop, 0) => Some(AtPickup),
            (State::Driving, _) => Some(InProgress),
            (State::AtStop, _) | (State::Completed, _) => Some(Completed),
            (State::Cancelled, _) => Some(Cancelled),
            (State::Failed, _) => Some(Failed),
            (State::Unspecified, _) => None,
        }
    }

    /// As in API and database.
    pub fn name(self) -> &'static str {
        match self {
            Created => "created",
            Assigned => "assigned",
            EnRouteToPickup => "en_route_to_pickup",
            AtPickup => "at_pickup",
            InProgress => "in_progress",
            Completed => "completed",
            Cancelled => "cancelled",
            Failed => "failed",
        }
    }
}

impl fmt::Display for TripStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no trip status {0:?}")]
pub struct UnknownStatus(String);

impl FromStr for TripStatus {
    type Err = UnknownStatus;

    fn from_str(name: &str) -> Result<Self, UnknownStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownStatus(name.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_goes_forward_and_says_each_step() {
        assert_eq!(Created.steps_to(Assigned), Some(vec![Assigned]));
        assert_eq!(Assigned.steps_to(InProgress), Some(vec![EnRouteToPickup, AtPickup, InProgress]));
        assert_eq!(InProgress.steps_to(AtPickup), None);
        assert_eq!(InProgress.steps_to(InProgress), None);
    }

    #[test]
    fn nothing_follows_the_end() {
        for end in [Completed, Cancelled, Failed] {
            for to in TripStatus::ALL {
                assert_eq!(end.steps_to(to), None, "{end} {to}");
            }
        }
    }

    #[test]
    fn a_trip_never_hangs() {
        for status in TripStatus::ALL.into_iter().filter(|status| !status.is_final()) {
            assert_eq!(status.steps_to(Failed), Some(vec![Failed]));
            assert_eq!(status.steps_to(Cancelled), Some(vec![Cancelled]));
            assert!(status.steps_to(Completed).is_some());
        }
    }

    #[test]
    fn another_vehicle_may_come_only_before_the_pickup() {
        let back = |status: TripStatus| status.steps_to(Created).is_some();
        assert!(back(Assigned) && back(EnRouteToPickup));
        assert!(!back(AtPickup) && !back(InProgress));
    }
}
