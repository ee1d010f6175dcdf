//! Signals and signs, and the lanes that they hold for.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use super::build::Build;
use super::model::RoadSignal;
use super::surface::road_point;
use super::xml::Source;
use crate::lane::{LaneId, Signal, SignalKind};
use crate::polyline::wrap_angle;

/// All signals of the map.
pub(super) fn make(build: &Build<'_>, source: &mut Source) -> Vec<Signal> {
    let mut signals: Vec<Signal> = vec![];
    let mut by_id = BTreeMap::new();
    for (r, road) in build.network.roads.iter().enumerate() {
        for signal in road.signals.iter().filter(|s| !s.is_reference) {
            by_id.entry(signal.id.as_str()).or_insert(signals.len());
            signals.push(make_signal(build, r, signal));
        }
    }
    for (r, road) in build.network.roads.iter().enumerate() {
        for reference in road.signals.iter().filter(|s| s.is_reference) {
            match by_id.get(reference.id.as_str()) {
                Some(at) => {
                    let lanes = lanes(build, r, reference);
                    let known = &mut signals[*at].lanes;
                    let new = |lane: &(LaneId, f64)| known.iter().all(|k| k.0 != lane.0);
                    let new: Vec<_> = lanes.into_iter().filter(new).collect();
                    known.extend(new);
                }
                None => {
                    let place = source.place(reference.line, Some(&road.id), None);
                    source.warn(place, format!("it refers to a signal {}, which is not there", reference.id));
                }
            }
        }
    }
    signals
}

fn make_signal(build: &Build<'_>, road: usize, signal: &RoadSignal) -> Signal {
    let point = road_point(&build.network.roads[road], signal.s, signal.t);
    // It looks at those who come: against the direction that it holds for.
    let towards = if signal.directions == (false, true) { 0.0 } else { PI };
    let kind = kind(signal);
    let unit = signal.unit.unwrap_or(if kind == SignalKind::SpeedLimit { 1.0 / 3.6 } else { 1.0 });
    Signal {
        key: signal.id.clone(),
        kind,
        code: signal.code.clone(),
        position: point.position + glam::DVec3::Z * signal.z,
        heading: wrap_angle(point.heading + towards + signal.heading_offset),
        value: signal.value.map(|v| v * unit),
        lanes: lanes(build, road, signal),
    }
}

/// Drivable lanes that a signal holds for.
fn lanes(build: &Build<'_>, road: usize, signal: &RoadSignal) -> Vec<(LaneId, f64)> {
    let of_road = &build.network.roads[road];
    let s = signal.s.clamp(0.0, of_road.length);
    let mut lanes = vec![];
    let ids: std::collections::BTreeSet<i32> =
        of_road.sections.iter().flat_map(|x| &x.lanes).map(|l| l.id).filter(|id| *id != 0).collect();
    for id in ids {
        let valid = signal.validity.is_empty()
            || signal.validity.iter().any(|(from, to)| (*from..=*to).contains(&id));
        let Some(lane) = build.lane_of_side(road, s, id).filter(|_| valid) else { continue };
        let along = build.lane(lane).along_road;
        let directed = if along { signal.directions.0 } else { signal.directions.1 };
        if directed && build.lane(lane).kind.is_drivable() {
            lanes.push((lane, build.lane_s(lane, s)));
        }
    }
    lanes
}

/// By OpenDRIVE's own codes, those of Germany and of the USA, else by the name.
fn kind(signal: &RoadSignal) -> SignalKind {
    match signal.code.0.as_str() {
        "1000001" | "1000007" | "1000008" | "1000009" | "1000010" | "1000011" | "1000012" | "1000013" => {
            return SignalKind::TrafficLight;
        }
        "206" | "R1-1" => return SignalKind::Stop,
        "205" | "R1-2" => return SignalKind::Yield,
        "274" | "R2-1" => return SignalKind::SpeedLimit,
        _ => {}
    }
    let name = signal.name.to_ascii_lowercase();
    let named = |words: &[&str]| words.iter().any(|w| name.contains(w));
    if signal.dynamic && named(&["light", "signal"]) {
        SignalKind::TrafficLight
    } else if named(&["stop"]) && !named(&["line", "bus"]) {
        SignalKind::Stop
    } else if named(&["yield", "giveway", "give_way"]) {
        SignalKind::Yield
    } else if named(&["speed"]) {
        SignalKind::SpeedLimit
    } else {
        SignalKind::Other
    }
}
