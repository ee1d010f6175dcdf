//! A way beside the reference line: lateral offset over arc length, and the path in the plane that follows from it.

use glam::DVec2;
use vehicle::Pose2;

use crate::line::ReferenceLine;
use crate::poly::{Jet, Quintic};

/// Distance of path points, m.
pub const PATH_STEP_M: f64 = 0.5;

/// Lateral offset over arc length of the reference line: quintic polynomials one after another, then a constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LateralProfile {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from_s: f64,
    length: f64,
    shape: Quintic,
}

impl LateralProfile {
    /// Begins with the offset `from` at `from_s` and then goes to rest at each of `knots`: (arc length, offset), in
    /// order. Between knots of the same offset it is straight.
    pub fn through(from_s: f64, from: Jet, knots: &[(f64, f64)]) -> Self {
        let mut pieces = Vec::with_capacity(knots.len());
        let (mut at, mut state) = (from_s, from);
        for &(s, d) in knots {
            let length = (s - at).max(0.1);
            pieces.push(Piece {
                from_s: at,
                length,
                shape: Quintic::between(state, Jet::resting(d), length),
            });
            (at, state) = (at + length, Jet::resting(d));
        }
        Self { pieces }
    }

    /// Offset and its derivatives by arc length, m, 1, 1/m, 1/m^2.
    pub fn at(&self, s: f64) -> Jet {
        let next = self.pieces.partition_point(|p| p.from_s <= s);
        let Some(piece) = self.pieces.get(next.max(1) - 1) else { return Jet::default() };
        if s > piece.from_s + piece.length {
            return Jet::resting(piece.shape.at(piece.length).value);
        }
        if s < piece.from_s {
            let start = piece.shape.at(0.0);
            return Jet { value: start.value + start.d1 * (s - piece.from_s), d2: 0.0, d3: 0.0, ..start };
        }
        piece.shape.at(s - piece.from_s)
    }

    /// Arc length from which on the offset stays as it is, m.
    pub fn settled_s(&self) -> f64 {
        self.pieces.last().map_or(f64::NEG_INFINITY, |p| p.from_s + p.length)
    }

    /// The offset that it ends with, m.
    pub fn final_offset(&self) -> f64 {
        self.pieces.last().map_or(0.0, |p| p.shape.at(p.length).value)
    }
}

/// A point of a [`Path`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathPoint {
    /// Arc length along the path, m.
    pub s: f64,
    /// Arc length of the reference line beside it, m.
    pub line_s: f64,
    /// To the left of the reference line, m.
    pub d: f64,
    /// Position in map, m.
    pub position: DVec2,
    /// Height in map, m.
    pub z: f64,
    /// Heading, rad; unwrapped along the path.
    pub heading: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
}

/// Where the vehicle goes, without saying when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    points: Vec<PathPoint>,
}

impl Path {
    /// The way at the offset of `profile` beside `line` from `from_s` on, for `length` m of the line.
    pub fn beside(line: &ReferenceLine, profile: &LateralProfile, from_s: f64, length: f64) -> Self {
        let count = (length / PATH_STEP_M).ceil().max(2.0) as usize;
        let mut points: Vec<PathPoint> = Vec::with_capacity(count + 1);
        for i in 0..=count {
            let point = path_point(line, profile, from_s + i as f64 * PATH_STEP_M);
            let s = points.last().map_or(0.0, |last| last.s + arc_between(last, &point));
            points.push(PathPoint { s, ..point });
        }
        Self { points }
    }

    /// Straight ahead from a pose at a height, m, without a reference line.
    pub fn straight(pose: Pose2, z: f64, length: f64) -> Self {
        let point = |i: usize| {
            let s = i as f64 * PATH_STEP_M;
            let position = pose.transform(DVec2::new(s, 0.0));
            PathPoint { s, line_s: s, position, z, heading: pose.heading, ..PathPoint::default() }
        };
        Self { points: (0..=(length / PATH_STEP_M).ceil().max(2.0) as usize).map(point).collect() }
    }

    /// The points, `PATH_STEP_M` apart on the reference line.
    pub fn points(&self) -> &[PathPoint] {
        &self.points
    }

