//! `<objects>`. The map can do without an object, so what is wrong with one is a warning.

use super::collect;
use crate::opendrive::model::{Corner, Repeat, RoadObject};
use crate::opendrive::xml::{Element, Source};

pub(super) fn read(source: &mut Source, road: Element<'_, '_>) -> Vec<RoadObject> {
    let mut objects = vec![];
    for group in collect(source, road, "objects") {
        for element in collect(source, group, "object") {
            objects.push(object(source, element));
        }
    }
    objects
}

fn object(source: &mut Source, element: Element<'_, '_>) -> RoadObject {
    let mut number = |name: &str| element.lenient_number(source, name);
    let turned = if element.text("orientation") == Some("-") { std::f64::consts::PI } else { 0.0 };
    let mut object = RoadObject {
        line: element.line,
        id: element.text("id").unwrap_or("").to_string(),
        kind: element.text("type").unwrap_or("none").to_string(),
        name: element.text("name").unwrap_or("").to_string(),
        s: number("s").unwrap_or(0.0),
        t: number("t").unwrap_or(0.0),
        z: number("zOffset").unwrap_or(0.0),
        heading: number("hdg").unwrap_or(0.0) + turned,
        length: number("length").unwrap_or(0.0).max(0.0),
        width: number("width").unwrap_or(0.0).max(0.0),
        radius: number("radius").unwrap_or(0.0).max(0.0),
        height: number("height").unwrap_or(0.0).max(0.0),
        outline: vec![],
        repeats: vec![],
    };
    let outline = element.child(source, "outlines").unwrap_or(element).child(source, "outline");
    if let Some(outline) = outline {
        object.outline = corners(source, outline);
    }
    for repeat in collect(source, element, "repeat") {
        object.repeats.push(self::repeat(source, repeat));
    }
    object
}

fn corners(source: &mut Source, outline: Element<'_, '_>) -> Vec<Corner> {
    let mut corners = vec![];
    for node in outline.node.children().filter(|n| n.is_element()) {
        let corner = Element { node, line: source.line(node), ..outline };
        let mut number = |name: &str| corner.lenient_number(source, name).unwrap_or(0.0);
        match corner.name() {
            "cornerRoad" => {
                corners.push(Corner::Road { s: number("s"), t: number("t"), height: number("height") });
            }
            "cornerLocal" => {
                corners.push(Corner::Local { u: number("u"), v: number("v"), height: number("height") });
            }
            _ => {}
        }
    }
    corners
}

fn repeat(source: &mut Source, element: Element<'_, '_>) -> Repeat {
    let mut range = |start: &str, end: &str| {
        let from = element.lenient_number(source, start)?;
        Some((from, element.lenient_number(source, end).unwrap_or(from)))
    };
    let t = range("tStart", "tEnd");
    let width = range("widthStart", "widthEnd");
    let height = range("heightStart", "heightEnd");
    let z = range("zOffsetStart", "zOffsetEnd");
    let object_length = range("lengthStart", "lengthEnd");
    let mut number = |name: &str| element.lenient_number(source, name).unwrap_or(0.0);
    Repeat {
        s: number("s"),
        length: number("length").max(0.0),
        distance: number("distance").max(0.0),
        t,
        width,
        height,
        z,
        object_length,
    }
}
