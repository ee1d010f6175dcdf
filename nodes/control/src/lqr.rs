//! Gains of the lateral controller: a discrete LQR on the error dynamics of the bicycle model, over speed.
//!
//! State: lateral error (m), heading error (rad), deviation of the steering from the one that the curvature needs (rad);
//! input: deviation of the steering command. The kinematic bicycle at its rear axle, the steering with its lag:
//!
//! ```text
//! e_y' = v e_psi,   e_psi' = v / L * d,   d' = (u - d) / tau
//! ```
//!
//! The dead time of the steering is not in the state. For a linear system whose input acts n steps late the LQR over the
//! state with n delay states gives the same input as the LQR without dead time applied to the state predicted n steps ahead
//! from the inputs already sent (Artstein, "Linear systems with delayed controls", IEEE TAC 27(4), 1982). The controller
//! predicts, so three states are enough, whatever the dead time.
//!
//! Weights are not given as such but by the bandwidth w that is wanted: without lag the optimum for `e_y^2 + r u^2` is a
//! double pole pair at w = v / sqrt(L) / r^(1/4) with damping 0.7. At low speed w is a distance along the path, at high speed it
//! approaches a frequency: 1/w = distance/v + 1/w_max.

use nalgebra::{Matrix3, Vector3};

use crate::{LateralParams, PERIOD_S};

/// Feedback: steering = -(lateral e_y + heading e_psi + steering d).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gains {
    /// rad/m.
    pub lateral: f64,
    /// rad/rad.
    pub heading: f64,
    /// rad/rad.
    pub steering: f64,
}

/// Grid of speeds: every 1 m/s from 0; below [`MIN_SPEED_MPS`] the gains no longer change.
const SPEEDS: usize = 61;
const MIN_SPEED_MPS: f64 = 0.5;

/// Gains over speed.
#[derive(Clone, Debug)]
pub struct GainTable([Gains; SPEEDS]);

impl GainTable {
    /// For a wheelbase, m, and a time constant of the steering, s. Allocates nothing; takes well under a millisecond.
    pub fn new(wheelbase_m: f64, time_constant_s: f64, params: &LateralParams) -> Self {
        let mut gains = [Gains::default(); SPEEDS];
        for (i, gains) in gains.iter_mut().enumerate() {
            let speed = (i as f64).max(MIN_SPEED_MPS);
            *gains = solve(speed, wheelbase_m, time_constant_s + params.tyre_lag_s2_per_m * speed, params);
        }
        Self(gains)
    }

    /// At a speed, m/s; linear between the points of the grid.
    pub fn at(&self, speed_mps: f64) -> Gains {
        let at = speed_mps.clamp(0.0, (SPEEDS - 1) as f64);
        let i = (at as usize).min(SPEEDS - 2);
        let (a, b, part) = (self.0[i], self.0[i + 1], at - i as f64);
        let mix = |a: f64, b: f64| a + part * (b - a);
        Gains {
            lateral: mix(a.lateral, b.lateral),
            heading: mix(a.heading, b.heading),
            steering: mix(a.steering, b.steering),
        }
    }
}

/// The shortest lag that is modelled, s.
const MIN_LAG_S: f64 = 0.02;

fn solve(speed: f64, wheelbase: f64, lag: f64, params: &LateralParams) -> Gains {
    let lag = lag.max(MIN_LAG_S);
    let bandwidth = 1.0 / (params.correction_distance_m / speed + 1.0 / params.max_bandwidth_rad_per_s);
    let input_weight = (speed * speed / (wheelbase * bandwidth * bandwidth)).powi(2);
    // The heading's weight adds damping, which lag and unknown dead time eat up again.
    let heading_weight = (speed / bandwidth).powi(2);
    #[rustfmt::skip]
    let rates = Matrix3::new(
        0.0, speed, 0.0,
        0.0, 0.0, speed / wheelbase,
        0.0, 0.0, -1.0 / lag,
    );
    let (a, integral) = discretize(&rates);
    let b = integral * Vector3::new(0.0, 0.0, 1.0 / lag);
    let q = Matrix3::from_diagonal(&Vector3::new(1.0, heading_weight, 0.0));
    let x = solve_riccati(a, b, q, input_weight);
    let k = (b.transpose() * x * a) / (input_weight + (b.transpose() * x * b)[0]);
    Gains { lateral: k[0], heading: k[1], steering: k[2] }
}

