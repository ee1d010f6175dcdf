//! What becomes of one way of one object: follow it, let it pass, go first, or pay no heed.

use crate::barrier::{Barrier, Reason};
use crate::encounter::Encounter;
use crate::object::Kind;
use crate::path::Path;
use crate::predict::Branch;
use crate::scene::{Scene, Track};
use crate::situation::Situation;
use crate::speed::{Motion, TIME_STEP_S};

/// Braking harder than this for someone who is not there yet is worse than to go on, m/s^2.
const HARD_MPS2: f64 = 3.0;
/// One that slows down by more than this is expected to brake on until it stands, m/s^2: less is noise.
const BRAKES_MPS2: f64 = 0.7;
/// How much of the standstill gap may be used up in need, m.
const GAP_SLACK_M: f64 = 0.5;
/// Distance to the place that one passes through who goes first, m, and how much of it may be used up in need.
const CROSSING_GAP_M: f64 = 1.5;
const CROSSING_SLACK_M: f64 = 0.8;
/// Another one's place is free for this vehicle so long after it has left it, s.
const PASSED_S: f64 = 0.5;

/// One way of one object and one path of the vehicle.
pub struct Meeting<'a> {
    /// What is around.
    pub scene: &'a Scene,
    /// Where the vehicle is.
    pub situation: &'a Situation<'a>,
    /// Its path.
    pub path: &'a Path,
    /// How it would drive along it without objects.
    pub free_run: &'a [Motion],
    /// The object.
    pub track: &'a Track,
    /// The way it may take.
    pub branch: &'a Branch,
}

impl Meeting<'_> {
    /// What the vehicle must stay behind, if anything.
    pub fn barrier(&self) -> Option<Barrier> {
        let (object, params) = (&self.track.object, self.situation.params);
        let encounter = Encounter::of(self.path, object, self.branch, params)?;
        let clear_s = encounter.from_s - params.vehicle.front_m() - CROSSING_GAP_M;
        let can_wait = clear_s >= -CROSSING_GAP_M;
        if encounter.enters_s <= 0.0 {
            let passes = encounter.crosses() && object.speed_mps() > 0.0;
            return match passes && can_wait {
                true => Some(self.before(&encounter, clear_s)),
                false => self.behind_present(&encounter),
            };
        }
        if !can_wait && object.kind != Kind::Vulnerable {
            return None; // already among them: clear the place
        }
        if !self.must_yield(&encounter) {
            return None;
        }
        if encounter.crosses() || encounter.leaves_s.is_finite() {
            return Some(self.before(&encounter, clear_s));
        }
        // It comes in ahead: half of the gap will do at first.
        Some(Barrier {
            speed_mps: encounter.speed_mps,
            moves_at_s: encounter.enters_s,
            headway_s: 0.5 * params.distance.time_gap_s,
            ..self.behind(encounter.first.from_s)
        })
    }

    /// Before all of the place that the other one passes through, until it has.
    fn before(&self, encounter: &Encounter, clear_s: f64) -> Barrier {
        Barrier {
            until_s: encounter.leaves_s + PASSED_S,
            slack_m: CROSSING_SLACK_M,
            reason: Reason::Rule,
            object: Some(self.track.object.id),
            ..Barrier::stop(clear_s.max(0.0))
        }
    }

    /// At the standstill gap behind the object where its rear is at `rear_s`, m along the path.
    fn behind(&self, rear_s: f64) -> Barrier {
        let params = self.situation.params;
        Barrier {
            slack_m: GAP_SLACK_M.min(0.5 * params.distance.standstill_gap_m),
            reason: Reason::Obstacle,
            object: Some(self.track.object.id),
            ..Barrier::stop(rear_s - params.vehicle.front_m() - params.distance.standstill_gap_m)
        }
    }

    /// Behind an object that is in the way now. If it brakes it is expected to do so to its end.
    fn behind_present(&self, encounter: &Encounter) -> Option<Barrier> {
        let params = self.situation.params;
        let rear_s = encounter.first.from_s;
        // Beside or behind the vehicle's front it is for the other to keep away.
        if rear_s < 0.5 * params.vehicle.wheelbase_m {
            return None;
        }
        let braking_mps2 = -self.scene.memory().acceleration_mps2(self.track.object.id);
        Some(Barrier {
            speed_mps: encounter.speed_mps,
            deceleration_mps2: if braking_mps2 > BRAKES_MPS2 { braking_mps2 } else { 0.0 },
            until_s: encounter.leaves_s + PASSED_S,
            headway_s: params.distance.time_gap_s,
            ..self.behind(rear_s)
        })
    }

    /// Whether the vehicle lets the other one go first.
    fn must_yield(&self, encounter: &Encounter) -> bool {
        let params = self.situation.params;
        let (vehicle, object) = (&params.vehicle, &self.track.object);
        // Once decided it does not change its mind for a little.
        let margin = params.crossing.time_margin_s * if self.scene.yields_to(object.id) { 1.2 } else { 0.8 };
        let time_of = |s: f64| {
            let index = self.free_run.iter().position(|m| m.s >= s);
            index.map_or(f64::INFINITY, |i| i as f64 * TIME_STEP_S)
        };
        let arrives_s = time_of(encounter.from_s - vehicle.front_m());
        let is_through_s = time_of(encounter.to_s.min(encounter.first.to_s + 2.0) + vehicle.rear_overhang_m);
        if is_through_s + margin < encounter.enters_s || arrives_s > encounter.leaves_s + margin {
            return false;
        }
        // What can't be stopped for any more is passed, if there is time.
        let room_m = (encounter.from_s - vehicle.front_m()).max(0.1);
        let braking_mps2 = self.situation.speed_mps.powi(2) / (2.0 * room_m);
        if braking_mps2 > HARD_MPS2 && is_through_s + 0.5 < encounter.enters_s {
            return false;
        }
        if object.kind == Kind::Vulnerable || !self.has_priority() {
            return true;
        }
        // The right of way is ours: trust the other one as long as it can brake, unless it is there first anyway.
        let needed = object.speed_mps() / (2.0 * encounter.enters_s.max(0.1));
        needed > params.crossing.others_deceleration_mps2
    }

    fn has_priority(&self) -> bool {
        let shared = self.scene.crossings().iter().filter(|c| self.branch.lanes.contains(&c.other));
        let mut shared = shared.peekable();
        shared.peek().is_some() && shared.all(|c| c.has_priority)
    }
}
