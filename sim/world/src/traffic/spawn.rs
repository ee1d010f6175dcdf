//! Where other road users come from: places that no vehicle under test sees them appear at.

use glam::DVec3;
use maps::{LaneId, LaneKind, Map};
use msgs::atlasmesh_msgs::msg::TrackedObject;

use super::driver::Driver;
use super::path::Path;
use super::surroundings::Surroundings;
use super::walker::Walker;
use super::{Actor, Crowd};
use crate::ground::Ground;
use crate::physics::{Owner, Physics};
use crate::random::Random;
use crate::sensors::Looks;

/// At the start nobody is nearer than this to a vehicle under test, m.
const START_CLEAR_M: f64 = 35.0;
/// Later nobody appears nearer than this, m: out of sight.
const SIGHT_M: f64 = 110.0;
/// Nobody appears nearer than this to another, m.
const CLEAR_M: f64 = 14.0;
/// Beyond this distance from all vehicles under test a place is of little use, m.
const FAR_M: f64 = 400.0;
/// One that stands longer than this is put somewhere else, s; in sight only after twice that time.
const STUCK_S: f64 = 60.0;
const TRIES: usize = 60;

/// Length, width, height in m, class and share of the kinds of vehicles: car, van, truck.
const KINDS: [(DVec3, u8, f64); 3] = [
    (DVec3::new(4.5, 1.8, 1.5), TrackedObject::CLASS_CAR, 0.75),
    (DVec3::new(5.4, 2.0, 2.3), TrackedObject::CLASS_CAR, 0.15),
    (DVec3::new(7.5, 2.4, 3.2), TrackedObject::CLASS_TRUCK, 0.10),
];

fn lanes_of(map: &Map, kind: LaneKind, least_m: f64) -> Vec<LaneId> {
    let fits = |l: &&maps::Lane| l.kind == kind && l.junction.is_none() && l.length() > least_m;
    map.lanes.iter().filter(fits).map(|l| l.id).collect()
}

impl Crowd {
    /// A place on one of these lanes that is free, `clear_m` from vehicles under test; none if there is none.
    fn free_place(
        &mut self,
        lanes: &[LaneId],
        clear_m: f64,
        surroundings: &Surroundings,
    ) -> Option<(LaneId, f64)> {
        let total: f64 = lanes.iter().map(|l| self.map.lane(*l).length()).sum();
        let mut far = None;
        for _ in 0..TRIES {
            let mut way = self.random.uniform(0.0, total);
            let lane = lanes.iter().find(|l| {
                let length = self.map.lane(**l).length();
                way -= length;
                way <= 0.0
            });
            let lane = self.map.lane(*lane?);
            let s = (way + lane.length()).clamp(5.0_f64.min(0.5 * lane.length()), lane.length());
            let point = self.frame.to_world(lane.centre.at(s).position);
            let from_ego = surroundings.distance_to_ego(point);
            let taken = self.actors().any(|a| a.center.distance(point) < CLEAR_M);
            if from_ego < clear_m || taken {
                continue;
            }
            if from_ego < FAR_M || surroundings.egos.is_empty() {
                return Some((lane.id, s));
            }
            far.get_or_insert((lane.id, s));
        }
        far
    }

    /// Puts everyone to a first place.
    pub(super) fn populate(&mut self, ground: &Ground, physics: &mut Physics, surroundings: &Surroundings) {
        let lanes = lanes_of(&self.map, LaneKind::Driving, 12.0);
        for id in 0..self.wanted.0 as u32 {
            let Some((lane, s)) = self.free_place(&lanes, START_CLEAR_M, surroundings) else { break };
            let mut pick = self.random.uniform(0.0, 1.0);
            let kind = KINDS.iter().find(|k| {
                pick -= k.2;
                pick <= 0.0
            });
            let (size, class, _) = kind.unwrap_or(&KINDS[0]);
            let actor = Actor::new(physics, Owner::Vehicle(id), id, *class, 0.5 * *size, Looks(0.6));
            let eagerness = self.random.uniform(0.8, 1.0);
            let random = Random::new(u64::from(id) ^ self.random.index(1 << 30) as u64, "driver", id.into());
            let mut driver = Driver::new(actor, Path::new(lane, s), eagerness, random);
            driver.place(&self.map, self.frame, ground, physics, None);
            self.drivers.push(driver);
        }
        let ways = lanes_of(&self.map, LaneKind::Sidewalk, 5.0);
        for i in 0..self.wanted.1 {
            let id = (self.wanted.0 + i) as u32;
            let Some((lane, s)) = self.free_place(&ways, 8.0, surroundings) else { break };
            let half = 0.5 * DVec3::new(0.45, 0.55, self.random.uniform(1.5, 1.9));
            let class = TrackedObject::CLASS_PEDESTRIAN;
            let actor = Actor::new(physics, Owner::Pedestrian(id), id, class, half, Looks(0.4));
            let random = Random::new(u64::from(id) ^ self.random.index(1 << 30) as u64, "walker", id.into());
            let mut walker = Walker::new(actor, lane, s, random);
            walker.place(&self.map, self.frame, ground, physics, None);
            self.walkers.push(walker);
        }
        let missing = self.wanted.0 + self.wanted.1 - self.drivers.len() - self.walkers.len();
        if missing > 0 {
            tracing::warn!(
                missing,
                "there is no room for all road users: are there lanes and sidewalks away from the vehicle?"
            );
        }
    }

    /// Puts those whose road has ended, or who are stuck, somewhere else.
    pub(super) fn respawn(&mut self, ground: &Ground, physics: &mut Physics, surroundings: &Surroundings) {
        let lost = |d: &Driver| {
            let distance = surroundings.distance_to_ego(d.actor.center);
            d.gone && distance > 30.0
                || d.standing_s > STUCK_S && distance > SIGHT_M
                || d.standing_s > 2.0 * STUCK_S && distance > 12.0
                || d.gone && d.standing_s > 10.0
        };
        let Some(index) = self.drivers.iter().position(lost) else { return };
        let lanes = lanes_of(&self.map, LaneKind::Driving, 12.0);
        let Some((lane, s)) = self.free_place(&lanes, SIGHT_M, surroundings) else { return };
        self.junctions.release(index, &[]);
        let driver = &mut self.drivers[index];
        driver.restart(Path::new(lane, s));
        driver.place(&self.map, self.frame, ground, physics, None);
    }
}
