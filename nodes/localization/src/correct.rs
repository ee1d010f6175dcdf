//! Corrections of the state by measurements, each with a gate on the Mahalanobis distance of its innovation.

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

use crate::config::FilterConfig;
use crate::state::{N, State, at};

/// A measurement, without its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measurement {
    /// Speed at the rear axle, m/s, and yaw rate, rad/s, with variances; a yaw rate that is not measured is none.
    Wheels {
        /// Speed ahead, m/s.
        speed_mps: f64,
        /// Its variance, m²/s².
        variance: f64,
        /// Yaw rate, rad/s, and its variance.
        yaw_rate: Option<(f64, f64)>,
    },
    /// Position in map, m, and variances, m².
    Fix {
        /// Position, m.
        position: Vector3<f64>,
        /// Variances, m².
        variance: Vector3<f64>,
    },
    /// Heading of an AHRS in map, rad, and its variance, rad².
    Heading {
        /// Heading, rad.
        heading: f64,
        /// Its variance, rad².
        variance: f64,
    },
}

/// 99.9 % of χ² with 1 and 3 degrees of freedom.
const GATE_1: f64 = 10.83;
const GATE_3: f64 = 16.27;
/// The wheel speed is used at most this often, ns: its errors are not independent from reading to reading.
const WHEELS_EVERY_NS: i64 = 45_000_000;
/// After so much rejection of the wheel speed the filter's own speed is doubted, ns.
const WHEELS_RECOVERY_NS: i64 = 1_000_000_000;
/// By this much more with each further rejection, m²/s².
const DOUBT_VARIANCE: f64 = 1.0;
/// Below this the wheels stand, m/s.
const STANDING_MPS: f64 = 0.03;
/// Above this a vehicle turns, rad/s.
const STANDING_RAD_PER_S: f64 = 0.05;
/// So long must they stand, ns.
const STANDING_NS: i64 = 400_000_000;
/// Standard deviations at standstill.
const STANDING_SPEED_SIGMA_MPS: f64 = 0.02;
const STANDING_RATE_SIGMA_RAD_PER_S: f64 = 0.01;
/// What a constant cornering compliance leaves unexplained: tyres need some way to build up their force, and saturate,
/// rad/(m/s²).
const SLIP_ANGLE_SIGMA_PER_ACCELERATION: f64 = 0.002;
/// The heading of the AHRS is looked at this often, ns.
const HEADING_EVERY_NS: i64 = 1_000_000_000;
/// Smallest variance of a yaw rate from wheels, rad²/s²: tyres differ.
const YAW_RATE_MIN_VARIANCE: f64 = 0.02 * 0.02;
/// Standard deviation of the slip of driven and braked wheels, as a share of the speed for each m/s^2: a tyre whose slip
/// stiffness is ten times its load slips by 1 % per m/s^2 (Pacejka 2012, ch. 1). It lasts as long as the acceleration does,
/// so it is assumed larger than it is, lest the scale of the wheels takes it for its own.
const SLIP_RATIO_PER_ACCELERATION: f64 = 0.03;
/// The same without acceleration: rolling and driving resistance.
const SLIP_RATIO: f64 = 0.004;
/// Smallest standard deviation of a fix, m.
const FIX_MIN_SIGMA_M: f64 = 0.01;

/// Why a measurement did not change the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected;

/// Kalman update with residual `z - h(x)`, its Jacobian `h` with respect to the error state, and noise `r`. The squared
/// Mahalanobis distance is returned.
pub fn update<const M: usize>(
    state: &mut State,
    residual: &SVector<f64, M>,
    h: &SMatrix<f64, M, N>,
    r: &SMatrix<f64, M, M>,
    gate: f64,
) -> Result<f64, Rejected> {
    let ph = state.covariance * h.transpose();
    let s = h * ph + r;
    let inverse = s.try_inverse().ok_or(Rejected)?;
    let distance = (residual.transpose() * inverse * residual)[0];
    // Refuses NaN too.
    if !(0.0..=gate).contains(&distance) {
        return Err(Rejected);
    }
    let gain = ph * inverse;
    state.covariance -= gain * ph.transpose();
    // Rounding must not make it asymmetric, or variances negative.
    for i in 0..N {
        for j in 0..i {
            let mean = 0.5 * (state.covariance[(i, j)] + state.covariance[(j, i)]);
            (state.covariance[(i, j)], state.covariance[(j, i)]) = (mean, mean);
        }
        state.covariance[(i, i)] = state.covariance[(i, i)].max(1e-18);
    }
    state.inject(&(gain * residual));
    Ok(distance)
}

