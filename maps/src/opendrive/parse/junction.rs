//! `<junction>`.

use super::{collect, road::contact};
use crate::error::MapError;
use crate::opendrive::model::{Connection, JunctionRecord};
use crate::opendrive::xml::{Element, Source};

pub(super) fn read(source: &mut Source, element: Element<'_, '_>) -> Result<JunctionRecord, MapError> {
    let id = element.required_text(source, "id")?.to_string();
    let mut connections = vec![];
    for connection in collect(source, element, "connection") {
        let mut lane_links = vec![];
        for link in collect(source, connection, "laneLink") {
            lane_links.push((link.lane_id(source, "from")?, link.lane_id(source, "to")?));
        }
        let road = |name: &str| connection.text(name).map(str::to_owned);
        connections.push(Connection {
            line: connection.line,
            incoming: road("incomingRoad"),
            connecting: road("connectingRoad").or_else(|| road("linkedRoad")),
            contact: contact(connection),
            lane_links,
        });
    }
    let priorities = element
        .children(source, "priority")
        .filter_map(|priority| Some((priority.text("high")?.to_string(), priority.text("low")?.to_string())));
    Ok(JunctionRecord {
        line: element.line,
        id,
        is_virtual: element.text("type") == Some("virtual"),
        connections,
        priorities: priorities.collect(),
    })
}
