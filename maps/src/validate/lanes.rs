//! Checks of the lane graph.

use std::path::Path;

use super::{Report, Severity};
use crate::error::Place;
use crate::lane::{Lane, LaneId};
use crate::map::{LaneFilter, Map};
use crate::polyline::wrap_angle;

/// Linked lanes further apart are torn, m.
const GAP_M: (f64, f64) = (0.05, 0.5);
/// Headings that differ by more are a kink, rad.
const KINK: (f64, f64) = (0.035, 0.26);
/// Drivable lanes narrower or wider than this are odd, m.
const WIDTH_M: (f64, f64) = (2.0, 8.0);
/// Curves tighter than this can't be driven by a truck, m.
const RADIUS_M: f64 = 6.0;
/// Limits outside of this are odd, m/s.
const SPEED_MPS: (f64, f64) = (1.0, 140.0 / 3.6);
/// Lanes apart in height by less overlap, m.
const LEVEL_M: f64 = 2.0;

struct Check<'m> {
    map: &'m Map,
    file: &'m Path,
    report: &'m mut Report,
}

pub(super) fn check(map: &Map, file: &Path, report: &mut Report) {
    let drivable = || map.lanes.iter().filter(|l| l.kind.is_drivable());
    report.counts = vec![
        ("lanes", map.lanes.len()),
        ("drivable lanes", drivable().count()),
        ("junctions", map.junctions.len()),
        ("signals", map.signals.len()),
        ("objects", map.objects.len()),
    ];
    for warning in &map.warnings {
        report.add(Severity::Warning, "content", warning.place.clone(), &warning.what);
    }
    let mut check = Check { map, file, report };
    if drivable().next().is_none() {
        let place = Place { file: file.to_owned(), ..Place::default() };
        check.report.add(Severity::Error, "lanes", place, "there is no drivable lane");
    }
    for lane in drivable() {
        check.links(lane);
        check.shape(lane);
        check.speed_limits(lane);
        check.overlaps(lane);
    }
    check.reachability();
    if !map.is_georeferenced {
        let place = Place { file: file.to_owned(), ..Place::default() };
        check.report.add(Severity::Warning, "georeference", place, "it does not say where on earth it is");
    }
}

