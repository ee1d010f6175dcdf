//! The lanes that a driver is going to follow.

use std::collections::VecDeque;

use glam::DVec2;
use maps::{LaneId, Map, PolylinePoint};

use crate::random::Random;

/// Lanes in order; the vehicle's middle is on the first one.
pub(crate) struct Path {
    /// The lanes.
    pub lanes: VecDeque<LaneId>,
    /// Where on the first lane, m.
    pub s: f64,
}

/// A point ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead {
    /// Way to it, m.
    pub way: f64,
    /// In map.
    pub point: PolylinePoint,
    pub speed_limit: f64,
}

/// Where lanes name no limit, m/s.
const DEFAULT_LIMIT_MPS: f64 = 13.9;

impl Path {
    pub fn new(lane: LaneId, s: f64) -> Self {
        Self { lanes: VecDeque::from([lane]), s }
    }

    /// Chooses lanes until they reach `way` m ahead; false if the road ends before.
    pub fn extend(&mut self, map: &Map, random: &mut Random, way: f64) -> bool {
        let mut have = self.lanes.iter().map(|l| map.lane(*l).length()).sum::<f64>() - self.s;
        while have < way {
            let Some(last) = self.lanes.back() else { return false };
            let next: Vec<LaneId> = map
                .lane(*last)
                .successors
                .iter()
                .copied()
                .filter(|l| map.lane(*l).kind.is_drivable())
                .collect();
            if next.is_empty() || self.lanes.len() > 200 {
                return false;
            }
            let chosen = next[random.index(next.len())];
            have += map.lane(chosen).length();
            self.lanes.push_back(chosen);
        }
        true
    }

    /// Goes on by `way` m.
    pub fn advance(&mut self, map: &Map, way: f64) {
        self.s += way;
        while self.lanes.len() > 1 {
            let length = map.lane(self.lanes[0]).length();
            if self.s < length {
                break;
            }
            self.s -= length;
            self.lanes.pop_front();
        }
    }

    /// The point `way` m ahead, clamped to the path; a little behind goes on straight.
    pub fn at(&self, map: &Map, way: f64) -> Ahead {
        let mut s = self.s + way;
        for (i, lane) in self.lanes.iter().enumerate() {
            let lane = map.lane(*lane);
            if s <= lane.length() || i + 1 == self.lanes.len() {
                let mut point = lane.centre.at(s);
                if s < 0.0 {
                    point.position += (DVec2::from_angle(point.heading) * s).extend(0.0);
                }
                let limit = lane.speed_limit_mps(s);
                let speed_limit = if limit.is_finite() { limit } else { DEFAULT_LIMIT_MPS };
                return Ahead { way, point, speed_limit };
            }
            s -= lane.length();
        }
        Ahead { way, point: PolylinePoint::default(), speed_limit: 0.0 }
    }

    /// Way to the beginning of each lane, negative for the first one, m.
    pub fn beginnings(&self, map: &Map) -> impl Iterator<Item = (LaneId, f64)> {
        let mut way = -self.s;
        self.lanes.iter().map(move |lane| {
            let begins = way;
            way += map.lane(*lane).length();
            (*lane, begins)
        })
    }
}
