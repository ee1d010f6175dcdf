//! `<signals>`. The map can do without a signal, so what is wrong with one is a warning.

use super::collect;
use crate::opendrive::model::RoadSignal;
use crate::opendrive::xml::{Element, Source};

pub(super) fn read(source: &mut Source, road: Element<'_, '_>) -> Vec<RoadSignal> {
    let mut signals = vec![];
    for group in collect(source, road, "signals") {
        for (name, is_reference) in [("signal", false), ("signalReference", true)] {
            for element in collect(source, group, name) {
                signals.push(signal(source, element, is_reference));
            }
        }
    }
    signals
}

fn signal(source: &mut Source, element: Element<'_, '_>, is_reference: bool) -> RoadSignal {
    let text = |name: &str| element.text(name).unwrap_or("").to_string();
    let validity = element.children(source, "validity").filter_map(|validity| {
        let lane = |name: &str| validity.text(name)?.parse::<i32>().ok();
        let (from, to) = (lane("fromLane")?, lane("toLane")?);
        Some((from.min(to), from.max(to)))
    });
    let validity = validity.collect();
    let value = element.lenient_number(source, "value").filter(|v| *v >= 0.0);
    let unit = match element.text("unit") {
        Some("km/h") => Some(1.0 / 3.6),
        Some("mph") => Some(0.447_04),
        Some("m/s") => Some(1.0),
        _ => None,
    };
    let mut number = |name: &str| element.lenient_number(source, name).unwrap_or(0.0);
    RoadSignal {
        line: element.line,
        id: text("id"),
        is_reference,
        name: text("name"),
        dynamic: element.text("dynamic") == Some("yes"),
        code: (text("type"), text("subtype")),
        value,
        unit,
        s: number("s"),
        t: number("t"),
        z: number("zOffset"),
        heading_offset: number("hOffset"),
        directions: match element.text("orientation") {
            Some("+") => (true, false),
            Some("-") => (false, true),
            _ => (true, true),
        },
        validity,
    }
}
