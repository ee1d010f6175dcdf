//! Where an axis has its ticks.

/// Round numbers (1, 2 or 5 times a power of ten apart) within a range, about `count` of them, with the digits that
/// they need behind the point.
pub fn ticks(from: f64, to: f64, count: usize) -> (Vec<f64>, usize) {
    let step = round_step((to - from) / count.max(1) as f64);
    if !step.is_finite() || step <= 0.0 {
        return (vec![], 0);
    }
    let first = (from / step).ceil();
    let ticks = (0..=200).map(|n| (first + f64::from(n)) * step).take_while(|t| *t <= to + step * 1e-9);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    (ticks.collect(), digits)
}

/// The next of 1, 2, 5 times a power of ten.
pub fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| rough <= f * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 10.0, 5), (vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0));
        let (fine, digits) = ticks(-0.13, 0.12, 5);
        assert_eq!((fine.len(), digits), (5, 2));
        assert_eq!(ticks(1.0, 1.0, 5).0.len(), 0);
        assert_eq!(ticks(f64::NAN, 1.0, 5).0.len(), 0);
    }
}
