//! `atlas map info`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use clap::Args;
use maps::{LaneKind, Map, SignalKind};
use serde_json::{Value, json};

use super::roads;
use crate::output::Out;

/// Print what is in a map.
#[derive(Args)]
pub struct Info {
    /// OpenDRIVE (.xodr) or OpenStreetMap (.osm.pbf, .osm) file, or the name of a map that ships with the product, e.g.
    /// terminal-yard, uae-main-roads
    file: String,
}

/// Lanes of one kind.
#[derive(Default)]
struct OfKind {
    lanes: usize,
    length_m: f64,
}

/// What is printed.
struct Summary<'m> {
    map: &'m Map,
    lanes: Vec<(&'static str, OfKind)>,
    /// Length of drivable lanes, by limit in km/h (rounded).
    limits: Vec<(String, f64)>,
    signals: Vec<(&'static str, usize)>,
    objects: BTreeMap<&'m str, usize>,
}

const KINDS: [(LaneKind, &str); 8] = [
    (LaneKind::Driving, "driving"),
    (LaneKind::Parking, "parking"),
    (LaneKind::Shoulder, "shoulder"),
    (LaneKind::Border, "border"),
    (LaneKind::Median, "median"),
    (LaneKind::Biking, "biking"),
    (LaneKind::Sidewalk, "sidewalk"),
    (LaneKind::Other, "other"),
];

const SIGNALS: [(SignalKind, &str); 5] = [
    (SignalKind::TrafficLight, "traffic lights"),
    (SignalKind::Stop, "stop signs"),
    (SignalKind::Yield, "give way"),
    (SignalKind::SpeedLimit, "speed limits"),
    (SignalKind::Other, "other"),
];

impl Info {
    pub fn run(self, out: &mut Out) -> Result<()> {
        if roads::is_roads(&self.file) {
            return roads::info(&self.file, out);
        }
        let map = Map::load(&self.file)?;
        let summary = Summary::new(&map);
        if out.json { out.json_document(&summary.to_json()) } else { out.text(&summary.to_text()) }
    }
}

impl<'m> Summary<'m> {
    fn new(map: &'m Map) -> Self {
        let of_kind = |kind| {
            let lanes = map.lanes.iter().filter(|l| l.kind == kind);
            lanes.fold(OfKind::default(), |sum, l| OfKind {
                lanes: sum.lanes + 1,
                length_m: sum.length_m + l.length(),
            })
        };
        let lanes =
            KINDS.iter().map(|(kind, name)| (*name, of_kind(*kind))).filter(|(_, k)| k.lanes > 0).collect();
        let signals = SIGNALS
            .iter()
            .map(|(kind, name)| (*name, map.signals.iter().filter(|s| s.kind == *kind).count()))
            .filter(|(_, count)| *count > 0)
            .collect();
        let mut objects = BTreeMap::new();
        for object in &map.objects {
            *objects.entry(object.kind.as_str()).or_insert(0) += 1;
        }
        Self { map, lanes, limits: limits(map), signals, objects }
    }

    fn to_json(&self) -> Value {
        let map = self.map;
        let (min, max) = map.bounds();
        let origin = map.georeference.to_wgs84(glam::DVec3::ZERO);
        json!({
            "name": map.name,
            "digest": map.digest,
            "bounds_m": [min.to_array(), max.to_array()],
            "lanes": self.lanes.iter().map(|(name, k)| ((*name).to_string(), json!({"count": k.lanes, "length_m": k.length_m}))).collect::<serde_json::Map<_, _>>(),
            "junctions": map.junctions.len(),
            "conflicts": map.junctions.iter().map(|j| j.conflicts.len()).sum::<usize>(),
            "signals": self.signals.iter().map(|(name, count)| ((*name).to_string(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "objects": self.objects,
            "speed_limits": self.limits.iter().map(|(limit, length)| json!({"limit": limit, "length_m": length})).collect::<Vec<_>>(),
            "georeference": {
                "in_file": map.is_georeferenced,
                "proj": map.georeference.definition(),
                "origin_latitude_deg": origin.latitude_deg,
                "origin_longitude_deg": origin.longitude_deg,
            },
            "warnings": map.warnings.iter().map(|w| format!("{}: {}", w.place, w.what)).collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        let map = self.map;
        let mut text = String::new();
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<15}{value}");
        };
        row("name", map.name.clone());
        row("digest", map.digest.clone());
        let (min, max) = map.bounds();
        let size = max - min;
        row(
            "size",
            format!(
                "{:.0} m × {:.0} m, from ({:.1}, {:.1}) to ({:.1}, {:.1})",
                size.x, size.y, min.x, min.y, max.x, max.y
            ),
        );
        for (i, (name, kind)) in self.lanes.iter().enumerate() {
            let title = if i == 0 { "lanes" } else { "" };
            row(title, format!("{:>5}  {name:<9} {:>10.2} km", kind.lanes, kind.length_m / 1000.0));
        }
        for (i, (limit, length)) in self.limits.iter().enumerate() {
            let title = if i == 0 { "speed limits" } else { "" };
            row(title, format!("{limit:>9}  {:>12.2} km", length / 1000.0));
        }
        let conflicts: usize = map.junctions.iter().map(|j| j.conflicts.len()).sum();
        row(
            "junctions",
            format!("{:>5}  with {conflicts} conflicts between their lanes", map.junctions.len()),
        );
        let mut list = |name: &str, total: usize, parts: Vec<String>| {
            let parts = if parts.is_empty() { String::new() } else { format!("  {}", parts.join(", ")) };
            row(name, format!("{total:>5}{parts}"));
        };
        list(
            "signals",
            map.signals.len(),
            self.signals.iter().map(|(name, count)| format!("{count} {name}")).collect(),
        );
        list(
            "objects",
            map.objects.len(),
            self.objects.iter().map(|(kind, count)| format!("{count} {kind}")).collect(),
        );
        let origin = map.georeference.to_wgs84(glam::DVec3::ZERO);
        let (of_file, proj) = (map.is_georeferenced, map.georeference.definition());
        let whose = if of_file { "" } else { "not in the file; taken as " };
        row("georeference", format!("{whose}{proj}"));
        row("origin", format!("{:.6}° N, {:.6}° E", origin.latitude_deg, origin.longitude_deg));
        row("warnings", map.warnings.len().to_string());
        for warning in &map.warnings {
            let _ = writeln!(text, "  {}: {}", warning.place, warning.what);
        }
        text
    }
}

/// Length of drivable lanes by their limits, slowest first, those without at the end.
fn limits(map: &Map) -> Vec<(String, f64)> {
    let mut lengths: BTreeMap<u64, f64> = BTreeMap::new();
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
        let ends = lane.speed_limits.iter().skip(1).map(|l| l.from_s).chain([lane.length()]);
        for (limit, end) in lane.speed_limits.iter().zip(ends) {
            let kmh = limit.limit_mps * 3.6;
            let key = if kmh.is_finite() { kmh.round() as u64 } else { u64::MAX };
            *lengths.entry(key).or_default() += end - limit.from_s;
        }
    }
    let name = |kmh: u64| if kmh == u64::MAX { "none".to_string() } else { format!("{kmh} km/h") };
    lengths.into_iter().map(|(kmh, length)| (name(kmh), length)).collect()
}
