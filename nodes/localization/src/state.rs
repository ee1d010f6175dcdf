//! State of the filter: nominal values, and the covariance of their errors.

use nalgebra::{Matrix3, SMatrix, SVector, UnitQuaternion, Vector3};

/// Dimension of the error state.
pub const N: usize = 22;
/// Where the parts of the error state begin.
pub mod at {
    /// Position in map, m.
    pub const POSITION: usize = 0;
    /// Velocity in map, m/s.
    pub const VELOCITY: usize = 3;
    /// Orientation: small rotation in the body frame, rad.
    pub const ORIENTATION: usize = 6;
    /// Bias of the accelerometer, m/s².
    pub const ACCEL_BIAS: usize = 9;
    /// Bias of the gyroscope, rad/s.
    pub const GYRO_BIAS: usize = 12;
    /// Scale of the wheel speed, less one.
    pub const WHEEL_SCALE: usize = 15;
    /// Pitch of the IMU's mount against the direction of travel, rad.
    pub const MOUNT_PITCH: usize = 16;
    /// Yaw of the IMU's mount against the direction of travel, rad.
    pub const MOUNT_YAW: usize = 17;
    /// Error of the GNSS position that does not average out, m.
    pub const GNSS_BIAS: usize = 18;
    /// Cornering compliance of the rear axle, rad/(m/s²).
    pub const CORNERING_COMPLIANCE: usize = 21;
}

/// Covariance of the error state.
pub type Covariance = SMatrix<f64, N, N>;
/// An error state.
pub type ErrorState = SVector<f64, N>;

/// What the filter knows at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// When, ns since the epoch.
    pub stamp_ns: i64,
    /// Position of the IMU in map, m.
    pub position: Vector3<f64>,
    /// Velocity of the IMU in map, m/s.
    pub velocity: Vector3<f64>,
    /// From the body frame (x ahead, y left, z up) to map.
    pub orientation: UnitQuaternion<f64>,
    /// Bias of the accelerometer, m/s².
    pub accel_bias: Vector3<f64>,
    /// Bias of the gyroscope, rad/s.
    pub gyro_bias: Vector3<f64>,
    /// The wheels report (1 + this) times the speed.
    pub wheel_scale: f64,
    /// Mount: the direction of travel lies this much below the IMU's x axis, rad.
    pub mount_pitch: f64,
    /// Mount: the direction of travel lies this much to the left of the IMU's x axis, rad.
    pub mount_yaw: f64,
    /// Slip angle of the rear axle per lateral acceleration, rad/(m/s²): in a curve the vehicle heads into it.
    pub cornering_compliance: f64,
    /// Error of the GNSS position that does not average out, in map, m.
    pub gnss_bias: Vector3<f64>,
    /// Variance that this error has in the long run, m².
    pub gnss_bias_variance: Vector3<f64>,
    /// Last gyroscope reading, rad/s, with its bias.
    pub gyro: Vector3<f64>,
    /// Last accelerometer reading, m/s², with its bias.
    pub accel: Vector3<f64>,
    /// Covariance of the error state.
    pub covariance: Covariance,
    /// What the measurements did so far.
    pub history: History,
}

/// What the measurements did so far. Part of the state, so that it is repeated when measurements come late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When a fix was last accepted, ns.
    pub fix_accepted_ns: Option<i64>,
    /// Since when fixes are rejected without exception, ns.
    pub fix_rejected_since_ns: Option<i64>,
    /// When the wheel speed was last used, ns.
    pub wheels_used_ns: Option<i64>,
    /// Since when the wheel speed is rejected without exception, ns.
    pub wheels_rejected_since_ns: Option<i64>,
    /// Since when the wheels stand, ns.
    pub standing_since_ns: Option<i64>,
    /// When the heading of the AHRS was last used, ns.
    pub heading_used_ns: Option<i64>,
    /// Fixes rejected so far.
    pub fixes_rejected: u64,
    /// Times that the position was taken anew from a fix after long rejection.
    pub recoveries: u64,
}

