//! A road graph as GeoJSON.

use maps::road::{Overlay, RoadGraph};
use serde_json::{Value, json};

use super::geojson::{collection, line};

/// West, south, east, north, degrees.
pub fn bounds(graph: &RoadGraph) -> [f64; 4] {
    let (low, high) = graph.bounds();
    [low.longitude_deg, low.latitude_deg, high.longitude_deg, high.latitude_deg]
}

/// The lines of all ways, with their segment ids, names and speeds, and whether they are blocked.
pub fn features(graph: &RoadGraph, overlay: &Overlay) -> Value {
    let ways = graph.ways().iter().flat_map(|way| {
        let properties = json!({
            "kind": "road",
            "segment_id": way.id.to_string(),
            "name": way.name,
            "speed_kmh": (graph.way_speed_mps(way.id) * 3.6).round(),
            "blocked": overlay.is_blocked(way.id),
        });
        graph.way_geometry(way.id).into_iter().map(move |places| line(places, properties.clone()))
    });
    collection(ways.collect())
}
