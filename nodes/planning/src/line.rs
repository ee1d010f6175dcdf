//! The reference line and the Frenet frame along it.

use glam::DVec2;
use vehicle::wrap_angle;

/// A point of a [`ReferenceLine`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinePoint {
    /// Arc length in the plane, m.
    pub s: f64,
    /// Position in map, m.
    pub position: DVec2,
    /// Height in map, m.
    pub z: f64,
    /// Heading, rad; unwrapped along the line.
    pub heading: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
    /// Change of curvature, 1/m^2.
    pub curvature_rate: f64,
}

impl LinePoint {
    /// To the left, a unit vector.
    pub fn normal(&self) -> DVec2 {
        DVec2::from_angle(self.heading).perp()
    }
}

/// A smooth line with its arc length, heading and curvature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReferenceLine {
    points: Vec<LinePoint>,
}

impl ReferenceLine {
    /// Through points (x, y) with heights; heading and curvature come from neighbouring points, which must be
    /// distinct.
    pub fn through(points: &[DVec2], heights: &[f64]) -> Self {
        let n = points.len();
        let mut line: Vec<LinePoint> = Vec::with_capacity(n);
        for i in 0..n {
            let before = points[i.saturating_sub(1)];
            let after = points[(i + 1).min(n - 1)];
            let direction = tangent(before, points[i], after);
            let raw = direction.y.atan2(direction.x);
            let (s, heading) = line.last().map_or((0.0, raw), |last: &LinePoint| {
                (last.s + points[i].distance(before), last.heading + wrap_angle(raw - last.heading))
            });
            line.push(LinePoint { s, position: points[i], z: heights[i], heading, ..LinePoint::default() });
        }
        for i in 1..n.saturating_sub(1) {
            line[i].curvature = circle_curvature(points[i - 1], points[i], points[i + 1]);
        }
        if n > 2 {
            line[0].curvature = line[1].curvature;
            line[n - 1].curvature = line[n - 2].curvature;
        }
        for i in 0..n {
            let (a, b) = (i.saturating_sub(1), (i + 1).min(n - 1));
            let ds = line[b].s - line[a].s;
            line[i].curvature_rate =
                if ds > 1e-9 { (line[b].curvature - line[a].curvature) / ds } else { 0.0 };
        }
        Self { points: line }
    }

    /// The points.
    pub fn points(&self) -> &[LinePoint] {
        &self.points
    }

    /// Arc length, m.
    pub fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.s)
    }

    /// Number of the last point at or before `s`, but never the last point of all.
    pub fn index_at(&self, s: f64) -> usize {
        let n = self.points.len();
        self.points.partition_point(|p| p.s <= s).clamp(1, n.max(2) - 1) - 1
    }

    /// The point at arc length `s`; before the beginning and beyond the end the line goes on straight.
    pub fn at(&self, s: f64) -> LinePoint {
        let i = self.index_at(s);
        match self.points.get(i..i + 2) {
            Some([a, b]) => between(a, b, s),
            _ => self.points.first().copied().unwrap_or_default(),
        }
    }

    /// Arc length and distance to the left of the point of the line nearest to `point`, searched within
    /// `from_s..=to_s`. The line goes on straight at its ends.
    pub fn project(&self, point: DVec2, from_s: f64, to_s: f64) -> (f64, f64) {
        let (first, last) = (self.index_at(from_s), self.index_at(to_s) + 1);
        let nearest = self.points.get(first..=last.min(self.points.len().saturating_sub(1)));
        let distance = |p: &LinePoint| p.position.distance_squared(point);
        let Some(start) =
            nearest.unwrap_or_default().iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
        else {
            return (0.0, 0.0);
        };
        let mut s = start.s;
        for _ in 0..6 {
            let at = self.at(s);
            let along = DVec2::from_angle(at.heading).dot(point - at.position);
            let d = at.normal().dot(point - at.position);
            let inside = s > 0.0 && s < self.length();
            let stretch = if inside { (1.0 - at.curvature * d).max(0.3) } else { 1.0 };
            let step = (along / stretch).clamp(-2.0, 2.0);
            s += if inside { step } else { along };
            if step.abs() < 1e-6 {
                break;
            }
        }
        let at = self.at(s);
        (s, at.normal().dot(point - at.position))
    }
}

