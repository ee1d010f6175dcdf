//! Where objects will be.

use glam::DVec2;
use maps::{LaneFilter, LaneId, LanePosition, Map};
use vehicle::{Pose2, wrap_angle};

use crate::object::{Kind, Object};

/// Time between predicted poses, s.
pub const PREDICTION_STEP_S: f64 = 0.25;
/// Predicted poses, that of now included: 8 s.
pub const PREDICTIONS: usize = 33;
/// Most ways that an object may take that are looked at.
const MAX_BRANCHES: usize = 5;
/// Slower than this across its lane an object keeps to it, m/s; faster it is on its way to the lane beside.
const ACROSS_MPS: f64 = 0.4;
/// How far across it goes then, m.
const ACROSS_M: f64 = 3.2;
/// An object that moves at more than this angle to a lane does not follow it, rad.
const LANE_ANGLE: f64 = 0.7;

/// A way that an object may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Pose of its centre every [`PREDICTION_STEP_S`].
    pub poses: Vec<Pose2>,
    /// The lanes it follows; none if it goes straight on.
    pub lanes: Vec<LaneId>,
}

/// All ways that an object may take: along each lane it may be on and all that follow; where it follows none, straight
/// on with constant velocity.
pub fn branches(map: &Map, object: &Object) -> Vec<Branch> {
    let mut found = vec![];
    let speed = object.speed_mps();
    if object.kind == Kind::Vehicle && speed > 0.0 {
        let heading = Some(object.course());
        let filter = LaneFilter { drivable: true, heading, within_m: 0.0 };
        for place in map.lanes_at(object.pose.position.extend(object.z), filter) {
            let lane = map.lane(place.lane).centre.at(place.s);
            if wrap_angle(lane.heading - object.course()).abs() < LANE_ANGLE && found.len() < MAX_BRANCHES {
                follow(map, object, place, vec![], vec![], &mut found);
            }
        }
    }
    if found.is_empty() {
        let at = |k: usize| Pose2 {
            position: object.pose.position + object.velocity_mps * (k as f64 * PREDICTION_STEP_S),
            heading: object.pose.heading,
        };
        found.push(Branch { poses: (0..PREDICTIONS).map(at).collect(), lanes: vec![] });
    }
    found
}

/// Follows a lane and branches where it does.
fn follow(
    map: &Map,
    object: &Object,
    from: LanePosition,
    mut poses: Vec<Pose2>,
    mut lanes: Vec<LaneId>,
    found: &mut Vec<Branch>,
) {
    let lane = map.lane(from.lane);
    lanes.push(from.lane);
    let step = object.speed_mps() * PREDICTION_STEP_S;
    let mut s = from.s;
    let across = if lanes.len() > 1 {
        0.0
    } else {
        let left = DVec2::from_angle(lane.centre.at(from.s).heading).perp();
        Some(object.velocity_mps.dot(left)).filter(|v| v.abs() > ACROSS_MPS).unwrap_or(0.0)
    };
    let mut offset = from.t;
    if poses.is_empty() {
        poses.push(object.pose);
        s += step;
    }
    while poses.len() < PREDICTIONS && s <= lane.length() {
        let at = lane.centre.at(s);
        let left = DVec2::from_angle(at.heading).perp();
        let moved = across * PREDICTION_STEP_S * poses.len() as f64;
        offset = from.t + moved.clamp(-ACROSS_M, ACROSS_M);
        poses.push(Pose2 { position: at.position.truncate() + left * offset, heading: at.heading });
        s += step;
    }
    let over = s - lane.length();
    if poses.len() >= PREDICTIONS || lanes.len() > 40 {
        found.push(Branch { poses, lanes });
        return;
    }
    if lane.successors.is_empty() {
        // Beyond the end of the map's lanes it goes straight on.
        let end = lane.centre.at(lane.length());
        let ahead = DVec2::from_angle(end.heading);
        let mut way = over;
        while poses.len() < PREDICTIONS {
            let position = end.position.truncate() + ahead * way + ahead.perp() * offset;
            poses.push(Pose2 { position, heading: end.heading });
            way += step;
        }
        found.push(Branch { poses, lanes });
        return;
    }
    for next in &lane.successors {
        if found.len() >= MAX_BRANCHES {
            return;
        }
        let place = LanePosition { lane: *next, s: over, t: offset };
        follow(map, object, place, poses.clone(), lanes.clone(), found);
    }
}