impl Measurement {
    /// Corrects the state, which must be that of the measurement's time.
    pub fn correct(&self, state: &mut State, config: &FilterConfig) {
        match *self {
            Self::Wheels { speed_mps, variance, yaw_rate } => {
                correct_by_wheels(state, speed_mps, variance, yaw_rate, config);
            }
            Self::Fix { position, variance } => correct_by_fix(state, position, variance, config),
            Self::Heading { heading, variance } => correct_by_heading(state, heading, variance),
        }
    }
}

fn correct_by_wheels(
    state: &mut State,
    speed_mps: f64,
    variance: f64,
    yaw_rate: Option<(f64, f64)>,
    config: &FilterConfig,
) {
    let now = state.stamp_ns;
    let stands = speed_mps.abs() < STANDING_MPS && state.rate().norm() < STANDING_RAD_PER_S;
    let since = *state.history.standing_since_ns.get_or_insert(now);
    if !stands {
        state.history.standing_since_ns = None;
    }
    if state.history.wheels_used_ns.is_some_and(|t| now - t < WHEELS_EVERY_NS) {
        return;
    }
    state.history.wheels_used_ns = Some(now);
    let outcome = if stands && now - since >= STANDING_NS {
        correct_by_standstill(state)
    } else {
        if let Some((rate, variance)) = yaw_rate {
            let _ = correct_by_yaw_rate(state, rate, variance);
        }
        correct_by_speed(state, speed_mps, variance, config)
    };
    state.history.wheels_rejected_since_ns = outcome.is_err().then(|| {
        let since = state.history.wheels_rejected_since_ns.unwrap_or(now);
        if now - since > WHEELS_RECOVERY_NS {
            for i in at::VELOCITY..at::VELOCITY + 3 {
                state.covariance[(i, i)] += DOUBT_VARIANCE;
            }
        }
        since
    });
}

fn correct_by_yaw_rate(state: &mut State, rate: f64, variance: f64) -> Result<f64, Rejected> {
    let mut h = SMatrix::<f64, 1, N>::zeros();
    h[at::GYRO_BIAS + 2] = -1.0;
    let residual = SVector::<f64, 1>::new(rate - state.rate().z);
    update(state, &residual, &h, &SMatrix::<f64, 1, 1>::new(variance.max(YAW_RATE_MIN_VARIANCE)), GATE_1)
}

/// Speed ahead, and none across and above the road.
fn correct_by_speed(
    state: &mut State,
    speed_mps: f64,
    variance: f64,
    config: &FilterConfig,
) -> Result<f64, Rejected> {
    let (predicted, h) = wheel_model(state, config);
    let residual = Vector3::new(speed_mps, 0.0, 0.0) - predicted;
    // Lateral acceleration times speed: a slip angle per acceleration makes a speed of it.
    let slip = SLIP_ANGLE_SIGMA_PER_ACCELERATION * (state.rate().z * predicted.x * predicted.x).abs();
    let ratio = SLIP_RATIO + SLIP_RATIO_PER_ACCELERATION * state.specific_force().x.abs();
    let noise = Matrix3::from_diagonal(&Vector3::new(
        variance.max(config.wheel_speed_sigma_mps.powi(2)) + (ratio * predicted.x).powi(2),
        (config.lateral_slip_sigma_mps + slip).powi(2),
        config.vertical_slip_sigma_mps.powi(2),
    ));
    update(state, &residual, &h, &noise, GATE_3)
}

