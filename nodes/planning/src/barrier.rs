//! What the vehicle must stay behind.

use crate::speed::Bounds;

/// Something on the path that the vehicle must stay behind for some time: a place to stop, or the rear of one that
/// goes ahead. All distances are those of base_link along the path: the vehicle's front and the gap that is kept
/// standing are taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Barrier {
    /// Where base_link must stop at time 0, m.
    pub s: f64,
    /// How fast it moves on, m/s, not negative.
    pub speed_mps: f64,
    /// How it slows down until it stands, m/s^2, not negative.
    pub deceleration_mps2: f64,
    /// From when on it moves, s.
    pub moves_at_s: f64,
    /// From when it is not there any more, s.
    pub until_s: f64,
    /// Time gap kept behind it while it moves, s.
    pub headway_s: f64,
    /// How much nearer one may come where it can't be helped, m; the time gap may be used up then as well.
    pub slack_m: f64,
    /// Why it is there.
    pub reason: Reason,
    /// The object that it is there for.
    pub object: Option<u32>,
}

/// Why the vehicle stops or slows down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// The destination, or the end of the route.
    #[default]
    Goal,
    /// An object in the way.
    Obstacle,
    /// A stop line, or someone with the right of way.
    Rule,
    /// No gap for the lane change that the route needs.
    LaneChange,
    /// The trip is cancelled.
    Cancelled,
}

impl Barrier {
    /// A place to stop that stays.
    pub fn stop(s: f64) -> Self {
        Self {
            s,
            speed_mps: 0.0,
            deceleration_mps2: 0.0,
            moves_at_s: 0.0,
            until_s: f64::INFINITY,
            headway_s: 0.0,
            slack_m: 0.3,
            reason: Reason::Goal,
            object: None,
        }
    }

    /// How long it has moved at a time, s.
    fn moving_s(&self, t: f64) -> f64 {
        let moving = (t - self.moves_at_s).max(0.0);
        if self.deceleration_mps2 > 0.0 {
            moving.min(self.speed_mps / self.deceleration_mps2)
        } else {
            moving
        }
    }

    /// Its speed at a time, m/s.
    fn speed_at(&self, t: f64) -> f64 {
        self.speed_mps - self.deceleration_mps2 * self.moving_s(t)
    }

    /// Where base_link may be at a time at most, m. `slack` is the share of the slack that is used.
    pub fn position(&self, t: f64, slack: f64) -> f64 {
        let moving = self.moving_s(t);
        let way = (self.speed_mps - 0.5 * self.deceleration_mps2 * moving) * moving;
        self.s + way + slack * self.slack_m - (1.0 - slack) * self.headway_s * self.speed_at(t)
    }

    /// Highest speed of base_link at a place and time from which it can stay behind, m/s.
    /// `slack` is the share of the slack that is used.
    pub fn ceiling(&self, s: f64, t: f64, slack: f64, bounds: &Bounds) -> f64 {
        if t >= self.until_s {
            return f64::INFINITY;
        }
        let room = self.position(t, slack) - s;
        if room >= 0.0 {
            self.speed_at(t) + bounds.stopping_speed(room)
        } else {
            // Too near: fall back slowly.
            (self.speed_at(t) + 0.4 * room).max(0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_brakes_stands_at_the_end_of_its_braking_distance() {
        let lead = Barrier {
            speed_mps: 10.0,
            deceleration_mps2: 2.0,
            headway_s: 1.5,
            slack_m: 0.5,
            ..Barrier::stop(30.0)
        };
        assert_eq!(lead.position(0.0, 0.0), 15.0);
        assert_eq!(lead.position(5.0, 0.0), 55.0);
        assert_eq!(lead.position(100.0, 1.0), 55.5);
        assert_eq!(lead.position(1.0, 1.0), 39.5);
        let bounds = Bounds { acceleration_mps2: 1.5, deceleration_mps2: 1.5, jerk_mps3: 1.5 };
        assert_eq!(lead.ceiling(55.0, 100.0, 0.0, &bounds), 0.0);
        assert!(lead.ceiling(50.0, 100.0, 0.0, &bounds) > 2.0);
    }
}
