//! Points of a road in map from s and t.

use glam::{DVec2, DVec3};

use super::cubic::{Cubic, Jet, piece_at};
use super::model::Road;
use super::plan_view::Geometry;

/// All that makes up the road surface between two places where anything of it changes.
pub(super) struct Surface<'a> {
    road: &'a Road,
    geometry: &'a Geometry,
    elevation: Cubic,
    superelevation: Cubic,
}

/// A place beside the reference line, with how the place at this `t` moves on with s.
#[derive(Clone, Copy, Debug)]
pub(super) struct SurfacePoint {
    pub position: DVec3,
    pub heading: f64,
    pub curvature: f64,
    /// Whether the line runs backwards here, because it lies beyond the centre of the road's curve.
    pub folded: bool,
}

impl<'a> Surface<'a> {
    /// What holds at `s`; the same expressions go on to both sides of it.
    pub fn at(road: &'a Road, s: f64) -> Self {
        let i = road.plan.partition_point(|g| g.s <= s).max(1) - 1;
        Self {
            road,
            geometry: &road.plan[i],
            elevation: piece_at(&road.elevation, s),
            superelevation: piece_at(&road.superelevation, s),
        }
    }

    /// A point at distance `t`; `t_for_height` is where the height is taken, which differs on level lanes.
    pub fn point(&self, s: f64, t: Jet, t_for_height: f64) -> SurfacePoint {
        let plan = self.geometry.at(s);
        let bank = self.superelevation.jet(s);
        let (sin, cos) = bank.value.sin_cos();
        // The road is turned around its reference line, so that a banked road is narrower in the plane.
        let t_plane = Jet {
            value: t.value * cos,
            slope: t.slope * cos - t.value * sin * bank.slope,
            bend: t.bend * cos
                - 2.0 * t.slope * sin * bank.slope
                - t.value * (cos * bank.slope * bank.slope + sin * bank.bend),
        };
        let normal = DVec2::from_angle(plan.heading).perp();
        let plane = plan.position + normal * t_plane.value;
        let z = self.elevation.value(s) + t_for_height * sin + self.shape(s, t_for_height) * cos;
        // First and second derivative of the point by s, along and across the reference line.
        let k = plan.curvature;
        let along = 1.0 - k * t_plane.value;
        let folded = along <= 0.0;
        let d1 = DVec2::new(along.max(1e-3), t_plane.slope);
        let d2 = DVec2::new(
            -plan.curvature_rate * t_plane.value - 2.0 * k * t_plane.slope,
            k * along + t_plane.bend,
        );
        let speed = d1.length();
        SurfacePoint {
            position: plane.extend(z),
            heading: plan.heading + d1.y.atan2(d1.x),
            curvature: if folded { 0.0 } else { (d1.perp_dot(d2) / speed.powi(3)).clamp(-20.0, 20.0) },
            folded,
        }
    }

    /// Height of `<shape>`: by t at the given s, linear between these.
    fn shape(&self, s: f64, t: f64) -> f64 {
        let shapes = &self.road.shapes;
        let after = shapes.partition_point(|(at, _)| *at <= s);
        let height = |i: usize| piece_at(&shapes[i].1, t).value(t);
        match (after.checked_sub(1), after < shapes.len()) {
            (None, false) => 0.0,
            (None, true) => height(after),
            (Some(before), false) => height(before),
            (Some(before), true) => {
                let (from, to) = (shapes[before].0, shapes[after].0);
                let u = if to > from { (s - from) / (to - from) } else { 0.0 };
                height(before) * (1.0 - u) + height(after) * u
            }
        }
    }
}

/// A single point of a road, for objects and signals.
pub(super) fn road_point(road: &Road, s: f64, t: f64) -> SurfacePoint {
    Surface::at(road, s).point(s, Jet { value: t, ..Jet::default() }, t)
}
