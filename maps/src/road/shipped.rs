//! Road graphs that ship with the product.

/// Names of the road graphs that ship with the product, for [`super::RoadGraph::load`].
pub const SHIPPED: [&str; 1] = ["uae-main-roads"];

/// The OSM XML of a shipped road graph.
pub(super) fn text(name: &str) -> Option<&'static str> {
    (name == "uae-main-roads").then_some(include_str!("../../data/uae-main-roads.osm"))
}
