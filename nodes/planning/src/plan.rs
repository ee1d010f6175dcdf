//! What goes into a cycle of planning and what comes out.

use maps::LaneId;
use vehicle::{Pose2, wrap_angle};

use crate::barrier::Reason;
use crate::path::Path;
use crate::routing::NoRoute;
use crate::speed::Motion;

/// What is known of the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Height, m.
    pub z: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Highest speed that it allows, m/s.
    pub speed_limit_mps: f64,
    /// Whether it brakes or holds the vehicle itself, so that it does not follow the trajectory.
    pub holds: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self { speed_limit_mps: f64::INFINITY, holds: false }
    }
}

/// A state of the trajectory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrajectoryState {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Height, m.
    pub z: f64,
    /// Way from the first state, m.
    pub arc_length_m: f64,
    /// Curvature, 1/m.
    pub curvature_per_m: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
}

/// A plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Time of its first state, ns.
    pub stamp_ns: i64,
    /// A state every `TIME_STEP_S` (0.1 s).
    pub states: Vec<TrajectoryState>,
    /// Why it comes to a stand, if it does.
    pub stops_for: Option<StopsFor>,
    /// Where base_link would stop, for the eye.
    pub wall: Option<Pose2>,
    /// The lane that it ends in.
    pub end_lane: Option<LaneId>,
    /// The path that was chosen, for the eye.
    pub path: Path,
    /// Paths that were looked at.
    pub candidates: Vec<Path>,
}

/// Why a trajectory comes to a stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopsFor {
    /// Something is ahead where it must stop.
    Barrier(Reason),
    /// There is no way.
    NoRoute(NoRoute),
    /// The vehicle stands across the lane.
    Heading,
    /// There is nothing to do.
    NoTrip,
}

/// The states of a motion along a path.
pub fn states(path: &Path, motions: &[Motion]) -> Vec<TrajectoryState> {
    let first_s = motions.first().map_or(0.0, |m| m.s);
    let state = |m: &Motion| {
        let p = path.at(m.s);
        TrajectoryState {
            pose: Pose2 { position: p.position, heading: wrap_angle(p.heading) },
            z: p.z,
            arc_length_m: m.s - first_s,
            curvature_per_m: p.curvature,
            speed_mps: m.speed_mps,
            acceleration_mps2: m.acceleration_mps2,
        }
    };
    motions.iter().map(state).collect()
}
