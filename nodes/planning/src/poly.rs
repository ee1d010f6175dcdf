//! Polynomials that join two states.

/// A quintic polynomial: the jerk-optimal way between two states of position, first and second derivative.
/// M. Werling et al., "Optimal Trajectory Generation for Dynamic Street Scenarios in a Frenet Frame", ICRA 2010.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quintic([f64; 6]);

/// Value with its first three derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jet {
    /// Value.
    pub value: f64,
    /// First derivative.
    pub d1: f64,
    /// Second derivative.
    pub d2: f64,
    /// Third derivative.
    pub d3: f64,
}

impl Jet {
    /// At rest at a value.
    pub fn resting(value: f64) -> Self {
        Self { value, ..Self::default() }
    }
}

impl Quintic {
    /// From `from` at 0 to `to` at `length` (> 0); the third derivatives are not looked at.
    pub fn between(from: Jet, to: Jet, length: f64) -> Self {
        let l = length;
        let (c0, c1, c2) = (from.value, from.d1, 0.5 * from.d2);
        let p = to.value - (c0 + c1 * l + c2 * l * l);
        let v = to.d1 - (c1 + 2.0 * c2 * l);
        let a = to.d2 - 2.0 * c2;
        let c3 = (10.0 * p - 4.0 * v * l + 0.5 * a * l * l) / l.powi(3);
        let c4 = (-15.0 * p + 7.0 * v * l - a * l * l) / l.powi(4);
        let c5 = (6.0 * p - 3.0 * v * l + 0.5 * a * l * l) / l.powi(5);
        Self([c0, c1, c2, c3, c4, c5])
    }

    /// Value and derivatives at `x`.
    pub fn at(&self, x: f64) -> Jet {
        let [c0, c1, c2, c3, c4, c5] = self.0;
        Jet {
            value: c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5)))),
            d1: c1 + x * (2.0 * c2 + x * (3.0 * c3 + x * (4.0 * c4 + x * 5.0 * c5))),
            d2: 2.0 * c2 + x * (6.0 * c3 + x * (12.0 * c4 + x * 20.0 * c5)),
            d3: 6.0 * c3 + x * (24.0 * c4 + x * 60.0 * c5),
        }
    }
}

/// Goes from 0 to 1 as `x` does, with first and second derivative zero at both ends.
pub fn smoother_step(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (10.0 + x * (-15.0 + x * 6.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jet() -> impl Strategy<Value = Jet> {
        (-5.0..5.0, -1.0..1.0, -0.2..0.2).prop_map(|(value, d1, d2)| Jet { value, d1, d2, d3: 0.0 })
    }

    proptest! {
        #[test]
        fn a_quintic_meets_both_ends(from in jet(), to in jet(), length in 1.0..100.0) {
            let q = Quintic::between(from, to, length);
            for (x, want) in [(0.0, from), (length, to)] {
                let is = q.at(x);
                prop_assert!((is.value - want.value).abs() < 1e-6);
                prop_assert!((is.d1 - want.d1).abs() < 1e-6);
                prop_assert!((is.d2 - want.d2).abs() < 1e-6);
            }
        }

        #[test]
        fn derivatives_are_those_of_the_value(from in jet(), to in jet(), x in 1.0..9.0) {
            let q = Quintic::between(from, to, 10.0);
            let h = 1e-4;
            let (a, b, is) = (q.at(x - h), q.at(x + h), q.at(x));
            prop_assert!(((b.value - a.value) / (2.0 * h) - is.d1).abs() < 1e-5);
            prop_assert!(((b.d1 - a.d1) / (2.0 * h) - is.d2).abs() < 1e-5);
            prop_assert!(((b.d2 - a.d2) / (2.0 * h) - is.d3).abs() < 1e-5);
        }
    }
}
