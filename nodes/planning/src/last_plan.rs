//! What of the last plan the next one goes on with.

use vehicle::wrap_angle;

use crate::line::{LinePoint, ReferenceLine};
use crate::path::{LateralProfile, Path, PathPoint};
use crate::plan::{Gate, Measured};
use crate::poly::Jet;
use crate::speed::{Motion, TIME_STEP_S};

/// How far the vehicle may be from its plan before planning begins anew from where it is: along and across the path, m,
/// in speed, m/s, and in heading, rad.
const DEVIATION: [f64; 4] = [2.0, 0.6, 2.0, 0.35];
/// Farther than this beside the line, m, or turned against it, rad, the plan can't be carried over to a new one.
const CARRIED_OVER: [f64; 2] = [3.5, 1.0];

/// The last plan: where, and when.
#[derive(Clone, Debug)]
pub struct LastPlan {
    /// Time of its first state, ns.
    pub stamp_ns: i64,
    /// Offset to the left of the reference line; none for a plan without a route.
    pub profile: Option<LateralProfile>,
    /// The path.
    pub path: Path,
    /// The motion along it, a state every `TIME_STEP_S`.
    pub motions: Vec<Motion>,
}

impl LastPlan {
    /// Its first speed, m/s.
    pub fn speed_mps(&self) -> f64 {
        self.motions.first().map_or(0.0, |m| m.speed_mps)
    }

    /// Where it begins.
    pub fn first(&self) -> PathPoint {
        self.path.at(self.motions.first().map_or(0.0, |m| m.s))
    }

    /// Where it is at a time, if it still goes on then.
    pub fn at(&self, now_ns: i64) -> Option<(Motion, PathPoint)> {
        let motion = motion_at(&self.motions, now_ns.saturating_sub(self.stamp_ns) as f64 * 1e-9)?;
        Some((motion, self.path.at(motion.s)))
    }

    /// The same, if the vehicle follows it: not if the gate drives, nor if it is elsewhere.
    pub fn followed(&self, now_ns: i64, measured: &Measured, gate: Gate) -> Option<(Motion, PathPoint)> {
        let (motion, at) = self.at(now_ns).filter(|_| !gate.holds)?;
        let error = measured.pose.inverse_transform(at.position);
        let turned = wrap_angle(at.heading - measured.pose.heading);
        let errors = [error.x, error.y, motion.speed_mps - measured.speed_mps, turned];
        errors.iter().zip(DEVIATION).all(|(e, most)| e.abs() < most).then_some((motion, at))
    }

    /// The same plan beside another line, so that the vehicle goes on without a jolt; none if it is too far from it.
    pub fn beside(self, line: &ReferenceLine) -> Option<Self> {
        let first = self.first();
        let (s, d) = line.project(first.position, 0.0, line.length());
        let at = line.at(s);
        let error = wrap_angle(first.heading - at.heading);
        if d.abs() > CARRIED_OVER[0] || error.abs() > CARRIED_OVER[1] {
            return None;
        }
        let start = jet_at(d, error, first.curvature, &at);
        let settle = s + (3.0 * self.speed_mps()).max(12.0);
        let profile = LateralProfile::through(s, start, &[(settle, 0.0)]);
        let path = Path::beside(line, &profile, s, self.path.length());
        Some(Self { profile: Some(profile), path, ..self })
    }
}

/// The motion `dt` seconds after the first; none beyond the last.
fn motion_at(motions: &[Motion], dt: f64) -> Option<Motion> {
    if dt < -1e-6 {
        return None;
    }
    let steps = (dt / TIME_STEP_S + 1e-6).max(0.0);
    let i = steps.floor() as usize;
    let (a, b) = (motions.get(i)?, motions.get(i + 1)?);
    let rest = (steps - i as f64) * TIME_STEP_S;
    if rest < 1e-6 {
        return Some(*a);
    }
    let jerk = (b.acceleration_mps2 - a.acceleration_mps2) / TIME_STEP_S;
    Some(a.after(jerk, rest))
}

/// Offset with its derivatives of a pose beside a line.
pub fn jet_at(d: f64, heading_error: f64, curvature: f64, at: &LinePoint) -> Jet {
    let stretch = (1.0 - at.curvature * d).max(0.05);
    let (tan, cos) = (heading_error.tan(), heading_error.cos());
    let d1 = stretch * tan;
    // Inverse of the curvature in `path`.
    let bend = (curvature * stretch / cos - at.curvature) * stretch / (cos * cos);
    let d2 = bend - (at.curvature_rate * d + at.curvature * d1) * tan;
    Jet { value: d, d1, d2, d3: 0.0 }
}
