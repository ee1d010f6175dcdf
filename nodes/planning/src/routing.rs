//! From where the vehicle is to where it is to go, over lanes.

use glam::DVec3;
use maps::{LaneFilter, LaneId, LanePosition, Map, Route, RouteOptions};
use vehicle::{Pose2, wrap_angle};

/// How far beside a lane the vehicle may start, m from the lane's edge.
const START_WITHIN_M: f64 = 2.0;
/// How far beside a lane a stop may lie, m from the lane's edge.
const STOP_WITHIN_M: f64 = 5.0;
/// Lanes tried for each end.
const TRIED: usize = 4;

/// Why there is no way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// The vehicle is not on a lane that it may drive in its direction.
    #[error("the vehicle is not on a drivable lane")]
    StartOffLanes,
    /// The stop is not near a lane.
    #[error("the stop is not near a drivable lane")]
    StopOffLanes,
    /// No route leads there.
    #[error("no route leads to the stop")]
    Unreachable,
    /// Every way has a turn in which the vehicle can't stay on the road.
    #[error("every way to the stop has a turn that is too tight for the vehicle")]
    TooTight,
    /// The stop is where the vehicle is.
    #[error("the route is too short to drive")]
    TooShort,
}

impl NoRoute {
    /// In words, for a diagnostic.
    pub fn words(self) -> &'static str {
        match self {
            Self::StartOffLanes => "the vehicle is not on a drivable lane of its direction",
            Self::StopOffLanes => "the stop is not near a drivable lane",
            Self::Unreachable => "no route leads to the stop",
            Self::TooTight => "every way to the stop has a turn that is too tight for the vehicle",
            Self::TooShort => "the route is too short to drive",
        }
    }
}

/// The best route from a pose to a stop. Where several lanes lie under the vehicle or the stop, the one that fits best
/// by offset, heading and length of the way. Lanes of `known` are preferred for the start,
/// those of `avoided` are not driven.
pub fn find_route(
    map: &Map,
    from: (Pose2, f64),
    to: (Pose2, f64),
    to_has_heading: bool,
    known: &[LaneId],
    avoided: &[LaneId],
) -> Result<Route, NoRoute> {
    let starts = places(map, from, true, START_WITHIN_M);
    let stops = places(map, to, to_has_heading, STOP_WITHIN_M);
    if starts.is_empty() {
        return Err(NoRoute::StartOffLanes);
    }
    if stops.is_empty() {
        return Err(NoRoute::StopOffLanes);
    }
    let options = RouteOptions { blocked: avoided.to_vec(), ..RouteOptions::default() };
    let mut best: Option<(f64, Route)> = None;
    for (start, start_cost) in &starts {
        let bonus = if known.contains(&start.lane) { -20.0 } else { 0.0 };
        for (stop, stop_cost) in &stops {
            let Ok(route) = map.route(*start, *stop, &options) else { continue };
            let cost = route.length_m + start_cost + stop_cost + bonus;
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, route));
            }
        }
    }
    best.map(|(_, route)| route).ok_or(NoRoute::Unreachable)
}

/// Lanes at a pose with what it costs to be there, m of way, the best first.
fn places(map: &Map, at: (Pose2, f64), has_heading: bool, within_m: f64) -> Vec<(LanePosition, f64)> {
    let (pose, z) = at;
    let point = pose.position.extend(if z.is_finite() { z } else { 0.0 });
    if !point.is_finite() || !pose.heading.is_finite() {
        return vec![];
    }
    let heading = has_heading.then_some(pose.heading);
    let filter = LaneFilter { drivable: true, heading, within_m: 0.0 };
    let mut found = map.lanes_at(point, filter);
    if found.is_empty() {
        found = map.nearest_lane(point, LaneFilter { within_m, ..filter }).into_iter().collect();
    }
    let mut places: Vec<_> = found
        .into_iter()
        .map(|p| {
            let lane = map.point_at(LanePosition { t: 0.0, ..p });
            let turned = heading.map_or(0.0, |h| wrap_angle(lane.heading - h).abs());
            let apart = (lane.position - DVec3::new(point.x, point.y, point.z)).z.abs();
            (p, 10.0 * p.t.abs() + 40.0 * turned + 10.0 * apart)
        })
        .collect();
    places.sort_by(|a, b| a.1.total_cmp(&b.1));
    places.truncate(TRIED);
    places
}
