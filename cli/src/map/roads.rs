//! What is in a road graph.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use maps::road::{Report, RoadGraph, SHIPPED};
use serde_json::json;

use crate::output::Out;

/// Whether a file is one of roads, and not of lanes.
pub fn is_roads(file: &str) -> bool {
    let ending = Path::new(file).extension().and_then(|e| e.to_str()).unwrap_or_default();
    SHIPPED.contains(&file) || ["osm", "pbf"].iter().any(|e| ending.eq_ignore_ascii_case(e))
}

/// Prints it.
pub fn info(file: &str, out: &mut Out) -> Result<()> {
    let graph = RoadGraph::load(file)?;
    let report = graph.report();
    if !out.json {
        return out.text(&to_text(&graph, &report));
    }
    let (south_west, north_east) = graph.bounds();
    out.json_document(&json!({
        "name": graph.name(),
        "digest": graph.digest(),
        "bounds": [south_west, north_east],
        "roads": report,
        "warnings": graph.warnings().iter().map(|w| &w.what).collect::<Vec<_>>(),
    }))
}

fn to_text(graph: &RoadGraph, report: &Report) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<15}{value}");
    };
    let (a, b) = graph.bounds();
    row("name", graph.name().to_owned());
    row("digest", graph.digest().to_owned());
    row(
        "area",
        format!(
            "{:.4}° N {:.4}° E to {:.4}° N {:.4}° E",
            a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg
        ),
    );
    let (unnamed, restricted) = (100.0 * report.unnamed_share, 100.0 * report.restricted_share);
    row(
        "roads",
        format!(
            "{} ways, {:.1} km; {unnamed:.0} % without a name, {restricted:.0} % with restricted access",
            report.ways,
            report.length_m / 1e3
        ),
    );
    row("graph", format!("{} nodes, {} edges, {} dead ends", report.nodes, report.edges, report.dead_ends));
    row(
        "parts",
        format!(
            "{} that no road connects; {} nodes reach each other",
            report.components.len(),
            report.strongly_connected_nodes
        ),
    );
    row("warnings", graph.warnings().len().to_string());
    for warning in graph.warnings() {
        let _ = writeln!(text, "  {}", warning.what);
    }
    text
}
