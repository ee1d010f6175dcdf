//! The reference line in the plane: line, arc, spiral, poly3 and paramPoly3.
//!
//! Spirals and arc lengths of polynomials have no closed form. They are integrated by Gauss-Legendre quadrature with five
//! points on panels short enough for about 1e-12 of the length; the values at the panels' ends are kept.

use glam::DVec2;

/// Nodes and weights of Gauss-Legendre quadrature on 0 to 1.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668_0, 0.118_463_442_528_094_5),
    (0.230_765_344_947_158_45, 0.239_314_335_249_683_24),
    (0.5, 0.284_444_444_444_444_44),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_24),
    (0.953_089_922_969_332, 0.118_463_442_528_094_5),
];

/// A point of the reference line in the plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanPoint {
    pub position: DVec2,
    pub heading: f64,
    pub curvature: f64,
    /// Change of curvature by way, 1/m².
    pub curvature_rate: f64,
}

/// One `geometry` of the plan view.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub line: u32,
    pub s: f64,
    pub start: DVec2,
    pub heading: f64,
    pub length: f64,
    pub shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Line,
    Arc { curvature: f64 },
    Spiral(Spiral),
    Polynomial(ParamPoly),
}

impl Geometry {
    /// The point at `s` on the road.
    pub fn at(&self, s: f64) -> PlanPoint {
        let d = (s - self.s).clamp(0.0, self.length);
        let local = match &self.shape {
            Shape::Line => {
                PlanPoint { position: DVec2::new(d, 0.0), heading: 0.0, curvature: 0.0, curvature_rate: 0.0 }
            }
            Shape::Arc { curvature } => arc(*curvature, d),
            Shape::Spiral(spiral) => spiral.at(d),
            Shape::Polynomial(poly) => poly.at(d),
        };
        PlanPoint {
            position: self.start + DVec2::from_angle(self.heading).rotate(local.position),
            heading: self.heading + local.heading,
            ..local
        }
    }

    /// Where it ends on the road.
    pub fn end(&self) -> f64 {
        self.s + self.length
    }
}

fn arc(curvature: f64, d: f64) -> PlanPoint {
    let turn = curvature * d;
    // The chord, which unlike the radius stays well-behaved for small curvatures.
    let chord = if turn.abs() < 1e-9 { d } else { d * (0.5 * turn).sin() / (0.5 * turn) };
    PlanPoint {
        position: DVec2::from_angle(0.5 * turn) * chord,
        heading: turn,
        curvature,
        curvature_rate: 0.0,
    }
}

/// A clothoid: its curvature grows linearly.
#[derive(Clone, Debug)]
pub(super) struct Spiral {
    curvature: f64,
    rate: f64,
    panel: f64,
    /// Positions at the panels' ends.
    knots: Vec<DVec2>,
}

impl Spiral {
    pub fn new(length: f64, start: f64, end: f64) -> Self {
        let rate = if length > 0.0 { (end - start) / length } else { 0.0 };
        let panels = (start.abs().max(end.abs()) * length / 0.5).ceil().clamp(1.0, 1e4) as usize;
        let panel = length / panels as f64;
        let mut spiral = Self { curvature: start, rate, panel, knots: vec![DVec2::ZERO] };
        for i in 0..panels {
            let next = spiral.knots[i] + spiral.integrate(i as f64 * panel, (i + 1) as f64 * panel);
            spiral.knots.push(next);
        }
        spiral
    }

    fn heading(&self, d: f64) -> f64 {
        d * (self.curvature + 0.5 * self.rate * d)
    }

    fn integrate(&self, from: f64, to: f64) -> DVec2 {
        let span = to - from;
        GAUSS.iter().map(|(x, w)| DVec2::from_angle(self.heading(from + x * span)) * (w * span)).sum()
    }

    fn at(&self, d: f64) -> PlanPoint {
        let i = if self.panel > 0.0 { ((d / self.panel) as usize).min(self.knots.len() - 2) } else { 0 };
        PlanPoint {
            position: self.knots[i] + self.integrate(i as f64 * self.panel, d),
            heading: self.heading(d),
            curvature: self.curvature + self.rate * d,
            curvature_rate: self.rate,
        }
    }
}

