//! Heading from the course over ground: how the way driven (wheels and gyroscope) must be turned to lie on the fixes.
//!
//! The rotation that fits two sets of points in the least-squares sense (Umeyama 1991, in the plane). It needs no heading
//! to begin with, works on any way, forwards and backwards, and so tells whether a heading that the filter believes in
//! can be right.

use std::collections::VecDeque;

use glam::DVec2;

/// Pairs are at least so far apart, m.
const SPACING_M: f64 = 1.0;
/// The way that is looked at has so many pairs.
const PAIRS: usize = 25;

/// Pairs of places: on the way driven, and of the fix.
#[derive(Clone, Debug, Default)]
pub struct Alignment {
    pairs: VecDeque<(DVec2, DVec2)>,
}

/// A rotation from `odom` to map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Angle, rad.
    pub angle: f64,
    /// Its standard deviation, rad.
    pub sigma: f64,
    /// Whether rotation and shift explain the fixes: what is left is no more than their errors and 3 % of the way.
    pub fits: bool,
}

impl Alignment {
    /// Takes a fix and the place on the way driven at its time; true if it is far enough from the one before.
    pub fn add(&mut self, driven: DVec2, fix: DVec2) -> bool {
        if self.pairs.back().is_some_and(|(last, _)| last.distance(driven) < SPACING_M) {
            return false;
        }
        if self.pairs.len() == PAIRS {
            self.pairs.pop_front();
        }
        self.pairs.push_back((driven, fix));
        true
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// The rotation, from fixes with errors of `sigma_m` that are independent of each other; none with fewer than three
    /// pairs. What does not fit in the way of rotation and shift (a jump of the fixes) makes its deviation larger.
    pub fn turn(&self, sigma_m: f64) -> Option<Turn> {
        if self.pairs.len() < 3 {
            return None;
        }
        let n = self.pairs.len() as f64;
        let sum = self.pairs.iter().fold((DVec2::ZERO, DVec2::ZERO), |s, p| (s.0 + p.0, s.1 + p.1));
        let (mean_driven, mean_fix) = (sum.0 / n, sum.1 / n);
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (driven, fix) in &self.pairs {
            let (a, b) = (*driven - mean_driven, *fix - mean_fix);
            dot += a.dot(b);
            cross += a.perp_dot(b);
            spread += a.length_squared();
        }
        let angle = cross.atan2(dot);
        let rotation = DVec2::from_angle(angle);
        let residual: f64 = self
            .pairs
            .iter()
            .map(|(driven, fix)| {
                (rotation.rotate(*driven - mean_driven) - (*fix - mean_fix)).length_squared()
            })
            .sum();
        let variance = (sigma_m * sigma_m).max(residual / (2.0 * n));
        let sigma = (variance / spread.max(1e-9)).sqrt();
        let fits = (residual / n).sqrt() < 3.0 * sigma_m + 0.03 * (spread / n).sqrt();
        (angle.is_finite() && sigma.is_finite()).then_some(Turn { angle, sigma, fits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_way_no_turn() {
        let mut alignment = Alignment::default();
        for _ in 0..10 {
            alignment.add(DVec2::ZERO, DVec2::ONE);
        }
        assert_eq!(alignment.turn(1.0), None);
    }

    proptest! {
        #[test]
        fn finds_any_turn_of_any_way(angle in -3.1_f64..3.1, bend in -0.1_f64..0.1, x in -1e5_f64..1e5) {
            let mut alignment = Alignment::default();
            let mut driven = DVec2::ZERO;
            for i in 0..60 {
                driven += DVec2::from_angle(bend * f64::from(i));
                alignment.add(driven, DVec2::new(x, -x) + DVec2::from_angle(angle).rotate(driven));
            }
            let turn = alignment.turn(0.1).unwrap();
            prop_assert!((turn.angle - angle).abs() < 1e-6, "{turn:?}");
            prop_assert!(turn.sigma < 0.02 && turn.fits, "{turn:?}");
        }

        #[test]
        fn a_jump_of_the_fixes_makes_it_unsure(jump in 5.0_f64..100.0) {
            let mut alignment = Alignment::default();
            for i in 0..25 {
                let x = f64::from(i);
                alignment.add(DVec2::new(x, 0.0), DVec2::new(x, if i < 12 { 0.0 } else { jump }));
            }
            let turn = alignment.turn(0.1).unwrap();
            prop_assert!(turn.sigma > 0.02 && !turn.fits, "{turn:?}");
        }
    }
}
