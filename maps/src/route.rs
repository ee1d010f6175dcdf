//! Routes over lanes.

use crate::lane::LaneId;
use crate::map::{LanePosition, Map};

/// A piece of a route on one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteSegment {
    /// The lane.
    pub lane: LaneId,
    /// Where the route comes onto it, m along it. After a lane change: where the change may begin at the earliest.
    pub from_s: f64,
    /// Where the route leaves it, m along it. Before a lane change: where the change must be done at the latest.
    pub to_s: f64,
    /// Whether the route goes to the next segment by changing to the lane beside it, and not from end to beginning.
    pub change_to_next: bool,
}

/// A way from one place to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The lanes, in order; at least one.
    pub segments: Vec<RouteSegment>,
    /// Length, m.
    pub length_m: f64,
}

/// What a route may do.
#[derive(Clone, Debug)]
pub struct RouteOptions {
    /// Shortest way on which a lane change may be made, m.
    pub lane_change_m: f64,
    /// What a lane change costs, as m of way.
    pub lane_change_cost_m: f64,
    /// Lanes that can't be used.
    pub blocked: Vec<LaneId>,
}

impl Default for RouteOptions {
    fn default() -> Self {
        Self { lane_change_m: 30.0, lane_change_cost_m: 30.0, blocked: vec![] }
    }
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// A place is not on a drivable lane.
    #[error("{what} is not on a drivable lane")]
    NotDrivable {
        /// `start` or `goal`.
        what: &'static str,
    },
    /// The goal can't be reached.
    #[error("there is no way from lane {from} to lane {to}")]
    Unreachable {
        /// Lane of the start.
        from: String,
        /// Lane of the goal.
        to: String,
    },
}

impl Map {
    /// The shortest route. A goal that lies behind the start on the same lane is reached by a way around.
    pub fn route(&self, _from: LanePosition, _to: LanePosition, _options: &RouteOptions) -> Result<Route, RouteError> {
        todo!()
    }
}
