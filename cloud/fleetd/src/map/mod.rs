//! What there is to look at under the vehicles: lanes and roads as GeoJSON. Playbook service: map-service.

pub mod api;
mod geojson;
mod lanes;
mod roads;

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use maps::Map;

/// Lanes of the vehicle maps, ready to be sent.
pub struct LaneMaps(Vec<LaneMap>);

struct LaneMap {
    name: String,
    /// West, south, east, north, degrees.
    bounds: [f64; 4],
    geojson: Bytes,
}

impl LaneMaps {
    /// Of those road graphs that are made of a lane map.
    pub fn load(names: &[String]) -> Result<Self> {
        let of_lanes =
            names.iter().filter(|name| name.ends_with(".xodr") || maps::SHIPPED.contains(&name.as_str()));
        let loaded = of_lanes.map(|name| {
            let map = Map::load(name).with_context(|| format!("cannot load the map {name:?}"))?;
            let (bounds, geojson) = (lanes::bounds(&map), serde_json::to_vec(&lanes::features(&map))?);
            Ok(LaneMap { name: map.name, bounds, geojson: geojson.into() })
        });
        loaded.collect::<Result<_>>().map(Self)
    }
}
