//! The roads of a lane map.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{Draft, DraftWay, Section, network};
use super::components::DisjointSets;
use super::geometry::Point;
use super::graph::RoadGraph;
use super::turns::TurnRules;
use super::way_id::WayId;
use crate::error::{MapError, Place};
use crate::lane::Lane;
use crate::map::Map;
use crate::polyline::wrap_angle;

/// Speed where there is no limit, m/s; as for routes over lanes.
const UNLIMITED_MPS: f64 = 100.0 / 3.6;
/// Points of a lane's middle are kept where it has turned by this, rad, or after this way, m.
const KEEP_TURN: f64 = 0.03;
const KEEP_M: f64 = 50.0;

/// The drivable lanes of one lane section in one direction.
type Group<'m> = Vec<&'m Lane>;

pub(super) fn graph(map: &Map) -> Result<RoadGraph, MapError> {
    let mut by_road: BTreeMap<&str, BTreeMap<(u32, bool), Group>> = BTreeMap::new();
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable() && l.length() > 0.0) {
        let road = by_road.entry(&lane.key.road).or_default();
        road.entry((lane.key.section, !lane.along_road)).or_default().push(lane);
    }
    let ids = way_ids(by_road.keys().copied());
    let mut roads: Vec<(WayId, Vec<Group>)> =
        by_road.into_iter().zip(ids).map(|((_, groups), id)| (id, groups.into_values().collect())).collect();
    // In the order in which the network numbers its lines.
    roads.sort_by_key(|(id, _)| *id);
    let groups: Vec<&Group> = roads.iter().flat_map(|(_, groups)| groups).collect();
    if groups.is_empty() {
        let place = Place { file: map.name.clone().into(), ..Place::default() };
        return Err(MapError::Content { place, what: "there is no drivable lane in it".into() });
    }
    let links = links(map, &groups);
    let lines = groups.iter().map(|g| line(map, g)).collect::<Result<Vec<_>, _>>()?;
    let (nodes, ends) = nodes(&links, &lines);
    let mut sections =
        groups.iter().zip(lines).zip(ends).map(|((group, points), (source, target))| Section {
            source,
            target,
            points,
            speeds_mps: [Some(speed_mps(middle(group))), None],
            restricted: false,
        });
    let ways = roads.iter().map(|(id, groups)| DraftWay {
        id: *id,
        name: None,
        sections: sections.by_ref().take(groups.len()).collect(),
    });
    let network = network(nodes, ways.collect());
    let edge_of = |group: &u32| network.shape_edges[*group as usize][0];
    let mut after = vec![vec![]; network.edges.len()];
    for (group, next) in (0..).zip(&links) {
        after[edge_of(&group) as usize] = next.iter().map(edge_of).collect();
    }
    let turns = TurnRules::given(after).finish(&network);
    let (name, digest) = (map.name.clone(), map.digest.clone());
    Ok(RoadGraph::from_draft(Draft { name, digest, warnings: map.warnings.clone(), network, turns }))
}

/// Roads whose ids are numbers keep them; the others, by name, get the next free ones.
fn way_ids<'a>(roads: impl Iterator<Item = &'a str>) -> Vec<WayId> {
    let numbers: Vec<Option<i64>> =
        roads.map(|road| road.parse().ok().filter(|n: &i64| *n >= 0 && n.to_string() == road)).collect();
    let mut next = numbers.iter().flatten().max().map_or(0, |n| n.saturating_add(1));
    let ids = numbers.iter().map(|number| {
        number.unwrap_or_else(|| {
            next += 1;
            next - 1
        })
    });
    ids.map(WayId).collect()
}

/// Groups that lanes of each group lead to.
fn links(map: &Map, groups: &[&Group]) -> Vec<BTreeSet<u32>> {
    let mut group_of = vec![None; map.lanes.len()];
    for (i, group) in (0_u32..).zip(groups) {
        for lane in group.iter() {
            group_of[lane.id.0 as usize] = Some(i);
        }
    }
    let next = |group: &&Group| {
        let successors = group.iter().flat_map(|lane| &lane.successors);
        successors.filter_map(|lane| group_of[lane.0 as usize]).collect()
    };
    groups.iter().map(next).collect()
}

/// Where lines join, and the nodes that each begins and ends at.
fn nodes(links: &[BTreeSet<u32>], lines: &[Vec<Point>]) -> (Vec<Point>, Vec<(u32, u32)>) {
    let (begin, end) = (|group: u32| 2 * group, |group: u32| 2 * group + 1);
    let mut sets = DisjointSets::new(2 * lines.len());
    for (group, next) in (0..).zip(links) {
        next.iter().for_each(|n| sets.join(end(group), begin(*n)));
    }
    let mut nodes = vec![];
    let mut known = BTreeMap::new();
    let mut node = |end: u32, point: Point| {
        *known.entry(sets.find(end)).or_insert_with(|| {
            nodes.push(point);
            nodes.len() as u32 - 1
        })
    };
    let ends = (0..).zip(lines).map(|(group, line)| {
        let point = |p: Option<&Point>| p.copied().unwrap_or_default();
        (node(begin(group), point(line.first())), node(end(group), point(line.last())))
    });
    let ends = ends.collect();
    (nodes, ends)
}

fn middle<'m>(group: &Group<'m>) -> &'m Lane {
    group[group.len() / 2]
}

/// Points along the middle lane of a group.
fn line(map: &Map, group: &Group) -> Result<Vec<Point>, MapError> {
    let lane = middle(group);
    let points = lane.centre.points();
    let mut kept: Vec<usize> = vec![];
    for (i, point) in points.iter().enumerate() {
        let far = kept.last().is_none_or(|k| {
            let last = &points[*k];
            wrap_angle(point.heading - last.heading).abs() > KEEP_TURN || point.s - last.s > KEEP_M
        });
        if far || i + 1 == points.len() {
            kept.push(i);
        }
    }
    let places = kept.into_iter().map(|i| Point::new(map.georeference.to_wgs84(points[i].position)));
    places.collect::<Option<_>>().ok_or_else(|| MapError::Content {
        place: Place {
            file: map.name.clone().into(),
            line: lane.line,
            road: Some(lane.key.road.clone()),
            lane: Some(lane.key.lane),
        },
        what: format!("it lies outside of the projection {}", map.georeference.definition()),
    })
}

/// Mean speed over a lane at its limits.
fn speed_mps(lane: &Lane) -> f64 {
    let ends = lane.speed_limits.iter().skip(1).map(|l| l.from_s).chain([lane.length()]);
    let times = lane.speed_limits.iter().zip(ends).map(|(limit, end)| {
        let speed = if limit.limit_mps.is_finite() { limit.limit_mps } else { UNLIMITED_MPS };
        (end - limit.from_s) / speed
    });
    let time_s: f64 = times.sum();
    if time_s > 0.0 { lane.length() / time_s } else { UNLIMITED_MPS }
}
