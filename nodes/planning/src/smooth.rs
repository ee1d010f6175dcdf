//! Smoothing of a line of points.

use glam::DVec2;

/// Moves points as little as possible while making the change of curvature small: minimizes
/// `sum w_i |p_i - q_i|^2 + stiffness * sum |third difference of p|^2` (a Whittaker smoother of third order).
/// Waves shorter than about `2 pi h stiffness^(1/6)` are taken out, with `h` the distance of the points.
///
/// The normal equations have seven diagonals and are solved in linear time.
pub fn whittaker(points: &[DVec2], weights: &[f64], stiffness: f64) -> Vec<DVec2> {
    let n = points.len().min(weights.len());
    if n < 4 {
        return points.to_vec();
    }
    // band[i][k] = A[i][i + k]
    let mut band: Vec<[f64; 4]> = weights[..n].iter().map(|w| [*w, 0.0, 0.0, 0.0]).collect();
    const D: [f64; 4] = [-1.0, 3.0, -3.0, 1.0];
    for start in 0..n - 3 {
        for (a, da) in D.iter().enumerate() {
            for (b, db) in D.iter().enumerate().skip(a) {
                band[start + a][b - a] += stiffness * da * db;
            }
        }
    }
    let mut x: Vec<DVec2> = points[..n].iter().zip(weights).map(|(q, w)| *q * *w).collect();
    solve(&mut band, &mut x);
    x
}

/// Solves a symmetric positive definite band system in place (L D L^T).
fn solve(band: &mut [[f64; 4]], x: &mut [DVec2]) {
    let n = x.len();
    for i in 0..n {
        let pivot = band[i];
        for k in 1..4.min(n - i) {
            let factor = pivot[k] / pivot[0];
            for m in k..4 {
                band[i + k][m - k] -= factor * pivot[m];
            }
            let xi = x[i];
            x[i + k] -= xi * factor;
        }
    }
    for i in (0..n).rev() {
        let mut sum = x[i];
        for k in 1..4.min(n - i) {
            sum -= x[i + k] * band[i][k];
        }
        x[i] = sum / band[i][0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_stays_as_it_is() {
        let points: Vec<_> = (0..50).map(|i| DVec2::new(f64::from(i), 0.01 * f64::from(i * i))).collect();
        let out = whittaker(&points, &[1.0; 50], 1e4);
        for (a, b) in points.iter().zip(&out) {
            assert!(a.distance(*b) < 1e-6);
        }
    }

    #[test]
    fn a_kink_becomes_a_curve() {
        let line =
            |i: i32| DVec2::new(0.5 * f64::from(i), if i > 40 { 0.1 * f64::from(i - 40) } else { 0.0 });
        let points: Vec<_> = (0..80).map(line).collect();
        let out = whittaker(&points, &[1.0; 80], 250.0);
        let bend =
            |p: &[DVec2]| p.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).length()).fold(0.0, f64::max);
        assert!(bend(&out) < 0.3 * bend(&points), "{} {}", bend(&out), bend(&points));
        let moved = points.iter().zip(&out).map(|(a, b)| a.distance(*b)).fold(0.0, f64::max);
        assert!(moved < 0.15, "{moved}");
    }
}
