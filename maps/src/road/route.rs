//! Routes for trips.

use serde::Serialize;

use super::geometry::{Point, slice};
use super::graph::RoadGraph;
use super::index::Hit;
use super::overlay::{NetworkOverlay, Overlay};
use super::search::{Found, Piece, Through, quickest};
use super::snap::{Snap, SnapError};
use super::way_id::WayId;
use crate::geo::Wgs84;

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// Start.
    pub from: Wgs84,
    /// Goal.
    pub to: Wgs84,
    /// Largest distance from either to a road, m.
    pub snap_within_m: f64,
}

impl Query {
    /// With roads within 1 km of start and goal.
    pub fn new(from: Wgs84, to: Wgs84) -> Self {
        Self { from, to, snap_within_m: 1000.0 }
    }
}

/// A way on the roads from start to goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Route {
    /// Length on the roads, m.
    pub length_m: f64,
    /// Time, s, at the speeds of map and overlay, with turns.
    pub duration_s: f64,
    /// The line that is driven; at least one point.
    pub geometry: Vec<Wgs84>,
    /// The ways that are driven, in order; at least one. A way comes again if it is left and come back to.
    pub ways: Vec<RouteWay>,
    /// Where it begins.
    pub from: Snap,
    /// Where it ends.
    pub to: Snap,
    /// Steps of the search: edges to whose end the quickest way was found.
    pub expanded: usize,
}

/// What a route drives on one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteWay {
    /// The way.
    pub way: WayId,
    /// Its name, else its number.
    pub name: Option<String>,
    /// Length driven on it, m.
    pub length_m: f64,
    /// Time on it, with the turns onto and on it, s.
    pub duration_s: f64,
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// There is no road at the start.
    #[error("start: {0}")]
    Start(SnapError),
    /// There is no road at the goal.
    #[error("goal: {0}")]
    Goal(SnapError),
    /// There is a way but for blocked segments.
    #[error("blocked segments cut every way from {from} to {to}; met: {}", list(met))]
    Blocked {
        /// Way of the start.
        from: WayId,
        /// Way of the goal.
        to: WayId,
        /// Blocked segments that the search came to.
        met: Vec<WayId>,
    },
    /// No road leads there.
    #[error("no road leads from {from} to {to}, whatever is blocked")]
    Disconnected {
        /// Way of the start.
        from: WayId,
        /// Way of the goal.
        to: WayId,
    },
}

fn list(ways: &[WayId]) -> String {
    ways.iter().map(WayId::to_string).collect::<Vec<_>>().join(", ")
}

/// A search with its ends.
pub(super) struct Attempt {
    pub from: Hit,
    pub to: Hit,
    pub found: Found,
}

impl RoadGraph {
    /// The quickest route with what an overlay says in effect.
    ///
    /// Start and goal are moved to the nearest roads that are not blocked; if these are not connected with each other, to the
    /// nearest ones that most others are connected with.
    pub fn route(&self, query: &Query, overlay: &Overlay) -> Result<Route, RouteError> {
        let attempt = self.attempt(query, &overlay.on(&self.inner.network))?;
        self.route_of(&attempt).ok_or_else(|| self.no_way(query, overlay, &attempt))
    }

    pub(super) fn attempt(&self, query: &Query, overlay: &NetworkOverlay) -> Result<Attempt, RouteError> {
        let within = query.snap_within_m;
        let from = self.snap_hit(query.from, within, overlay).map_err(RouteError::Start)?;
        let to = self.snap_hit(query.to, within, overlay).map_err(RouteError::Goal)?;
        let nearest = self.search(overlay, from, to);
        if nearest.found.path.is_some() {
            return Ok(nearest);
        }
        let main = |place| self.snap_to_main(place, within, overlay);
        let (Some(from), Some(to)) = (main(query.from), main(query.to)) else { return Ok(nearest) };
        if (from.shape, to.shape) == (nearest.from.shape, nearest.to.shape) {
            return Ok(nearest);
        }
        let other = self.search(overlay, from, to);
        Ok(if other.found.path.is_some() { other } else { nearest })
    }

    /// Over restricted roads elsewhere than at its ends only if there is no other way.
    fn search(&self, overlay: &NetworkOverlay, from: Hit, to: Hit) -> Attempt {
        let run = |through| quickest(&self.inner, overlay, &from, &to, through);
        let mut found = run(Through::EndsOnly);
        if found.path.is_none() {
            found = run(Through::Everywhere);
        }
        Attempt { from, to, found }
    }

    /// Why an attempt found nothing.
    pub(super) fn no_way(&self, query: &Query, overlay: &Overlay, attempt: &Attempt) -> RouteError {
        let (from, to) = (self.snap_of(&attempt.from).way, self.snap_of(&attempt.to).way);
        let met = self.way_ids(&attempt.found);
        let open = Overlay::default().on(&self.inner.network);
        let is_cut = overlay.blocked().next().is_some()
            && self.attempt(query, &open).is_ok_and(|a| a.found.path.is_some());
        if is_cut { RouteError::Blocked { from, to, met } } else { RouteError::Disconnected { from, to } }
    }

    pub(super) fn way_ids(&self, found: &Found) -> Vec<WayId> {
        found.met.iter().map(|way| self.inner.network.ways[*way as usize].id).collect()
    }

    pub(super) fn route_of(&self, attempt: &Attempt) -> Option<Route> {
        let path = attempt.found.path.as_ref()?;
        let mut route = Route {
            length_m: 0.0,
            duration_s: 0.0,
            geometry: vec![],
            ways: vec![],
            from: self.snap_of(&attempt.from),
            to: self.snap_of(&attempt.to),
            expanded: attempt.found.expanded,
        };
        for piece in path {
            self.drive(piece, &mut route);
        }
        Some(route)
    }

    fn drive(&self, piece: &Piece, route: &mut Route) {
        let network = &self.inner.network;
        let edge = network.edge(piece.edge);
        let way = &network.ways[edge.way as usize];
        let length_m = f64::from(edge.length_m) * (piece.to - piece.from);
        let duration_s = f64::from(piece.time_ms) / 1e3;
        route.length_m += length_m;
        route.duration_s += duration_s;
        let points = network.edge_points(edge);
        let line: Vec<Wgs84> = if (piece.from, piece.to) == (0.0, 1.0) {
            points.into_iter().map(Point::wgs84).collect()
        } else {
            slice(&points, piece.from, piece.to)
        };
        let joins = line.first() == route.geometry.last();
        route.geometry.extend(line.into_iter().skip(usize::from(joins)));
        match route.ways.last_mut() {
            Some(last) if last.way == way.id => {
                last.length_m += length_m;
                last.duration_s += duration_s;
            }
            _ => route.ways.push(RouteWay { way: way.id, name: way.name.clone(), length_m, duration_s }),
        }
    }
}
