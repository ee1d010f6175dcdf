//! Smoothing of a line of points.

use glam::DVec2;

use crate::band::BandedLeastSquares;

/// Moves points as little as possible while making the change of curvature small: minimizes
/// `sum |p_i - q_i|^2 + stiffness * sum |third difference of p|^2` (a Whittaker smoother of third order). The ends stay
/// where they are. Waves shorter than about `2 pi h stiffness^(1/6)` are taken out, with `h` the distance of the points.
pub fn whittaker(points: &[DVec2], stiffness: f64) -> Vec<DVec2> {
    const THIRD_DIFFERENCE: [f64; 4] = [-1.0, 3.0, -3.0, 1.0];
    let n = points.len();
    let mut problem = BandedLeastSquares::new(n, 0.0);
    for (i, point) in points.iter().enumerate() {
        let is_end = i == 0 || i + 1 == n;
        problem.add(i, &[1.0], *point, if is_end { 100.0 } else { 1.0 });
    }
    for i in 0..n.saturating_sub(3) {
        problem.add(i, &THIRD_DIFFERENCE, DVec2::ZERO, stiffness);
    }
    problem.solve()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_stays_as_it_is() {
        let points: Vec<_> = (0..50).map(|i| DVec2::new(f64::from(i), 0.01 * f64::from(i * i))).collect();
        let out = whittaker(&points, 1e4);
        for (a, b) in points.iter().zip(&out) {
            assert!(a.distance(*b) < 1e-6);
        }
    }

    #[test]
    fn a_kink_becomes_a_curve() {
        let line =
            |i: i32| DVec2::new(0.5 * f64::from(i), if i > 40 { 0.1 * f64::from(i - 40) } else { 0.0 });
        let points: Vec<_> = (0..80).map(line).collect();
        let out = whittaker(&points, 250.0);
        let bend =
            |p: &[DVec2]| p.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).length()).fold(0.0, f64::max);
        assert!(bend(&out) < 0.3 * bend(&points), "{} {}", bend(&out), bend(&points));
        let moved = points.iter().zip(&out).map(|(a, b)| a.distance(*b)).fold(0.0, f64::max);
        assert!(moved < 0.15, "{moved}");
    }
}
