//! Why a route is as it is.

use serde::Serialize;

use super::graph::RoadGraph;
use super::overlay::Overlay;
use super::route::{Query, Route, RouteError};
use super::way_id::WayId;

/// A route, what was in its way, and what it would be without.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The route: where it was snapped to, its ways, the steps of its search.
    pub route: Route,
    /// Blocked segments that the search came to.
    pub blocked: Vec<WayId>,
    /// The route as it would be without any of the overlay.
    pub without_changes: WithoutChanges,
}

/// The quickest route on the map as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WithoutChanges {
    /// Length, m.
    pub length_m: f64,
    /// Time, s.
    pub duration_s: f64,
    /// The ways it drives.
    pub ways: Vec<WayId>,
}

impl RoadGraph {
    /// [`Self::route`] with its reasons. It searches twice.
    pub fn explain(&self, query: &Query, overlay: &Overlay) -> Result<Explanation, RouteError> {
        let attempt = self.attempt(query, &overlay.on(&self.inner.network))?;
        let route = self.route_of(&attempt).ok_or_else(|| self.no_way(query, overlay, &attempt))?;
        let open = self.route(query, &Overlay::default())?;
        let without_changes = WithoutChanges {
            length_m: open.length_m,
            duration_s: open.duration_s,
            ways: open.ways.into_iter().map(|w| w.way).collect(),
        };
        Ok(Explanation { route, blocked: self.way_ids(&attempt.found), without_changes })
    }
}