/// A curve `u(p)`, `v(p)` by its arc length. `poly3` is one with `u = p`.
///
/// Positions along the road are arc lengths, whatever the range of `p` is. Where the length in the file differs from the
/// curve's, way is scaled so that both ends fit, as the standard has `p` run from one end of its range to the other.
#[derive(Clone, Debug)]
pub(super) struct ParamPoly {
    u: [f64; 4],
    v: [f64; 4],
    panel: f64,
    /// Arc lengths at the panels' ends.
    knots: Vec<f64>,
    /// Arc length by length in the file.
    scale: f64,
}

impl ParamPoly {
    /// Coefficients `a b c d` of both, with `p` from 0 to `range` over the length.
    pub fn new(length: f64, u: [f64; 4], v: [f64; 4], range: f64) -> Self {
        let mut poly = Self::with_knots(length, u, v, range);
        let total = poly.knots.last().copied().unwrap_or(0.0);
        poly.scale = if length > 0.0 && total > 0.0 { total / length } else { 1.0 };
        poly
    }

    /// `v = a + b·u + c·u² + d·u³`, as far as `length` reaches.
    pub fn poly3(length: f64, v: [f64; 4]) -> Self {
        Self::with_knots(length, [0.0, 1.0, 0.0, 0.0], v, length)
    }

    fn with_knots(length: f64, u: [f64; 4], v: [f64; 4], range: f64) -> Self {
        let panels = (length / 2.0).ceil().clamp(8.0, 1024.0) as usize;
        let mut poly = Self { u, v, panel: range / panels as f64, knots: vec![0.0], scale: 1.0 };
        for i in 0..panels {
            let (from, to) = (i as f64 * poly.panel, (i + 1) as f64 * poly.panel);
            let next = poly.knots[i] + poly.arc_length(from, to);
            poly.knots.push(next);
        }
        poly
    }

    /// How much longer the curve is than the file says.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    fn arc_length(&self, from: f64, to: f64) -> f64 {
        let span = to - from;
        GAUSS.iter().map(|(x, w)| self.derivatives(from + x * span).0.length() * w * span).sum()
    }

    /// First, second and third derivative.
    fn derivatives(&self, p: f64) -> (DVec2, DVec2, DVec2) {
        let first = |k: &[f64; 4]| k[1] + p * (2.0 * k[2] + 3.0 * p * k[3]);
        let second = |k: &[f64; 4]| 2.0 * k[2] + 6.0 * p * k[3];
        (
            DVec2::new(first(&self.u), first(&self.v)),
            DVec2::new(second(&self.u), second(&self.v)),
            DVec2::new(6.0 * self.u[3], 6.0 * self.v[3]),
        )
    }

    fn parameter(&self, arc: f64) -> f64 {
        let i = self.knots.partition_point(|k| *k <= arc).clamp(1, self.knots.len() - 1) - 1;
        let (low, high) = (i as f64 * self.panel, (i + 1) as f64 * self.panel);
        let span = self.knots[i + 1] - self.knots[i];
        let mut p = if span > 0.0 { low + (arc - self.knots[i]) / span * self.panel } else { low };
        for _ in 0..3 {
            let speed = self.derivatives(p).0.length();
            if speed < 1e-9 {
                break;
            }
            p = (p - (self.knots[i] + self.arc_length(low, p) - arc) / speed).clamp(low, high);
        }
        p
    }

    fn at(&self, d: f64) -> PlanPoint {
        let p = self.parameter(d * self.scale);
        let value = |k: &[f64; 4]| k[0] + p * (k[1] + p * (k[2] + p * k[3]));
        let (d1, d2, d3) = self.derivatives(p);
        let speed = d1.length();
        let (mut curvature, mut curvature_rate) = (0.0, 0.0);
        if speed > 1e-9 {
            let (n, dn) = (d1.perp_dot(d2), d1.perp_dot(d3));
            curvature = n / speed.powi(3);
            curvature_rate = (dn / speed.powi(3) - 3.0 * n * d1.dot(d2) / speed.powi(5)) / speed;
        }
        let heading = if speed > 1e-9 { d1.y.atan2(d1.x) } else { 0.0 };
        PlanPoint { position: DVec2::new(value(&self.u), value(&self.v)), heading, curvature, curvature_rate }
    }
}
