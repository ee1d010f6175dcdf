//! Parameters of a vehicle, and the files that ship with the product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Dimensions, limits and actuators of a vehicle. A node that needs them has them as its parameters `vehicle.*`; the
/// files in `launch/vehicles` give them to all nodes at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VehicleParams {
    /// Length over all, m.
    #[schemars(range(min = 1.0, max = 30.0))]
    pub length_m: f64,
    /// Width over all without mirrors, m.
    #[schemars(range(min = 0.5, max = 5.0))]
    pub width_m: f64,
    /// Height over all, m.
    #[schemars(range(min = 0.5, max = 6.0))]
    pub height_m: f64,
    /// Distance between the axles, m.
    #[schemars(range(min = 0.5, max = 15.0))]
    pub wheelbase_m: f64,
    /// From the rear axle to the rear end, m.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub rear_overhang_m: f64,
    /// Highest angle of the virtual front wheel, rad.
    #[schemars(range(min = 0.05, max = 1.2))]
    pub max_steering_angle_rad: f64,
    /// Highest rate of that angle, rad/s.
    #[schemars(range(min = 0.05, max = 5.0))]
    pub max_steering_rate_rad_per_s: f64,
    /// Highest speed of the vehicle, m/s.
    #[schemars(range(min = 0.5, max = 60.0))]
    pub max_speed_mps: f64,
    /// Highest acceleration, m/s^2.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub max_acceleration_mps2: f64,
    /// Highest deceleration of the brakes, m/s^2.
    #[schemars(range(min = 1.0, max = 12.0))]
    pub max_deceleration_mps2: f64,
    /// The steering: from commanded to actual angle.
    pub steering: Actuator,
    /// Drive and brakes: from commanded to actual acceleration.
    pub drive: Actuator,
    /// Where the LiDAR sits.
    pub lidar: Lidar,
}

/// How an actuator follows its command: first a dead time, then a first-order lag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Actuator {
    /// Dead time, s.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delay_s: f64,
    /// Time constant of the lag, s.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub time_constant_s: f64,
}

impl Default for Actuator {
    fn default() -> Self {
        Self { delay_s: 0.05, time_constant_s: 0.1 }
    }
}

/// Where the LiDAR sits on the vehicle; it is mounted level, its x axis ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lidar {
    /// Ahead of base_link, m.
    #[schemars(range(min = -10.0, max = 20.0))]
    pub x_m: f64,
    /// Above base_link, m.
    #[schemars(range(min = 0.1, max = 8.0))]
    pub z_m: f64,
}

impl Default for Lidar {
    fn default() -> Self {
        Self { x_m: 1.5, z_m: 3.0 }
    }
}

impl Default for VehicleParams {
    /// The shuttle for eight, as in `launch/vehicles/shuttle.yaml`.
    fn default() -> Self {
        Self {
            length_m: 4.9,
            width_m: 2.0,
            height_m: 2.75,
            wheelbase_m: 3.0,
            rear_overhang_m: 0.95,
            max_steering_angle_rad: 0.6,
            max_steering_rate_rad_per_s: 0.6,
            max_speed_mps: 25.0,
            max_acceleration_mps2: 2.0,
            max_deceleration_mps2: 8.0,
            steering: Actuator { delay_s: 0.05, time_constant_s: 0.1 },
            drive: Actuator { delay_s: 0.05, time_constant_s: 0.15 },
            lidar: Lidar::default(),
        }
    }
}

impl VehicleParams {
    /// From the rear axle to the front end, m.
    pub fn front_m(&self) -> f64 {
        self.length_m - self.rear_overhang_m
    }

    /// Highest curvature it can drive, 1/m.
    pub fn max_curvature_per_m(&self) -> f64 {
        self.max_steering_angle_rad.tan() / self.wheelbase_m
    }
}

const SHIPPED: [(&str, &str); 2] = [
    ("shuttle", include_str!("../../launch/vehicles/shuttle.yaml")),
    ("yard-tractor", include_str!("../../launch/vehicles/yard-tractor.yaml")),
];

/// A vehicle that does not ship with the product.
#[derive(Debug, thiserror::Error)]
#[error("there is no vehicle {name}; shipped are {}", SHIPPED.map(|(name, _)| name).join(" and "))]
pub struct UnknownVehicle {
    /// Its name.
    pub name: String,
}

/// Parameter file of a vehicle that ships with the product: `shuttle` or `yard-tractor`. It is a ROS parameter file.
pub fn shipped(name: &str) -> Result<&'static str, UnknownVehicle> {
    let found = SHIPPED.iter().find(|(n, _)| *n == name);
    found.map(|(_, text)| *text).ok_or_else(|| UnknownVehicle { name: name.into() })
}
