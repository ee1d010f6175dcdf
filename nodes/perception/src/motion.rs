//! How objects move: position, velocity and turn rate in an extended Kalman filter with the nearly constant turn
//! model in Cartesian coordinates (Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and
//! Navigation", 11.7). At rest the turn rate has no effect, so that standing objects need no model of their own.

use glam::{DMat2, DVec2};
use nalgebra::{Matrix2, Matrix5, Matrix5x2, SMatrix, Vector2, Vector5};

/// Time after which a turn is half forgotten, s (as a time constant).
pub const TURN_DECAY_S: f64 = 2.0;
/// Fastest turn that is believed, rad/s.
const MAX_TURN_RATE: f64 = 1.2;
/// Fastest object that is believed, m/s.
const MAX_SPEED_MPS: f64 = 70.0;
/// Noise of the turn rate, rad/s per sqrt(s).
const TURN_NOISE: f64 = 0.3;

/// The filter of one object.
#[derive(Clone, Debug)]
pub struct Motion {
    /// x, y (m), their rates (m/s), turn rate (rad/s).
    x: Vector5<f64>,
    p: Matrix5<f64>,
}

impl Motion {
    /// At rest, as far as is known: `speed_sigma` in m/s.
    pub fn new(position: DVec2, position_sigma: f64, speed_sigma: f64) -> Self {
        let diagonal = [position_sigma, position_sigma, speed_sigma, speed_sigma, 0.2].map(|s| s * s);
        Self {
            x: Vector5::new(position.x, position.y, 0.0, 0.0, 0.0),
            p: Matrix5::from_diagonal(&Vector5::from(diagonal)),
        }
    }

    /// Position, m.
    pub fn position(&self) -> DVec2 {
        DVec2::new(self.x[0], self.x[1])
    }

    /// Velocity, m/s.
    pub fn velocity(&self) -> DVec2 {
        DVec2::new(self.x[2], self.x[3])
    }

    /// Turn rate, rad/s.
    pub fn turn_rate(&self) -> f64 {
        self.x[4]
    }

    /// Covariance of the position, m^2.
    pub fn position_covariance(&self) -> DMat2 {
        block(&self.p, 0)
    }

    /// Covariance of the velocity, (m/s)^2.
    pub fn velocity_covariance(&self) -> DMat2 {
        block(&self.p, 2)
    }

    /// Variance of the turn rate, (rad/s)^2.
    pub fn turn_rate_variance(&self) -> f64 {
        self.p[(4, 4)]
    }

    /// Moves the position without a change of anything else: what was known of the object was somewhere else.
    pub fn shift(&mut self, by: DVec2) {
        self.x[0] += by.x;
        self.x[1] += by.y;
    }

    /// Turns and moves everything: the frame has changed.
    pub fn transform(&mut self, rotation: f64, map: impl Fn(DVec2) -> DVec2) {
        let (position, velocity) =
            (map(self.position()), DVec2::from_angle(rotation).rotate(self.velocity()));
        let (sin, cos) = rotation.sin_cos();
        let mut r = Matrix5::identity();
        for at in [0, 2] {
            (r[(at, at)], r[(at, at + 1)]) = (cos, -sin);
            (r[(at + 1, at)], r[(at + 1, at + 1)]) = (sin, cos);
        }
        self.x = Vector5::new(position.x, position.y, velocity.x, velocity.y, self.x[4]);
        self.p = r * self.p * r.transpose();
    }

    /// To a time `dt` seconds later; `acceleration_sigma` in m/s^2.
    pub fn predict(&mut self, dt: f64, acceleration_sigma: f64) {
        let [x, y, vx, vy, w] = self.x.into();
        let (sin, cos) = (w * dt).sin_cos();
        // sin(wt)/w and (1 - cos(wt))/w and their derivatives by w, also at w = 0.
        let small = (w * dt).abs() < 1e-3;
        let (s, c) = if small { (dt, 0.5 * w * dt * dt) } else { (sin / w, (1.0 - cos) / w) };
        let (ds, dc) = if small {
            (-w * dt.powi(3) / 3.0, 0.5 * dt * dt)
        } else {
            ((w * dt * cos - sin) / (w * w), (w * dt * sin - (1.0 - cos)) / (w * w))
        };
        let decay = (-dt / TURN_DECAY_S).exp();
        self.x = Vector5::new(
            x + s * vx - c * vy,
            y + c * vx + s * vy,
            cos * vx - sin * vy,
            sin * vx + cos * vy,
            w * decay,
        );
        #[rustfmt::skip]
        let f = Matrix5::new(
            1.0, 0.0, s,   -c,   ds * vx - dc * vy,
            0.0, 1.0, c,   s,    dc * vx + ds * vy,
            0.0, 0.0, cos, -sin, -dt * (sin * vx + cos * vy),
            0.0, 0.0, sin, cos,  dt * (cos * vx - sin * vy),
            0.0, 0.0, 0.0, 0.0,  decay,
        );
        self.p = f * self.p * f.transpose();
        let q = acceleration_sigma * acceleration_sigma;
        for at in 0..2 {
            self.p[(at, at)] += q * dt.powi(4) / 4.0;
            self.p[(at, at + 2)] += q * dt.powi(3) / 2.0;
            self.p[(at + 2, at)] += q * dt.powi(3) / 2.0;
            self.p[(at + 2, at + 2)] += q * dt * dt;
        }
        self.p[(4, 4)] += TURN_NOISE * TURN_NOISE * dt;
    }

