//! Parameters of the node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

use crate::detect::DetectorSettings;

/// Parameters of perception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PerceptionParams {
    /// Whether the LiDAR is used. Without it nothing is published, and the diagnostic `lidar` is an ERROR.
    pub sensor_lidar_enabled: bool,
    /// How far around the vehicle objects are sought, m.
    #[schemars(range(min = 5.0, max = 150.0))]
    pub range_m: f64,
    /// What is lower above the ground is taken for ground, m. Far away it is 0.3 % of the distance more.
    #[schemars(range(min = 0.05, max = 1.0))]
    pub ground_clearance_m: f64,
    /// What is higher above the ground is not looked at, m; at least the height of the vehicle.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub max_height_m: f64,
    /// Fewest points of an object.
    #[schemars(range(min = 2, max = 100))]
    pub min_points: u32,
    /// How far ahead the ways of moving objects are predicted, s.
    #[schemars(range(min = 0.0, max = 8.0))]
    pub prediction_s: f64,
    /// The vehicle.
    pub vehicle: VehicleParams,
}

impl Default for PerceptionParams {
    fn default() -> Self {
        Self {
            sensor_lidar_enabled: true,
            range_m: 80.0,
            ground_clearance_m: 0.2,
            max_height_m: 4.0,
            min_points: 3,
            prediction_s: 4.0,
            vehicle: VehicleParams::default(),
        }
    }
}

/// Room that the vehicle needs above itself, m.
const HEADROOM_M: f64 = 0.3;

impl PerceptionParams {
    pub(crate) fn detector(&self) -> DetectorSettings {
        let overhang_m = self.vehicle.height_m + HEADROOM_M;
        DetectorSettings {
            range_m: self.range_m,
            ground_clearance_m: self.ground_clearance_m,
            max_height_m: self.max_height_m.max(overhang_m),
            overhang_m,
            min_points: self.min_points as usize,
            sensor_x_m: self.vehicle.lidar.x_m,
            sensor_z_m: self.vehicle.lidar.z_m,
        }
    }
}
