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
        let lag_s = self.lag_s + self.params.tyre_lag_s2_per_m * speed;
        // What is sent now is followed a lag later, so it answers to the curvature there.
        let ahead = path.at_way(projection.way_m + speed * lag_s).curvature_per_m;
        let here = projection.point.curvature_per_m;
        let heading = wrap_angle(motion.pose.heading - projection.point.pose.heading);
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
