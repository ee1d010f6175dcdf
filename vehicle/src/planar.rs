//! Poses and angles in the plane.

use std::f64::consts::{PI, TAU};

use glam::DVec2;
use msgs::geometry_msgs::msg::{Point, Pose, Quaternion};

/// Position (m) and heading (rad, counter-clockwise from x) in a plane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose2 {
    /// Position, m.
    pub position: DVec2,
    /// Heading, rad.
    pub heading: f64,
}

impl Pose2 {
    /// From its parts.
    pub fn new(x: f64, y: f64, heading: f64) -> Self {
        Self { position: DVec2::new(x, y), heading }
    }

    /// The point `local`, given in this pose's frame, in the frame that this pose is given in.
    pub fn transform(&self, local: DVec2) -> DVec2 {
        self.position + DVec2::from_angle(self.heading).rotate(local)
    }

    /// The inverse of [`Self::transform`].
    pub fn inverse_transform(&self, point: DVec2) -> DVec2 {
        DVec2::from_angle(-self.heading).rotate(point - self.position)
    }
}

impl From<&Pose> for Pose2 {
    fn from(pose: &Pose) -> Self {
        Self::new(pose.position.x, pose.position.y, yaw_of(&pose.orientation))
    }
}

/// The same angle within -π to π.
pub fn wrap_angle(angle: f64) -> f64 {
    if (-PI..=PI).contains(&angle) { angle } else { angle - TAU * (angle / TAU).round() }
}

/// Heading of an orientation, rad; 0 for a quaternion of zeros.
pub fn yaw_of(q: &Quaternion) -> f64 {
    (2.0 * (q.w * q.z + q.x * q.y)).atan2(1.0 - 2.0 * (q.y * q.y + q.z * q.z))
}

/// Orientation of a heading in the plane.
pub fn quaternion_of_yaw(yaw: f64) -> Quaternion {
    let (z, w) = (0.5 * yaw).sin_cos();
    Quaternion { x: 0.0, y: 0.0, z, w }
}

/// A pose at a height, m, as a message.
pub fn pose_to_msg(pose: Pose2, z: f64) -> Pose {
    let position = Point { x: pose.position.x, y: pose.position.y, z };
    Pose { position, orientation: quaternion_of_yaw(pose.heading) }
}
