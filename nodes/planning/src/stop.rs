//! Stopping where nothing is planned any more.

use crate::barrier::Barrier;
use crate::choice::{CLEAR_M, STEPS};
use crate::last_plan::LastPlan;
use crate::limits;
use crate::params::PlanningParams;
use crate::path::Path;
use crate::plan::Measured;
use crate::speed::{Bounds, Ceiling, Motion, SpeedProblem};

/// A comfortable stop: along a plan from where the vehicle is on it; without one straight ahead.
pub fn stop_on(
    going_on: Option<(&LastPlan, Motion)>,
    now_ns: i64,
    measured: &Measured,
    params: &PlanningParams,
) -> LastPlan {
    let comfort = limits::comfort_bounds(params);
    let from = going_on.map_or_else(
        || Motion { s: 0.0, speed_mps: measured.speed_mps.max(0.0), acceleration_mps2: 0.0 },
        |(_, motion)| motion,
    );
    let (ceiling, barriers) = (Ceiling::default(), [Barrier::stop(from.s)]);
    let problem = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort, braking: comfort };
    let motions = problem.roll_out(from, STEPS, CLEAR_M);
    let (profile, path) = match going_on {
        Some((last, _)) => (last.profile.clone(), last.path.clone()),
        None => {
            let way = motions.last().map_or(0.0, |m| m.s);
            (None, Path::straight(measured.pose, measured.z, way + 1.0))
        }
    };
    LastPlan { stamp_ns: now_ns, profile, path, motions }
}

/// Way to a comfortable stop, m.
pub fn comfortable_stop_m(speed_mps: f64, acceleration_mps2: f64, comfort: &Bounds) -> f64 {
    let mut motion = Motion { s: 0.0, speed_mps, acceleration_mps2 };
    let (mut low, mut high) = (0.0, 500.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if comfort.stopping_speed(middle) < speed_mps { low = middle } else { high = middle }
    }
    // While the deceleration is built up the vehicle goes on.
    let ramp_s = (acceleration_mps2 + comfort.deceleration_mps2).max(0.0) / comfort.jerk_mps3;
    motion = motion.after(-comfort.jerk_mps3, ramp_s);
    high + 0.5 * (motion.s).min(speed_mps * ramp_s) + 0.5
}