/// What the wheels report: speed along, across and above the road at the rear axle; and its Jacobian. Across nothing moves
/// but by the slip angle of the tyres, which grows with the lateral acceleration (Pacejka 2012, ch. 1): without it the heading
/// would be the course.
pub fn wheel_model(state: &State, config: &FilterConfig) -> (Vector3<f64>, SMatrix<f64, 3, N>) {
    let (u, rate, lever) = (state.body_velocity(), state.rate(), config.imu_x_m);
    let (scale, pitch, yaw) = (1.0 + state.wheel_scale, state.mount_pitch, state.mount_yaw);
    let (compliance, lateral_mps2) = (state.cornering_compliance, rate.z * u.x);
    let predicted = Vector3::new(
        scale * u.x,
        u.y - lever * rate.z - yaw * u.x + compliance * lateral_mps2 * u.x,
        u.z + lever * rate.y + pitch * u.x,
    );
    let across_by_ahead = 2.0 * compliance * lateral_mps2 - yaw;
    let by_u = Matrix3::new(scale, 0.0, 0.0, across_by_ahead, 1.0, 0.0, pitch, 0.0, 1.0);
    let to_body: Matrix3<f64> = state.orientation.inverse().to_rotation_matrix().into();
    let mut h = SMatrix::<f64, 3, N>::zeros();
    h.fixed_view_mut::<3, 3>(0, at::VELOCITY).copy_from(&(by_u * to_body));
    h.fixed_view_mut::<3, 3>(0, at::ORIENTATION).copy_from(&(by_u * u.cross_matrix()));
    h[(0, at::WHEEL_SCALE)] = u.x;
    h[(1, at::MOUNT_YAW)] = -u.x;
    h[(2, at::MOUNT_PITCH)] = u.x;
    h[(1, at::CORNERING_COMPLIANCE)] = lateral_mps2 * u.x;
    h[(1, at::GYRO_BIAS + 2)] = lever - compliance * u.x * u.x;
    h[(2, at::GYRO_BIAS + 1)] = -lever;
    (predicted, h)
}

/// Zero velocity, and if that can be, zero angular rate.
fn correct_by_standstill(state: &mut State) -> Result<f64, Rejected> {
    let mut h = SMatrix::<f64, 3, N>::zeros();
    h.fixed_view_mut::<3, 3>(0, at::VELOCITY).fill_with_identity();
    let noise = Matrix3::from_diagonal_element(STANDING_SPEED_SIGMA_MPS.powi(2));
    let residual = -state.velocity;
    update(state, &residual, &h, &noise, GATE_3)?;
    let mut h = SMatrix::<f64, 3, N>::zeros();
    h.fixed_view_mut::<3, 3>(0, at::GYRO_BIAS).fill_with_identity();
    let noise = Matrix3::from_diagonal_element(STANDING_RATE_SIGMA_RAD_PER_S.powi(2));
    let residual = state.rate();
    update(state, &residual, &h, &noise, GATE_3)
}

/// A GNSS position: where it is expected, and its Jacobian.
pub fn fix_model(state: &State, config: &FilterConfig) -> (Vector3<f64>, SMatrix<f64, 3, N>) {
    let lever = Vector3::new(config.antenna_x_m - config.imu_x_m, 0.0, 0.0);
    let rotation: Matrix3<f64> = state.orientation.to_rotation_matrix().into();
    let mut h = SMatrix::<f64, 3, N>::zeros();
    h.fixed_view_mut::<3, 3>(0, at::POSITION).fill_with_identity();
    h.fixed_view_mut::<3, 3>(0, at::GNSS_BIAS).fill_with_identity();
    h.fixed_view_mut::<3, 3>(0, at::ORIENTATION).copy_from(&(-rotation * lever.cross_matrix()));
    (state.position + rotation * lever + state.gnss_bias, h)
}

