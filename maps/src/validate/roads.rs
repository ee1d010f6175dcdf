//! Checks of a road graph: whether trips can be routed on it.

use std::path::Path;

use super::{Report, Severity};
use crate::error::Place;
use crate::road::RoadGraph;

pub(super) fn check(graph: &RoadGraph, file: &Path, report: &mut Report) {
    let found = graph.report();
    let counts = [
        ("roads", found.ways),
        ("road edges", found.edges),
        ("unconnected parts", found.components.len()),
        ("dead ends", found.dead_ends),
    ];
    report.counts.extend(counts);
    let mut warn = |check: &'static str, what: String| {
        let place = Place { file: file.to_owned(), ..Place::default() };
        report.add(Severity::Warning, check, place, what);
    };
    for warning in graph.warnings() {
        warn("roads", warning.what.clone());
    }
    for part in found.components.iter().skip(1) {
        let what = format!(
            "no road connects {} and {:.0} m of roads around it with the rest",
            part.way, part.length_m
        );
        warn("unconnected", what);
    }
    if found.traps > 0 {
        warn("trap", format!("{} junction(s) can be come to but not left", found.traps));
    }
    for way in found.zero_length {
        warn("length", format!("{way} has a piece without length"));
    }
}
