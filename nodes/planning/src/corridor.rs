//! The room along the middle of a route's lanes.

use std::cell::OnceCell;

use glam::DVec2;

use crate::line::{LinePoint, ReferenceLine};
use crate::route_line::RawPoint;
use crate::surface::Surface;

/// How far beyond the lane's edge more road is looked for, m, in which steps, and how exactly its edge is found.
const ROAD_REACH_M: f64 = 3.0;
const ROAD_STEP_M: f64 = 0.25;
const ROAD_WITHIN_M: f64 = 0.02;
/// Numbers of points around the expected one among which the nearest is sought.
const NEAR: f64 = 14.0;

/// The lane and the road around it.
pub struct Corridor<'a> {
    raw: &'a [RawPoint],
    surface: &'a Surface<'a>,
    middle: ReferenceLine,
    /// Edges of the road to the left and right of each point, as far as they were asked for, m outwards.
    road: [Vec<OnceCell<f64>>; 2],
}

/// A side of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
}

impl Side {
    /// 1 for left and -1 for right.
    pub fn sign(self) -> f64 {
        match self {
            Self::Left => 1.0,
            Self::Right => -1.0,
        }
    }
}

/// How far a point is beyond an edge, m; negative within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beyond {
    /// The edge of the lane.
    pub lane_m: f64,
    /// The edge of the road: of all that vehicles of this direction may drive on.
    pub road_m: f64,
    /// Outwards, a unit vector.
    pub outwards: DVec2,
}

impl<'a> Corridor<'a> {
    /// Along the middles of lanes.
    pub fn new(raw: &'a [RawPoint], surface: &'a Surface<'a>) -> Self {
        let middle: Vec<DVec2> = raw.iter().map(|p| p.position).collect();
        let middle = ReferenceLine::through(&middle, &vec![0.0; raw.len()]);
        let unknown = || vec![OnceCell::new(); raw.len()];
        Self { raw, surface, middle, road: [unknown(), unknown()] }
    }

    /// To the left of the lane's middle, m, near the point of a number, with the direction to the left.
    pub fn offset(&self, point: DVec2, near: f64) -> (f64, DVec2) {
        let p = &self.middle.points()[self.nearest(point, near)];
        (p.normal().dot(point - p.position), p.normal())
    }

    /// How far a point is beyond the edges of a side, near the point of a number.
    pub fn beyond(&self, point: DVec2, near: f64, side: Side) -> Beyond {
        let i = self.nearest(point, near);
        let p = &self.middle.points()[i];
        let outwards = p.normal() * side.sign();
        let out_m = outwards.dot(point - p.position);
        // In curves the places looked at are far apart on the outside: what lies between is no wider than they are.
        let around = i.saturating_sub(1)..(i + 2).min(self.raw.len());
        let road_m = around.map(|i| self.road_edge(i, side)).fold(f64::INFINITY, f64::min);
        let lane_m = self.lane_edge(i, side);
        Beyond { lane_m: out_m - lane_m, road_m: out_m - road_m.max(lane_m), outwards }
    }

    fn lane_edge(&self, i: usize, side: Side) -> f64 {
        match side {
            Side::Left => self.raw[i].left_m,
            Side::Right => -self.raw[i].right_m,
        }
    }

    fn road_edge(&self, i: usize, side: Side) -> f64 {
        let (side_index, neighbours_m) = match side {
            Side::Left => (0, self.raw[i].road_left_m),
            Side::Right => (1, -self.raw[i].road_right_m),
        };
        *self.road[side_index][i].get_or_init(|| {
            let LinePoint { position, heading, .. } = self.middle.points()[i];
            let outwards = DVec2::from_angle(heading).perp() * side.sign();
            let is_road =
                |out_m: f64| self.surface.allows(position + outwards * out_m, self.raw[i].z, heading);
            let lane_m = self.lane_edge(i, side);
            let (mut edge_m, mut step_m) = (neighbours_m.max(lane_m), ROAD_STEP_M);
            while step_m > ROAD_WITHIN_M && edge_m < lane_m + ROAD_REACH_M {
                if is_road(edge_m + step_m) { edge_m += step_m } else { step_m *= 0.5 }
            }
            edge_m
        })
    }

    fn nearest(&self, point: DVec2, near: f64) -> usize {
        let last = self.raw.len() - 1;
        let from = (near - NEAR).clamp(0.0, last as f64) as usize;
        let to = (near + NEAR).clamp(0.0, last as f64) as usize;
        let distance = |i: &usize| self.raw[*i].position.distance_squared(point);
        (from..=to).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }
}
