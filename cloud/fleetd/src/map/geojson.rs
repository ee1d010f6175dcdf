//! GeoJSON (RFC 7946): longitude before latitude.

use maps::Wgs84;
use serde_json::{Value, json};

/// A line with what is known of it.
pub fn line(places: impl IntoIterator<Item = Wgs84>, properties: Value) -> Value {
    feature("LineString", places.into_iter().map(position).collect(), properties)
}

/// An area within a ring; the first corner is not repeated.
pub fn polygon(ring: impl IntoIterator<Item = Wgs84>, properties: Value) -> Value {
    let mut ring: Vec<Value> = ring.into_iter().map(position).collect();
    ring.extend(ring.first().cloned());
    feature("Polygon", json!([ring]), properties)
}

/// All of them in a document.
pub fn collection(features: Vec<Value>) -> Value {
    json!({ "type": "FeatureCollection", "features": features })
}

fn feature(kind: &str, coordinates: Value, properties: Value) -> Value {
    json!({ "type": "Feature", "geometry": { "type": kind, "coordinates": coordinates }, "properties": properties })
}

/// To the centimetre.
fn position(place: Wgs84) -> Value {
    let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
    json!([rounded(place.longitude_deg), rounded(place.latitude_deg)])
}