impl State {
    /// Angular rate, rad/s, in the body frame.
    pub fn rate(&self) -> Vector3<f64> {
        self.gyro - self.gyro_bias
    }

    /// Specific force, m/s², in the body frame: what tyres and gravity do to the vehicle.
    pub fn specific_force(&self) -> Vector3<f64> {
        self.accel - self.accel_bias
    }

    /// Velocity in the body frame, m/s.
    pub fn body_velocity(&self) -> Vector3<f64> {
        self.orientation.inverse_transform_vector(&self.velocity)
    }

    /// Heading, rad, counter-clockwise from the map's x.
    pub fn heading(&self) -> f64 {
        self.orientation.euler_angles().2
    }

    /// Variance of the heading, rad².
    pub fn heading_variance(&self) -> f64 {
        let up = self.orientation.inverse_transform_vector(&Vector3::z());
        let block: Matrix3<f64> = self.covariance.fixed_view::<3, 3>(at::ORIENTATION, at::ORIENTATION).into();
        (up.transpose() * block * up)[0]
    }

    /// Standard deviation of the horizontal position in its worst direction, m.
    pub fn horizontal_sigma(&self) -> f64 {
        let (a, b, c) = (self.covariance[(0, 0)], self.covariance[(1, 1)], self.covariance[(0, 1)]);
        (0.5 * (a + b) + (0.25 * (a - b) * (a - b) + c * c).sqrt()).max(0.0).sqrt()
    }

    /// Whether all of it are numbers.
    pub fn is_finite(&self) -> bool {
        let vectors = [self.position, self.velocity, self.accel_bias, self.gyro_bias, self.gnss_bias];
        vectors.iter().all(|v| v.iter().all(|x| x.is_finite()))
            && self.orientation.coords.iter().all(|x| x.is_finite())
            && [self.wheel_scale, self.mount_pitch, self.mount_yaw, self.cornering_compliance]
                .iter()
                .all(|x| x.is_finite())
            && self.covariance.iter().all(|x| x.is_finite())
    }

    /// Adds an estimated error to the nominal values and makes the covariance that of what is left (Solà 2017, 6.2, 6.3).
    pub fn inject(&mut self, error: &ErrorState) {
        let part = |i: usize| Vector3::new(error[i], error[i + 1], error[i + 2]);
        let rotation = part(at::ORIENTATION);
        self.position += part(at::POSITION);
        self.velocity += part(at::VELOCITY);
        self.orientation *= UnitQuaternion::from_scaled_axis(rotation);
        self.accel_bias += part(at::ACCEL_BIAS);
        self.gyro_bias += part(at::GYRO_BIAS);
        self.wheel_scale += error[at::WHEEL_SCALE];
        self.mount_pitch += error[at::MOUNT_PITCH];
        self.mount_yaw += error[at::MOUNT_YAW];
        self.gnss_bias += part(at::GNSS_BIAS);
        self.cornering_compliance += error[at::CORNERING_COMPLIANCE];
        let reset = Matrix3::identity() - (0.5 * rotation).cross_matrix();
        let rows = reset * self.covariance.fixed_rows::<3>(at::ORIENTATION);
        self.covariance.fixed_rows_mut::<3>(at::ORIENTATION).copy_from(&rows);
        let columns = self.covariance.fixed_columns::<3>(at::ORIENTATION) * reset.transpose();
        self.covariance.fixed_columns_mut::<3>(at::ORIENTATION).copy_from(&columns);
    }

    /// Forgets what a part of the error state has to do with the others, and gives it new variances.
    pub fn reset_part(&mut self, begin: usize, variances: &[f64]) {
        for (i, variance) in (begin..).zip(variances) {
            self.covariance.row_mut(i).fill(0.0);
            self.covariance.column_mut(i).fill(0.0);
            self.covariance[(i, i)] = *variance;
        }
    }
}
