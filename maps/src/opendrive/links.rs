//! Which lane goes on into which.
//!
//! The file says so in up to three places: lane links within a road, road links with lane links, and the connections of
//! junctions. All that any of them says is taken together, checked against the geometry, and brought into driving
//! direction. Where nothing is said of a drivable lane's end but another's beginning is exactly there, they are linked.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Build;
use super::model::{Connection, End, RoadLink};
use super::xml::Source;
use crate::error::Place;
use crate::lane::{Lane, LaneId};
use crate::polyline::{PolylinePoint, wrap_angle};

/// Linked lanes whose middles are further apart are worth a warning, m.
const GAP_M: f64 = 0.2;
/// Linked lanes whose middles are further apart are not linked, m.
const TORN_M: f64 = 2.5;
/// A lane that is narrower where it is linked opens or closes there, m.
const CLOSED_M: f64 = 0.5;
/// Lanes that nothing links are linked if their middles are this close, m, and their heights, m, and headings, rad.
const FOUND_M: (f64, f64, f64) = (0.1, 0.5, 0.35);

/// Links in driving direction, each with the place that it is stated at.
struct Links<'b, 'n> {
    build: &'b Build<'n>,
    links: BTreeMap<(LaneId, LaneId), Place>,
}

/// Sets successors and predecessors of all lanes.
pub(super) fn set(build: &mut Build<'_>, source: &mut Source) {
    let mut links = Links { build, links: BTreeMap::new() };
    links.of_roads(source);
    links.of_junctions(source);
    links.drop_torn(source);
    links.find_missing(source);
    let pairs: Vec<_> = links.links.into_keys().collect();
    for (from, to) in pairs {
        build.lanes[from.0 as usize].successors.push(to);
        build.lanes[to.0 as usize].predecessors.push(from);
    }
    for lane in &mut build.lanes {
        lane.predecessors.sort_unstable();
    }
}

impl Links<'_, '_> {
    /// Notes that two ends of lanes, by their roads' directions, are the same place.
    fn join(&mut self, source: &mut Source, a: (LaneId, End), b: (LaneId, End), place: Place) {
        let leaves = |(lane, end): (LaneId, End)| self.build.lane(lane).along_road == (end == End::End);
        let (lane_a, lane_b) = (self.build.lane(a.0), self.build.lane(b.0));
        let drivable = lane_a.kind.is_drivable() && lane_b.kind.is_drivable();
        if !drivable && lane_a.kind != lane_b.kind {
            return;
        }
        match (leaves(a), leaves(b)) {
            (true, false) => drop(self.links.entry((a.0, b.0)).or_insert(place)),
            (false, true) => drop(self.links.entry((b.0, a.0)).or_insert(place)),
            _ if drivable => {
                let what = format!(
                    "it links lanes {} and {} of opposite driving directions; ignored",
                    lane_a.key, lane_b.key
                );
                source.warn(place, what);
            }
            _ => {}
        }
    }

    /// Lane links within roads and from road to road.
    fn of_roads(&mut self, source: &mut Source) {
        let build = self.build;
        for at in 0..build.lanes.len() {
            let lane = LaneId(at as u32);
            let record = build.record(lane);
            for (end, ids) in [(End::Start, &record.predecessors), (End::End, &record.successors)] {
                for id in ids {
                    let Some(other) = self.linked_lane(source, lane, end, *id) else { continue };
                    let place = build.place(source, lane);
                    self.join(source, (lane, end), other, place);
                }
            }
        }
    }

