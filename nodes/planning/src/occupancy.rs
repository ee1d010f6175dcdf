//! Which part of a path an object takes.

use glam::DVec2;
use vehicle::{Pose2, VehicleParams};

use crate::object::Object;
use crate::path::{PATH_STEP_M, Path, PathPoint};

/// Distance of the points among which the nearest one is searched first.
const COARSE: usize = 8;

/// The box of an object beside a path: between these arc lengths and offsets to the left, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Where it begins along the path.
    pub from_s: f64,
    /// Where it ends along the path.
    pub to_s: f64,
    /// Its right side.
    pub right_m: f64,
    /// Its left side.
    pub left_m: f64,
}

/// Where an object is beside a path if its centre is at a pose; none if it is farther than `within_m` beside it, or
/// before its beginning or beyond its end.
pub fn extent(path: &Path, object: &Object, pose: Pose2, within_m: f64) -> Option<Extent> {
    let points = path.points();
    let reach = 0.5 * object.length_m.hypot(object.width_m);
    let distance = |i: usize| points[i].position.distance_squared(pose.position);
    let coarse = (0..points.len()).step_by(COARSE).min_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
    let far = within_m + reach + COARSE as f64 * PATH_STEP_M;
    if distance(coarse) > far * far {
        return None;
    }
    let window = COARSE + (reach / PATH_STEP_M) as usize + 2;
    let near = &points[coarse.saturating_sub(window)..(coarse + window).min(points.len())];
    let mut extent = Extent {
        from_s: f64::INFINITY,
        to_s: f64::NEG_INFINITY,
        right_m: f64::INFINITY,
        left_m: f64::NEG_INFINITY,
    };
    for corner in object.corners_at(pose) {
        let (s, d) = frenet(near, corner)?;
        extent.from_s = extent.from_s.min(s);
        extent.to_s = extent.to_s.max(s);
        extent.right_m = extent.right_m.min(d);
        extent.left_m = extent.left_m.max(d);
    }
    (extent.right_m < within_m && extent.left_m > -within_m).then_some(extent)
}

fn frenet(points: &[PathPoint], point: DVec2) -> Option<(f64, f64)> {
    let distance = |p: &&PathPoint| p.position.distance_squared(point);
    let p = points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let rest = DVec2::from_angle(-p.heading).rotate(point - p.position);
    Some((p.s + rest.x, rest.y))
}

/// How far the outline reaches to the right (negative) and left of the path where it passes an arc length, m. In a
/// curve the front swings out.
pub fn swath(path: &Path, s: f64, vehicle: &VehicleParams) -> (f64, f64) {
    let half = 0.5 * vehicle.width_m;
    let curvature = path.at((s - 0.5 * vehicle.wheelbase_m).max(0.0)).curvature;
    let swing = (0.5 * vehicle.front_m().powi(2) * curvature).clamp(-1.3, 1.3);
    // In a left curve (positive) the front swings to the right.
    (-half - swing.max(0.0), half + (-swing).max(0.0))
}

/// Whether an object leaves less than `margin_m` to the outline.
pub fn is_in_way(path: &Path, extent: &Extent, vehicle: &VehicleParams, margin_m: f64) -> bool {
    let (right, left) = swath(path, extent.from_s, vehicle);
    extent.right_m < left + margin_m && extent.left_m > right - margin_m
}
