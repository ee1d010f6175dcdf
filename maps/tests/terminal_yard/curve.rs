//! Reference lines: poses, and curves that join two of them without a kink.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use glam::DVec2;

/// A place and a heading.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    pub at: DVec2,
    pub heading: f64,
}

impl Pose {
    pub fn new(x: f64, y: f64, heading_deg: f64) -> Self {
        Self { at: DVec2::new(x, y), heading: heading_deg.to_radians() }
    }

    /// The same, moved ahead and to the left.
    pub fn moved(self, ahead: f64, left: f64) -> Self {
        Self { at: self.at + DVec2::from_angle(self.heading).rotate(DVec2::new(ahead, left)), ..self }
    }

    pub fn reversed(self) -> Self {
        Self { heading: self.heading + PI, ..self }
    }
}

pub fn wrap(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

/// A piece of a reference line.
#[derive(Clone, Copy, Debug)]
pub enum Curve {
    Line,
    /// From one curvature to another; the same for an arc.
    Spiral(f64, f64),
    /// `u` and `v` as polynomials of 0 to 1.
    Cubic([f64; 4], [f64; 4]),
}

/// A piece with its length.
pub type Piece = (f64, Curve);

/// Where a piece that begins at a pose ends. Spirals are integrated in fine steps with the rule of Simpson.
pub fn end_of(pose: Pose, (length, curve): Piece) -> Pose {
    match curve {
        Curve::Line => pose.moved(length, 0.0),
        Curve::Spiral(from, to) => {
            let heading = |s: f64| s * (from + 0.5 * (to - from) / length * s);
            const STEPS: usize = 200;
            let h = length / STEPS as f64;
            let mut local = DVec2::ZERO;
            for i in 0..STEPS {
                let s = i as f64 * h;
                let at = |x: f64| DVec2::from_angle(heading(x));
                local += (at(s) + 4.0 * at(s + 0.5 * h) + at(s + h)) * (h / 6.0);
            }
            let moved = pose.moved(local.x, local.y);
            Pose { heading: pose.heading + heading(length), ..moved }
        }
        Curve::Cubic(u, v) => {
            let sum = |k: [f64; 4]| k.iter().sum::<f64>();
            let slope = |k: [f64; 4]| k[1] + 2.0 * k[2] + 3.0 * k[3];
            let moved = pose.moved(sum(u), sum(v));
            Pose { heading: pose.heading + slope(v).atan2(slope(u)), ..moved }
        }
    }
}

/// Pieces from one pose to another: a straight, a turn by a right angle with clothoids, else a cubic.
pub fn join(from: Pose, to: Pose) -> Vec<Piece> {
    let turn = wrap(to.heading - from.heading);
    let local = DVec2::from_angle(-from.heading).rotate(to.at - from.at);
    if turn.abs() < 1e-9 && local.y.abs() < 1e-6 {
        return vec![(local.x, Curve::Line)];
    }
    if (turn.abs() - FRAC_PI_2).abs() < 1e-9 {
        return right_angle(local.x, local.y.abs(), turn.signum());
    }
    vec![cubic(local, turn)]
}

/// Way ahead and aside of a turn of a right angle: clothoids of 5 m, an arc between, straights where one way is longer.
fn right_angle(ahead: f64, aside: f64, sign: f64) -> Vec<Piece> {
    const CLOTHOID_M: f64 = 5.0;
    let reach = ahead.min(aside);
    let pieces = |radius: f64| -> Vec<Piece> {
        let (k, arc) = (sign / radius, radius * FRAC_PI_2 - CLOTHOID_M);
        vec![
            (CLOTHOID_M, Curve::Spiral(0.0, k)),
            (arc, Curve::Spiral(k, k)),
            (CLOTHOID_M, Curve::Spiral(k, 0.0)),
        ]
    };
    let needed = |radius: f64| {
        let start = Pose::new(0.0, 0.0, 0.0);
        pieces(radius).into_iter().fold(start, end_of).at.x
    };
    let (mut low, mut high) = (CLOTHOID_M, reach);
    assert!(needed(low) < reach, "no room for a turn: {ahead} {aside}");
    for _ in 0..100 {
        let radius = 0.5 * (low + high);
        if needed(radius) < reach { low = radius } else { high = radius }
    }
    let mut all = pieces(low);
    if ahead > reach + 1e-6 {
        all.insert(0, (ahead - reach, Curve::Line));
    }
    if aside > reach + 1e-6 {
        all.push((aside - reach, Curve::Line));
    }
    all
}

fn cubic(to: DVec2, turn: f64) -> Piece {
    let pull = 1.05 * to.length();
    let end = DVec2::from_angle(turn) * pull;
    let hermite = |p1: f64, m0: f64, m1: f64| [0.0, m0, 3.0 * p1 - 2.0 * m0 - m1, m0 + m1 - 2.0 * p1];
    let (u, v) = (hermite(to.x, pull, end.x), hermite(to.y, 0.0, end.y));
    let speed = |p: f64| {
        let slope = |k: [f64; 4]| k[1] + p * (2.0 * k[2] + 3.0 * p * k[3]);
        slope(u).hypot(slope(v))
    };
    const STEPS: usize = 1000;
    let h = 1.0 / STEPS as f64;
    let length = (0..STEPS)
        .map(|i| i as f64 * h)
        .map(|p| (speed(p) + 4.0 * speed(p + 0.5 * h) + speed(p + h)) * h / 6.0)
        .sum();
    (length, Curve::Cubic(u, v))
}
