//! Damaged files: an error that says where, or a graph; never a panic.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps::road::{Overlay, Query, RoadGraph};
use proptest::prelude::*;

const ROADS: &str = include_str!("../data/uae-main-roads.osm");

/// Liechtenstein; not part of the project.
fn country() -> Option<Vec<u8>> {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/maps/osm/liechtenstein-latest.osm.pbf");
    let bytes = std::fs::read(file).ok();
    if bytes.is_none() {
        println!("skipped: {file} is missing");
    }
    bytes
}

/// Whatever is loaded can be asked.
fn ask(loaded: Result<RoadGraph, maps::MapError>) {
    match loaded {
        Ok(graph) => {
            let (a, b) = graph.bounds();
            let _ = graph.route(&Query { snap_within_m: 1e6, ..Query::new(a, b) }, &Overlay::default());
            graph.report();
        }
        Err(error) => assert!(error.to_string().contains("broken.osm"), "{error}"),
    }
}

#[test]
fn errors_say_where() {
    let error = |from: &str, to: &str| {
        let text = ROADS.replacen(from, to, 1);
        assert_ne!(text, ROADS, "{from}");
        RoadGraph::from_osm_xml("broken.osm", &text).unwrap_err().to_string()
    };
    let line = ROADS.lines().position(|l| l.contains("<node id=\"2\"")).unwrap() + 1;
    let said = error("<node id=\"2\" lat=\"24", "<node id=\"2\" lat=\"124");
    assert!(said.contains(&format!("broken.osm:{line}")) && said.contains("node 2"), "{said}");
    assert!(error("<way id=\"1101\"", "<way id=\"E11\"").contains("`id` of this <way> is `E11`"));
    assert!(error("</osm>", "").contains("not well-formed"));
    let said = RoadGraph::from_osm_xml("broken.osm", "<osm/>").unwrap_err().to_string();
    assert!(said.contains("no road for cars"), "{said}");
    let said = RoadGraph::from_osm_pbf("broken.osm.pbf", b"").unwrap_err().to_string();
    assert!(said.contains("empty"), "{said}");
    let said = RoadGraph::from_osm_pbf("broken.osm.pbf", ROADS.as_bytes()).unwrap_err().to_string();
    assert!(said.contains("block at byte 0"), "{said}");
    assert!(RoadGraph::load("roads.geojson").unwrap_err().to_string().contains(".osm.pbf"));
}

#[test]
fn a_country_that_ends_early_is_refused() {
    let Some(bytes) = country() else { return };
    let whole = RoadGraph::from_osm_pbf("country.osm.pbf", &bytes).unwrap();
    assert!(whole.report().strongly_connected_nodes > 3000);
    for share in [0.001, 0.2, 0.5, 0.9, 0.999] {
        let end = (bytes.len() as f64 * share) as usize;
        let said = RoadGraph::from_osm_pbf("broken.osm.pbf", &bytes[..end]).unwrap_err().to_string();
        assert!(said.contains("block at byte"), "{said}");
    }
}

proptest! {
    #[test]
    fn damaged_xml_is_refused_or_read(
        changes in prop::collection::vec((0..ROADS.len(), any::<u8>()), 1..4),
        end in 0..4 * ROADS.len(),
    ) {
        let mut bytes = ROADS.as_bytes().to_vec();
        changes.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        bytes.truncate(end);
        ask(RoadGraph::from_osm_xml("broken.osm", &String::from_utf8_lossy(&bytes)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn a_damaged_country_is_refused_or_read(at in 0.0..1.0_f64, byte in any::<u8>()) {
        if let Some(mut bytes) = country() {
            let at = (bytes.len() as f64 * at) as usize;
            bytes[at] = byte;
            ask(RoadGraph::from_osm_pbf("broken.osm.pbf", &bytes));
        }
    }
}