/// Splits the variance of a fix into what averages out and what does not.
pub fn split_variance(variance: Vector3<f64>, config: &FilterConfig) -> (Vector3<f64>, Vector3<f64>) {
    let total = variance.map(|v| v.max(FIX_MIN_SIGMA_M * FIX_MIN_SIGMA_M));
    let share = config.gnss_correlated_share;
    // Something is always new in a fix.
    (total * (1.0 - share).max(0.02), total * share)
}

fn correct_by_fix(state: &mut State, position: Vector3<f64>, variance: Vector3<f64>, config: &FilterConfig) {
    let now = state.stamp_ns;
    let (white, correlated) = split_variance(variance, config);
    follow_bias_variance(state, correlated, config);
    let (predicted, h) = fix_model(state, config);
    let noise = Matrix3::from_diagonal(&white);
    if update(state, &(position - predicted), &h, &noise, GATE_3).is_ok() {
        state.history.fix_accepted_ns = Some(now);
        state.history.fix_rejected_since_ns = None;
        return;
    }
    state.history.fixes_rejected += 1;
    let since = *state.history.fix_rejected_since_ns.get_or_insert(now);
    if 1e-9 * (now - since) as f64 > config.gnss_recovery_s {
        take_position(state, position, white, correlated, config);
    }
}

/// Follows the variance that a receiver states. One whose fixes get much worse (RTK lost) has a worse bias at once; when
/// they get better the bias of before dies down in its own time.
fn follow_bias_variance(state: &mut State, correlated: Vector3<f64>, config: &FilterConfig) {
    let since_ns = state.history.fix_accepted_ns.map_or(0, |t| state.stamp_ns - t);
    let share = 1.0 - (-(1e-9 * since_ns as f64) / config.gnss_correlation_time_s).exp();
    for i in 0..3 {
        let known = &mut state.gnss_bias_variance[i];
        if correlated[i] > 2.0 * *known {
            state.covariance[(at::GNSS_BIAS + i, at::GNSS_BIAS + i)] += correlated[i] - *known;
        }
        *known =
            if correlated[i] > *known { correlated[i] } else { *known + share * (correlated[i] - *known) };
    }
}

/// Takes the position from a fix as if there had been none before.
pub fn take_position(
    state: &mut State,
    position: Vector3<f64>,
    white: Vector3<f64>,
    correlated: Vector3<f64>,
    config: &FilterConfig,
) {
    let (predicted, _) = fix_model(state, config);
    state.position += position - predicted + state.gnss_bias;
    state.gnss_bias = Vector3::zeros();
    state.gnss_bias_variance = correlated;
    let total = white + correlated;
    state.reset_part(at::POSITION, total.as_slice());
    state.reset_part(at::GNSS_BIAS, correlated.as_slice());
    for i in 0..3 {
        let (p, b) = (at::POSITION + i, at::GNSS_BIAS + i);
        // The position is the fix less its bias.
        (state.covariance[(p, b)], state.covariance[(b, p)]) = (-correlated[i], -correlated[i]);
    }
    state.history.fix_accepted_ns = Some(state.stamp_ns);
    state.history.fix_rejected_since_ns = None;
    state.history.recoveries += 1;
}

/// The heading of an AHRS is wrong for minutes in the same direction, so it never makes the state surer than it is itself:
/// it only helps while the state is less sure.
fn correct_by_heading(state: &mut State, heading: f64, variance: f64) {
    let now = state.stamp_ns;
    if state.history.heading_used_ns.is_some_and(|t| now - t < HEADING_EVERY_NS)
        || state.heading_variance() <= variance
    {
        return;
    }
    state.history.heading_used_ns = Some(now);
    let up = state.orientation.inverse_transform_vector(&Vector3::z());
    let mut h = SMatrix::<f64, 1, N>::zeros();
    h.fixed_view_mut::<1, 3>(0, at::ORIENTATION).copy_from(&up.transpose());
    let residual = SVector::<f64, 1>::new(vehicle::wrap_angle(heading - state.heading()));
    let _ = update(state, &residual, &h, &SMatrix::<f64, 1, 1>::new(variance), GATE_1);
}
