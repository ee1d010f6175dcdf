//! Linear least squares whose residuals each depend on a few neighbouring unknowns.

use std::ops::{AddAssign, Div, Mul, Sub};

/// Unknowns that one residual may depend on.
const WIDTH: usize = 4;

/// What an unknown is: a number, or a point whose coordinates are solved for alike.
pub trait Unknown:
    Copy + Default + Mul<f64, Output = Self> + Div<f64, Output = Self> + Sub<Output = Self> + AddAssign
{
}

impl<T> Unknown for T where
    T: Copy + Default + Mul<f64, Output = T> + Div<f64, Output = T> + Sub<Output = T> + AddAssign
{
}

/// Minimizes the sum of `weight * (sum_k gradient[k] * x[at + k] - target)^2`.
///
/// The normal equations are a band of seven diagonals and are solved in linear time.
pub struct BandedLeastSquares<T> {
    /// `band[i][k] = A[i][i + k]`; the matrix is symmetric.
    band: Vec<[f64; WIDTH]>,
    right: Vec<T>,
}

impl<T: Unknown> BandedLeastSquares<T> {
    /// Of `n` unknowns, each of which is drawn to zero with the weight `damping`.
    pub fn new(n: usize, damping: f64) -> Self {
        let mut diagonal = [0.0; WIDTH];
        diagonal[0] = damping;
        Self { band: vec![diagonal; n], right: vec![T::default(); n] }
    }

    /// Adds a residual on at most four unknowns from `at` on.
    pub fn add(&mut self, at: usize, gradient: &[f64], target: T, weight: f64) {
        for (a, da) in gradient.iter().enumerate() {
            for (b, db) in gradient.iter().enumerate().skip(a) {
                self.band[at + a][b - a] += weight * da * db;
            }
            self.right[at + a] += target * (weight * da);
        }
    }

    /// The minimum. The residuals must determine every unknown.
    pub fn solve(mut self) -> Vec<T> {
        // L D L^T in place.
        let (band, x) = (&mut self.band, &mut self.right);
        let n = x.len();
        for i in 0..n {
            let pivot = band[i];
            for k in 1..WIDTH.min(n - i) {
                let factor = pivot[k] / pivot[0];
                for m in k..WIDTH {
                    band[i + k][m - k] -= factor * pivot[m];
                }
                x[i + k] = x[i + k] - x[i] * factor;
            }
        }
        for i in (0..n).rev() {
            let mut sum = x[i];
            for k in 1..WIDTH.min(n - i) {
                sum = sum - x[i + k] * band[i][k];
            }
            x[i] = sum / band[i][0];
        }
        self.right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum() {
        let mut problem = BandedLeastSquares::<f64>::new(6, 0.0);
        let solution = [1.0, -2.0, 3.0, 0.5, -1.0, 4.0];
        for at in 0..3 {
            let gradient = [1.0, 0.5 * at as f64, -2.0, 1.5];
            let target = gradient.iter().zip(&solution[at..]).map(|(g, x)| g * x).sum();
            problem.add(at, &gradient, target, 3.0);
        }
        for (at, x) in solution.iter().enumerate() {
            problem.add(at, &[2.0], 2.0 * x, 0.1);
        }
        for (found, x) in problem.solve().iter().zip(solution) {
            assert!((found - x).abs() < 1e-12, "{found} {x}");
        }
    }
}
