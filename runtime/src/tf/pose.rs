//! Rigid motions.

use glam::{DQuat, DVec3};
use msgs::geometry_msgs::msg::{Quaternion, Transform, Vector3};

/// Where a frame is in another: takes points of the first to the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    pub translation: DVec3,
    pub rotation: DQuat,
}

impl Pose {
    pub const IDENTITY: Self = Self { translation: DVec3::ZERO, rotation: DQuat::IDENTITY };

    pub fn from_msg(msg: &Transform) -> Self {
        let (t, r) = (&msg.translation, &msg.rotation);
        Self { translation: DVec3::new(t.x, t.y, t.z), rotation: DQuat::from_xyzw(r.x, r.y, r.z, r.w) }
    }

    pub fn to_msg(self) -> Transform {
        let (t, r) = (self.translation, self.rotation);
        Transform {
            translation: Vector3 { x: t.x, y: t.y, z: t.z },
            rotation: Quaternion { x: r.x, y: r.y, z: r.z, w: r.w },
        }
    }

    /// First `inner`, then this.
    pub fn after(self, inner: Self) -> Self {
        Self {
            translation: self.translation + self.rotation * inner.translation,
            rotation: self.rotation * inner.rotation,
        }
    }

    pub fn inverse(self) -> Self {
        let rotation = self.rotation.conjugate();
        Self { translation: -(rotation * self.translation), rotation }
    }

    /// From this (0) to `other` (1): straight, and turning evenly the short way round.
    pub fn interpolate(self, other: Self, ratio: f64) -> Self {
        Self {
            translation: self.translation.lerp(other.translation, ratio),
            rotation: self.rotation.slerp(other.rotation, ratio).normalize(),
        }
    }
}
