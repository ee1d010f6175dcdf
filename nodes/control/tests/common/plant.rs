//! A vehicle with tyres that slip and actuators that are late: what the controller does not know exactly.

use std::collections::VecDeque;

use glam::DVec2;
use vehicle::{Actuator, Pose2, VehicleParams};

/// Inner step, s.
const DT: f64 = 0.001;

/// First a dead time, then a lag, with a limit of rate.
struct Lagging {
    queue: VecDeque<f64>,
    time_constant_s: f64,
    max_rate: f64,
    value: f64,
}

impl Lagging {
    fn new(actuator: &Actuator, scale: f64, max_rate: f64, value: f64) -> Self {
        let delay = (scale * actuator.delay_s / DT).round() as usize;
        let queue = std::iter::repeat_n(value, delay).collect();
        Self { queue, time_constant_s: scale * actuator.time_constant_s, max_rate, value }
    }

    fn step(&mut self, command: f64) -> f64 {
        self.queue.push_back(command);
        let acting = self.queue.pop_front().unwrap();
        let rate = (acting - self.value) / self.time_constant_s;
        self.value += rate.clamp(-self.max_rate, self.max_rate) * DT;
        self.value
    }
}

/// The vehicle.
pub struct Plant {
    wheelbase: f64,
    /// Cornering stiffness of front and rear axle per kg of the vehicle, m/s^2 per rad.
    stiffness: (f64, f64),
    pub pose: Pose2,
    pub speed: f64,
    lateral_speed: f64,
    yaw_rate: f64,
    steering: Lagging,
    drive: Lagging,
    /// What pulls it back, m/s^2: g times the slope.
    pub slope_mps2: f64,
    pub acceleration: f64,
}

impl Plant {
    /// `scale` multiplies dead times and lags of the actuators.
    pub fn new(vehicle: &VehicleParams, pose: Pose2, speed: f64, scale: f64) -> Self {
        Self {
            wheelbase: vehicle.wheelbase_m,
            // 12 and 13 times the load per rad, half of the load on each axle: it understeers a little.
            stiffness: (0.5 * 12.0 * 9.81, 0.5 * 13.0 * 9.81),
            pose,
            speed,
            lateral_speed: 0.0,
            yaw_rate: 0.0,
            steering: Lagging::new(&vehicle.steering, scale, vehicle.max_steering_rate_rad_per_s, 0.0),
            drive: Lagging::new(&vehicle.drive, scale, 1e9, 0.0),
            slope_mps2: 0.0,
            acceleration: 0.0,
        }
    }

    pub fn steering(&self) -> f64 {
        self.steering.value
    }

    /// Goes on for 10 ms.
    pub fn step(&mut self, steering: f64, acceleration: f64, hold_brake: bool) {
        for _ in 0..10 {
            let angle = self.steering.step(steering);
            let wish = self.drive.step(acceleration);
            let before = self.speed;
            if hold_brake && self.speed.abs() < 0.1 {
                self.speed = 0.0;
            } else {
                // Brakes act against the motion, whichever way; they stop, they do not push.
                let drive = if wish < 0.0 && self.speed < 0.0 { -wish } else { wish };
                let next = self.speed + (drive - self.slope_mps2) * DT;
                let brakes_to_stand = wish < 0.0 && next * self.speed <= 0.0;
                self.speed = if brakes_to_stand { 0.0 } else { next };
            }
            self.acceleration = (self.speed - before) / DT;
            self.turn(angle);
        }
    }

    /// Linear tyres on both axles around the centre of gravity in the middle; kinematic at walking speed.
    fn turn(&mut self, angle: f64) {
        let half = 0.5 * self.wheelbase;
        let v = self.speed;
        if v < 2.0 {
            self.yaw_rate = v * angle.tan() / self.wheelbase;
            self.lateral_speed = self.yaw_rate * half;
        } else {
            let front = angle - ((self.lateral_speed + half * self.yaw_rate) / v).atan();
            let rear = -((self.lateral_speed - half * self.yaw_rate) / v).atan();
            let (force_front, force_rear) = (self.stiffness.0 * front * angle.cos(), self.stiffness.1 * rear);
            // Inertia of yaw like that of two point masses at 0.9 of the axles.
            let inertia = (0.9 * half).powi(2);
            self.lateral_speed += (force_front + force_rear - v * self.yaw_rate) * DT;
            self.yaw_rate += half * (force_front - force_rear) / inertia * DT;
        }
        let rear_lateral = self.lateral_speed - half * self.yaw_rate;
        self.pose.position += DVec2::from_angle(self.pose.heading).rotate(DVec2::new(v, rear_lateral)) * DT;
        self.pose.heading += self.yaw_rate * DT;
    }
}
