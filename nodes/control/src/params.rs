//! Parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

/// Parameters of the controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ControlParams {
    /// Brings the vehicle comfortably to a stand on the trajectory's path and holds it until this is false again.
    pub fallback_mode: bool,
    /// The vehicle.
    pub vehicle: VehicleParams,
    /// Steering.
    pub lateral: LateralParams,
    /// Drive and brakes.
    pub longitudinal: LongitudinalParams,
}

/// Parameters of the steering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LateralParams {
    /// Way on which a lateral error dies away at low speed, m.
    #[schemars(range(min = 0.3, max = 10.0))]
    pub correction_distance_m: f64,
    /// Bandwidth of the lateral loop that it approaches at high speed, rad/s.
    #[schemars(range(min = 0.2, max = 8.0))]
    pub max_bandwidth_rad_per_s: f64,
    /// Time in which a constant lateral error is integrated away, s.
    #[schemars(range(min = 0.5, max = 60.0))]
    pub integral_time_s: f64,
    /// How much the yaw rate lags behind the steering because of the tyres, per speed, s per m/s.
    #[schemars(range(min = 0.0, max = 0.05))]
    pub tyre_lag_s2_per_m: f64,
    /// Angle by which the rear axle slips outwards in a curve, per lateral acceleration, rad per m/s^2: one over cornering
    /// stiffness per mass on the axle.
    #[schemars(range(min = 0.0, max = 0.03))]
    pub tyre_slip_s2_per_m: f64,
    /// Highest lateral acceleration that the steering may cause, m/s^2.
    #[schemars(range(min = 0.5, max = 8.0))]
    pub max_lateral_acceleration_mps2: f64,
}

impl Default for LateralParams {
    fn default() -> Self {
        Self {
            correction_distance_m: 1.3,
            max_bandwidth_rad_per_s: 2.2,
            integral_time_s: 4.0,
            tyre_lag_s2_per_m: 0.007,
            tyre_slip_s2_per_m: 0.008,
            max_lateral_acceleration_mps2: 4.0,
        }
    }
}

/// Parameters of drive and brakes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LongitudinalParams {
    /// Acceleration per error of speed, 1/s.
    #[schemars(range(min = 0.1, max = 5.0))]
    pub speed_gain_per_s: f64,
    /// Speed per error of way, 1/s.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub position_gain_per_s: f64,
    /// Time in which a constant error of speed is integrated away, s.
    #[schemars(range(min = 0.5, max = 60.0))]
    pub integral_time_s: f64,
    /// Highest jerk while the trajectory is followed and in a comfortable stop, m/s^3; braking harder than 3 m/s^2 may have
    /// 5 times as much.
    #[schemars(range(min = 0.5, max = 20.0))]
    pub max_jerk_mps3: f64,
    /// Deceleration of a comfortable stop, m/s^2.
    #[schemars(range(min = 0.3, max = 4.0))]
    pub comfortable_deceleration_mps2: f64,
}

impl Default for LongitudinalParams {
    fn default() -> Self {
        Self {
            speed_gain_per_s: 0.9,
            position_gain_per_s: 0.35,
            integral_time_s: 4.0,
            max_jerk_mps3: 4.0,
            comfortable_deceleration_mps2: 1.5,
        }
    }
}
