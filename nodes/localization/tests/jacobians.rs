//! Jacobians of the filter against differences.
#![allow(clippy::unwrap_used)]

mod common;

use common::tilted;
use localization::config::FilterConfig;
use localization::correct::{fix_model, wheel_model};
use localization::output::pose_at;
use localization::predict::{ImuInput, predict};
use localization::start::Start;
use localization::state::{Covariance, ErrorState, N, State, at};
use nalgebra::{Vector3, Vector6};

const SMALL: f64 = 1e-6;

/// No noise, so that only the transition shows; levers that are not zero.
fn config() -> FilterConfig {
    FilterConfig {
        accel_noise: 0.0,
        gyro_noise: 0.0,
        accel_bias_walk: 0.0,
        gyro_bias_walk: 0.0,
        wheel_scale_walk: 0.0,
        mount_walk: 0.0,
        imu_x_m: 1.7,
        antenna_x_m: 0.4,
        ..FilterConfig::default()
    }
}

fn state() -> State {
    let start = Start {
        stamp_ns: 0,
        position: Vector3::new(10.0, -20.0, 3.0),
        white: Vector3::repeat(1.0),
        correlated: Vector3::zeros(),
        tilt: (0.1, -0.2, 0.1),
        heading: (2.0, 0.1),
        speed: (12.0, 0.3),
        gyro_bias: Vector3::new(0.01, -0.02, 0.03),
    };
    let mut state = start.state(&config());
    state.orientation = tilted();
    state.velocity += Vector3::new(0.5, 0.2, -0.3);
    state.accel_bias = Vector3::new(0.1, -0.2, 0.3);
    (state.wheel_scale, state.mount_pitch, state.mount_yaw) = (0.02, 0.03, -0.04);
    state.cornering_compliance = 0.01;
    state.gnss_bias = Vector3::new(1.0, 2.0, 3.0);
    state.gyro = Vector3::new(0.2, -0.1, 0.4);
    state
}

fn unit(i: usize) -> ErrorState {
    ErrorState::from_fn(|row, _| if row == i { 1.0 } else { 0.0 })
}

fn moved(state: &State, i: usize) -> State {
    let mut moved = state.clone();
    moved.inject(&(unit(i) * SMALL));
    moved
}

/// The error state that takes `from` to `to`, per `SMALL`.
fn difference(from: &State, to: &State) -> ErrorState {
    let mut d = ErrorState::zeros();
    let mut set = |i: usize, v: Vector3<f64>| d.fixed_rows_mut::<3>(i).copy_from(&(v / SMALL));
    set(at::POSITION, to.position - from.position);
    set(at::VELOCITY, to.velocity - from.velocity);
    set(at::ORIENTATION, (from.orientation.inverse() * to.orientation).scaled_axis());
    set(at::ACCEL_BIAS, to.accel_bias - from.accel_bias);
    set(at::GYRO_BIAS, to.gyro_bias - from.gyro_bias);
    set(at::GNSS_BIAS, to.gnss_bias - from.gnss_bias);
    d[at::CORNERING_COMPLIANCE] = (to.cornering_compliance - from.cornering_compliance) / SMALL;
    d[at::WHEEL_SCALE] = (to.wheel_scale - from.wheel_scale) / SMALL;
    d[at::MOUNT_PITCH] = (to.mount_pitch - from.mount_pitch) / SMALL;
    d[at::MOUNT_YAW] = (to.mount_yaw - from.mount_yaw) / SMALL;
    d
}

#[test]
fn transition() {
    let (config, input) = (
        config(),
        ImuInput { gyro: Vector3::new(0.2, -0.1, 0.4), accel: Vector3::new(1.0, 2.0, 9.0), measured: true },
    );
    for i in 0..N {
        // A covariance of rank one goes to that of the moved error: P = e eᵀ gives F e eᵀ Fᵀ.
        let mut mean = state();
        mean.covariance = unit(i) * unit(i).transpose();
        mean.gnss_bias_variance = Vector3::zeros();
        let mut other = moved(&mean, i);
        predict(&mut mean, &input, 10_000_000, &config);
        predict(&mut other, &input, 10_000_000, &config);
        let e = difference(&mean, &other);
        let expected: Covariance = e * e.transpose();
        let off = (mean.covariance - expected).amax();
        // The transition is of first order in the interval: 0.01 s squared times 10 m/s².
        assert!(off < 2e-3, "{i}: {off}");
    }
}

#[test]
fn wheels_and_fix() {
    let (config, state) = (config(), state());
    for i in 0..N {
        let other = moved(&state, i);
        let (wheels, h) = wheel_model(&state, &config);
        let numeric = (wheel_model(&other, &config).0 - wheels) / SMALL;
        // Products of the small angles of the mount with each other are left out.
        assert!((h.column(i) - numeric).amax() < 1e-4, "wheels, {i}: {} {numeric}", h.column(i));
        let (fix, h) = fix_model(&state, &config);
        let numeric = (fix_model(&other, &config).0 - fix) / SMALL;
        assert!((h.column(i) - numeric).amax() < 1e-4, "fix, {i}: {} {numeric}", h.column(i));
    }
}

#[test]
fn pose_and_twist() {
    let mut state = state();
    for i in 0..N {
        state.covariance = unit(i) * unit(i).transpose();
        let other = pose_at(&moved(&state, i), 0.0, 1.7);
        let pose = pose_at(&state, 0.0, 1.7);
        let stack = |a: Vector3<f64>, b: Vector3<f64>| Vector6::new(a.x, a.y, a.z, b.x, b.y, b.z) / SMALL;
        let turn = (other.orientation * pose.orientation.inverse()).scaled_axis();
        let e = stack(other.position - pose.position, turn);
        assert!((pose.pose_covariance - e * e.transpose()).amax() < 1e-4, "pose, {i}");
        let e = stack(other.velocity - pose.velocity, other.rate - pose.rate);
        let mut expected = e * e.transpose();
        // The gyroscope's own noise.
        (3..6).for_each(|k| expected[(k, k)] += 1e-4);
        assert!((pose.twist_covariance - expected).amax() < 1e-3, "twist, {i}");
    }
}
