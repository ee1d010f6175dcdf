//! Parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

/// Parameters of the gate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionParams {
    /// The vehicle.
    #[schemars(extend("readOnly" = true))]
    pub vehicle: VehicleParams,
    /// When an input is too old.
    pub timeouts: TimeoutParams,
    /// When something is too much.
    pub limits: LimitParams,
    /// The collision monitor.
    pub monitor: MonitorParams,
}

/// When an input is too old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutParams {
    /// Of `/control/commands`, ms.
    #[schemars(range(min = 20, max = 1000))]
    pub command_ms: u64,
    /// Of `/planning/trajectory`, ms.
    #[schemars(range(min = 100, max = 5000))]
    pub trajectory_ms: u64,
    /// Of `/localization/odometry`, ms.
    #[schemars(range(min = 40, max = 2000))]
    pub localization_ms: u64,
    /// Of `/sensors/lidar/points`, ms.
    #[schemars(range(min = 100, max = 2000))]
    pub lidar_ms: u64,
    /// Of `/perception/objects`, ms.
    #[schemars(range(min = 100, max = 5000))]
    pub perception_ms: u64,
    /// Of `/diagnostics_agg`, ms.
    #[schemars(range(min = 1000, max = 20000))]
    pub health_ms: u64,
}

impl Default for TimeoutParams {
    fn default() -> Self {
        Self {
            command_ms: 100,
            trajectory_ms: 500,
            localization_ms: 200,
            lidar_ms: 300,
            perception_ms: 500,
            health_ms: 3000,
        }
    }
}

/// When something is too much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitParams {
    /// Standard deviation of the position from which on the vehicle stops, m.
    #[schemars(range(min = 0.05, max = 20.0))]
    pub position_stddev_stop_m: f64,
    /// Standard deviation of the position from which on the vehicle is slow, m.
    #[schemars(range(min = 0.05, max = 20.0))]
    pub position_stddev_slow_m: f64,
    /// Standard deviation of the heading from which on the vehicle stops, rad.
    #[schemars(range(min = 0.005, max = 1.0))]
    pub heading_stddev_stop_rad: f64,
    /// Highest step of the position beyond what the speed explains, m.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub position_jump_m: f64,
    /// Highest speed while slow, m/s.
    #[schemars(range(min = 0.5, max = 10.0))]
    pub slow_speed_mps: f64,
    /// Highest lateral acceleration that a command may cause, m/s^2.
    #[schemars(range(min = 1.0, max = 9.0))]
    pub lateral_acceleration_mps2: f64,
    /// Deceleration of a comfortable stop, m/s^2.
    #[schemars(range(min = 0.5, max = 3.0))]
    pub comfort_deceleration_mps2: f64,
    /// Deceleration of an emergency stop, m/s^2.
    #[schemars(range(min = 3.0, max = 9.0))]
    pub emergency_deceleration_mps2: f64,
    /// Jerk with which a comfortable stop begins, m/s^3.
    #[schemars(range(min = 0.5, max = 10.0))]
    pub comfort_jerk_mps3: f64,
    /// Jerk with which an emergency stop begins, m/s^3.
    #[schemars(range(min = 10.0, max = 100.0))]
    pub emergency_jerk_mps3: f64,
    /// Time within which a comfortable stop must have slowed the vehicle down, s.
    #[schemars(range(min = 0.5, max = 5.0))]
    pub stop_check_s: f64,
}

impl Default for LimitParams {
    fn default() -> Self {
        Self {
            position_stddev_stop_m: 1.5,
            position_stddev_slow_m: 1.0,
            heading_stddev_stop_rad: 0.15,
            position_jump_m: 0.75,
            slow_speed_mps: 3.0,
            lateral_acceleration_mps2: 5.0,
            comfort_deceleration_mps2: 1.5,
            emergency_deceleration_mps2: 6.0,
            comfort_jerk_mps3: 2.0,
            emergency_jerk_mps3: 30.0,
            stop_check_s: 1.5,
        }
    }
}

/// The collision monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorParams {
    /// Whether points in the way stop the vehicle.
    pub enabled: bool,
    /// From a scan's stamp until the brakes act, s: age of the scan, the second scan that confirms it, dead time of the brakes.
    #[schemars(range(min = 0.1, max = 2.0))]
    pub reaction_time_s: f64,
    /// What is added to the vehicle's width on each side, m.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub side_margin_m: f64,
    /// Distance that is kept from what is in the way, m.
    #[schemars(range(min = 0.1, max = 3.0))]
    pub standoff_m: f64,
    /// Things lower than this above the ground are driven over or not seen, m.
    #[schemars(range(min = 0.2, max = 1.0))]
    pub min_height_m: f64,
    /// Points that make a thing.
    #[schemars(range(min = 2, max = 50))]
    pub min_points: u32,
}

impl Default for MonitorParams {
    fn default() -> Self {
        Self {
            enabled: true,
            reaction_time_s: 0.45,
            side_margin_m: 0.1,
            standoff_m: 0.4,
            min_height_m: 0.3,
            min_points: 3,
        }
    }
}