impl Check<'_> {
    fn place(&self, lane: &Lane) -> Place {
        let (road, lane_id) = (Some(lane.key.road.clone()), Some(lane.key.lane));
        Place { file: self.file.to_owned(), line: lane.line, road, lane: lane_id }
    }

    fn add(&mut self, severity: Severity, check: &'static str, lane: &Lane, what: String) {
        let place = self.place(lane);
        self.report.add(severity, check, place, what);
    }

    fn links(&mut self, lane: &Lane) {
        let Some(end) = lane.centre.points().last() else { return };
        for next in &lane.successors {
            let next = self.map.lane(*next);
            let Some(start) = next.centre.points().first() else { continue };
            let gap = end.position.distance(start.position);
            if gap > GAP_M.0 {
                let severity = if gap > GAP_M.1 { Severity::Error } else { Severity::Warning };
                self.add(severity, "gap", lane, format!("{gap:.2} m between its end and lane {}", next.key));
            }
            let turn = wrap_angle(start.heading - end.heading).abs();
            if turn > KINK.0 {
                let severity = if turn > KINK.1 { Severity::Error } else { Severity::Warning };
                let what =
                    format!("a kink of {:.1}° between its end and lane {}", turn.to_degrees(), next.key);
                self.add(severity, "kink", lane, what);
            }
        }
        if lane.successors.is_empty() && lane.junction.is_some() {
            self.add(Severity::Error, "link", lane, "it ends in a junction without going on".into());
        }
    }

    fn shape(&mut self, lane: &Lane) {
        let points = lane.centre.points();
        let kink = points.windows(2).find_map(|w| {
            let turn = wrap_angle(w[1].heading - w[0].heading).abs();
            let expected = (w[1].s - w[0].s) * w[0].curvature.abs().max(w[1].curvature.abs());
            (turn > expected + 0.1).then_some((w[1].s, turn))
        });
        if let Some((s, turn)) = kink {
            let what = format!("a kink of {:.1}° at {s:.1} m", turn.to_degrees());
            self.add(if turn > KINK.1 { Severity::Error } else { Severity::Warning }, "kink", lane, what);
        }
        let tightest = points.iter().max_by(|a, b| a.curvature.abs().total_cmp(&b.curvature.abs()));
        if let Some(at) = tightest.filter(|p| p.curvature.abs() > 1.0 / RADIUS_M) {
            let what = format!("a curve with a radius of {:.1} m at {:.1} m", 1.0 / at.curvature.abs(), at.s);
            self.add(Severity::Warning, "curve", lane, what);
        }
        let widths = || points.iter().map(|p| lane.width(p.s));
        let (narrowest, widest) = (widths().fold(f64::INFINITY, f64::min), widths().fold(0.0, f64::max));
        // Lanes open and close: only one that is nowhere wide enough is odd.
        if widest < WIDTH_M.0 {
            self.add(Severity::Warning, "width", lane, format!("it is at most {widest:.2} m wide"));
        } else if narrowest > WIDTH_M.1 {
            self.add(Severity::Warning, "width", lane, format!("it is at least {narrowest:.2} m wide"));
        }
    }

    fn speed_limits(&mut self, lane: &Lane) {
        let odd = |limit: f64| limit.is_finite() && !(SPEED_MPS.0..=SPEED_MPS.1).contains(&limit);
        if let Some(limit) = lane.speed_limits.iter().map(|l| l.limit_mps).find(|l| odd(*l)) {
            self.add(Severity::Warning, "speed", lane, format!("a speed limit of {:.1} km/h", limit * 3.6));
        }
        let before = lane.predecessors.iter().map(|p| self.map.lane(*p));
        let begins = before.clone().count() == 0 || before.clone().all(|p| p.key.road != lane.key.road);
        if begins && lane.junction.is_none() && lane.speed_limits.iter().all(|l| l.limit_mps.is_infinite()) {
            self.add(Severity::Warning, "speed", lane, "it has no speed limit".into());
        }
    }

    /// Outside of junctions drivable lanes lie beside each other, not on each other.
    fn overlaps(&mut self, lane: &Lane) {
        if lane.junction.is_some() || lane.length() < 1.0 {
            return;
        }
        let point = lane.centre.at(0.5 * lane.length());
        let filter = LaneFilter { within_m: 0.0, ..LaneFilter::default() };
        for other in self.map.lanes_at(point.position, filter) {
            let (id, other_lane) = (other.lane, self.map.lane(other.lane));
            let level = (other_lane.centre.at(other.s).position.z - point.position.z).abs() < LEVEL_M;
            let clearly_in = other.t.abs() < 0.5 * other_lane.width(other.s) - 0.3;
            // Each pair once.
            if id > lane.id && other_lane.junction.is_none() && level && clearly_in {
                self.add(Severity::Warning, "overlap", lane, format!("lane {} lies on it", other_lane.key));
            }
        }
    }

    /// Lanes that can't be come to, or left, from most of the map.
    fn reachability(&mut self) {
        let map = self.map;
        let component = components(map);
        let mut sizes = vec![0_usize; map.lanes.len()];
        component.iter().flatten().for_each(|c| sizes[*c] += 1);
        let Some(largest) = (0..sizes.len()).max_by_key(|c| (sizes[*c], std::cmp::Reverse(*c))) else {
            return;
        };
        let drivable = map.lanes.iter().filter(|l| l.kind.is_drivable());
        let apart: Vec<_> = drivable.filter(|l| component[l.id.0 as usize] != Some(largest)).collect();
        for lane in apart {
            let what = match (lane.predecessors.is_empty(), lane.successors.is_empty()) {
                (true, true) => "nothing leads to it, and it leads nowhere",
                (true, false) => "nothing leads to it",
                (false, true) => "it leads nowhere",
                (false, false) => "no way leads from it to most of the map and back",
            };
            self.add(Severity::Warning, "reachable", lane, what.into());
        }
    }
}

/// Lanes one may go on to, changes included.
fn onward(map: &Map, lane: &Lane) -> Vec<LaneId> {
    let mut next = lane.successors.clone();
    let changes = |left: bool| lane.lane_changes.iter().any(|c| if left { c.left } else { c.right });
    for (neighbour, left) in [(lane.left, true), (lane.right, false)] {
        next.extend(neighbour.filter(|n| n.same_direction && changes(left)).map(|n| n.lane));
    }
    next.retain(|n| map.lane(*n).kind.is_drivable());
    next
}

/// Strongly connected components of the drivable lanes (Kosaraju's two passes), without recursion.
fn components(map: &Map) -> Vec<Option<usize>> {
    let count = map.lanes.len();
    let next: Vec<Vec<LaneId>> = map.lanes.iter().map(|l| onward(map, l)).collect();
    let mut back = vec![vec![]; count];
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
        for to in &next[lane.id.0 as usize] {
            back[to.0 as usize].push(lane.id);
        }
    }
    let mut order = vec![];
    let mut seen = vec![false; count];
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
        let mut stack = vec![(lane.id.0 as usize, 0)];
        if std::mem::replace(&mut seen[lane.id.0 as usize], true) {
            continue;
        }
        while let Some((at, edge)) = stack.last_mut() {
            if let Some(to) = next[*at].get(*edge) {
                *edge += 1;
                if !std::mem::replace(&mut seen[to.0 as usize], true) {
                    stack.push((to.0 as usize, 0));
                }
            } else {
                order.push(*at);
                stack.pop();
            }
        }
    }
    let mut component = vec![None; count];
    for (number, root) in order.into_iter().rev().enumerate() {
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            if component[at].is_none() {
                component[at] = Some(number);
                open.extend(back[at].iter().map(|l| l.0 as usize));
            }
        }
    }
    component
}
