//! What becomes of one way: path, speed along it, and what it is worth.

use crate::barrier::{Barrier, Reason};
use crate::lateral::Candidate;
use crate::limits;
use crate::params::PlanningParams;
use crate::path::{LateralProfile, Path};
use crate::scene::Scene;
use crate::situation::Situation;
use crate::speed::{Bounds, Ceiling, Motion, SpeedProblem, TIME_STEP_S};

/// Steps of a trajectory: it covers 8 s.
pub const STEPS: usize = 80;
/// How far ahead the next barrier must be for a standing vehicle to set off, m.
pub const CLEAR_M: f64 = 0.5;
/// A speed below which the vehicle stands, m/s.
pub const STANDING_MPS: f64 = 0.1;
/// A barrier this near to where the vehicle stands is why it does, m.
const REACHED_M: f64 = 2.0;
/// It never plans to brake harder, m/s^2; found within a 32nd.
const EMERGENCY_MPS2: f64 = 6.0;
const BISECTIONS: u32 = 5;

/// A way that could be driven.
pub struct Choice {
    /// Offset to the left of the reference line.
    pub profile: LateralProfile,
    /// The path.
    pub path: Path,
    /// The motion along it.
    pub motions: Vec<Motion>,
    /// What it stays behind.
    pub barriers: Vec<Barrier>,
    /// What it costs, less the way that is made, m.
    pub cost: f64,
}

impl Choice {
    /// Plans the speed over a candidate. `fixed` is where it must stop whatever is around, by arc length of the line.
    pub fn of(situation: &Situation<'_>, candidate: Candidate, fixed: &[Barrier], scene: &Scene) -> Self {
        let Situation { route, params, .. } = situation;
        let path = Path::beside(&route.line, &candidate.profile, situation.line_s, situation.horizon_m);
        let comfort = limits::comfort_bounds(params);
        let ceiling = limits::ceiling(route, &path, params, situation.max_speed_mps);
        let from =
            Motion { s: 0.0, speed_mps: situation.speed_mps, acceleration_mps2: situation.acceleration_mps2 };
        let on_path = |b: &Barrier| Barrier { s: path.s_of_line(b.s), ..*b };
        let mut barriers: Vec<Barrier> = fixed.iter().chain(&candidate.barriers).map(on_path).collect();
        let free = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort, braking: comfort };
        let free_run = free.roll_out(from, STEPS, CLEAR_M);
        barriers.extend(scene.barriers(situation, &path, &free_run));
        let braking = gentlest_braking(&ceiling, &barriers, &comfort, from, params);
        let problem = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort, braking };
        let motions = problem.roll_out(from, STEPS, CLEAR_M);
        let cost = candidate.cost - motions.last().map_or(0.0, |m| m.s);
        Self { profile: candidate.profile, path, motions, barriers, cost }
    }

    /// Why the vehicle comes to a stand, if it does: what it first stands behind.
    pub fn stops_for(&self) -> Option<Reason> {
        let stays = |w: &[Motion]| w[0].speed_mps <= 0.0 && w[1].speed_mps <= 0.0;
        let ends = self.motions.last().is_some_and(|m| m.speed_mps < STANDING_MPS);
        let first = self.motions.windows(2).position(stays);
        let at = first.or_else(|| self.motions.len().checked_sub(1).filter(|_| ends))?;
        let (t, s) = (at as f64 * TIME_STEP_S, self.motions[at].s);
        let there = self.barriers.iter().filter(|b| b.until_s > t && b.position(t, 0.0) - s < REACHED_M);
        there.min_by(|a, b| a.position(t, 0.0).total_cmp(&b.position(t, 0.0))).map(|b| b.reason)
    }

    /// The nearest place on the path where base_link must stop, m.
    pub fn wall_s(&self) -> Option<f64> {
        let standing = self.barriers.iter().filter(|b| b.speed_mps < STANDING_MPS).map(|b| b.s);
        standing.min_by(f64::total_cmp).filter(|s| *s < self.path.length())
    }
}

/// The gentlest braking that keeps the barriers. Because a gentler one would not do, none of it can be put off.
fn gentlest_braking(
    ceiling: &Ceiling,
    barriers: &[Barrier],
    comfort: &Bounds,
    from: Motion,
    params: &PlanningParams,
) -> Bounds {
    let keeps = |deceleration_mps2: f64| {
        let braking = comfort.braking(deceleration_mps2);
        SpeedProblem { ceiling, barriers, comfort: *comfort, braking }.is_feasible(from)
    };
    let (mut low, mut high) =
        (comfort.deceleration_mps2, params.vehicle.max_deceleration_mps2.min(EMERGENCY_MPS2));
    if keeps(low) {
        return *comfort;
    }
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if keeps(middle) { high = middle } else { low = middle }
    }
    comfort.braking(high)
}

/// How far ahead is planned, m: as far as the vehicle gets in 8 s, and as it needs to stop comfortably.
pub fn horizon_m(speed_mps: f64, deceleration_mps2: f64) -> f64 {
    let t = STEPS as f64 * TIME_STEP_S;
    let reach = speed_mps * t + 0.5 * 1.2 * t * t;
    let stop = speed_mps * speed_mps / (2.0 * deceleration_mps2) + 2.0 * speed_mps;
    reach.max(stop).max(20.0) + 20.0
}
