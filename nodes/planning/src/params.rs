//! Parameters of the node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

/// Parameters of `planning_node`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlanningParams {
    /// Map: path of a file, or name of one that ships with the product.
    #[schemars(extend("readOnly" = true))]
    pub map: String,
    /// The vehicle.
    #[schemars(extend("readOnly" = true))]
    pub vehicle: VehicleParams,
    /// Highest speed, whatever the map allows, m/s.
    #[schemars(range(min = 0.5, max = 40.0))]
    pub max_speed: f64,
    /// Speed limit of lanes for which the map names none, m/s.
    #[schemars(range(min = 1.0, max = 40.0))]
    pub default_speed_limit_mps: f64,
    /// What is comfortable.
    pub comfort: Comfort,
    /// Distances kept.
    pub distance: Distances,
    /// How it behaves where ways cross.
    pub crossing: Crossing,
}

/// What is comfortable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Comfort {
    /// Highest acceleration, m/s^2.
    #[schemars(range(min = 0.1, max = 4.0))]
    pub acceleration_mps2: f64,
    /// Deceleration that is planned with, m/s^2. It brakes harder where it must.
    #[schemars(range(min = 0.3, max = 4.0))]
    pub deceleration_mps2: f64,
    /// Highest change of acceleration, m/s^3.
    #[schemars(range(min = 0.3, max = 10.0))]
    pub jerk_mps3: f64,
    /// Highest lateral acceleration, m/s^2.
    #[schemars(range(min = 0.3, max = 4.0))]
    pub lateral_acceleration_mps2: f64,
    /// Highest change of lateral acceleration, m/s^3.
    #[schemars(range(min = 0.3, max = 10.0))]
    pub lateral_jerk_mps3: f64,
}

/// Distances kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Distances {
    /// Time gap to a vehicle ahead, s.
    #[schemars(range(min = 0.5, max = 5.0))]
    pub time_gap_s: f64,
    /// Distance to what stands ahead, m.
    #[schemars(range(min = 0.5, max = 10.0))]
    pub standstill_gap_m: f64,
    /// Distance to the side that is wished for when passing, m.
    #[schemars(range(min = 0.1, max = 2.0))]
    pub lateral_m: f64,
    /// Least distance to the side: what is nearer blocks the way, m.
    #[schemars(range(min = 0.05, max = 1.0))]
    pub lateral_min_m: f64,
    /// More distance to the side to people on foot and on bicycles, m.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub lateral_vulnerable_m: f64,
}

/// How it behaves where ways cross.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Crossing {
    /// Time between another vehicle and this one in the same place, s.
    #[schemars(range(min = 0.5, max = 6.0))]
    pub time_margin_s: f64,
    /// Deceleration that another who has to give way is trusted to brake with, m/s^2.
    #[schemars(range(min = 0.5, max = 6.0))]
    pub others_deceleration_mps2: f64,
}

impl Default for PlanningParams {
    fn default() -> Self {
        Self {
            map: "terminal-yard".into(),
            vehicle: VehicleParams::default(),
            max_speed: 22.3,
            default_speed_limit_mps: 13.89,
            comfort: Comfort::default(),
            distance: Distances::default(),
            crossing: Crossing::default(),
        }
    }
}

impl Default for Comfort {
    fn default() -> Self {
        Self {
            acceleration_mps2: 1.5,
            deceleration_mps2: 1.5,
            jerk_mps3: 1.5,
            lateral_acceleration_mps2: 1.8,
            lateral_jerk_mps3: 3.0,
        }
    }
}

impl Default for Distances {
    fn default() -> Self {
        Self {
            time_gap_s: 1.6,
            standstill_gap_m: 3.0,
            lateral_m: 0.5,
            lateral_min_m: 0.2,
            lateral_vulnerable_m: 0.6,
        }
    }
}

impl Default for Crossing {
    fn default() -> Self {
        Self { time_margin_s: 2.0, others_deceleration_mps2: 2.5 }
    }
}
