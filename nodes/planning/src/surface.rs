//! Where vehicles may drive.

use glam::DVec2;
use maps::{LaneFilter, Map};

/// The drivable lanes of a map, seen from above.
pub struct Surface<'a> {
    map: &'a Map,
}

/// What is farther off the road than this is not told apart, m.
const FAR_M: f64 = 5.0;

impl<'a> Surface<'a> {
    /// Of a map.
    pub fn new(map: &'a Map) -> Self {
        Self { map }
    }

    /// Whether a vehicle of a heading may be at a point at a height: on lanes of its direction, or within a junction.
    pub fn allows(&self, point: DVec2, z: f64, heading: f64) -> bool {
        let filter = LaneFilter { drivable: true, heading: None, within_m: 0.0 };
        self.map.lanes_at(point.extend(z), filter).iter().any(|p| {
            let lane = self.map.lane(p.lane);
            let along = (lane.centre.at(p.s).heading - heading).cos() > 0.0;
            along || lane.junction.is_some()
        })
    }

    /// How far a point is from the nearest drivable lane, m; 0 on a lane.
    pub fn off_road_m(&self, point: DVec2, z: f64) -> f64 {
        let filter = LaneFilter { drivable: true, heading: None, within_m: 0.0 };
        if !self.map.lanes_at(point.extend(z), filter).is_empty() {
            return 0.0;
        }
        let nearest = self.map.nearest_lane(point.extend(z), LaneFilter { within_m: FAR_M, ..filter });
        nearest.map_or(FAR_M, |p| (p.t.abs() - 0.5 * self.map.lane(p.lane).width(p.s)).max(0.0))
    }
}
