//! Smoothing of a line of points.

use glam::DVec2;

/// Moves points as little as possible while making the change of curvature small: minimizes
/// `sum w_i |p_i - q_i|^2 + stiffness * sum |third difference of p|^2` (a Whittaker smoother of third order).
/// Waves shorter than about `2 pi h stiffness^(1/6)` are taken out, with `h` the distance of the points.
///
/// The normal equations have seven diagonals and are solved in linear time.
pub fn whittaker(points: &[DVec2], weights: &[f64], stiffness: f64) -> Vec<DVec2> {
    let mut x: Vec<DVec2> = points.iter().zip(weights).map(|(q, w)| *q * *w).collect();
    if x.len() < 4 {
        return points.to_vec();
    }
    solve(&mut normal_equations(weights, stiffness), &mut x);
    x
}

/// The transpose of [`whittaker`]: how the given points are to be moved so that the smooth ones move as wished. Where
/// given points have little weight the wish goes to those around them that have more.
pub fn whittaker_transposed(wishes: &[DVec2], weights: &[f64], stiffness: f64) -> Vec<DVec2> {
    let mut x = wishes.to_vec();
    if x.len() < 4 {
        return x;
    }
    solve(&mut normal_equations(weights, stiffness), &mut x);
    x.iter().zip(weights).map(|(x, w)| *x * *w).collect()
}

/// `band[i][k] = A[i][i + k]`.
fn normal_equations(weights: &[f64], stiffness: f64) -> Vec<[f64; 4]> {
    const D: [f64; 4] = [-1.0, 3.0, -3.0, 1.0];
    let mut band: Vec<[f64; 4]> = weights.iter().map(|w| [*w, 0.0, 0.0, 0.0]).collect();
    for start in 0..weights.len().saturating_sub(3) {
        for (a, da) in D.iter().enumerate() {
            for (b, db) in D.iter().enumerate().skip(a) {
                band[start + a][b - a] += stiffness * da * db;
            }
        }
    }
    band
}

/// Solves a symmetric positive definite band system in place (L D L^T).
fn solve(band: &mut [[f64; 4]], x: &mut [DVec2]) {
    let n = x.len().min(band.len());
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
    fn the_transposed_is_the_transpose() {
        let at = |i: usize, n: usize| {
            let mut points = vec![DVec2::ZERO; n];
            points[i] = DVec2::X;
            points
        };
        let weights: Vec<_> = (0..30).map(|i| if (10..15).contains(&i) { 0.01 } else { 1.0 }).collect();
        let row = whittaker_transposed(&at(12, 30), &weights, 250.0);
        for (i, entry) in row.iter().enumerate() {
            let column = whittaker(&at(i, 30), &weights, 250.0);
            assert!((column[12].x - entry.x).abs() < 1e-9);
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
