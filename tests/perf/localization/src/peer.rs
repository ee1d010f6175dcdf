//! What one gets without a filter over IMU and wheels: the last fix, and a Kalman filter with constant velocity over fixes.

use glam::DVec2;
use nalgebra::{Matrix2, Vector2};

use crate::drive::GNSS_SIGMA_M;

/// Changes of the velocity, m/s²·√s: ordinary driving.
const ACCELERATION_NOISE: f64 = 1.5;

/// Both.
#[derive(Default)]
pub struct Peer {
    last: Option<DVec2>,
    filter: Option<ConstantVelocity>,
}

struct ConstantVelocity {
    time_s: f64,
    /// Position and velocity, of x and of y.
    axes: [Vector2<f64>; 2],
    /// Covariance, the same for both.
    covariance: Matrix2<f64>,
}

impl Peer {
    /// Takes a fix.
    pub fn fix(&mut self, time_s: f64, position: Vector2<f64>) {
        self.last = Some(DVec2::new(position.x, position.y));
        let Some(f) = &mut self.filter else {
            let axes = [Vector2::new(position.x, 0.0), Vector2::new(position.y, 0.0)];
            let covariance = Matrix2::new(GNSS_SIGMA_M.powi(2), 0.0, 0.0, 400.0);
            self.filter = Some(ConstantVelocity { time_s, axes, covariance });
            return;
        };
        let dt = time_s - f.time_s;
        f.time_s = time_s;
        let transition = Matrix2::new(1.0, dt, 0.0, 1.0);
        let q = ACCELERATION_NOISE * ACCELERATION_NOISE;
        let noise = Matrix2::new(dt.powi(3) / 3.0, dt * dt / 2.0, dt * dt / 2.0, dt) * q;
        f.covariance = transition * f.covariance * transition.transpose() + noise;
        // The part of the fixes' noise that is new in each.
        let r = 0.05 * GNSS_SIGMA_M.powi(2);
        let gain = f.covariance.column(0) / (f.covariance[(0, 0)] + r);
        for (axis, z) in f.axes.iter_mut().zip([position.x, position.y]) {
            *axis = transition * *axis;
            *axis += gain * (z - axis.x);
        }
        f.covariance -= gain * f.covariance.row(0).into_owned();
    }

    /// The last fix.
    pub fn hold(&self) -> Option<DVec2> {
        self.last
    }

    /// Extrapolated with constant velocity.
    pub fn constant_velocity(&self, time_s: f64) -> Option<DVec2> {
        let f = self.filter.as_ref()?;
        let at = |a: &Vector2<f64>| a.x + a.y * (time_s - f.time_s);
        Some(DVec2::new(at(&f.axes[0]), at(&f.axes[1])))
    }
}
