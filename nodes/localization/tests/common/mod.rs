//! A car that drives about, and its sensors, with errors as the filter assumes them. Everything is seeded.
#![allow(dead_code)] // each test uses what it needs

use localization::config::FilterConfig;
use localization::estimator::{Ahrs, Estimator};
use localization::predict::{GRAVITY_MPS2, ImuInput};
use localization::timeline::ImuReading;
use nalgebra::{UnitQuaternion, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub const START_NS: i64 = 1_000_000_000_000;
const SUBSTEPS: i32 = 10;

/// Where the car is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Truth {
    pub x: f64,
    pub y: f64,
    pub heading: f64,
    pub speed: f64,
    pub acceleration: f64,
    pub yaw_rate: f64,
    /// To the left, by the slip angle of the rear axle, m/s, and its change, m/s².
    pub slip: (f64, f64),
}

/// What the car is to do at a time: acceleration and yaw rate per speed (curvature).
pub type Plan = fn(f64) -> (f64, f64);

/// Starts, accelerates to 10 m/s and drives curves.
pub fn curves(t: f64) -> (f64, f64) {
    let acceleration = if (2.0..7.0).contains(&t) { 2.0 } else { 0.3 * (0.5 * t).sin() };
    (if t < 2.0 { 0.0 } else { acceleration }, 0.03 * (0.2 * t).sin())
}

pub fn standing(_: f64) -> (f64, f64) {
    (0.0, 0.0)
}

/// Measurements of one step of 10 ms, at its end.
pub struct Sensed {
    pub stamp_ns: i64,
    pub imu: ImuReading,
    pub ahrs: Ahrs,
    pub wheels: Option<f64>,
    pub fix: Option<(Vector3<f64>, Vector3<f64>)>,
}

/// The car with its sensors.
pub struct Car {
    pub truth: Truth,
    pub t: f64,
    pub step: i64,
    plan: Plan,
    rng: ChaCha8Rng,
    /// For what wanders, so that the rest is the same without it.
    walk: ChaCha8Rng,
    config: FilterConfig,
    gyro_bias: Vector3<f64>,
    accel_bias: Vector3<f64>,
    wheel_scale: f64,
    /// Slip angle of the rear axle per lateral acceleration, rad/(m/s²).
    pub cornering_compliance: f64,
    gnss_bias: Vector3<f64>,
    gnss_sigma_m: f64,
    pub gnss_jump: Vector3<f64>,
}

pub const WHEEL_SIGMA_MPS: f64 = 0.05;

