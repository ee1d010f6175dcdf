//! A vehicle of the traffic: follows lanes, keeps distance, waits at junctions.

use glam::{DVec2, DVec3};
use maps::{LaneId, Map};

use super::junctions::Junctions;
use super::path::{Ahead, Path};
use super::surroundings::{Body, Surroundings};
use super::{Actor, idm};
use crate::frame::Frame;
use crate::ground::Ground;
use crate::physics::Physics;
use crate::random::Random;

/// Highest lateral acceleration in curves, m/s^2.
const LATERAL_MPS2: f64 = 1.8;
/// Room to the side that is kept, m.
const SIDE_M: f64 = 0.35;
/// Distance of the points that are looked at ahead, m.
const STEP_M: f64 = 1.5;
/// Where it stops before a junction, m before its beginning.
const STOP_LINE_M: f64 = 1.0;
/// Times at which it looks where others will be, s.
const PREDICTION_S: [f64; 5] = [0.5, 1.0, 1.5, 2.0, 3.0];

pub(crate) struct Driver {
    pub actor: Actor,
    pub path: Path,
    pub speed: f64,
    acceleration: f64,
    /// Own speed as a share of the limit.
    pub eagerness: f64,
    pub random: Random,
    /// Lanes of junctions that it may enter.
    claimed: Vec<LaneId>,
    /// How long it has been standing, s.
    pub standing_s: f64,
    /// The road ends ahead.
    pub road_ends: bool,
    /// Is to be put somewhere else.
    pub gone: bool,
}

impl Driver {
    pub fn new(actor: Actor, path: Path, eagerness: f64, random: Random) -> Self {
        let (claimed, gone) = (vec![], false);
        let (speed, acceleration, standing_s, road_ends) = (0.0, 0.0, 0.0, false);
        Self { actor, path, speed, acceleration, eagerness, random, claimed, standing_s, road_ends, gone }
    }

    /// Begins anew on another path.
    pub fn restart(&mut self, path: Path) {
        self.path = path;
        (self.speed, self.acceleration, self.standing_s) = (0.0, 0.0, 0.0);
        self.claimed.clear();
        (self.gone, self.road_ends) = (false, false);
    }

    /// Chooses its acceleration for the next `dt_s`.
    pub fn decide(
        &mut self,
        map: &Map,
        frame: Frame,
        surroundings: &Surroundings,
        index: usize,
        junctions: &mut Junctions,
        dt_s: f64,
    ) {
        let reach = (self.speed * self.speed / 3.0 + 2.0 * self.speed + 15.0).min(90.0);
        self.road_ends = !self.path.extend(map, &mut self.random, reach + 30.0);
        let half = self.actor.half.x;
        let ahead: Vec<Ahead> =
            (0..=(reach / STEP_M) as usize).map(|i| self.path.at(map, i as f64 * STEP_M)).collect();
        let wanted = self.wanted_speed(&ahead);
        let mut acceleration = idm::free(self.speed, wanted);
        for (gap, leader) in self.in_the_way(frame, &ahead, surroundings, index) {
            acceleration = acceleration.min(idm::follow(self.speed, wanted, gap, leader));
        }
        if let Some(stop) = self.stop_before(map, frame, surroundings, index, junctions) {
            // The model's gap at standstill would keep it far from the line.
            let gap = stop - half - STOP_LINE_M + 2.0;
            acceleration = acceleration.min(idm::follow(self.speed, wanted, gap, 0.0));
        }
        self.acceleration = acceleration;
        self.standing_s = if self.speed < 0.1 { self.standing_s + dt_s } else { 0.0 };
        self.gone = self.road_ends && self.left(map) < half + 3.0;
    }

    /// Way to the end of the last known lane, m.
    fn left(&self, map: &Map) -> f64 {
        self.path.lanes.iter().map(|l| map.lane(*l).length()).sum::<f64>() - self.path.s
    }

    fn wanted_speed(&self, ahead: &[Ahead]) -> f64 {
        let here = ahead.first().map_or(0.0, |a| a.speed_limit) * self.eagerness;
        ahead.iter().fold(here, |wanted, a| {
            let curve = (LATERAL_MPS2 / a.point.curvature.abs().max(1e-4)).sqrt();
            wanted.min(idm::slowing(curve.min(a.speed_limit * self.eagerness), a.way))
        })
    }

    /// Gaps to what is in its way, m, with its speed along the way, m/s.
    fn in_the_way(
        &self,
        frame: Frame,
        ahead: &[Ahead],
        surroundings: &Surroundings,
        index: usize,
    ) -> Vec<(f64, f64)> {
        let me = self.actor.body();
        let reach = ahead.last().map_or(0.0, |a| a.way) + 8.0;
        let near: Vec<&Body> = surroundings
            .others(index)
            .filter(|b| b.is_level_with(me.center.z) && b.center.distance(me.center) < reach + b.half.x)
            .collect();
        let mut found: Vec<_> = near.iter().filter_map(|b| self.meet(frame, ahead, b, None)).collect();
        // Vehicles of the traffic agree at junctions; the others must be foreseen.
        for body in surroundings.egos.iter().chain(&surroundings.walkers) {
            if body.speed() < 0.3 || body.center.distance(me.center) > reach + 3.0 * body.speed() {
                continue;
            }
            let to = (body.center - me.center).truncate();
            if to.dot(DVec2::from_angle(me.heading)) < me.half.x {
                continue;
            }
            found.extend(
                PREDICTION_S.iter().filter_map(|t| self.meet(frame, ahead, &body.after(*t), Some(*t))),
            );
        }
        found
    }

