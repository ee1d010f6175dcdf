//! The road graph: roads between junctions in WGS84, which trips are routed on.
//!
//! A [`RoadGraph`] is loaded from OpenStreetMap (`.osm.pbf`, `.osm`), from a lane map (`.xodr`), or by the name of one that
//! ships with the product. It never changes and is cheap to clone; what changes with the hour, blocked segments and slower
//! ones, is an [`Overlay`] that each query brings along and that takes effect at once.
//!
//! Routes are the quickest ones: A* over directed edges with landmarks (ALT: Goldberg and Harrelson, "Computing the
//! shortest path: A* search meets graph theory", 2005). Turn restrictions are in the turns from edge to edge, and none of
//! what an overlay or a turn does makes a way quicker, so that the landmarks' bounds always hold.

mod assemble;
mod components;
mod explain;
mod geometry;
mod graph;
mod index;
mod landmarks;
mod lanes;
mod osm;
mod overlay;
#[cfg(test)]
mod reference;
mod report;
mod route;
mod search;
mod shipped;
mod snap;
mod turns;
mod way_id;

pub use explain::{Explanation, WithoutChanges};
pub use graph::{Edge, EdgeId, RoadGraph, Way};
pub use overlay::{Overlay, OverlayError};
pub use report::{Component, Report};
pub use route::{Query, Route, RouteError, RouteWay};
pub use shipped::SHIPPED;
pub use snap::{Snap, SnapError};
pub use way_id::{ParseWayIdError, WayId};
