//! What a road user sees of the others.

use glam::{DVec2, DVec3};

use crate::ego::Ego;

/// Somebody's box from above, and how it moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    /// In the world, m.
    pub center: DVec3,
    pub heading: f64,
    /// Half of length and width, m.
    pub half: DVec2,
    pub velocity: DVec2,
    pub yaw_rate: f64,
}

/// All bodies at one moment.
pub(crate) struct Surroundings {
    pub egos: Vec<Body>,
    pub vehicles: Vec<Body>,
    pub walkers: Vec<Body>,
}

/// Further apart in height than this they are on different roads, m.
const LEVEL_M: f64 = 3.0;

impl Body {
    /// Distance of a point from the box, m.
    pub fn distance(&self, point: DVec2) -> f64 {
        let local = DVec2::from_angle(-self.heading).rotate(point - self.center.truncate());
        (local.abs() - self.half).max(DVec2::ZERO).length()
    }

    /// Whether it is on the road that `height` belongs to.
    pub fn is_level_with(&self, height: f64) -> bool {
        (self.center.z - height).abs() < LEVEL_M
    }

    /// Where it will be if it goes on turning and driving as it does.
    pub fn after(&self, time_s: f64) -> Self {
        let turned = self.yaw_rate * time_s;
        // In the middle of the turn it has half of it behind it.
        let way = DVec2::from_angle(0.5 * turned).rotate(self.velocity) * time_s;
        Self { center: self.center + way.extend(0.0), heading: self.heading + turned, ..*self }
    }

    /// m/s.
    pub fn speed(&self) -> f64 {
        self.velocity.length()
    }
}

/// The body of a vehicle under test.
pub(crate) fn body_of(ego: &Ego) -> Body {
    let block = ego.block();
    Body {
        center: block.center,
        heading: ego.pose().heading,
        half: block.half.truncate(),
        velocity: ego.motion.velocity.truncate(),
        yaw_rate: ego.motion.angular.z,
    }
}

impl Surroundings {
    /// All bodies but vehicle number `but`.
    pub fn others(&self, but: usize) -> impl Iterator<Item = &Body> {
        let vehicles = self.vehicles.iter().enumerate().filter(move |(i, _)| *i != but).map(|(_, b)| b);
        self.egos.iter().chain(vehicles).chain(&self.walkers)
    }

    /// Distance to the nearest vehicle under test, m.
    pub fn distance_to_ego(&self, point: DVec3) -> f64 {
        self.egos.iter().map(|e| e.center.distance(point)).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_and_prediction() {
        let body = Body {
            center: DVec3::ZERO,
            heading: std::f64::consts::FRAC_PI_2,
            half: DVec2::new(2.0, 1.0),
            velocity: DVec2::new(0.0, 5.0),
            yaw_rate: 0.0,
        };
        assert!((body.distance(DVec2::new(3.0, 0.0)) - 2.0).abs() < 1e-12);
        assert!((body.distance(DVec2::new(0.0, 3.0)) - 1.0).abs() < 1e-12);
        assert_eq!(body.distance(DVec2::new(0.5, 1.5)), 0.0);
        assert!((body.after(2.0).center.y - 10.0).abs() < 1e-12);
    }
}
