//! The first state.

use nalgebra::{UnitQuaternion, Vector3};

use crate::config::FilterConfig;
use crate::state::{Covariance, History, State, at};

/// What is known at the start.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// When, ns since the epoch.
    pub stamp_ns: i64,
    /// Position of the antenna in map, m.
    pub position: Vector3<f64>,
    /// Variance that averages out, m².
    pub white: Vector3<f64>,
    /// Variance that does not, m².
    pub correlated: Vector3<f64>,
    /// Roll and pitch, rad, and their standard deviation.
    pub tilt: (f64, f64, f64),
    /// Heading, rad, and its standard deviation.
    pub heading: (f64, f64),
    /// Speed ahead, m/s, and its standard deviation.
    pub speed: (f64, f64),
    /// Bias of the gyroscope, rad/s, where it is known from before.
    pub gyro_bias: Vector3<f64>,
}

/// Roll and pitch, rad, from a mean specific force of a vehicle that is not accelerating much.
pub fn tilt_from_gravity(accel: Vector3<f64>) -> (f64, f64) {
    (accel.y.atan2(accel.z), (-accel.x).atan2(accel.y.hypot(accel.z)))
}

/// Standard deviation of the speed across and up at the start, m/s.
const ACROSS_SIGMA_MPS: f64 = 0.3;

impl Start {
    /// The state with honest covariances: position and GNSS bias are correlated, the velocity is as unsure as the heading.
    pub fn state(&self, config: &FilterConfig) -> State {
        let (roll, pitch, tilt_sigma) = self.tilt;
        let (heading, heading_sigma) = self.heading;
        let (speed, speed_sigma) = self.speed;
        let orientation = UnitQuaternion::from_euler_angles(roll, pitch, heading);
        let ahead = orientation * Vector3::x();
        let lever = config.imu_x_m - config.antenna_x_m;
        let mut covariance = Covariance::zeros();
        for i in 0..3 {
            let (p, b) = (at::POSITION + i, at::GNSS_BIAS + i);
            covariance[(p, p)] = self.white[i] + self.correlated[i];
            covariance[(b, b)] = self.correlated[i];
            (covariance[(p, b)], covariance[(b, p)]) = (-self.correlated[i], -self.correlated[i]);
            covariance[(at::ACCEL_BIAS + i, at::ACCEL_BIAS + i)] = config.accel_bias_sigma.powi(2);
            covariance[(at::GYRO_BIAS + i, at::GYRO_BIAS + i)] = config.gyro_bias_sigma.powi(2);
        }
        let across = ACROSS_SIGMA_MPS.powi(2);
        let along = ahead * ahead.transpose() * (speed_sigma.powi(2) - across);
        covariance.fixed_view_mut::<3, 3>(at::VELOCITY, at::VELOCITY).copy_from(&along);
        let sigmas = [tilt_sigma, tilt_sigma, heading_sigma];
        for i in 0..3 {
            covariance[(at::VELOCITY + i, at::VELOCITY + i)] += across;
            covariance[(at::ORIENTATION + i, at::ORIENTATION + i)] = sigmas[i].powi(2);
        }
        // A wrong heading is a wrong direction of the velocity: δv = v × δθ in map.
        let velocity = ahead * speed;
        let by_turn = -(orientation.to_rotation_matrix() * Vector3::new(speed, 0.0, 0.0).cross_matrix());
        let theta = nalgebra::Matrix3::from_diagonal(&Vector3::from(sigmas.map(|s| s * s)));
        let cross = by_turn * theta;
        let more = by_turn * theta * by_turn.transpose();
        let mut block = covariance.fixed_view_mut::<3, 3>(at::VELOCITY, at::VELOCITY);
        block += more;
        covariance.fixed_view_mut::<3, 3>(at::VELOCITY, at::ORIENTATION).copy_from(&cross);
        covariance.fixed_view_mut::<3, 3>(at::ORIENTATION, at::VELOCITY).copy_from(&cross.transpose());
        covariance[(at::WHEEL_SCALE, at::WHEEL_SCALE)] = config.wheel_scale_sigma.powi(2);
        for i in [at::MOUNT_PITCH, at::MOUNT_YAW] {
            covariance[(i, i)] = config.mount_sigma.powi(2);
        }
        let compliance = at::CORNERING_COMPLIANCE;
        covariance[(compliance, compliance)] = config.cornering_compliance_sigma.powi(2);
        State {
            stamp_ns: self.stamp_ns,
            position: self.position + ahead * lever,
            velocity,
            orientation,
            accel_bias: Vector3::zeros(),
            gyro_bias: self.gyro_bias,
            wheel_scale: 0.0,
            mount_pitch: 0.0,
            mount_yaw: 0.0,
            cornering_compliance: config.cornering_compliance,
            gnss_bias: Vector3::zeros(),
            gnss_bias_variance: self.correlated,
            gyro: self.gyro_bias,
            accel: orientation.inverse_transform_vector(&Vector3::new(
                0.0,
                0.0,
                crate::predict::GRAVITY_MPS2,
            )),
            covariance,
            history: History { fix_accepted_ns: Some(self.stamp_ns), ..History::default() },
        }
    }
}
