//! `<road>`.

use super::{collect, cubic, cubics, lanes, object, plan, signal, speed_mps};
use crate::error::MapError;
use crate::opendrive::cubic::Cubic;
use crate::opendrive::model::{End, Road, RoadLink};
use crate::opendrive::xml::{Element, Source};

pub(super) fn read(source: &mut Source, mut element: Element<'_, '_>) -> Result<Road, MapError> {
    let id = element.required_text(source, "id")?;
    element.road = Some(id);
    let plan = plan::read(source, element)?;
    let length = length(source, element, plan.last().map_or(0.0, |g| g.end()))?;
    let lateral = element.child(source, "lateralProfile");
    let elevation = element.child(source, "elevationProfile");
    let link = element.child(source, "link");
    let types = collect(source, element, "type");
    let mut speeds = vec![];
    for kind in types {
        let s = kind.number_or(source, "s", 0.0)?;
        let limit = kind.child(source, "speed").map_or(Some(f64::INFINITY), |speed| speed_mps(source, speed));
        speeds.extend(limit.map(|limit| (s, limit)));
    }
    speeds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lanes =
        element.child(source, "lanes").ok_or_else(|| element.error(source, "there are no <lanes>"))?;
    Ok(Road {
        id: id.to_string(),
        length,
        left_hand_traffic: element.text("rule") == Some("LHT"),
        junction: element.text("junction").filter(|j| !matches!(*j, "-1" | "")).map(str::to_owned),
        predecessor: read_link(source, link, "predecessor"),
        successor: read_link(source, link, "successor"),
        speeds,
        plan,
        elevation: cubics(source, elevation, "elevation", ("s", 0.0))?,
        superelevation: cubics(source, lateral, "superelevation", ("s", 0.0))?,
        shapes: shapes(source, lateral)?,
        lane_offset: cubics(source, Some(lanes), "laneOffset", ("s", 0.0))?,
        sections: lanes::read(source, lanes, length)?,
        objects: object::read(source, element),
        signals: signal::read(source, element),
    })
}

fn length(source: &mut Source, element: Element<'_, '_>, of_plan: f64) -> Result<f64, MapError> {
    let length = element.number_or(source, "length", of_plan)?;
    if length < 0.0 {
        return Err(element.error(source, format!("`length` of <road> is {length}: expected 0 or more")));
    }
    if (length - of_plan).abs() > 0.05 {
        let what = format!("the road is {length:.2} m long, its <planView> {of_plan:.2} m; the latter holds");
        element.warn(source, what);
        return Ok(of_plan.max(0.0));
    }
    Ok(length)
}

fn read_link(source: &mut Source, link: Option<Element<'_, '_>>, name: &str) -> Option<RoadLink> {
    let element = link?.child(source, name)?;
    let id = element.text("elementId")?.to_string();
    match element.text("elementType") {
        Some("junction") => Some(RoadLink::Junction { id }),
        Some("road") => Some(RoadLink::Road { id, contact: contact(element) }),
        other => {
            let what =
                format!("<{name}> has `elementType` \"{}\", not road or junction", other.unwrap_or(""));
            element.warn(source, what);
            None
        }
    }
}

pub(super) fn contact(element: Element<'_, '_>) -> Option<End> {
    match element.text("contactPoint") {
        Some("start") => Some(End::Start),
        Some("end") => Some(End::End),
        _ => None,
    }
}

/// `<shape>`: heights over the road by t, at several s.
fn shapes(source: &mut Source, lateral: Option<Element<'_, '_>>) -> Result<Vec<(f64, Vec<Cubic>)>, MapError> {
    let Some(lateral) = lateral else { return Ok(vec![]) };
    let mut all = vec![];
    for element in collect(source, lateral, "shape") {
        let t = element.number_or(source, "t", 0.0)?;
        all.push((element.number(source, "s")?, cubic(source, element, t)?));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.start.total_cmp(&b.1.start)));
    let mut shapes: Vec<(f64, Vec<Cubic>)> = vec![];
    for (s, piece) in all {
        match shapes.last_mut() {
            Some((last, pieces)) if *last == s => pieces.push(piece),
            _ => shapes.push((s, vec![piece])),
        }
    }
    Ok(shapes)
}