impl Car {
    pub fn new(seed: u64, plan: Plan, config: &FilterConfig, gnss_sigma_m: f64) -> Self {
        let mut car = Self {
            truth: Truth { heading: 0.7, x: 100.0, y: -50.0, ..Truth::default() },
            t: 0.0,
            step: 0,
            plan,
            rng: ChaCha8Rng::seed_from_u64(seed),
            walk: ChaCha8Rng::seed_from_u64(!seed),
            config: config.clone(),
            gyro_bias: Vector3::zeros(),
            accel_bias: Vector3::zeros(),
            wheel_scale: 0.0,
            cornering_compliance: 0.0,
            gnss_bias: Vector3::zeros(),
            gnss_sigma_m,
            gnss_jump: Vector3::zeros(),
        };
        car.gyro_bias = car.normal3() * config.gyro_bias_sigma;
        car.accel_bias = car.normal3() * config.accel_bias_sigma;
        car.wheel_scale = car.normal() * config.wheel_scale_sigma;
        car.gnss_bias = car.normal3() * gnss_sigma_m * config.gnss_correlated_share.sqrt();
        let off: f64 = StandardNormal.sample(&mut car.walk);
        car.cornering_compliance =
            (config.cornering_compliance + off * config.cornering_compliance_sigma).max(0.0);
        car
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.rng)
    }

    fn normal3(&mut self) -> Vector3<f64> {
        Vector3::new(self.normal(), self.normal(), self.normal())
    }

    /// Drives 10 ms.
    pub fn sense(&mut self) -> Sensed {
        let dt = 0.01 / f64::from(SUBSTEPS);
        for i in 0..SUBSTEPS {
            let (acceleration, curvature) = (self.plan)(self.t + (f64::from(i) + 0.5) * dt);
            let truth = &mut self.truth;
            let middle = truth.speed + 0.5 * acceleration * dt;
            let turn = curvature * middle * dt;
            let slip = -self.cornering_compliance * curvature * middle.powi(3);
            truth.slip = (slip, (slip - truth.slip.0) / dt);
            let (sin, cos) = (truth.heading + 0.5 * turn).sin_cos();
            truth.x += dt * (middle * cos - slip * sin);
            truth.y += dt * (middle * sin + slip * cos);
            truth.heading += turn;
            truth.speed += acceleration * dt;
        }
        self.step += 1;
        self.t = 0.01 * self.step as f64;
        let (acceleration, curvature) = (self.plan)(self.t);
        (self.truth.acceleration, self.truth.yaw_rate) = (acceleration, curvature * self.truth.speed);
        self.measure()
    }

    /// Biases and scale wander for 10 ms.
    fn wander(&mut self) {
        let mut normal = |walk: f64| walk * 0.1 * self.walk.sample::<f64, _>(StandardNormal);
        self.gyro_bias += Vector3::from_fn(|_, _| normal(self.config.gyro_bias_walk));
        self.accel_bias += Vector3::from_fn(|_, _| normal(self.config.accel_bias_walk));
        self.wheel_scale += normal(self.config.wheel_scale_walk);
    }

    fn measure(&mut self) -> Sensed {
        self.wander();
        let Truth { speed, acceleration, yaw_rate, heading, slip, .. } = self.truth;
        let (config, density) = (self.config.clone(), 10.0); // 100 Hz
        let gyro =
            Vector3::new(0.0, 0.0, yaw_rate) + self.gyro_bias + self.normal3() * config.gyro_noise * density;
        let force = Vector3::new(acceleration - slip.0 * yaw_rate, speed * yaw_rate + slip.1, GRAVITY_MPS2);
        let accel = force + self.accel_bias + self.normal3() * config.accel_noise * density;
        let stamp_ns = START_NS + self.step * 10_000_000;
        let decay = (-0.01 / config.gnss_correlation_time_s).exp();
        let correlated = self.gnss_sigma_m * config.gnss_correlated_share.sqrt();
        self.gnss_bias = self.gnss_bias * decay + self.normal3() * correlated * (1.0 - decay * decay).sqrt();
        let white = self.gnss_sigma_m * (1.0 - config.gnss_correlated_share).max(0.02).sqrt();
        let wheels = (self.step % 2 == 0).then(|| {
            if speed == 0.0 {
                0.0
            } else {
                (1.0 + self.wheel_scale) * speed + self.normal() * WHEEL_SIGMA_MPS
            }
        });
        let fix = (self.step % 10 == 0).then(|| {
            let place = Vector3::new(self.truth.x, self.truth.y, 0.0);
            let variance = Vector3::repeat(self.gnss_sigma_m.powi(2));
            (place + self.gnss_bias + self.gnss_jump + self.normal3() * white, variance)
        });
        let heading = vehicle::wrap_angle(heading + 0.03);
        Sensed {
            stamp_ns,
            imu: ImuReading { stamp_ns, input: ImuInput { gyro, accel, measured: true } },
            ahrs: Ahrs { roll: 0.0, pitch: 0.0, heading, heading_sigma: 0.05 },
            wheels,
            fix,
        }
    }

    pub fn error_m(&self, estimator: &Estimator) -> f64 {
        let state = estimator.state().unwrap();
        (state.position.x - self.truth.x).hypot(state.position.y - self.truth.y)
    }

    pub fn heading_error(&self, estimator: &Estimator) -> f64 {
        vehicle::wrap_angle(estimator.state().unwrap().heading() - self.truth.heading)
    }
}

/// Gives all of it to the estimator.
pub fn feed(estimator: &mut Estimator, sensed: &Sensed, with_fix: bool, with_ahrs: bool) {
    estimator.imu(sensed.imu, with_ahrs.then_some(sensed.ahrs));
    if let Some(speed) = sensed.wheels {
        estimator.wheels(sensed.stamp_ns, speed, WHEEL_SIGMA_MPS.powi(2), None);
    }
    if let (true, Some((position, variance))) = (with_fix, sensed.fix) {
        estimator.fix(sensed.stamp_ns, position, variance);
    }
}

/// An orientation that is not special.
pub fn tilted() -> UnitQuaternion<f64> {
    UnitQuaternion::from_euler_angles(0.1, -0.2, 2.0)
}
