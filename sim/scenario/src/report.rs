//! What a drive comes to.

use serde::Serialize;

/// The result of a drive; its JSON is what `atlas drive --json` prints.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DriveReport {
    /// Whether the vehicle stood at its goal at the end.
    pub goal_reached: bool,
    /// Contacts with anything, whoever caused them.
    pub collisions: u32,
    /// Those of them that this vehicle caused.
    pub collisions_at_fault: u32,
    /// Virtual time from the order to the stand at the goal, s.
    pub sim_seconds: f64,
    /// Time that it took, s.
    pub wall_seconds: f64,
    /// Ratio of the two.
    pub realtime_factor: f64,
    /// Way driven, m.
    pub distance_m: f64,
    /// Length of the route, m.
    pub route_m: f64,
    /// True distance of base_link to the planned path, to either side.
    pub lateral_error_m: LateralError,
    /// True distance of base_link to the middle of its lane, wherever it does not change lanes.
    pub lane_centre_error_m: LateralError,
    /// How much the true speed was over the limit of the lane at most, m/s; 0 if never.
    pub max_speed_over_limit_mps: f64,
    /// How often the outline of the vehicle left the drivable lanes.
    pub lane_departures: u32,
    /// Highest true lateral acceleration, m/s^2.
    pub max_lateral_acceleration_mps2: f64,
    /// Stops on the way, other than at the goal.
    pub stops: Vec<Stop>,
    /// Digest of the true trajectory: the same for the same command.
    pub trajectory_hash: String,
    /// Why the drive ended, if not at its goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Map, vehicle, seed, start and goal: what it takes to repeat it.
    pub settings: crate::DriveSettings,
    /// The drive in tenths of a second, for plots.
    #[serde(skip)]
    pub trace: Vec<TracePoint>,
    /// What happened, for plots.
    #[serde(skip)]
    pub events: Vec<DriveEvent>,
}

/// Distances, m.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LateralError {
    /// Half of all are smaller.
    pub p50: f64,
    /// 95 of 100 are smaller.
    pub p95: f64,
    /// The largest.
    pub max: f64,
}

impl LateralError {
    /// Of many distances.
    pub(crate) fn of(mut distances: Vec<f64>) -> Self {
        distances.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let index = (part * distances.len() as f64).ceil() as usize;
            distances.get(index.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { p50: at(0.5), p95: at(0.95), max: at(1.0) }
    }
}

/// A stop on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// Who stopped: `planning` or `safety`.
    pub by: &'static str,
    /// Why: the stop reason of planning, or the id of the root cause as in docs/SAFETY.md.
    pub cause: String,
    /// When it began, s after the start.
    pub time_s: f64,
    /// How long the vehicle stood or was being stopped, s.
    pub duration_s: f64,
    /// Where base_link was, in map, m.
    pub x: f64,
    /// m.
    pub y: f64,
}

/// A moment of a drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracePoint {
    /// After the start, s.
    pub time_s: f64,
    /// True position of base_link in map, m.
    pub x: f64,
    /// m.
    pub y: f64,
    /// True speed, m/s.
    pub speed_mps: f64,
    /// Planned speed, m/s.
    pub planned_speed_mps: f64,
    /// Limit of the lane, m/s.
    pub limit_mps: f64,
    /// To the left of the planned path, m.
    pub lateral_error_m: f64,
    /// Localization error in the plane, m.
    pub localization_error_m: f64,
}

/// Something that happened on a drive.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveEvent {
    /// After the start, s.
    pub time_s: f64,
    /// True position of base_link in map, m.
    pub x: f64,
    /// m.
    pub y: f64,
    /// In a few words.
    pub what: String,
    /// Whether it should not have happened.
    pub is_bad: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let error = LateralError::of((1..=100).rev().map(f64::from).collect());
        assert_eq!(error, LateralError { p50: 50.0, p95: 95.0, max: 100.0 });
        assert_eq!(LateralError::of(vec![]), LateralError::default());
        assert_eq!(LateralError::of(vec![2.0]).p50, 2.0);
    }
}
