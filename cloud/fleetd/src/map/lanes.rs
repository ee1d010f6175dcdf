//! A lane map as GeoJSON: surfaces, lines between lanes, things beside them.

use glam::{DVec2, DVec3};
use maps::{Lane, LaneKind, Map, Object, ObjectShape, Wgs84};
use serde_json::{Value, json};

use super::geojson::{collection, line, polygon};

/// West, south, east, north, degrees.
pub fn bounds(map: &Map) -> [f64; 4] {
    let (low, high) = map.bounds();
    let corners = [low, high, DVec2::new(low.x, high.y), DVec2::new(high.x, low.y)]
        .map(|corner| map.georeference.to_wgs84(corner.extend(0.0)));
    let of = |value: fn(&Wgs84) -> f64, pick: fn(f64, f64) -> f64| {
        corners.iter().map(value).reduce(pick).unwrap_or_default()
    };
    let (longitude, latitude) = (|place: &Wgs84| place.longitude_deg, |place: &Wgs84| place.latitude_deg);
    [of(longitude, f64::min), of(latitude, f64::min), of(longitude, f64::max), of(latitude, f64::max)]
}

/// All of it, what lies below first.
pub fn features(map: &Map) -> Value {
    let place = |point: &DVec3| map.georeference.to_wgs84(*point);
    let mut lanes: Vec<&Lane> = map.lanes.iter().collect();
    lanes.sort_by_key(|lane| lane.kind.is_drivable());
    let surfaces = lanes.iter().map(|lane| {
        let ring = lane.left_edge.iter().chain(lane.right_edge.iter().rev()).map(place);
        polygon(ring, json!({ "kind": kind(lane.kind), "junction": lane.junction.is_some() }))
    });
    let driving = || map.lanes.iter().filter(|lane| lane.kind.is_drivable());
    let boundaries = driving().filter(|lane| lane.junction.is_none()).flat_map(|lane| {
        let shared = |side: Option<maps::Neighbour>| {
            side.is_some_and(|beside| map.lane(beside.lane).kind.is_drivable())
        };
        [(&lane.left_edge, shared(lane.left)), (&lane.right_edge, shared(lane.right))].map(
            |(edge, shared)| {
                line(edge.iter().map(place), json!({ "kind": "boundary", "between_lanes": shared }))
            },
        )
    });
    let centres = driving().map(|lane| {
        let points = lane.centre.points().iter().map(|point| place(&point.position));
        line(points, json!({ "kind": "centre", "junction": lane.junction.is_some() }))
    });
    let objects = map.objects.iter().filter(|object| object.is_solid()).map(|object| {
        let ring = outline(object).into_iter().map(|corner| place(&corner.extend(object.position.z)));
        polygon(ring, json!({ "kind": "object", "type": object.kind, "height_m": object.height_m }))
    });
    collection(surfaces.chain(boundaries).chain(centres).chain(objects).collect())
}

fn kind(kind: LaneKind) -> &'static str {
    match kind {
        LaneKind::Driving => "driving",
        LaneKind::Parking => "parking",
        LaneKind::Shoulder => "shoulder",
        LaneKind::Sidewalk => "sidewalk",
        LaneKind::Biking => "biking",
        LaneKind::Border | LaneKind::Median | LaneKind::Other => "other",
    }
}

fn outline(object: &Object) -> Vec<DVec2> {
    let (at, along) = (object.position.truncate(), DVec2::from_angle(object.heading));
    match &object.shape {
        ObjectShape::Box { length_m, width_m } => [(0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5)]
            .map(|(l, w)| at + along * (l * length_m) + along.perp() * (w * width_m))
            .to_vec(),
        ObjectShape::Cylinder { radius_m } => (0..12)
            .map(|i| at + DVec2::from_angle(f64::from(i) * std::f64::consts::TAU / 12.0) * *radius_m)
            .collect(),
        ObjectShape::Outline(corners) => corners.clone(),
    }
}
