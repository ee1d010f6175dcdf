//! `<header>`: name and georeference.

use glam::DVec3;

use crate::opendrive::model::Header;
use crate::opendrive::xml::{Element, Source};

pub(super) fn read(source: &mut Source, root: Element<'_, '_>) -> Header {
    let Some(element) = root.child(source, "header") else {
        root.warn(source, "there is no <header>");
        return Header::default();
    };
    let revision = (element.text("revMajor").unwrap_or("1"), element.text("revMinor").unwrap_or("4"));
    if revision.0 != "1" {
        element.warn(source, format!("OpenDRIVE {}.{} is read as if it were 1.8", revision.0, revision.1));
    }
    let geo_reference = element.child(source, "geoReference").and_then(|geo| {
        // The text may be split into several by comments and CDATA sections.
        let text: String =
            geo.node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect::<String>();
        let text = text.trim().to_string();
        (!text.is_empty()).then_some((geo.line, text))
    });
    let mut offset = (DVec3::ZERO, 0.0);
    if let Some(element) = element.child(source, "offset") {
        let mut number = |name| element.lenient_number(source, name).unwrap_or(0.0);
        offset = (DVec3::new(number("x"), number("y"), number("z")), number("hdg"));
    }
    Header { name: element.text("name").unwrap_or("").to_string(), geo_reference, offset }
}
