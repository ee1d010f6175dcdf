//! What an object is, from its size, its shape and how it moves.

use msgs::atlasmesh_msgs::msg::TrackedObject;

/// Share of a new observation in the running scores.
const GAIN: f64 = 0.12;
/// Score of an object that fits nothing: what a class must beat.
const FLOOR: f64 = 0.25;

/// Classes that are told apart by fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Passenger car or van.
    Car,
    /// Truck, bus, tractor with or without trailer.
    Truck,
    /// Bicycle or motorcycle with its rider.
    Bicycle,
    /// Person on foot.
    Pedestrian,
    /// ISO container of 20 or 40 feet that stands on the ground.
    Container,
    /// None of these, but it moves.
    Unknown,
    /// None of these, and it stands.
    Obstacle,
}

const FITTED: [Class; 5] = [Class::Car, Class::Truck, Class::Bicycle, Class::Pedestrian, Class::Container];

/// Dimensions and motion of an object.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Extent along the heading as seen so far, m; the longer side of what does not move.
    pub length: f64,
    /// Extent across, m.
    pub width: f64,
    /// Top above the ground, m.
    pub height: f64,
    /// Speed, m/s; 0 if it is not known to move.
    pub speed: f64,
    /// Whether it moves.
    pub moving: bool,
}

/// 1 between `b` and `c`, 0 outside `a` to `d`.
fn trapezoid(x: f64, [a, b, c, d]: [f64; 4]) -> f64 {
    ((x - a) / (b - a)).min((d - x) / (d - c)).clamp(0.0, 1.0)
}

impl Look {
    fn score(&self, class: Class) -> f64 {
        let Self { length, width, height, speed, moving } = *self;
        let standing = if moving { 0.0 } else { 1.0 };
        match class {
            Class::Car => {
                let whole = trapezoid(length, [2.2, 3.2, 5.3, 6.2]) * trapezoid(width, [0.9, 1.4, 2.1, 2.6]);
                // From the side or from behind only one side is seen.
                let side = trapezoid(length, [3.0, 3.5, 5.2, 6.0]) * trapezoid(width, [-1.0, 0.0, 2.1, 2.6]);
                let rear = if moving {
                    trapezoid(width, [1.2, 1.4, 2.0, 2.4]) * trapezoid(length, [-1.0, 0.0, 4.5, 6.0])
                } else {
                    trapezoid(length, [1.3, 1.5, 2.0, 2.3]) * trapezoid(width, [-1.0, 0.0, 1.6, 2.2])
                };
                let partly = if moving { 0.9 } else { 0.5 };
                trapezoid(height, [0.9, 1.2, 2.1, 2.7]) * whole.max(partly * side.max(0.8 * rear))
            }
            Class::Truck => {
                let whole =
                    trapezoid(length, [4.5, 6.0, 19.0, 25.0]) * trapezoid(width, [1.3, 1.9, 3.2, 4.0]);
                let side = trapezoid(length, [5.5, 7.0, 19.0, 25.0]);
                let back = if moving { width } else { length };
                let rear = trapezoid(back, [1.9, 2.2, 2.9, 3.3]) * trapezoid(height, [2.3, 2.7, 4.3, 5.0]);
                let partly = if moving { 0.8 } else { 0.3 };
                let whole = if moving { whole } else { 0.8 * whole };
                trapezoid(height, [1.7, 2.3, 4.5, 5.5]) * whole.max(partly * side.max(rear))
            }
            Class::Bicycle => {
                let size = trapezoid(length, [1.1, 1.4, 2.0, 2.5]) * trapezoid(width, [-1.0, 0.0, 0.8, 1.2]);
                let pace = if moving { trapezoid(speed, [0.5, 2.0, 14.0, 22.0]) } else { 0.3 };
                size * trapezoid(height, [0.9, 1.2, 1.9, 2.3]) * pace
            }
            Class::Pedestrian => {
                let size = trapezoid(length, [0.1, 0.2, 0.9, 1.4]) * trapezoid(width, [-1.0, 0.0, 0.8, 1.1]);
                let pace = if moving { trapezoid(speed, [-1.0, 0.0, 2.5, 4.0]) } else { 0.4 };
                size * trapezoid(height, [0.8, 1.1, 2.0, 2.3]) * pace
            }
            Class::Container => {
                let long =
                    trapezoid(length, [5.6, 5.9, 6.2, 6.5]).max(trapezoid(length, [11.7, 12.0, 12.4, 12.8]));
                let wide =
                    trapezoid(width, [2.0, 2.3, 2.6, 2.9]).max(0.4 * trapezoid(width, [-1.0, 0.0, 0.5, 1.0]));
                standing * long * wide * trapezoid(height, [2.2, 2.4, 3.0, 3.3])
            }
            Class::Unknown => FLOOR * (1.0 - standing),
            Class::Obstacle => FLOOR * standing,
        }
    }
}

/// Running scores of the classes.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    scores: [f64; 7],
    seen: bool,
}

impl Classes {
    /// Takes a new look at the object.
    pub fn observe(&mut self, look: &Look) {
        let all = FITTED.into_iter().chain([Class::Unknown, Class::Obstacle]);
        let gain = if self.seen { GAIN } else { 1.0 };
        for (score, class) in self.scores.iter_mut().zip(all) {
            *score += gain * (look.score(class) - *score);
        }
        self.seen = true;
    }

    /// The likeliest class and its probability.
    pub fn best(&self) -> (Class, f64) {
        let all = FITTED.into_iter().chain([Class::Unknown, Class::Obstacle]);
        let best = self.scores.into_iter().zip(all).fold((0.0, Class::Obstacle), |best, (score, class)| {
            if score > best.0 { (score, class) } else { best }
        });
        let sum: f64 = self.scores.iter().sum();
        (best.1, if sum > 0.0 { best.0 / sum } else { 0.0 })
    }
}

impl Class {
    /// As a message has it.
    pub fn to_msg(self) -> u8 {
        match self {
            Self::Car => TrackedObject::CLASS_CAR,
            Self::Truck => TrackedObject::CLASS_TRUCK,
            Self::Bicycle => TrackedObject::CLASS_BICYCLE,
            Self::Pedestrian => TrackedObject::CLASS_PEDESTRIAN,
            Self::Container => TrackedObject::CLASS_CONTAINER,
            Self::Unknown => TrackedObject::CLASS_UNKNOWN,
            Self::Obstacle => TrackedObject::CLASS_OBSTACLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(length: f64, width: f64, height: f64, speed: f64) -> Class {
        let mut classes = Classes::default();
        classes.observe(&Look { length, width, height, speed, moving: speed > 0.0 });
        classes.best().0
    }

    #[test]
    fn typical_sizes() {
        assert_eq!(class(4.4, 1.8, 1.5, 0.0), Class::Car);
        assert_eq!(class(0.4, 1.8, 1.5, 10.0), Class::Car, "from behind");
        assert_eq!(class(9.0, 2.5, 3.5, 8.0), Class::Truck);
        assert_eq!(class(1.7, 0.6, 1.7, 5.0), Class::Bicycle);
        assert_eq!(class(0.5, 0.4, 1.7, 1.2), Class::Pedestrian);
        assert_eq!(class(12.2, 2.44, 2.6, 0.0), Class::Container);
        assert_eq!(class(0.2, 0.2, 2.9, 0.0), Class::Obstacle, "a pole");
        assert_eq!(class(15.0, 0.3, 1.0, 0.0), Class::Obstacle, "a fence");
    }
}
