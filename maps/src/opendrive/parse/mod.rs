//! From XML to the file's own words.

mod header;
mod junction;
mod lanes;
mod object;
mod plan;
mod road;
mod signal;

use std::collections::BTreeSet;

use super::cubic::Cubic;
use super::model::Network;
use super::xml::{Element, Source};
use crate::error::MapError;

/// Reads a whole file.
pub(super) fn network(source: &mut Source, text: &str) -> Result<Network, MapError> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(|error| {
        let place = source.place(error.pos().row, None, None);
        MapError::Content { place, what: format!("not well-formed XML: {error}") }
    })?;
    let root = Element::root(document.root_element(), source);
    if root.name() != "OpenDRIVE" {
        let what = format!("this is <{}>, expected <OpenDRIVE>", root.name());
        return Err(root.error(source, what));
    }
    let header = header::read(source, root);
    let mut ids = BTreeSet::new();
    let mut roads = vec![];
    for element in collect(source, root, "road") {
        let road = road::read(source, element)?;
        if ids.insert(road.id.clone()) {
            roads.push(road);
        } else {
            let what = format!("there is a road {} already; this one is ignored", road.id);
            element.warn(source, what);
        }
    }
    if roads.is_empty() {
        return Err(root.error(source, "there is no <road> in it"));
    }
    let mut junctions = vec![];
    for element in collect(source, root, "junction") {
        junctions.push(junction::read(source, element)?);
    }
    Ok(Network { header, roads, junctions })
}

/// Children as a list, so that the source is free for warnings.
fn collect<'a, 'i>(source: &Source, element: Element<'a, 'i>, name: &str) -> Vec<Element<'a, 'i>> {
    element.children(source, name).collect()
}

/// `a b c d` from `start` on.
fn cubic(source: &Source, element: Element<'_, '_>, start: f64) -> Result<Cubic, MapError> {
    Ok(Cubic {
        start,
        a: element.number_or(source, "a", 0.0)?,
        b: element.number_or(source, "b", 0.0)?,
        c: element.number_or(source, "c", 0.0)?,
        d: element.number_or(source, "d", 0.0)?,
    })
}

/// The cubics of a list such as `<elevationProfile>`, by their beginning.
fn cubics(
    source: &mut Source,
    parent: Option<Element<'_, '_>>,
    name: &str,
    start: (&str, f64),
) -> Result<Vec<Cubic>, MapError> {
    let Some(parent) = parent else { return Ok(vec![]) };
    let mut pieces = vec![];
    for element in collect(source, parent, name) {
        let s = element.number_or(source, start.0, 0.0)? + start.1;
        pieces.push(cubic(source, element, s)?);
    }
    if pieces.windows(2).any(|w| w[1].start < w[0].start) {
        parent.warn(source, format!("its <{name}> are not in order of their `{}`; sorted", start.0));
    }
    pieces.sort_by(|a, b| a.start.total_cmp(&b.start));
    Ok(pieces)
}

/// A speed in m/s; infinite for none. `None` if it can't be understood.
fn speed_mps(source: &mut Source, element: Element<'_, '_>) -> Option<f64> {
    let text = element.text("max").unwrap_or("");
    if matches!(text, "no limit" | "undefined" | "") {
        return Some(f64::INFINITY);
    }
    let factor = match element.text("unit").unwrap_or("m/s") {
        "m/s" | "" => 1.0,
        "km/h" | "kmh" | "kph" => 1.0 / 3.6,
        "mph" => 0.447_04,
        other => {
            element.warn(source, format!("unit \"{other}\" of a speed is not m/s, km/h or mph; ignored"));
            return None;
        }
    };
    match text.parse::<f64>() {
        Ok(max) if max > 0.0 && max.is_finite() => Some(max * factor),
        // Exporters write -1 or 0 for "none".
        Ok(max) if max <= 0.0 => Some(f64::INFINITY),
        _ => {
            element.warn(source, format!("speed \"{text}\" is not a number; ignored"));
            None
        }
    }
}