    /// Squared Mahalanobis distance of an innovation (m) with noise `r` (m^2), and the log of the determinant of its
    /// covariance.
    pub fn distance(&self, innovation: DVec2, r: DMat2) -> (f64, f64) {
        let s = self.position_covariance() + r;
        let det = s.determinant().max(1e-12);
        (innovation.dot(s.inverse() * innovation), det.ln())
    }

    /// Takes an innovation of the position, m, with noise `r`, m^2 (Joseph form, so that `p` stays a covariance).
    pub fn update(&mut self, innovation: DVec2, r: DMat2) {
        let noise = Matrix2::new(r.x_axis.x, r.y_axis.x, r.x_axis.y, r.y_axis.y);
        let s = self.p.fixed_view::<2, 2>(0, 0) + noise;
        let Some(inverse) = s.try_inverse() else { return };
        let gain: Matrix5x2<f64> = self.p.fixed_view::<5, 2>(0, 0) * inverse;
        self.x += gain * Vector2::new(innovation.x, innovation.y);
        let mut keep = Matrix5::identity();
        let mut left = keep.fixed_view_mut::<5, 2>(0, 0);
        left -= gain;
        self.p = keep * self.p * keep.transpose() + gain * noise * gain.transpose();
        let transposed: SMatrix<f64, 5, 5> = self.p.transpose();
        self.p = (self.p + transposed) * 0.5;
        self.x[4] = self.x[4].clamp(-MAX_TURN_RATE, MAX_TURN_RATE);
        let speed = self.velocity().length();
        if speed > MAX_SPEED_MPS {
            self.x[2] *= MAX_SPEED_MPS / speed;
            self.x[3] *= MAX_SPEED_MPS / speed;
        }
    }
}

fn block(p: &Matrix5<f64>, at: usize) -> DMat2 {
    DMat2::from_cols_array(&[p[(at, at)], p[(at + 1, at)], p[(at, at + 1)], p[(at + 1, at + 1)]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn followed(truth: impl Fn(f64) -> DVec2, seconds: f64) -> Motion {
        let noise = DMat2::from_diagonal(DVec2::splat(0.01));
        let mut motion = Motion::new(truth(0.0), 0.1, 8.0);
        for i in 1..=(seconds * 10.0) as i32 {
            motion.predict(0.1, 2.0);
            let wobble = DVec2::new(f64::from(i % 3 - 1), f64::from(i % 5 - 2)) * 0.05;
            motion.update(truth(0.1 * f64::from(i)) + wobble - motion.position(), noise);
        }
        motion
    }

    #[test]
    fn follows_a_straight_way_and_a_bend() {
        let straight = followed(|t| DVec2::new(10.0 * t, -2.0), 2.0);
        assert!(straight.velocity().distance(DVec2::new(10.0, 0.0)) < 0.5, "{:?}", straight.velocity());
        assert!(straight.turn_rate().abs() < 0.1);
        let bend = followed(|t| DVec2::from_angle(0.4 * t) * 25.0, 4.0);
        let velocity = DVec2::from_angle(1.6).perp() * 10.0;
        assert!(bend.velocity().distance(velocity) < 0.8, "{:?} {velocity:?}", bend.velocity());
        assert!((bend.turn_rate() - 0.4).abs() < 0.2, "{}", bend.turn_rate());
    }

    proptest! {
        #[test]
        fn covariance_stays_one(steps in prop::collection::vec((0.0..0.5, -3.0..3.0, -3.0..3.0, 0.0001..4.0), 1..60)) {
            let mut motion = Motion::new(DVec2::ZERO, 0.3, 6.0);
            for (dt, x, y, r) in steps {
                motion.predict(dt, 3.0);
                motion.update(DVec2::new(x, y), DMat2::from_diagonal(DVec2::splat(r)));
                prop_assert!(motion.p.iter().chain(motion.x.iter()).all(|v| v.is_finite()));
                prop_assert!(motion.p.symmetric_eigenvalues().min() > -1e-9);
            }
        }
    }
}
