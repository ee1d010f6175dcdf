//! Junctions, and where their lanes get in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use glam::DVec2;

use super::build::Build;
use super::model::JunctionRecord;
use super::xml::Source;
use crate::lane::{Conflict, Junction, JunctionId, Lane, LaneId};

/// Lanes closer than this are in each other's way: a truck is 2.5 m wide.
const VEHICLE_WIDTH_M: f64 = 2.5;
/// Step along lanes in which distances are looked at, m.
const STEP_M: f64 = 0.5;
/// Lanes that pass over each other at such a height are not in each other's way, m.
const CLEARANCE_M: f64 = 3.0;
/// Pairs of lanes that are looked at in one file; beyond, the file is not of this world.
const MOST_PAIRS: usize = 400_000;

/// All junctions of the map.
pub(super) fn make(build: &Build<'_>, source: &mut Source) -> Vec<Junction> {
    let mut junctions: Vec<Junction> = vec![];
    let mut ids: Vec<(&str, JunctionId)> = build.junction_by_id.iter().map(|(k, v)| (*k, *v)).collect();
    ids.sort_by_key(|(_, id)| *id);
    for (key, id) in ids {
        junctions.push(Junction { id, key: key.to_string(), lanes: vec![], conflicts: vec![] });
    }
    for lane in build.lanes.iter().filter(|l| l.kind.is_drivable()) {
        if let Some(junction) = lane.junction {
            junctions[junction.0 as usize].lanes.push(lane.id);
        }
    }
    let mut pairs_left = MOST_PAIRS;
    for junction in &mut junctions {
        let record = build.network.junctions.iter().find(|r| r.id == junction.key);
        let pairs = junction.lanes.len() * junction.lanes.len() / 2;
        if pairs > pairs_left {
            let place = source.place(record.map_or(0, |r| r.line), None, None);
            source.warn(
                place,
                format!("junction {} has too many lanes: its conflicts are not known", junction.key),
            );
            continue;
        }
        pairs_left -= pairs;
        junction.conflicts = conflicts(build, &junction.lanes, record);
    }
    junctions
}

fn conflicts(build: &Build<'_>, lanes: &[LaneId], record: Option<&JunctionRecord>) -> Vec<Conflict> {
    let priority = record.map(|r| Priority::new(build, r)).unwrap_or_default();
    let boxes: Vec<_> = lanes.iter().map(|l| bounds(build.lane(*l))).collect();
    let mut conflicts = vec![];
    for i in 0..lanes.len() {
        for j in i + 1..lanes.len() {
            let (a, b) = (build.lane(lanes[i]), build.lane(lanes[j]));
            // Lanes of one road are beside each other or follow each other.
            let apart = boxes[i].0.cmpgt(boxes[j].1 + VEHICLE_WIDTH_M).any()
                || boxes[j].0.cmpgt(boxes[i].1 + VEHICLE_WIDTH_M).any();
            if apart || a.key.road == b.key.road {
                continue;
            }
            let a_has_priority = priority.of(&a.key.road, &b.key.road);
            for (of_a, of_b) in close_stretches(a, b) {
                conflicts.push(Conflict {
                    a: (a.id, of_a.0, of_a.1),
                    b: (b.id, of_b.0, of_b.1),
                    a_has_priority,
                });
            }
        }
    }
    conflicts
}

fn bounds(lane: &Lane) -> (DVec2, DVec2) {
    let points = lane.centre.points().iter().map(|p| p.position.truncate());
    points.fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(min, max), p| (min.min(p), max.max(p)))
}

type Stretch = (f64, f64);

/// Where two lanes are closer than a vehicle is wide, but for where they leave the same lane.
fn close_stretches(a: &Lane, b: &Lane) -> Vec<(Stretch, Stretch)> {
    let steps = (a.length() / STEP_M).ceil().max(1.0) as usize;
    let mut found: Vec<(Stretch, Stretch)> = vec![];
    let mut open = false;
    for i in 0..=steps {
        let s = a.length() * i as f64 / steps as f64;
        let on_a = a.centre.at(s);
        let (s_b, _) = b.centre.project(on_a.position.truncate());
        let s_b = s_b.clamp(0.0, b.length());
        let on_b = b.centre.at(s_b);
        let close = on_a.position.truncate().distance(on_b.position.truncate()) < VEHICLE_WIDTH_M
            && (on_a.position.z - on_b.position.z).abs() < CLEARANCE_M;
        match found.last_mut().filter(|_| open && close) {
            Some((of_a, of_b)) => {
                of_a.1 = s;
                *of_b = (of_b.0.min(s_b), of_b.1.max(s_b));
            }
            None if close => found.push(((s, s), (s_b, s_b))),
            None => {}
        }
        open = close;
    }
    let shared = a.predecessors.iter().any(|p| b.predecessors.contains(p));
    found.retain(|(of_a, of_b)| !(shared && of_a.0 == 0.0 && of_b.0 <= STEP_M));
    // The steps may miss the very ends of a stretch.
    for (of_a, of_b) in &mut found {
        *of_a = ((of_a.0 - STEP_M).max(0.0), (of_a.1 + STEP_M).min(a.length()));
        *of_b = ((of_b.0 - STEP_M).max(0.0), (of_b.1 + STEP_M).min(b.length()));
    }
    found
}

/// `<priority>` of a junction, between connecting roads or the roads that lead to these.
#[derive(Default)]
struct Priority {
    higher: BTreeSet<(String, String)>,
    incoming: BTreeMap<String, BTreeSet<String>>,
}

impl Priority {
    fn new(build: &Build<'_>, record: &JunctionRecord) -> Self {
        let mut incoming: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for connection in &record.connections {
            if let (Some(from), Some(road)) = (&connection.incoming, &connection.connecting)
                && build.road_by_id.contains_key(road.as_str())
            {
                incoming.entry(road.clone()).or_default().insert(from.clone());
            }
        }
        Self { higher: record.priorities.iter().cloned().collect(), incoming }
    }

    fn of(&self, a: &str, b: &str) -> Option<bool> {
        if self.higher.is_empty() {
            return None;
        }
        let names = |road: &str| {
            let incoming = self.incoming.get(road).into_iter().flatten().cloned();
            std::iter::once(road.to_string()).chain(incoming).collect::<Vec<_>>()
        };
        let (a, b) = (names(a), names(b));
        let over = |x: &[String], y: &[String]| {
            x.iter().any(|x| y.iter().any(|y| self.higher.contains(&(x.clone(), y.clone()))))
        };
        match (over(&a, &b), over(&b, &a)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }
}