/// exp(A dt), and its integral over dt.
fn discretize(rates: &Matrix3<f64>) -> (Matrix3<f64>, Matrix3<f64>) {
    let step = rates * PERIOD_S;
    let mut term = Matrix3::identity();
    let mut sum = Matrix3::identity();
    let mut integral = Matrix3::identity();
    for n in 1..10 {
        term = term * step / f64::from(n);
        sum += term;
        integral += term / f64::from(n + 1);
    }
    (sum, integral * PERIOD_S)
}

/// The stabilizing solution of the discrete algebraic Riccati equation, by the structure-preserving doubling algorithm, which
/// converges quadratically (Chu, Fan, Lin, Wang, "Structure-preserving algorithms for periodic discrete-time algebraic
/// Riccati equations", Int. J. Control 77(8), 2004).
fn solve_riccati(a: Matrix3<f64>, b: Vector3<f64>, q: Matrix3<f64>, r: f64) -> Matrix3<f64> {
    let (mut a, mut g, mut h) = (a, b * b.transpose() / r, q);
    // 2^14 steps of 10 ms are more than the slowest pole needs.
    for _ in 0..14 {
        let Some(w) = (Matrix3::identity() + g * h).try_inverse() else { break };
        let aw = a * w;
        let next_h = h + a.transpose() * h * w * a;
        g += aw * g * a.transpose();
        a = aw * a;
        let change = (next_h - h).abs().max();
        h = next_h;
        if change <= 1e-10 * h.abs().max() {
            break;
        }
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> GainTable {
        GainTable::new(3.0, 0.1, &LateralParams::default())
    }

    #[test]
    fn the_solution_satisfies_the_riccati_equation() {
        let rates = Matrix3::new(0.0, 8.0, 0.0, 0.0, 0.0, 8.0 / 3.0, 0.0, 0.0, -10.0);
        let (a, integral) = discretize(&rates);
        let b = integral * Vector3::new(0.0, 0.0, 10.0);
        let (q, r) = (Matrix3::from_diagonal(&Vector3::new(1.0, 2.0, 0.0)), 5.0);
        let x = solve_riccati(a, b, q, r);
        let atxb = a.transpose() * x * b;
        let residual =
            a.transpose() * x * a - x - atxb * atxb.transpose() / (r + (b.transpose() * x * b)[0]) + q;
        assert!(residual.abs().max() < 1e-8 * x.abs().max(), "{residual}");
    }

    #[test]
    fn the_closed_loop_dies_away_at_the_wanted_bandwidth_at_every_speed() {
        let params = LateralParams::default();
        let table = table();
        for speed in [0.5, 1.5, 3.0, 7.3, 12.0, 19.9, 25.0, 40.0, 60.0] {
            let lag = 0.1 + params.tyre_lag_s2_per_m * speed;
            let gains = table.at(speed);
            let (mut ey, mut epsi, mut d) = (1.0, 0.0, 0.0);
            let bandwidth =
                1.0 / (params.correction_distance_m / speed + 1.0 / params.max_bandwidth_rad_per_s);
            let (mut undershoot, dt) = (0.0_f64, 0.001);
            for _ in 0..(6.0 / bandwidth / dt) as usize {
                let u = -(gains.lateral * ey + gains.heading * epsi + gains.steering * d);
                ey += speed * epsi * dt;
                epsi += speed / 3.0 * d * dt;
                d += (u - d) / lag * dt;
                undershoot = undershoot.min(ey);
            }
            assert!(ey.abs() < 0.05, "{speed} m/s: {ey} m left");
            assert!(undershoot > -0.08, "{speed} m/s: overshoots by {undershoot}");
        }
    }

    #[test]
    fn gains_vary_smoothly_and_do_not_end() {
        let table = table();
        assert_eq!(table.at(-3.0), table.at(0.0));
        assert_eq!(table.at(1e9), table.at(60.0));
        let between = table.at(10.5).lateral;
        assert!(between < table.at(10.0).lateral && between > table.at(11.0).lateral);
    }
}