    /// The end of a lane that the file means by lane `id` beyond an end of `lane`.
    fn linked_lane(&self, source: &mut Source, lane: LaneId, end: End, id: i32) -> Option<(LaneId, End)> {
        let build = self.build;
        let origin = build.origins[lane.0 as usize];
        let road = build.road(lane);
        let own = build.record(lane).id;
        let (sections, i) = (&road.sections, origin.section);
        let missing = |source: &mut Source, of: String| {
            if build.record(lane).kind.is_drivable() {
                let place = build.place(source, lane);
                source.warn(place, format!("it is linked to lane {id} of {of}, which is not there"));
            }
        };
        let next = match end {
            End::Start => sections[..i].iter().rposition(|s| s.has_side(own)),
            End::End => sections[i + 1..].iter().position(|s| s.has_side(own)).map(|k| i + 1 + k),
        };
        if let Some(next) = next {
            let Some(other) = build.lane_in(origin.road, next, id) else {
                missing(source, format!("section {next}"));
                return None;
            };
            return Some((other, if end == End::End { End::Start } else { End::End }));
        }
        let link = if end == End::Start { &road.predecessor } else { &road.successor };
        // What a junction leads to is said by its connections.
        let Some(RoadLink::Road { id: other_road, contact }) = link else { return None };
        let Some(other_road) = build.road_by_id.get(other_road.as_str()).copied() else {
            missing(source, format!("road {other_road}"));
            return None;
        };
        let contact = contact.unwrap_or_else(|| self.nearer_end(origin.road, end, other_road));
        let Some(other) = build.lane_at_end(other_road, contact, id) else {
            missing(source, format!("road {}", build.network.roads[other_road].id));
            return None;
        };
        Some((other, contact))
    }

    /// The end of `other` that is nearer to an end of `road`.
    fn nearer_end(&self, road: usize, end: End, other: usize) -> End {
        let at = |road: usize, end: End| {
            let road = &self.build.network.roads[road];
            super::surface::road_point(road, if end == End::Start { 0.0 } else { road.length }, 0.0).position
        };
        let from = at(road, end);
        if at(other, End::Start).distance(from) <= at(other, End::End).distance(from) {
            End::Start
        } else {
            End::End
        }
    }

    fn of_junctions(&mut self, source: &mut Source) {
        for junction in &self.build.network.junctions {
            if junction.is_virtual {
                let place = source.place(junction.line, None, None);
                let what = format!(
                    "junction {} is virtual: what branches off inside its road is not linked",
                    junction.id
                );
                source.warn(place, what);
                continue;
            }
            for connection in &junction.connections {
                self.of_connection(source, &junction.id, connection);
            }
        }
    }

    fn of_connection(&mut self, source: &mut Source, junction: &str, connection: &Connection) {
        let place = source.place(connection.line, None, None);
        let mut find = |name: &str, id: &Option<String>| {
            let road = id.as_deref().and_then(|id| self.build.road_by_id.get(id).copied());
            if road.is_none() {
                let id = id.as_deref().unwrap_or("");
                let what = format!("{name} \"{id}\" of junction {junction} is not there; ignored");
                source.warn(place.clone(), what);
            }
            road
        };
        let (Some(incoming), Some(connecting)) =
            (find("incomingRoad", &connection.incoming), find("connectingRoad", &connection.connecting))
        else {
            return;
        };
        let (from, to) = self.contacts(junction, incoming, connecting, connection.contact);
        for (a, b) in &connection.lane_links {
            let build = self.build;
            let lanes = (build.lane_at_end(incoming, from, *a), build.lane_at_end(connecting, to, *b));
            let (Some(a_lane), Some(b_lane)) = lanes else {
                let roads = (&build.network.roads[incoming].id, &build.network.roads[connecting].id);
                let what = format!(
                    "lane link {a} of road {} to {b} of road {}: there is no such lane",
                    roads.0, roads.1
                );
                source.warn(place.clone(), what);
                continue;
            };
            self.join(source, (a_lane, from), (b_lane, to), place.clone());
        }
    }

    /// The ends at which an incoming and a connecting road meet.
    fn contacts(
        &self,
        junction: &str,
        incoming: usize,
        connecting: usize,
        contact: Option<End>,
    ) -> (End, End) {
        let road = &self.build.network.roads[incoming];
        let leads_there =
            |link: &Option<RoadLink>| matches!(link, Some(RoadLink::Junction { id }) if id == junction);
        let to = contact.unwrap_or_else(|| {
            let at_end = self.nearer_end(incoming, End::End, connecting);
            if leads_there(&road.successor) {
                at_end
            } else {
                self.nearer_end(incoming, End::Start, connecting)
            }
        });
        let from = match (leads_there(&road.predecessor), leads_there(&road.successor)) {
            (true, false) => End::Start,
            (false, true) => End::End,
            _ => self.nearer_end(connecting, to, incoming),
        };
        (from, to)
    }

