//! What a world is made with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::{Pose2, VehicleParams};

use crate::dynamics::DynamicsParams;
use crate::sensors::{GnssParams, ImuParams, LidarParams, WheelOdometryParams};

/// What is in a world besides the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorldConfig {
    /// Seed of everything random.
    pub seed: u64,
    /// Vehicles of the traffic.
    pub traffic: usize,
    /// People on foot.
    pub pedestrians: usize,
}

/// The sensors of a vehicle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SensorParams {
    /// The LiDAR.
    pub lidar: LidarParams,
    /// The IMU.
    pub imu: ImuParams,
    /// The satellite receiver.
    pub gnss: GnssParams,
    /// The wheel odometry.
    pub wheel_odometry: WheelOdometryParams,
}

/// A vehicle under test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EgoConfig {
    /// Outline, limits and actuators.
    pub vehicle: VehicleParams,
    /// Mass, tyres, drive.
    pub dynamics: DynamicsParams,
    /// Its sensors.
    pub sensors: SensorParams,
    /// base_link in map; `None` is somewhere on a drivable lane, by the seed.
    pub start: Option<Pose2>,
}

/// Why a world or a vehicle in it can't be made.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The map has nothing to drive on.
    #[error("map {map} has no drivable lane outside junctions to start on; name a start pose")]
    NoStart {
        /// Its name.
        map: String,
    },
    /// The start is not a pose.
    #[error("the start pose x {x_m}, y {y_m}, heading {heading_rad} is not finite")]
    BadStart {
        /// x, m.
        x_m: f64,
        /// y, m.
        y_m: f64,
        /// Heading, rad.
        heading_rad: f64,
    },
}
