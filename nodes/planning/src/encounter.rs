//! When and where an object is in the way of a path.

use vehicle::Pose2;

use crate::object::{Kind, Object};
use crate::occupancy::{Extent, extent, is_in_way};
use crate::params::PlanningParams;
use crate::path::Path;
use crate::predict::{Branch, PREDICTION_STEP_S};

/// When and where an object is in the way. Times in s, arc lengths along the path in m.
#[derive(Clone, Copy, Debug)]
pub struct Encounter {
    /// When it comes in; 0 if it is in the way now.
    pub enters_s: f64,
    /// When it is gone again; infinite if not as far as is predicted.
    pub leaves_s: f64,
    /// Where it comes in.
    pub first: Extent,
    /// Where it begins, over all of the time.
    pub from_s: f64,
    /// Where it ends, over all of the time.
    pub to_s: f64,
    /// Its speed along the path where it comes in, m/s, not negative.
    pub speed_mps: f64,
    /// Cosine of its course against the path there.
    along: f64,
}

/// One that goes along the path with less than this share of its speed crosses it or comes against it.
const GOES_ALONG: f64 = 0.3;

impl Encounter {
    /// Whether it crosses the path or comes against it.
    pub fn crosses(&self) -> bool {
        self.along < GOES_ALONG
    }

    /// Of an object on one of the ways that it may take; none if it is never in the way.
    pub fn of(path: &Path, object: &Object, branch: &Branch, params: &PlanningParams) -> Option<Self> {
        let moves = object.speed_mps() > 0.0;
        let margin = match object.kind {
            Kind::Vulnerable if moves => params.distance.lateral_vulnerable_m,
            Kind::Vulnerable => params.distance.lateral_min_m + 0.15,
            _ => params.distance.lateral_min_m,
        };
        let within = 0.5 * params.vehicle.width_m + margin + 1.3;
        let in_way = |pose: &Pose2| {
            extent(path, object, *pose, within)
                .filter(|e| e.to_s > -params.vehicle.rear_overhang_m && e.from_s < path.length() - 0.6)
                .filter(|e| is_in_way(path, e, &params.vehicle, margin))
        };
        let steps = if moves { branch.poses.len() } else { 1 };
        let mut found: Option<Self> = None;
        for (k, pose) in branch.poses.iter().take(steps).enumerate() {
            let t = k as f64 * PREDICTION_STEP_S;
            match (in_way(pose), &mut found) {
                (Some(e), None) => {
                    let heading = path.at(e.from_s.max(0.0)).heading;
                    let along = (course(object, branch, k) - heading).cos();
                    found = Some(Self {
                        enters_s: t,
                        leaves_s: f64::INFINITY,
                        first: e,
                        from_s: e.from_s,
                        to_s: e.to_s,
                        speed_mps: (object.speed_mps() * along).max(0.0),
                        along,
                    });
                }
                (Some(e), Some(f)) => {
                    f.from_s = f.from_s.min(e.from_s);
                    f.to_s = f.to_s.max(e.to_s);
                }
                (None, Some(f)) => {
                    f.leaves_s = t;
                    break;
                }
                (None, None) => {}
            }
        }
        found
    }
}

/// Heading of an object at a prediction, rad.
fn course(object: &Object, branch: &Branch, k: usize) -> f64 {
    if branch.lanes.is_empty() || k == 0 { object.course() } else { branch.poses[k].heading }
}
