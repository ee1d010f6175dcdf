//! Propagation with the IMU: Solà 2017, "Quaternion kinematics for the error-state Kalman filter", 5.4, with the
//! orientation error in the body frame.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};

use crate::config::FilterConfig;
use crate::state::{State, at};

/// Acceleration of gravity, m/s². What the place differs from it is taken up by the accelerometer's bias.
pub const GRAVITY_MPS2: f64 = 9.81;

/// What the IMU measured, as a mean over an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImuInput {
    /// Angular rate, rad/s.
    pub gyro: Vector3<f64>,
    /// Specific force, m/s².
    pub accel: Vector3<f64>,
    /// False if it is a guess in place of a reading that did not come.
    pub measured: bool,
}

/// Noise in place of that of the IMU when readings are missing: acceleration of ordinary driving, m/s²·√s.
const GUESS_ACCEL_NOISE: f64 = 2.0;
/// The same for turning about x, y and z, rad/s·√s: a vehicle turns, but stays level. If its roll were as unsure as its heading,
/// the filter would take the acceleration in a curve for a slope.
const GUESS_GYRO_NOISE: [f64; 3] = [0.03, 0.03, 0.3];
/// Random walk of the cornering compliance: load, tyres, rain, rad/(m/s²)/√s.
const CORNERING_COMPLIANCE_WALK: f64 = 2e-5;

/// Propagates to `stamp_ns` with an input that is constant until then.
pub fn predict(state: &mut State, input: &ImuInput, stamp_ns: i64, config: &FilterConfig) {
    let dt = 1e-9 * (stamp_ns - state.stamp_ns) as f64;
    state.stamp_ns = stamp_ns;
    (state.gyro, state.accel) = (input.gyro, input.accel);
    if dt <= 0.0 {
        return;
    }
    let accel = input.accel - state.accel_bias;
    let rotation: Matrix3<f64> = state.orientation.to_rotation_matrix().into();
    let turn = UnitQuaternion::from_scaled_axis((input.gyro - state.gyro_bias) * dt);
    let acceleration = rotation * accel - GRAVITY_MPS2 * Vector3::z();
    state.position += state.velocity * dt + 0.5 * dt * dt * acceleration;
    state.velocity += acceleration * dt;
    state.orientation *= turn;
    state.orientation.renormalize_fast();
    let decay = (-dt / config.gnss_correlation_time_s).exp();
    state.gnss_bias *= decay;

    let blocks = Blocks {
        dt,
        velocity_by_orientation: -rotation * accel.cross_matrix() * dt,
        velocity_by_bias: -rotation * dt,
        orientation: turn.to_rotation_matrix().matrix().transpose(),
        decay,
    };
    blocks.apply(state);
    add_noise(state, input.measured, dt, decay, config);
}

/// The parts of the error state's transition matrix that are not those of the identity.
struct Blocks {
    dt: f64,
    velocity_by_orientation: Matrix3<f64>,
    velocity_by_bias: Matrix3<f64>,
    orientation: Matrix3<f64>,
    decay: f64,
}

impl Blocks {
    /// P ← F P Fᵀ. First the rows, then the columns; each part is computed from parts that are still the old ones.
    fn apply(&self, state: &mut State) {
        use at::{ACCEL_BIAS, GNSS_BIAS, GYRO_BIAS, ORIENTATION, POSITION, VELOCITY};
        let p = &mut state.covariance;
        let rows = p.fixed_rows::<3>(POSITION) + p.fixed_rows::<3>(VELOCITY) * self.dt;
        p.fixed_rows_mut::<3>(POSITION).copy_from(&rows);
        let rows = p.fixed_rows::<3>(VELOCITY)
            + self.velocity_by_orientation * p.fixed_rows::<3>(ORIENTATION)
            + self.velocity_by_bias * p.fixed_rows::<3>(ACCEL_BIAS);
        p.fixed_rows_mut::<3>(VELOCITY).copy_from(&rows);
        let rows = self.orientation * p.fixed_rows::<3>(ORIENTATION) - p.fixed_rows::<3>(GYRO_BIAS) * self.dt;
        p.fixed_rows_mut::<3>(ORIENTATION).copy_from(&rows);
        p.fixed_rows_mut::<3>(GNSS_BIAS).scale_mut(self.decay);

        let columns = p.fixed_columns::<3>(POSITION) + p.fixed_columns::<3>(VELOCITY) * self.dt;
        p.fixed_columns_mut::<3>(POSITION).copy_from(&columns);
        let columns = p.fixed_columns::<3>(VELOCITY)
            + p.fixed_columns::<3>(ORIENTATION) * self.velocity_by_orientation.transpose()
            + p.fixed_columns::<3>(ACCEL_BIAS) * self.velocity_by_bias.transpose();
        p.fixed_columns_mut::<3>(VELOCITY).copy_from(&columns);
        let columns = p.fixed_columns::<3>(ORIENTATION) * self.orientation.transpose()
            - p.fixed_columns::<3>(GYRO_BIAS) * self.dt;
        p.fixed_columns_mut::<3>(ORIENTATION).copy_from(&columns);
        p.fixed_columns_mut::<3>(GNSS_BIAS).scale_mut(self.decay);
    }
}

fn add_noise(state: &mut State, measured: bool, dt: f64, decay: f64, config: &FilterConfig) {
    let (accel, gyro) = if measured {
        (config.accel_noise, [config.gyro_noise; 3])
    } else {
        (GUESS_ACCEL_NOISE, GUESS_GYRO_NOISE)
    };
    let mut add = |begin: usize, noise: [f64; 3]| {
        for (i, noise) in (begin..).zip(noise) {
            state.covariance[(i, i)] += noise * noise * dt;
        }
    };
    add(at::VELOCITY, [accel; 3]);
    add(at::ORIENTATION, gyro);
    add(at::ACCEL_BIAS, [config.accel_bias_walk; 3]);
    add(at::GYRO_BIAS, [config.gyro_bias_walk; 3]);
    for i in 0..3 {
        let at = at::GNSS_BIAS + i;
        state.covariance[(at, at)] += state.gnss_bias_variance[i] * (1.0 - decay * decay);
    }
    state.covariance[(at::WHEEL_SCALE, at::WHEEL_SCALE)] += config.wheel_scale_walk.powi(2) * dt;
    for at in [at::MOUNT_PITCH, at::MOUNT_YAW] {
        state.covariance[(at, at)] += config.mount_walk.powi(2) * dt;
    }
    let at = at::CORNERING_COMPLIANCE;
    state.covariance[(at, at)] += CORNERING_COMPLIANCE_WALK.powi(2) * dt;
}
