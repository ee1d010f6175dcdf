//! What the vehicle must stay behind.

use crate::speed::Bounds;

/// Something on the path that the vehicle must stay behind for some time: a place to stop, or the rear of one that
/// goes ahead. All distances are those of base_link along the path: the vehicle's front and the gaps are taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Barrier {
    /// Where base_link must stop at time 0, m.
    pub s: f64,
    /// How fast it moves on, m/s, not negative.
    pub speed_mps: f64,
    /// From when on it moves, s.
    pub moves_at_s: f64,
    /// From when it is not there any more, s.
    pub until_s: f64,
    /// How much nearer one may come where it can't be helped: gap that is comfort, not safety, m.
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
            moves_at_s: 0.0,
            until_s: f64::INFINITY,
            slack_m: 0.3,
            reason: Reason::Goal,
            object: None,
        }
    }

    /// Highest speed of base_link at a place and time from which it can stay behind, m/s.
    /// `slack` is the share of the slack that is used.
    pub fn ceiling(&self, s: f64, t: f64, slack: f64, bounds: &Bounds) -> f64 {
        if t >= self.until_s {
            return f64::INFINITY;
        }
        let room = self.s + slack * self.slack_m + self.speed_mps * (t - self.moves_at_s).max(0.0) - s;
        if room >= 0.0 {
            self.speed_mps + bounds.stopping_speed(room)
        } else {
            // Too near: fall back slowly.
            (self.speed_mps + 0.4 * room).max(0.0)
        }
    }
}
