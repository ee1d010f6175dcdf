//! `<lanes>`: sections and their lanes.

use super::{collect, cubics, speed_mps};
use crate::error::MapError;
use crate::lane::LaneKind;
use crate::opendrive::model::{LaneRecord, Mark, Section};
use crate::opendrive::xml::{Element, Source};

/// No road has more lanes at one place.
const MOST_LANES: usize = 256;

pub(super) fn read(
    source: &mut Source,
    lanes: Element<'_, '_>,
    length: f64,
) -> Result<Vec<Section>, MapError> {
    let mut sections = vec![];
    for element in collect(source, lanes, "laneSection") {
        let section = section(source, element)?;
        if section.s >= length && length > 0.0 {
            element.warn(
                source,
                format!("this <laneSection> begins behind the end of the road ({length:.2} m)"),
            );
            continue;
        }
        sections.push(section);
    }
    if sections.is_empty() {
        return Err(lanes.error(source, "there is no <laneSection> in it"));
    }
    if sections.windows(2).any(|w| w[1].s < w[0].s) {
        lanes.warn(source, "its <laneSection> are not in order of their `s`; sorted");
        sections.sort_by(|a, b| a.s.total_cmp(&b.s));
    }
    sections[0].s = sections[0].s.max(0.0);
    let (mut left, mut right) = (length, length);
    for section in sections.iter_mut().rev() {
        (section.end_left, section.end_right) = (left, right);
        if section.has_left {
            left = section.s;
        }
        if section.has_right {
            right = section.s;
        }
    }
    Ok(sections)
}

fn section(source: &mut Source, element: Element<'_, '_>) -> Result<Section, MapError> {
    let s = element.number(source, "s")?;
    let mut lanes: Vec<LaneRecord> = vec![];
    for side in ["left", "center", "right"] {
        let Some(group) = element.child(source, side) else { continue };
        for lane in collect(source, group, "lane") {
            let lane = self::lane(source, lane, s)?;
            if (lane.id == 0) != (side == "center") {
                let place = source.place(lane.line, element.road, Some(lane.id));
                return Err(MapError::Content {
                    place,
                    what: format!("lane {} can't be in <{side}>", lane.id),
                });
            }
            // `netconvert --lefthand` puts lanes of negative ids, which lie on the right, into <left>.
            if lane.id > 0 && side == "right" || lane.id < 0 && side == "left" {
                let place = source.place(lane.line, element.road, Some(lane.id));
                source.warn(
                    place,
                    format!("lane {} is in <{side}>; taken to lie where its sign says", lane.id),
                );
            }
            lanes.push(lane);
        }
    }
    lanes.sort_by_key(|l| l.id);
    if let Some(pair) = lanes.windows(2).find(|w| w[0].id == w[1].id) {
        let place = source.place(pair[1].line, element.road, Some(pair[1].id));
        let what = format!("there is a lane {} already in this <laneSection>", pair[1].id);
        return Err(MapError::Content { place, what });
    }
    if lanes.len() > MOST_LANES {
        return Err(
            element.error(source, format!("there are more than {MOST_LANES} lanes in this <laneSection>"))
        );
    }
    let single = matches!(element.text("singleSide"), Some("true" | "1"));
    let (has_left, has_right) = (lanes.iter().any(|l| l.id > 0), lanes.iter().any(|l| l.id < 0));
    Ok(Section {
        s,
        end_left: s,
        end_right: s,
        has_left: !single || has_left,
        has_right: !single || has_right,
        lanes,
    })
}

fn lane(source: &mut Source, mut element: Element<'_, '_>, s: f64) -> Result<LaneRecord, MapError> {
    let id = element.lane_id(source, "id")?;
    element.lane = Some(id);
    let kind_text = element.text("type").unwrap_or("none");
    let kind = kind(kind_text);
    let link = element.child(source, "link");
    let links = |source: &Source, name: &str| -> Result<Vec<i32>, MapError> {
        let Some(link) = link else { return Ok(vec![]) };
        link.children(source, name).map(|l| l.lane_id(source, "id")).collect()
    };
    let mut speeds = vec![];
    for speed in collect(source, element, "speed") {
        let from = speed.number_or(source, "sOffset", 0.0)? + s;
        speeds.extend(speed_mps(source, speed).map(|limit| (from, limit)));
    }
    speeds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut heights = vec![];
    for height in collect(source, element, "height") {
        let numbers = (height.number(source, "sOffset")? + s, height.number_or(source, "inner", 0.0)?);
        heights.push((numbers.0, numbers.1, height.number_or(source, "outer", 0.0)?));
    }
    heights.sort_by(|a: &(f64, f64, f64), b| a.0.total_cmp(&b.0));
    let record = LaneRecord {
        line: element.line,
        id,
        kind,
        level: matches!(element.text("level"), Some("true" | "1")),
        reversed: element.text("direction") == Some("reversed"),
        widths: cubics(source, Some(element), "width", ("sOffset", s))?,
        borders: cubics(source, Some(element), "border", ("sOffset", s))?,
        heights,
        predecessors: links(source, "predecessor")?,
        successors: links(source, "successor")?,
        marks: marks(source, element, s)?,
        speeds,
    };
    if id != 0 && record.widths.is_empty() && record.borders.is_empty() {
        element.warn(source, "it has neither <width> nor <border>: taken as 0 m wide");
    }
    Ok(record)
}

fn marks(source: &mut Source, lane: Element<'_, '_>, s: f64) -> Result<Vec<Mark>, MapError> {
    let mut marks = vec![];
    for element in collect(source, lane, "roadMark") {
        marks.push(Mark {
            s: element.number_or(source, "sOffset", 0.0)? + s,
            kind: element.text("type").unwrap_or("none").to_string(),
            permits: match element.text("laneChange") {
                Some("both") => Some((true, true)),
                Some("increase") => Some((true, false)),
                Some("decrease") => Some((false, true)),
                Some("none") => Some((false, false)),
                _ => None,
            },
        });
    }
    marks.sort_by(|a, b| a.s.total_cmp(&b.s));
    Ok(marks)
}

/// `e_laneType` of all versions.
fn kind(name: &str) -> LaneKind {
    match name {
        "driving" | "entry" | "exit" | "onRamp" | "offRamp" | "connectingRamp" | "slipLane" | "shared"
        | "bidirectional" | "mwyEntry" | "mwyExit" => LaneKind::Driving,
        "parking" => LaneKind::Parking,
        "shoulder" | "stop" => LaneKind::Shoulder,
        "border" | "curb" => LaneKind::Border,
        "median" => LaneKind::Median,
        "biking" => LaneKind::Biking,
        "sidewalk" | "walking" => LaneKind::Sidewalk,
        // bus, taxi, HOV, tram, rail, restricted, roadWorks, special1 to special3, none
        _ => LaneKind::Other,
    }
}
