//! Driving a log through an estimator, as it would have run in the car: only what had arrived counts.

use glam::DVec2;
use localization::config::FilterConfig;
use localization::estimator::Estimator;
use localization::output::{ELLIPSE_95, pose_at};
use localization::predict::ImuInput;
use localization::timeline::ImuReading;
use nalgebra::{Matrix2, Vector2, Vector3};

use crate::log::{Arrival, Log};
use crate::peer::Peer;

/// Standard deviation of the receiver, per axis, m: the data sheet of the u-blox M8 states 2.5 m CEP.
pub const GNSS_SIGMA_M: f64 = 2.5 / 1.1774;
/// From phone to rear axle of a mid-size car, m.
const PHONE_X_M: f64 = 1.7;

/// Assumptions about a phone in a windscreen and a receiver without corrections; none is fitted to a log.
pub fn config() -> FilterConfig {
    FilterConfig {
        accel_noise: 0.1,
        gyro_noise: 1e-3,
        accel_bias_walk: 2e-3,
        gyro_bias_walk: 1e-4,
        accel_bias_sigma: 0.3,
        gyro_bias_sigma: 0.02,
        wheel_scale_sigma: 0.02,
        mount_sigma: 0.05,
        mount_walk: 5e-4,
        lateral_slip_sigma_mps: 0.1,
        vertical_slip_sigma_mps: 0.3,
        wheel_speed_sigma_mps: 0.1,
        gnss_correlated_share: 0.95,
        gnss_correlation_time_s: 120.0,
        gnss_sigma_m: GNSS_SIGMA_M,
        imu_x_m: PHONE_X_M,
        antenna_x_m: PHONE_X_M,
        ..FilterConfig::default()
    }
}

/// The estimate at a time of the reference.
#[derive(Clone, Copy)]
pub struct Sample {
    pub time_s: f64,
    pub estimate: DVec2,
    pub truth: DVec2,
    /// Larger standard deviation of the horizontal position, m.
    pub sigma_m: f64,
    /// Squared Mahalanobis distance of the horizontal error.
    pub distance: f64,
    /// What a peer says.
    pub hold: Option<DVec2>,
    pub constant_velocity: Option<DVec2>,
    pub in_outage: bool,
}

impl Sample {
    pub fn error_m(&self) -> f64 {
        self.estimate.distance(self.truth)
    }

    pub fn is_inside(&self) -> bool {
        self.distance <= ELLIPSE_95
    }
}

/// A time without GNSS, s since the beginning.
pub type Outage = Option<(f64, f64)>;

/// Time that the estimator takes for a log without anything around it, µs per IMU reading, everything else included.
pub fn cost_us(log: &Log) -> f64 {
    let mut estimator = Estimator::new(config(), None, 50.0);
    let variance = Vector3::new(1.0, 1.0, 4.0) * GNSS_SIGMA_M * GNSS_SIGMA_M;
    let begin = std::time::Instant::now();
    for (t, arrival) in &log.arrivals {
        take(&mut estimator, *t, arrival, variance);
    }
    let readings = log.arrivals.iter().filter(|(_, a)| matches!(a, Arrival::Imu { .. })).count();
    1e6 * begin.elapsed().as_secs_f64() / readings as f64
}

fn take(estimator: &mut Estimator, t: f64, arrival: &Arrival, variance: Vector3<f64>) {
    match arrival {
        Arrival::Imu { gyro, accel } => {
            let input = ImuInput { gyro: *gyro, accel: *accel, measured: true };
            estimator.imu(ImuReading { stamp_ns: ns(t), input }, None);
        }
        Arrival::Speed(speed) => estimator.wheels(ns(t), *speed, 0.0, None),
        Arrival::Fix { position, measured_s } => estimator.fix(ns(*measured_s), *position, variance),
    }
}

/// One run over a log.
pub fn drive(log: &Log, outage: Outage) -> Vec<Sample> {
    let config = config();
    let imu_x_m = config.imu_x_m;
    let mut estimator = Estimator::new(config, None, 50.0);
    let mut peer = Peer::default();
    let begin = log.arrivals.first().map_or(0.0, |a| a.0);
    let is_out = |t: f64| outage.is_some_and(|(from, to)| (from..to).contains(&(t - begin)));
    let variance = Vector3::new(1.0, 1.0, 4.0) * GNSS_SIGMA_M * GNSS_SIGMA_M;
    let mut samples = vec![];
    let mut next = 0;
    for reference in &log.reference {
        while let Some((t, arrival)) = log.arrivals.get(next).filter(|(t, _)| *t <= reference.time_s) {
            next += 1;
            if let Arrival::Fix { position, measured_s } = arrival {
                if is_out(*t) {
                    continue;
                }
                peer.fix(*measured_s, position.xy());
            }
            take(&mut estimator, *t, arrival, variance);
        }
        let Some(state) = estimator.state() else { continue };
        let ahead_s = reference.time_s - 1e-9 * state.stamp_ns as f64;
        // Reference and IMU are both the phone: the lever to base_link goes in and out again.
        let pose = pose_at(state, ahead_s, imu_x_m);
        let phone = pose.position + pose.orientation * Vector3::new(imu_x_m, 0.0, 0.0);
        let error = phone.xy() - Vector2::new(reference.position.x, reference.position.y);
        let covariance: Matrix2<f64> = pose.pose_covariance.fixed_view::<2, 2>(0, 0).into();
        let distance = covariance.try_inverse().map_or(f64::INFINITY, |i| (error.transpose() * i * error)[0]);
        samples.push(Sample {
            time_s: reference.time_s - begin,
            estimate: DVec2::new(phone.x, phone.y),
            truth: reference.position.truncate(),
            sigma_m: state.horizontal_sigma(),
            distance,
            hold: peer.hold(),
            constant_velocity: peer.constant_velocity(reference.time_s),
            in_outage: is_out(reference.time_s),
        });
    }
    samples
}

fn ns(t: f64) -> i64 {
    (t * 1e9) as i64
}