    /// Arc length, m.
    pub fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.s)
    }

    /// Number of the last point at or before `s`, but never the last point of all.
    pub fn index_at(&self, s: f64) -> usize {
        self.points.partition_point(|p| p.s <= s).clamp(1, self.points.len().max(2) - 1) - 1
    }

    /// Arc length along the path beside an arc length of the reference line, m; goes on at its ends.
    pub fn s_of_line(&self, line_s: f64) -> f64 {
        let i =
            self.points.partition_point(|p| p.line_s <= line_s).clamp(1, self.points.len().max(2) - 1) - 1;
        let Some([a, b]) = self.points.get(i..i + 2) else { return 0.0 };
        a.s + (line_s - a.line_s) * (b.s - a.s) / (b.line_s - a.line_s)
    }

    /// The point at arc length `s`, within the path.
    pub fn at(&self, s: f64) -> PathPoint {
        let i = self.index_at(s);
        let Some([a, b]) = self.points.get(i..i + 2) else { return PathPoint::default() };
        let length = (b.s - a.s).max(1e-9);
        let u = ((s - a.s) / length).clamp(0.0, 1.0);
        let (u2, u3) = (u * u, u * u * u);
        let (ta, tb) = (DVec2::from_angle(a.heading) * length, DVec2::from_angle(b.heading) * length);
        let lerp = |p: f64, q: f64| p + u * (q - p);
        PathPoint {
            s: a.s + u * length,
            line_s: lerp(a.line_s, b.line_s),
            d: lerp(a.d, b.d),
            position: a.position * (2.0 * u3 - 3.0 * u2 + 1.0)
                + ta * (u3 - 2.0 * u2 + u)
                + b.position * (3.0 * u2 - 2.0 * u3)
                + tb * (u3 - u2),
            z: lerp(a.z, b.z),
            heading: lerp(a.heading, b.heading),
            curvature: lerp(a.curvature, b.curvature),
        }
    }
}

/// From Frenet to map: position, heading and curvature at an offset with its derivatives (Werling 2010, appendix).
fn path_point(line: &ReferenceLine, profile: &LateralProfile, line_s: f64) -> PathPoint {
    let r = line.at(line_s);
    let d = profile.at(line_s);
    let stretch = (1.0 - r.curvature * d.value).max(0.05);
    let slip = d.d1.atan2(stretch);
    let (cos, tan) = (slip.cos(), d.d1 / stretch);
    let bend = d.d2 + (r.curvature_rate * d.value + r.curvature * d.d1) * tan;
    let curvature = (bend * cos * cos / stretch + r.curvature) * cos / stretch;
    PathPoint {
        s: 0.0,
        line_s,
        d: d.value,
        position: r.position + r.normal() * d.value,
        z: r.z,
        heading: r.heading + slip,
        curvature,
    }
}

/// Length of the arc between two points: the chord, lengthened by the turn between them.
fn arc_between(a: &PathPoint, b: &PathPoint) -> f64 {
    let turn = b.heading - a.heading;
    a.position.distance(b.position) * (1.0 + turn * turn / 24.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s_curve() -> ReferenceLine {
        let (mut position, mut heading) = (DVec2::ZERO, 0.0);
        let mut points = vec![position];
        for i in 0..400 {
            heading += 0.25 * 0.05 * (f64::from(i) * 0.25 / 8.0).sin();
            position += DVec2::from_angle(heading) * 0.25;
            points.push(position);
        }
        ReferenceLine::through(&points, &vec![0.0; points.len()])
    }

    /// Heading and curvature are the derivatives of the positions, also while the offset changes.
    #[test]
    fn path_is_consistent() {
        let line = s_curve();
        let start = Jet { value: -1.0, d1: 0.1, d2: 0.0, d3: 0.0 };
        let profile = LateralProfile::through(5.0, start, &[(25.0, 1.5), (40.0, 1.5), (60.0, 0.0)]);
        let path = Path::beside(&line, &profile, 5.0, 80.0);
        for w in path.points().windows(3) {
            let (a, p, b) = (&w[0], &w[1], &w[2]);
            let chord = b.position - a.position;
            assert!((vehicle::wrap_angle(chord.to_angle() - p.heading)).abs() < 4e-3);
            let curvature = (b.heading - a.heading) / (b.s - a.s);
            assert!((curvature - p.curvature).abs() < 4e-3, "{} {} {}", p.line_s, curvature, p.curvature);
        }
        assert!((profile.at(30.0).value - 1.5).abs() < 1e-9 && profile.at(70.0).value.abs() < 1e-9);
    }
}
