//! Lines of points with their arc length, heading and curvature.

use std::f64::consts::{PI, TAU};

use glam::{DVec2, DVec3};

/// Points closer than this to the one before say nothing, m.
pub(crate) const SAME_POINT_M: f64 = 1e-3;

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
/// Between two points it is a cubic with the headings of both, which follows the true curve much closer than the chord.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polyline {
    points: Vec<PolylinePoint>,
}

/// The same angle within -π to π.
pub(crate) fn wrap_angle(angle: f64) -> f64 {
    if (-PI..=PI).contains(&angle) { angle } else { angle - TAU * (angle / TAU).round() }
}

impl Polyline {
    /// From points with their heading and curvature; their arc length is computed. Points closer than 1 mm to the one
    /// before are left out.
    pub fn new(points: impl IntoIterator<Item = PolylinePoint>) -> Self {
        let mut kept: Vec<PolylinePoint> = vec![];
        for mut point in points {
            if let Some(last) = kept.last() {
                let chord = point.position.truncate().distance(last.position.truncate());
                if chord < SAME_POINT_M {
                    continue;
                }
                point.s = last.s + arc_of(chord, wrap_angle(point.heading - last.heading));
            } else {
                point.s = 0.0;
            }
            kept.push(point);
        }
        Self { points: kept }
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
    pub fn at(&self, s: f64) -> PolylinePoint {
        let Some((i, u)) = self.locate(s) else {
            return self.points.first().copied().unwrap_or_default();
        };
        interpolate(&self.points[i], &self.points[i + 1], u)
    }

    /// Segment at arc length `s`, and how far along it from 0 to 1. None if there are fewer than two points.
    pub(crate) fn locate(&self, s: f64) -> Option<(usize, f64)> {
        if self.points.len() < 2 {
            return None;
        }
        let s = if s.is_finite() { s.clamp(0.0, self.length()) } else { 0.0 };
        let after = self.points.partition_point(|p| p.s <= s);
        let i = after.clamp(1, self.points.len() - 1) - 1;
        let (a, b) = (self.points[i].s, self.points[i + 1].s);
        Some((i, ((s - a) / (b - a)).clamp(0.0, 1.0)))
    }

    /// Arc length and signed distance (positive to the left) of the point of the line that is nearest to `point`.
    /// Before the beginning and behind the end the first and last straight go on, so that `s` may be negative or
    /// beyond the length.
    pub fn project(&self, point: DVec2) -> (f64, f64) {
        self.project_on_segments(point, 0, self.points.len().saturating_sub(1))
    }

    /// The same, searched only between two arc lengths; for following a moving point.
    pub fn project_near(&self, point: DVec2, from_s: f64, to_s: f64) -> (f64, f64) {
        let (Some((first, _)), Some((last, _))) =
            (self.locate(from_s.min(to_s)), self.locate(from_s.max(to_s)))
        else {
            return self.project(point);
        };
        self.project_on_segments(point, first, last + 1)
    }

    /// [`Self::project`] on the segments `first..end`.
    pub(crate) fn project_on_segments(&self, point: DVec2, first: usize, end: usize) -> (f64, f64) {
        let end = end.min(self.points.len().saturating_sub(1));
        if first >= end {
            let Some(only) = self.points.first() else { return (0.0, 0.0) };
            let local = DVec2::from_angle(-only.heading).rotate(point - only.position.truncate());
            return (local.x, local.y);
        }
        let mut best = (f64::INFINITY, first, 0.0);
        for i in first..end {
            let (a, b) = (self.points[i].position.truncate(), self.points[i + 1].position.truncate());
            let chord = b - a;
            let u = ((point - a).dot(chord) / chord.length_squared()).clamp(0.0, 1.0);
            let distance = (a + chord * u).distance_squared(point);
            if distance < best.0 {
                best = (distance, i, u);
            }
        }
        let (_, i, u) = best;
        self.refine(point, i, u)
    }

    /// The nearest point on the curve, from the nearest one on the chord of segment `i`. In a bend the nearest chord may be
    /// that of a neighbouring segment, so the search may go over to that.
    fn refine(&self, point: DVec2, i: usize, u: f64) -> (f64, f64) {
        let last = self.points.len() - 2;
        let (mut i, mut u) = (i, u);
        for _ in 0..6 {
            let (a, b) = (&self.points[i], &self.points[i + 1]);
            let on = interpolate(a, b, u);
            let tangent = DVec2::from_angle(on.heading);
            let offset = point - on.position.truncate();
            let bend = (1.0 - on.curvature * tangent.perp_dot(offset)).max(0.2);
            let step = tangent.dot(offset) / (bend * (b.s - a.s));
            if u >= 1.0 && step > 0.0 && i < last {
                (i, u) = (i + 1, 0.0);
            } else if u <= 0.0 && step < 0.0 && i > 0 {
                (i, u) = (i - 1, 1.0);
            } else {
                u = (u + step).clamp(0.0, 1.0);
            }
        }
        let (a, b) = (&self.points[i], &self.points[i + 1]);
        let (at_start, at_end) = (i == 0, i == last);
        let on = interpolate(a, b, u);
        let offset = point - on.position.truncate();
        let tangent = DVec2::from_angle(on.heading);
        let (along, left) = (tangent.dot(offset), tangent.perp_dot(offset));
        if (u <= 0.0 && at_start && along < 0.0) || (u >= 1.0 && at_end && along > 0.0) {
            return (on.s + along, left);
        }
        // In the angle outside a corner the nearest point is the corner itself.
        (on.s, offset.length().copysign(if left == 0.0 { 1.0 } else { left }))
    }
}

/// Length of the arc over a chord on which the heading turns.
fn arc_of(chord: f64, turn: f64) -> f64 {
    let half = 0.5 * turn;
    if half.abs() < 1e-6 || half.abs() > 0.5 { chord } else { chord * half / half.sin() }
}

/// Between two points: position by the cubic of Hermite, heading and curvature linear. Where the headings do not fit the
/// chord, as at a corner, the position is on the chord.
fn interpolate(a: &PolylinePoint, b: &PolylinePoint, u: f64) -> PolylinePoint {
    let turn = wrap_angle(b.heading - a.heading);
    let length = b.s - a.s;
    let heading = wrap_angle(a.heading + turn * u);
    let s = a.s + length * u;
    let curvature = a.curvature + (b.curvature - a.curvature) * u;
    let chord = (b.position - a.position).truncate();
    let direction = chord.y.atan2(chord.x);
    let limit = 0.5 * turn.abs() + 0.02;
    let fits =
        wrap_angle(a.heading - direction).abs() <= limit && wrap_angle(b.heading - direction).abs() <= limit;
    let mut position = a.position.lerp(b.position, u);
    if fits {
        let (u2, u3) = (u * u, u * u * u);
        let plane = a.position.truncate() * (2.0 * u3 - 3.0 * u2 + 1.0)
            + b.position.truncate() * (3.0 * u2 - 2.0 * u3)
            + DVec2::from_angle(a.heading) * (length * (u3 - 2.0 * u2 + u))
            + DVec2::from_angle(b.heading) * (length * (u3 - u2));
        position = plane.extend(position.z);
    }
    PolylinePoint { s, position, heading, curvature }
}