    /// Takes out links that no vehicle could follow.
    fn drop_torn(&mut self, source: &mut Source) {
        let build = self.build;
        let mut sound = BTreeMap::new();
        for ((from, to), place) in std::mem::take(&mut self.links) {
            let (a, b) = (build.lane(from), build.lane(to));
            let (Some(end), Some(start)) = (a.centre.points().last(), b.centre.points().first()) else {
                continue;
            };
            let gap = end.position.truncate().distance(start.position.truncate());
            let height = (end.position.z - start.position.z).abs();
            let narrow = end_width(a, true).min(end_width(b, false));
            let beside = |n: Option<crate::Neighbour>| n.is_some_and(|n| n.same_direction);
            let drivable = a.kind.is_drivable() && b.kind.is_drivable();
            let what = if gap > TORN_M || height > 1.0 {
                format!(
                    "lanes {} and {} are linked but {gap:.2} m apart ({height:.2} m in height); not linked",
                    a.key, b.key
                )
            } else if drivable
                && narrow < CLOSED_M
                && gap > GAP_M
                && (beside(a.left) || beside(a.right) || beside(b.left) || beside(b.right))
            {
                // It opens or closes beside the one it is linked to: that is a lane change, not a link.
                continue;
            } else {
                if gap > GAP_M && drivable {
                    let what = format!("lanes {} and {} are linked but {gap:.2} m apart", a.key, b.key);
                    source.warn(place.clone(), what);
                }
                sound.insert((from, to), place);
                continue;
            };
            if drivable {
                source.warn(place, what);
            }
        }
        self.links = sound;
    }

    /// Links drivable lanes whose end or beginning nothing links, to what begins or ends exactly there.
    fn find_missing(&mut self, source: &mut Source) {
        let build = self.build;
        let ends = |at_end: bool| {
            let usable = |l: &&Lane| l.kind.is_drivable() && end_width(l, at_end) > CLOSED_M;
            let mut ends: Vec<(&PolylinePoint, LaneId)> = build
                .lanes
                .iter()
                .filter(usable)
                .filter_map(|l| Some((end_point(l, at_end)?, l.id)))
                .collect();
            ends.sort_by(|a, b| a.0.position.x.total_cmp(&b.0.position.x).then(a.1.cmp(&b.1)));
            ends
        };
        let (exits, entries) = (ends(true), ends(false));
        let has_next: BTreeSet<LaneId> = self.links.keys().map(|(from, _)| *from).collect();
        let has_previous: BTreeSet<LaneId> = self.links.keys().map(|(_, to)| *to).collect();
        for (exit, from) in &exits {
            let first = entries.partition_point(|(e, _)| e.position.x < exit.position.x - FOUND_M.0);
            let near =
                entries[first..].iter().take_while(|(e, _)| e.position.x <= exit.position.x + FOUND_M.0);
            for (entry, to) in near {
                let nothing_said = !has_next.contains(from) || !has_previous.contains(to);
                if !nothing_said || !meet(exit, entry) || self.links.contains_key(&(*from, *to)) {
                    continue;
                }
                let place = build.place(source, *from);
                let what = format!(
                    "nothing links lane {} to {}, which begins where it ends; linked",
                    build.lane(*from).key,
                    build.lane(*to).key
                );
                source.warn(place.clone(), what);
                self.links.insert((*from, *to), place);
            }
        }
    }
}

fn meet(exit: &PolylinePoint, entry: &PolylinePoint) -> bool {
    let gap = exit.position - entry.position;
    gap.truncate().length() <= FOUND_M.0
        && gap.z.abs() <= FOUND_M.1
        && wrap_angle(exit.heading - entry.heading).abs() <= FOUND_M.2
}

fn end_point(lane: &Lane, at_end: bool) -> Option<&PolylinePoint> {
    let points = lane.centre.points();
    if at_end { points.last() } else { points.first() }
}

/// Width where a lane ends or begins.
fn end_width(lane: &Lane, at_end: bool) -> f64 {
    let edges = if at_end {
        (lane.left_edge.last(), lane.right_edge.last())
    } else {
        (lane.left_edge.first(), lane.right_edge.first())
    };
    match edges {
        (Some(left), Some(right)) => left.distance(*right),
        _ => 0.0,
    }
}
