//! What several nodes must know of the vehicle they drive: its dimensions, its limits and its actuators; and the little
//! planar geometry that they share.
//!
//! Axes after REP-103: x ahead, y to the left, z up. The reference point is `base_link`: the middle of the rear axle,
//! on the ground.

mod params;
mod planar;

pub use params::{Actuator, Lidar, UnknownVehicle, VehicleParams, shipped};
pub use planar::{Pose2, pose_to_msg, quaternion_of_yaw, wrap_angle, yaw_of};
