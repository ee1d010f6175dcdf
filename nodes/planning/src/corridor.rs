//! The room along the middle of a route's lanes.

use glam::DVec2;

use crate::line::ReferenceLine;
use crate::route_line::{LINE_STEP_M, RawPoint};

/// How far beyond the lane's edge more road is looked for, m, in which steps, and how exactly its edge is found.
const ROAD_REACH_M: f64 = 3.0;
const ROAD_STEP_M: f64 = 0.25;
const ROAD_WITHIN_M: f64 = 0.02;
/// Numbers of points around the expected one among which the nearest is sought.
const NEAR: f64 = 14.0;

/// The lane and the road around it.
pub struct Corridor<'a> {
    raw: &'a [RawPoint],
    /// To the left of the lane's middle, unit vectors.
    normals: Vec<DVec2>,
    /// Left and right edge of all that vehicles of this direction may drive on, m to the left of the middle.
    road: Vec<[f64; 2]>,
}

/// A side of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    Left,
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
    /// The edge of the road.
    pub road_m: f64,
    /// Outwards, a unit vector.
    pub outwards: DVec2,
}

impl<'a> Corridor<'a> {
    /// `on_road` says of a point, its height and a heading whether vehicles of that direction may be there although it
    /// is not on the lane: beside it, or within a junction.
    pub fn new(raw: &'a [RawPoint], on_road: impl Fn(DVec2, f64, f64) -> bool) -> Self {
        let middle: Vec<DVec2> = raw.iter().map(|p| p.position).collect();
        let line = ReferenceLine::through(&middle, &vec![0.0; raw.len()]);
        let normals: Vec<DVec2> = line.points().iter().map(|p| p.normal()).collect();
        let edge = |i: usize, side: Side| {
            let (p, heading, sign) = (&raw[i], line.points()[i].heading, side.sign());
            let (lane_m, neighbours_m) = match side {
                Side::Left => (p.left_m, p.road_left_m),
                Side::Right => (p.right_m, p.road_right_m),
            };
            let mut edge_m = (sign * neighbours_m).max(sign * lane_m);
            let is_road = |out_m: f64| on_road(p.position + normals[i] * sign * out_m, p.z, heading);
            let reach_m = sign * lane_m + ROAD_REACH_M;
            let mut step_m = ROAD_STEP_M;
            while step_m > ROAD_WITHIN_M && edge_m < reach_m {
                if is_road(edge_m + step_m) { edge_m += step_m } else { step_m *= 0.5 }
            }
            sign * edge_m
        };
        let road = (0..raw.len()).map(|i| [edge(i, Side::Left), edge(i, Side::Right)]).collect();
        Self { raw, normals, road }
    }

    /// To the left of the lane's middle, m, near the point of a number, with the direction to the left.
    pub fn offset(&self, point: DVec2, near: f64) -> (f64, DVec2) {
        let i = self.nearest(point, near);
        (self.normals[i].dot(point - self.raw[i].position), self.normals[i])
    }

    /// How far a point is beyond the edges of a side, near the point of a number.
    pub fn beyond(&self, point: DVec2, near: f64, side: Side) -> Beyond {
        let i = self.nearest(point, near);
        let outwards = self.normals[i] * side.sign();
        let out_m = outwards.dot(point - self.raw[i].position);
        let (lane_m, road_m) = match side {
            Side::Left => (self.raw[i].left_m, self.road[i][0]),
            Side::Right => (-self.raw[i].right_m, -self.road[i][1]),
        };
        Beyond { lane_m: out_m - lane_m, road_m: out_m - road_m, outwards }
    }

    fn nearest(&self, point: DVec2, near: f64) -> usize {
        let last = self.raw.len() - 1;
        let from = (near - NEAR).clamp(0.0, last as f64) as usize;
        let to = (near + NEAR).clamp(0.0, last as f64) as usize;
        let distance = |i: &usize| self.raw[*i].position.distance_squared(point);
        (from..=to).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }
}

/// Points of the line in a way ahead.
pub fn points_in(way_m: f64) -> f64 {
    way_m / LINE_STEP_M
}
