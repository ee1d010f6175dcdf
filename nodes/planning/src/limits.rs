//! The speed that road, curves and vehicle allow along a path.

use crate::params::PlanningParams;
use crate::path::Path;
use crate::route_line::RouteLine;
use crate::speed::{Bounds, Ceiling};

/// Limits count from this far before their sign until this far behind it, m: localization is not exact.
const SIGN_MARGIN_M: f64 = 1.5;
/// Share of the steering rate that curves may need; the rest is for control.
const STEERING_RATE_SHARE: f64 = 0.6;

/// What one may drive comfortably.
pub fn comfort_bounds(params: &PlanningParams) -> Bounds {
    let comfort = &params.comfort;
    Bounds {
        acceleration_mps2: comfort.acceleration_mps2.min(params.vehicle.max_acceleration_mps2),
        deceleration_mps2: comfort.deceleration_mps2.min(params.vehicle.max_deceleration_mps2),
        jerk_mps3: comfort.jerk_mps3,
    }
}

/// The ceiling along a path. `max_speed_mps` holds everywhere.
pub fn ceiling(route: &RouteLine, path: &Path, params: &PlanningParams, max_speed_mps: f64) -> Ceiling {
    let points = path.points();
    let limit_at = |line_s: f64| route.station(line_s).map_or(f64::INFINITY, |s| s.limit_mps);
    let limit = |i: usize| {
        let p = &points[i];
        let (a, b) = (&points[i.saturating_sub(1)], &points[(i + 1).min(points.len() - 1)]);
        let rate = (b.curvature - a.curvature) / (b.s - a.s).max(1e-6);
        let sharpest = p.curvature.abs().max(a.curvature.abs()).max(b.curvature.abs());
        let signs = limit_at(p.line_s - SIGN_MARGIN_M).min(limit_at(p.line_s + SIGN_MARGIN_M));
        let speed = signs.min(limit_at(p.line_s)).min(max_speed_mps).min(curve_speed(sharpest, rate, params));
        (p.s, speed)
    };
    Ceiling::new((0..points.len()).map(limit), &comfort_bounds(params))
}

/// Highest speed in a curve, m/s, by lateral acceleration, its change, and how quickly the wheels can be turned.
pub fn curve_speed(curvature: f64, curvature_rate: f64, params: &PlanningParams) -> f64 {
    let (curvature, rate) = (curvature.abs().max(1e-6), curvature_rate.abs().max(1e-6));
    let vehicle = &params.vehicle;
    let by_acceleration = (params.comfort.lateral_acceleration_mps2 / curvature).sqrt();
    let by_jerk = (params.comfort.lateral_jerk_mps3 / rate).cbrt();
    // steering = atan(wheelbase * curvature)
    let wheelbase = vehicle.wheelbase_m;
    let per_curvature = wheelbase / (1.0 + (wheelbase * curvature).powi(2));
    let by_steering = STEERING_RATE_SHARE * vehicle.max_steering_rate_rad_per_s / (per_curvature * rate);
    by_acceleration.min(by_jerk).min(by_steering).max(0.8)
}