/// Direction at `p` of the circle through three points: the chords' directions weighted with the other's length.
fn tangent(before: DVec2, p: DVec2, after: DVec2) -> DVec2 {
    let (a, b) = (p - before, after - p);
    let (la, lb) = (a.length(), b.length());
    if la < 1e-9 {
        return b;
    }
    if lb < 1e-9 {
        return a;
    }
    a / la * lb + b / lb * la
}

/// Curvature of the circle through three points, 1/m.
fn circle_curvature(a: DVec2, b: DVec2, c: DVec2) -> f64 {
    let product = a.distance(b) * b.distance(c) * a.distance(c);
    if product < 1e-9 { 0.0 } else { 2.0 * (b - a).perp_dot(c - b) / product }
}

/// Interpolates: position by a cubic Hermite with the headings, the rest linearly; outside goes on straight.
fn between(a: &LinePoint, b: &LinePoint, s: f64) -> LinePoint {
    let (length, x) = (b.s - a.s, s - a.s);
    if x < 0.0 || x > length {
        let end = if x < 0.0 { a } else { b };
        let position = end.position + DVec2::from_angle(end.heading) * (s - end.s);
        return LinePoint { s, position, curvature: 0.0, curvature_rate: 0.0, ..*end };
    }
    let u = if length > 1e-9 { x / length } else { 0.0 };
    let lerp = |p: f64, q: f64| p + u * (q - p);
    let (u2, u3) = (u * u, u * u * u);
    let (ta, tb) = (DVec2::from_angle(a.heading) * length, DVec2::from_angle(b.heading) * length);
    let position = a.position * (2.0 * u3 - 3.0 * u2 + 1.0)
        + ta * (u3 - 2.0 * u2 + u)
        + b.position * (3.0 * u2 - 2.0 * u3)
        + tb * (u3 - u2);
    LinePoint {
        s,
        position,
        z: lerp(a.z, b.z),
        heading: lerp(a.heading, b.heading),
        curvature: lerp(a.curvature, b.curvature),
        curvature_rate: lerp(a.curvature_rate, b.curvature_rate),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn circle(radius: f64) -> ReferenceLine {
        let n = (2.0 * radius / 0.5) as usize;
        let at = |i: usize| DVec2::from_angle(i as f64 * 0.5 / radius) * radius;
        let points: Vec<_> = (0..n).map(at).collect();
        ReferenceLine::through(&points, &vec![0.0; n])
    }

    proptest! {
        #[test]
        fn projecting_finds_what_was_placed(radius in 6.0..200.0_f64, share in 0.05..0.95_f64, d in -3.0..3.0_f64) {
            let line = circle(radius);
            let s = share * line.length();
            let at = line.at(s);
            prop_assert!((at.curvature * radius - 1.0).abs() < 1e-3);
            let (s2, d2) = line.project(at.position + at.normal() * d, 0.0, line.length());
            prop_assert!((s - s2).abs() < 0.01 && (d - d2).abs() < 0.01, "{s} {s2} {d} {d2}");
        }

        #[test]
        fn goes_on_straight_at_its_ends(d in -3.0..3.0_f64, beyond in 0.1..20.0_f64) {
            let line = circle(50.0);
            for s in [-beyond, line.length() + beyond] {
                let at = line.at(s);
                let (s2, d2) = line.project(at.position + at.normal() * d, s - 5.0, s + 5.0);
                prop_assert!((s - s2).abs() < 0.01 && (d - d2).abs() < 0.01, "{s} {s2} {d} {d2}");
            }
        }
    }
}
