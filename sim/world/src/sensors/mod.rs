//! Simulated sensors: what they measure of the world, with the errors that real ones have.

mod camera;
mod gnss;
mod imu;
mod lidar;
#[cfg(test)]
mod lidar_tests;
mod wheel_odometry;

pub use gnss::{Fix, GnssParams};
pub use imu::{ImuParams, Inertial};
pub use lidar::{LidarParams, POINT_STEP, Scan};
pub use wheel_odometry::{WheelOdometryParams, WheelTwist};

pub(crate) use camera::Camera;
pub(crate) use gnss::Gnss;
pub(crate) use imu::Imu;
pub(crate) use lidar::{LidarSensor, Looks, Solid, Wall};
pub(crate) use wheel_odometry::WheelOdometry;
