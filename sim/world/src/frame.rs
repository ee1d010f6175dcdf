//! The world's own frame: that of the map, moved so that its origin lies in the middle of the roads. Maps in UTM
//! coordinates would lose precision otherwise.

use glam::DVec3;
use maps::Map;

/// Between map and world.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame {
    /// Origin of the world in map, m.
    pub origin: DVec3,
}

impl Frame {
    pub fn of(map: &Map) -> Self {
        let (min, max) = map.bounds();
        let middle = (0.5 * (min + max)).round();
        Self { origin: if middle.is_finite() { middle.extend(0.0) } else { DVec3::ZERO } }
    }

    pub fn to_map(self, point: DVec3) -> DVec3 {
        point + self.origin
    }

    pub fn to_world(self, point: DVec3) -> DVec3 {
        point - self.origin
    }
}
