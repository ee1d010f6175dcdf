//! Steering: curvature of the path ahead, corrected by an LQR.

use vehicle::{VehicleParams, wrap_angle};

use crate::lqr::GainTable;
use crate::path::{Path, Projection};
use crate::predictor::Motion;
use crate::{LateralParams, PERIOD_S};

/// Largest heading towards the path that a lateral error asks for, rad.
const MAX_APPROACH_RAD: f64 = 0.35;
/// Bound of what the integrator adds, as the tangent of a steering angle.
const MAX_INTEGRAL: f64 = 0.05;
/// Lateral errors beyond this are not integrated, m: they are about the start, not about the vehicle.
const MAX_INTEGRATED_M: f64 = 0.3;
/// Nor is anything below this speed, m/s.
const MIN_INTEGRATION_SPEED_MPS: f64 = 1.0;

/// Curvature is the mean over so much time before and after, s.
const SMOOTHING_S: f64 = 0.25;
/// Samples on each side.
const SMOOTHING_SAMPLES: i32 = 5;

/// The steering controller.
#[derive(Clone, Debug)]
pub struct Lateral {
    params: LateralParams,
    wheelbase_m: f64,
    max_angle_rad: f64,
    max_rate_rad_per_s: f64,
    lag_s: f64,
    gains: GainTable,
    integral: f64,
    command_rad: f64,
}

/// A steering command, and what it answers to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steering {
    /// Angle of the virtual front wheel, rad.
    pub angle_rad: f64,
    /// Rate that it has to be reached with, rad/s, absolute.
    pub rate_rad_per_s: f64,
    /// Whether a limit holds it back.
    pub limited: bool,
}

impl Lateral {
    /// Computes the gains.
    pub fn new(vehicle: &VehicleParams, params: &LateralParams) -> Self {
        Self {
            params: params.clone(),
            wheelbase_m: vehicle.wheelbase_m,
            max_angle_rad: vehicle.max_steering_angle_rad,
            max_rate_rad_per_s: vehicle.max_steering_rate_rad_per_s,
            lag_s: vehicle.steering.time_constant_s,
            gains: GainTable::new(vehicle.wheelbase_m, vehicle.steering.time_constant_s, params),
            integral: 0.0,
            command_rad: 0.0,
        }
    }

    /// Takes over other parameters and keeps its state. Allocates nothing.
    pub fn set_params(&mut self, vehicle: &VehicleParams, params: &LateralParams) {
        let (integral, command_rad) = (self.integral, self.command_rad);
        *self = Self { integral, command_rad, ..Self::new(vehicle, params) };
    }

    /// Begins with wheels at this angle, rad.
    pub fn begin_at(&mut self, steering_rad: f64) {
        self.command_rad = steering_rad.clamp(-self.max_angle_rad, self.max_angle_rad);
        self.integral = 0.0;
    }

    /// The same angle again: without a path, or standing.
    pub fn hold(&self) -> Steering {
        Steering { angle_rad: self.command_rad, rate_rad_per_s: 0.0, limited: false }
    }

    /// One step. `motion` is that of the moment in which the command begins to act, `projection` its place on the path.
    pub fn step(&mut self, motion: &Motion, path: &Path, projection: &Projection) -> Steering {
        let speed = motion.speed_mps.max(0.0);
        let gains = self.gains.at(speed);
        // What is sent now is followed a lag later, so it answers to the curvature there. Where the rear axle's slip grows, its
        // path bends less than the vehicle turns, which takes as much time again.
        let tyres = self.params.tyre_lag_s2_per_m + self.params.tyre_slip_s2_per_m;
        let lag_s = self.lag_s + tyres * speed;
        let (here, ahead) = self.curvatures(speed, lag_s, path, projection);
        // In a curve the rear axle slips outwards, so the vehicle points inwards.
        let slip = self.params.tyre_slip_s2_per_m * speed * speed * projection.point.curvature_per_m;
        let heading = wrap_angle(motion.pose.heading - projection.point.pose.heading - slip);
        let deviation = motion.steering_rad.tan() - self.wheelbase_m * here - self.integral;
        let most = MAX_APPROACH_RAD * gains.heading;
        let feedback = (gains.lateral * projection.lateral_m).clamp(-most, most)
            + gains.heading * heading
            + gains.steering * deviation;
        // Angles are added as tangents, in which the bicycle is linear.
        let wish = self.wheelbase_m * ahead + self.integral - feedback;
        let limit = self.limit(speed);
        let wish_rad = wish.clamp(-limit, limit).atan();
        let step = self.max_rate_rad_per_s * PERIOD_S;
        let angle_rad = wish_rad.clamp(self.command_rad - step, self.command_rad + step);
        let limited = wish.abs() > limit || wish_rad != angle_rad;
        if !limited {
            self.integrate(speed, gains.lateral * projection.lateral_m, projection.lateral_m);
        }
        let rate_rad_per_s = ((angle_rad - self.command_rad) / PERIOD_S).abs();
        self.command_rad = angle_rad;
        Steering { angle_rad, rate_rad_per_s, limited }
    }

    /// Curvature beside the vehicle and where it is a lag later, 1/m. Both are means over a little way: where the curvature of a
    /// path jumps the wheels can't, so they begin to turn before and are done after.
    fn curvatures(&self, speed: f64, lag_s: f64, path: &Path, projection: &Projection) -> (f64, f64) {
        let mean = |way_m: f64| {
            let mut walk = path.walk(way_m - speed * SMOOTHING_S);
            let samples = -SMOOTHING_SAMPLES..=SMOOTHING_SAMPLES;
            let at = |i: i32| way_m + speed * SMOOTHING_S * f64::from(i) / f64::from(SMOOTHING_SAMPLES);
            let sum: f64 = samples.map(|i| walk.curvature_at(at(i))).sum();
            sum / f64::from(2 * SMOOTHING_SAMPLES + 1)
        };
        (mean(projection.way_m), mean(projection.way_m + speed * lag_s))
    }

    /// Bound of the tangent of the steering angle.
    fn limit(&self, speed: f64) -> f64 {
        let by_angle = self.max_angle_rad.tan();
        let by_force =
            self.wheelbase_m * self.params.max_lateral_acceleration_mps2 / (speed * speed).max(0.01);
        by_angle.min(by_force)
    }

    fn integrate(&mut self, speed: f64, feedback: f64, lateral_m: f64) {
        if speed > MIN_INTEGRATION_SPEED_MPS && lateral_m.abs() < MAX_INTEGRATED_M {
            let change = feedback * PERIOD_S / self.params.integral_time_s;
            self.integral = (self.integral - change).clamp(-MAX_INTEGRAL, MAX_INTEGRAL);
        }
    }
}
