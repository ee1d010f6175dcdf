//! Polynomials of third order: elevation, widths, offsets.

use std::ops::{Add, Mul, Sub};

/// A value with its first and second derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Jet {
    pub value: f64,
    pub slope: f64,
    pub bend: f64,
}

impl Add for Jet {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self { value: self.value + o.value, slope: self.slope + o.slope, bend: self.bend + o.bend }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + o * -1.0
    }
}

impl Mul<f64> for Jet {
    type Output = Self;
    fn mul(self, k: f64) -> Self {
        Self { value: self.value * k, slope: self.slope * k, bend: self.bend * k }
    }
}

/// `a + b·d + c·d² + d·d³`, where `d` is the way from `start`, from which on it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cubic {
    pub start: f64,
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
}

impl Cubic {
    pub fn value(&self, s: f64) -> f64 {
        let d = s - self.start;
        self.a + d * (self.b + d * (self.c + d * self.d))
    }

    pub fn jet(&self, s: f64) -> Jet {
        let d = s - self.start;
        Jet {
            value: self.value(s),
            slope: self.b + d * (2.0 * self.c + 3.0 * d * self.d),
            bend: 2.0 * self.c + 6.0 * d * self.d,
        }
    }
}

/// The piece that holds at `s`: the last that begins there or before, else the first; zero if there is none.
pub(super) fn piece_at(pieces: &[Cubic], s: f64) -> Cubic {
    let at = pieces.partition_point(|p| p.start <= s).max(1) - 1;
    pieces.get(at).copied().unwrap_or_default()
}
