//! What happens to a vehicle: collisions, and who caused them; departures from the lanes.

use glam::DVec3;

use crate::ego::Ego;
use crate::ground::Ground;
use crate::physics::{Owner, Touch};
use crate::statics::Statics;
use crate::traffic::Crowd;
use crate::world::EgoId;

/// The outline may stick out of the lanes by this, m.
const TOLERANCE_M: f64 = 0.05;
/// Contacts that come again within this time are the same one, s.
const SAME_CONTACT_S: f64 = 1.0;
/// Below this speed a vehicle stands, m/s.
const STANDING_MPS: f64 = 0.1;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The vehicle touched something.
    Collision {
        /// What, e.g. `vehicle 12`.
        other: String,
        /// Whether the vehicle caused it.
        at_fault: bool,
    },
    /// The vehicle's outline left the lanes.
    LaneDeparture,
}

/// Something that happened to a vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// The vehicle.
    pub ego: EgoId,
    /// When, s since the start.
    pub time_s: f64,
    /// What.
    pub kind: Kind,
    /// Where base_link was, in map, m.
    pub position: DVec3,
    /// Speed of the vehicle, m/s.
    pub speed_mps: f64,
}

/// Velocities at a contact and where on the vehicle it is.
pub(crate) struct Impact {
    /// Velocity of the vehicle, in its axes, m/s.
    pub own: DVec3,
    /// Velocity of the other, in the vehicle's axes, m/s.
    pub other: DVec3,
    /// From the vehicle to the other, in the vehicle's axes, length 1.
    pub normal: DVec3,
    /// Whether the other never moves.
    pub is_fixed: bool,
}

impl Impact {
    /// Whether the vehicle caused it: not if it stood; not if it was hit from behind or from the side, that is if the
    /// contact is not at the end it drives with and the other closed in faster than the vehicle did.
    pub fn is_own_fault(&self) -> bool {
        if self.own.length() < STANDING_MPS {
            return false;
        }
        if self.is_fixed {
            return true;
        }
        let own_closing = self.own.dot(self.normal);
        let other_closing = -self.other.dot(self.normal);
        let leading_end = self.normal.x * self.own.x.signum() > 0.7;
        leading_end && own_closing > STANDING_MPS || own_closing >= other_closing
    }
}

fn name(owner: Owner, statics: &Statics) -> String {
    match owner {
        Owner::Ego(id) => format!("ego {id}"),
        Owner::Vehicle(id) => format!("vehicle {id}"),
        Owner::Pedestrian(id) => format!("pedestrian {id}"),
        Owner::Object(id) => statics.name(id).into(),
    }
}

/// What is new with a vehicle. `on_watch` says whether to look at the lanes.
#[allow(clippy::too_many_arguments)] // it looks at everything
pub(crate) fn watch(
    ego: &mut Ego,
    touches: &[Touch],
    crowd: &Crowd,
    statics: &Statics,
    ground: &Ground,
    on_watch: bool,
    now_s: f64,
    velocity_of_ego: impl Fn(u32) -> DVec3,
) -> Vec<Happening> {
    let mut happenings = vec![];
    let speed_mps = ego.speed_mps();
    let position = ego.motion.position;
    let mut report =
        |kind| happenings.push(Happening { ego: EgoId(0), time_s: now_s, kind, position, speed_mps });
    for touch in touches {
        let last = ego.touching.insert(touch.other, now_s);
        if last.is_some_and(|t| now_s - t < SAME_CONTACT_S) {
            continue;
        }
        let inverse = ego.motion.rotation.inverse();
        let other = match touch.other {
            Owner::Ego(id) => velocity_of_ego(id),
            Owner::Vehicle(id) | Owner::Pedestrian(id) => crowd.velocity_of(id),
            Owner::Object(_) => DVec3::ZERO,
        };
        let impact = Impact {
            own: inverse * ego.velocity_before_contact(touch.point),
            other: inverse * other,
            normal: inverse * touch.normal,
            is_fixed: matches!(touch.other, Owner::Object(_)),
        };
        report(Kind::Collision { other: name(touch.other, statics), at_fault: impact.is_own_fault() });
    }
    if on_watch {
        let departed = ego.outline(TOLERANCE_M).any(|p| !ground.is_road(p));
        if departed && !ego.departed {
            report(Kind::LaneDeparture);
        }
        ego.departed = departed;
        ego.touching.retain(|_, t| now_s - *t < SAME_CONTACT_S);
    }
    happenings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(own: DVec3, other: DVec3, normal: DVec3) -> bool {
        Impact { own, other, normal, is_fixed: false }.is_own_fault()
    }

    #[test]
    fn fault_is_with_the_one_that_drives_into_the_other() {
        let (x, y, zero) = (DVec3::X, DVec3::Y, DVec3::ZERO);
        assert!(fault(5.0 * x, zero, x), "drives into one that stands");
        assert!(!fault(zero, 5.0 * x, -x), "stands, hit from behind");
        assert!(!fault(3.0 * x, 8.0 * x, -x), "hit from behind while driving");
        assert!(!fault(5.0 * x, -4.0 * y, y), "hit from the side");
        assert!(fault(5.0 * x, 3.0 * y, x), "drives into the side of another");
        assert!(fault(5.0 * x + y, 5.0 * x, y), "drifts into one beside");
        assert!(fault(-2.0 * x, zero, -x), "drives backwards into one");
        assert!(Impact { own: x, other: zero, normal: y, is_fixed: true }.is_own_fault(), "scrapes a wall");
    }
}
