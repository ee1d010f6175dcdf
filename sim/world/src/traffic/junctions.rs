//! Who may cross a junction. A driver claims the lanes of its crossing before it enters; lanes that get in the way of
//! claimed ones are given to others only when they are free again. Vehicles under test claim nothing, so the lanes that
//! they are on, or about to enter, are kept free for them.

use std::collections::BTreeMap;

use maps::{LaneFilter, LaneId, Map};

use super::surroundings::Body;
use crate::frame::Frame;

/// A vehicle under test that stands this long before a junction gives way, s.
const PATIENCE_S: f64 = 4.0;
/// Below this speed it stands, m/s.
const STANDING_MPS: f64 = 0.3;

pub(crate) struct Junctions {
    /// For each lane those in whose way it is.
    conflicts: BTreeMap<LaneId, Vec<LaneId>>,
    /// Who has claimed a lane: numbers of drivers.
    claims: BTreeMap<LaneId, Vec<usize>>,
    /// Lanes that vehicles under test are on or about to enter.
    egos: Vec<LaneId>,
    standing_s: Vec<f64>,
}

impl Junctions {
    pub fn new(map: &Map) -> Self {
        let mut conflicts: BTreeMap<LaneId, Vec<LaneId>> = BTreeMap::new();
        for conflict in map.junctions.iter().flat_map(|j| &j.conflicts) {
            conflicts.entry(conflict.a.0).or_default().push(conflict.b.0);
            conflicts.entry(conflict.b.0).or_default().push(conflict.a.0);
        }
        Self { conflicts, claims: BTreeMap::new(), egos: vec![], standing_s: vec![] }
    }

    /// Finds out which lanes vehicles under test need, `dt_s` after the last time.
    pub fn look_at_egos(&mut self, map: &Map, frame: Frame, egos: &[Body], dt_s: f64) {
        self.egos.clear();
        self.standing_s.resize(egos.len(), 0.0);
        for (ego, standing) in egos.iter().zip(&mut self.standing_s) {
            *standing = if ego.speed() < STANDING_MPS { *standing + dt_s } else { 0.0 };
            let filter = LaneFilter { within_m: 0.0, heading: Some(ego.heading), ..LaneFilter::default() };
            let reach = ego.speed().powi(2) / 3.0 + 12.0 + ego.half.x;
            for at in map.lanes_at(frame.to_map(ego.center), filter) {
                if map.lane(at.lane).junction.is_some() {
                    self.egos.push(at.lane);
                }
                if *standing < PATIENCE_S {
                    reach_on(map, at.lane, reach - (map.lane(at.lane).length() - at.s), &mut self.egos);
                }
            }
        }
    }

    /// Claims lanes for a driver, all or none; true if it has them.
    pub fn claim(&mut self, driver: usize, lanes: &[LaneId]) -> bool {
        let taken = |lane: &LaneId| {
            let others = |l: &LaneId| self.claims.get(l).is_some_and(|c| c.iter().any(|d| *d != driver));
            self.conflicts.get(lane).is_some_and(|c| c.iter().any(|l| others(l) || self.egos.contains(l)))
        };
        if lanes.iter().any(taken) {
            return false;
        }
        for lane in lanes {
            let claims = self.claims.entry(*lane).or_default();
            if !claims.contains(&driver) {
                claims.push(driver);
            }
        }
        true
    }

    /// Gives all lanes of a driver back but those in `keep`.
    pub fn release(&mut self, driver: usize, keep: &[LaneId]) {
        self.claims.retain(|lane, claims| {
            if !keep.contains(lane) {
                claims.retain(|d| *d != driver);
            }
            !claims.is_empty()
        });
    }
}

/// Adds lanes of junctions that begin within `reach` behind the end of `lane` to `out`.
fn reach_on(map: &Map, lane: LaneId, reach: f64, out: &mut Vec<LaneId>) {
    let mut open = vec![(lane, reach)];
    let mut looked = 0;
    while let Some((lane, reach)) = open.pop() {
        looked += 1;
        if reach <= 0.0 || looked > 64 {
            continue;
        }
        for next in &map.lane(lane).successors {
            if map.lane(*next).junction.is_some() {
                out.push(*next);
            }
            open.push((*next, reach - map.lane(*next).length()));
        }
    }
}
