//! Lines of points with their arc length, heading and curvature.

use glam::{DVec2, DVec3};

/// A point of a [`Polyline`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PolylinePoint {
    /// Arc length in the plane from the beginning, m.
    pub s: f64,
    /// Position in map, m.
    pub position: DVec3,
    /// Heading, rad.
    pub heading: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
}

/// A line in map, given by points that are never more than 2 m apart and deviate from the true curve by less than 1 cm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polyline {
    points: Vec<PolylinePoint>,
}

impl Polyline {
    /// From points with their heading and curvature; their arc length is computed. Points closer than 1 mm to the one
    /// before are left out.
    pub fn new(points: impl IntoIterator<Item = PolylinePoint>) -> Self {
        let _ = points.into_iter();
        todo!()
    }

    /// The points.
    pub fn points(&self) -> &[PolylinePoint] {
        &self.points
    }

    /// Arc length in the plane, m.
    pub fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.s)
    }

    /// The point at arc length `s`, interpolated; `s` is clamped to the line.
    pub fn at(&self, _s: f64) -> PolylinePoint {
        todo!()
    }

    /// Arc length and signed distance (positive to the left) of the point of the line that is nearest to `point`.
    /// Before the beginning and behind the end the first and last straight go on, so that `s` may be negative or
    /// beyond the length.
    pub fn project(&self, _point: DVec2) -> (f64, f64) {
        todo!()
    }

    /// The same, searched only between two arc lengths; for following a moving point.
    pub fn project_near(&self, _point: DVec2, _from_s: f64, _to_s: f64) -> (f64, f64) {
        todo!()
    }
}