    /// Where the way meets a body: gap and speed of the body along the way. With a time: only if it gets there at
    /// about that time.
    fn meet(&self, frame: Frame, ahead: &[Ahead], body: &Body, time_s: Option<f64>) -> Option<(f64, f64)> {
        let me = self.actor.body();
        let side = me.half.y + SIDE_M;
        let hit = ahead.iter().find(|a| {
            let point = frame.to_world(a.point.position).truncate();
            (body.center.truncate() - point).length() < side + body.half.length()
                && body.distance(point) < side
        })?;
        let direction = DVec2::from_angle(hit.point.heading);
        let speed = body.velocity.dot(direction).max(0.0);
        if let Some(time_s) = time_s {
            let arrival = (hit.way - me.half.x) / self.speed.max(1.0);
            if (arrival - time_s).abs() > 1.8 {
                return None;
            }
        }
        if hit.way <= me.half.x {
            // Beside: the one that is behind waits.
            let to = (body.center - me.center).truncate();
            if to.dot(DVec2::from_angle(me.heading)) <= 0.0 {
                return None;
            }
        }
        Some(((hit.way - me.half.x).max(0.0), speed))
    }

    /// Way to the beginning of a junction that it may not enter yet, m.
    fn stop_before(
        &mut self,
        map: &Map,
        frame: Frame,
        surroundings: &Surroundings,
        index: usize,
        junctions: &mut Junctions,
    ) -> Option<f64> {
        let half = self.actor.half.x;
        let lanes: Vec<(LaneId, f64)> = self.path.beginnings(map).collect();
        let is_crossing = |l: &(LaneId, f64)| map.lane(l.0).junction.is_some();
        // What it is in, also with its rear, it keeps.
        let in_junction = lanes.first().is_some_and(is_crossing);
        let keep: Vec<LaneId> = {
            let ahead: Vec<LaneId> = lanes.iter().map(|l| l.0).collect();
            let rear_out = self.path.s > half + 0.5;
            self.claimed.iter().copied().filter(|l| ahead.contains(l) || !rear_out).collect()
        };
        junctions.release(index, &keep);
        self.claimed = keep;
        let first = lanes.iter().position(|l| is_crossing(l) && l.1 > 0.0)?;
        if in_junction && first == 1 {
            // Goes on within the same junction.
            return None;
        }
        let crossing: Vec<(LaneId, f64)> = lanes[first..].iter().copied().take_while(is_crossing).collect();
        let begins = crossing[0].1;
        let ids: Vec<LaneId> = crossing.iter().map(|l| l.0).collect();
        let look_m = self.speed * self.speed / 4.0 + 12.0 + half;
        let has_all = ids.iter().all(|l| self.claimed.contains(l));
        if has_all {
            // One that can't enter makes room for others.
            if self.standing_s > 5.0 && begins > half {
                junctions.release(index, &[]);
                self.claimed.clear();
                return Some(begins);
            }
            return None;
        }
        let may = begins - half < look_m
            && self.has_room_behind(map, frame, surroundings, index, &crossing)
            && junctions.claim(index, &ids);
        if may {
            self.claimed.extend(ids);
            return None;
        }
        Some(begins)
    }

    /// Whether there is room for it behind the junction, so that it does not stop in there.
    fn has_room_behind(
        &self,
        map: &Map,
        frame: Frame,
        surroundings: &Surroundings,
        index: usize,
        crossing: &[(LaneId, f64)],
    ) -> bool {
        let Some((last, begins)) = crossing.last() else { return true };
        let end = begins + map.lane(*last).length();
        let need = 2.0 * self.actor.half.x + 2.0;
        let side = self.actor.half.y;
        let points: Vec<DVec3> = (0..=(need / 2.0) as usize)
            .map(|i| frame.to_world(self.path.at(map, end + 2.0 * i as f64).point.position))
            .collect();
        !surroundings.others(index).any(|b| {
            b.speed() < 1.5 && points.iter().any(|p| b.is_level_with(p.z) && b.distance(p.truncate()) < side)
        })
    }

    /// Drives on for `dt_s`.
    pub fn drive(&mut self, map: &Map, frame: Frame, ground: &Ground, physics: &mut Physics, dt_s: f64) {
        let before = self.speed;
        self.speed = (self.speed + self.acceleration * dt_s).max(0.0);
        self.path.advance(map, 0.5 * (before + self.speed) * dt_s);
        self.place(map, frame, ground, physics, Some(dt_s));
    }

    /// Puts the box to where the path says: its axles are on the middle of the lane.
    pub fn place(
        &mut self,
        map: &Map,
        frame: Frame,
        ground: &Ground,
        physics: &mut Physics,
        dt_s: Option<f64>,
    ) {
        let axle = 0.6 * self.actor.half.x;
        let front = frame.to_world(self.path.at(map, axle).point.position);
        let middle = frame.to_world(self.path.at(map, 0.0).point.position);
        let heading = if self.path.s > axle {
            let rear = frame.to_world(self.path.at(map, -axle).point.position);
            (front - rear).truncate().to_angle()
        } else {
            // The lane behind is not known any more: keep turning as the front does.
            (front - middle).truncate().to_angle()
        };
        let heading = self.smooth_heading(heading, dt_s);
        let surface = ground.at(middle);
        let foot = middle.truncate().extend(surface.height_m);
        self.actor.place(physics, foot, heading, surface.normal, dt_s);
    }

    /// A heading that does not turn faster than a vehicle can.
    fn smooth_heading(&self, wanted: f64, dt_s: Option<f64>) -> f64 {
        let Some(dt_s) = dt_s else { return wanted };
        let now = self.actor.heading();
        let limit = (0.25 * self.speed + 0.02) * dt_s;
        now + vehicle::wrap_angle(wanted - now).clamp(-limit, limit)
    }
}
