//! From OSM's elements to roads between junctions.

use std::collections::BTreeMap;
use std::path::Path;

use super::access::{Profile, is_barrier, profile};
use super::restriction::{Restriction, apply};
use super::{Member, Tags, wrong};
use crate::error::{MapError, Place, Warning};
use crate::geo::Wgs84;
use crate::road::assemble::{Draft, DraftWay, Section, network};
use crate::road::geometry::Point;
use crate::road::graph::RoadGraph;
use crate::road::turns::TurnRules;
use crate::road::way_id::WayId;

/// So many warnings are enough to see what is wrong.
const MOST_WARNINGS: usize = 1000;

/// What is taken from a file: first ways and relations, then the nodes that these want.
#[derive(Default)]
pub(super) struct Import {
    ways: Vec<RoadWay>,
    restrictions: Vec<Restriction>,
    /// Ids of nodes on roads, sorted.
    wanted: Vec<i64>,
    nodes: Vec<Option<RoadNode>>,
}

struct RoadWay {
    id: i64,
    name: Option<String>,
    profile: Profile,
    refs: Vec<i64>,
}

#[derive(Clone, Copy)]
struct RoadNode {
    point: Point,
    is_barrier: bool,
}

impl Import {
    pub fn way(&mut self, id: i64, refs: Vec<i64>, tags: Tags<'_>) {
        let Some(profile) = profile(tags) else { return };
        let name = tags.get("name").or_else(|| tags.get("ref")).filter(|n| !n.trim().is_empty());
        self.ways.push(RoadWay { id, name: name.map(str::to_owned), profile, refs });
    }

    pub fn relation(&mut self, id: i64, tags: Tags<'_>, members: &[Member<'_>]) {
        self.restrictions.extend(Restriction::new(id, tags, members));
    }

    /// After ways and relations, before nodes.
    pub fn want_nodes(&mut self) {
        self.wanted = self.ways.iter().flat_map(|w| w.refs.iter().copied()).collect();
        self.wanted.sort_unstable();
        self.wanted.dedup();
        self.nodes = vec![None; self.wanted.len()];
    }

    pub fn wants(&self, node: i64) -> bool {
        self.wanted.binary_search(&node).is_ok()
    }

    /// Whether it is a place on earth.
    pub fn node(&mut self, id: i64, place: Wgs84, tags: Tags<'_>) -> bool {
        let Some(point) = Point::new(place) else { return false };
        if let Ok(i) = self.wanted.binary_search(&id) {
            self.nodes[i] = Some(RoadNode { point, is_barrier: is_barrier(tags) });
        }
        true
    }

    pub fn finish(mut self, file: &Path, digest: u128) -> Result<RoadGraph, MapError> {
        let mut warnings = Warnings { file, all: vec![] };
        self.ways.sort_by_key(|w| w.id);
        self.ways.dedup_by(|b, a| {
            let is_double = a.id == b.id;
            if is_double {
                warnings.add(format!("way {} is in the file twice, the second is ignored", a.id));
            }
            is_double
        });
        let mut sections = Sections::new(&self);
        let ways = self.ways.iter().map(|way| DraftWay {
            id: WayId(way.id),
            name: way.name.clone(),
            sections: sections.of(way, &mut warnings),
        });
        let ways: Vec<_> = ways.collect();
        let ways: Vec<_> = ways.into_iter().filter(|w| !w.sections.is_empty()).collect();
        if ways.is_empty() {
            return Err(wrong(
                file,
                0,
                "there is no road for cars in it (ways with `highway`, and their nodes)",
            ));
        }
        let Sections { points, graph_node, .. } = sections;
        if ways.iter().flat_map(|w| &w.sections).map(|s| s.points.len()).sum::<usize>() > i32::MAX as usize {
            return Err(wrong(file, 0, "more than 2³¹ points: cut it to the area of operation"));
        }
        let network = network(points, ways);
        let mut rules = TurnRules::all(&network);
        let node_of = |id: i64| graph_node.get(&self.wanted.binary_search(&id).ok()?).copied();
        apply(&self.restrictions, &network, &mut rules, node_of, |what| warnings.add(what));
        let turns = rules.finish(&network);
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name =
            [".osm.pbf", ".pbf", ".osm"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(&name).into();
        let warnings = warnings.all;
        Ok(RoadGraph::from_draft(Draft { name, digest: format!("{digest:032x}"), warnings, network, turns }))
    }
}

struct Warnings<'a> {
    file: &'a Path,
    all: Vec<Warning>,
}

impl Warnings<'_> {
    fn add(&mut self, what: String) {
        if self.all.len() < MOST_WARNINGS {
            let place = Place { file: self.file.to_owned(), ..Place::default() };
            self.all.push(Warning { place, what });
        }
    }
}

/// Cuts ways where they meet.
struct Sections<'a> {
    import: &'a Import,
    /// How often each node is on a way, and once more for each end; 2 and more make a junction.
    uses: Vec<u8>,
    /// Nodes of the graph.
    points: Vec<Point>,
    /// Number in the graph by number in `wanted`.
    graph_node: BTreeMap<usize, u32>,
}

impl<'a> Sections<'a> {
    fn new(import: &'a Import) -> Self {
        let mut sections =
            Self { import, uses: vec![0; import.wanted.len()], points: vec![], graph_node: BTreeMap::new() };
        for way in &import.ways {
            for node in way.refs.iter().chain(way.refs.first()).chain(way.refs.last()) {
                if let Ok(i) = import.wanted.binary_search(node) {
                    sections.uses[i] = sections.uses[i].saturating_add(1);
                }
            }
        }
        sections
    }

    /// Pieces of a way between junctions and barriers. What leads to a node that the file lacks is left out.
    fn of(&mut self, way: &RoadWay, warnings: &mut Warnings<'_>) -> Vec<Section> {
        let mut sections = vec![];
        // Where the open piece begins, and its points.
        let mut open: Option<(u32, Vec<Point>)> = None;
        let mut missing = 0;
        let mut refs = way.refs.clone();
        refs.dedup();
        for id in refs {
            let at = self.import.wanted.binary_search(&id).ok();
            let found = at.and_then(|i| Some((i, self.import.nodes[i]?)));
            let Some((i, node)) = found else {
                missing += 1;
                self.close(&mut open, None, way, &mut sections);
                continue;
            };
            if let Some((_, points)) = &mut open {
                points.push(node.point);
            }
            if self.uses[i] < 2 && !node.is_barrier && open.is_some() {
                continue;
            }
            self.close(&mut open, Some((i, node)), way, &mut sections);
            open = Some((self.node(i, node), vec![node.point]));
        }
        self.close(&mut open, None, way, &mut sections);
        if missing > 0 {
            warnings.add(format!("way {}: {missing} of its nodes are not in the file", way.id));
        }
        sections
    }

    /// Ends the open piece, at a node or where its last point is.
    fn close(
        &mut self,
        open: &mut Option<(u32, Vec<Point>)>,
        at: Option<(usize, RoadNode)>,
        way: &RoadWay,
        sections: &mut Vec<Section>,
    ) {
        let Some((source, points)) = open.take() else { return };
        let Some(last) = points.last().filter(|_| points.len() > 1) else { return };
        let target = match at {
            Some((i, node)) => self.node(i, node),
            None => self.new_node(*last),
        };
        let Profile { speeds_mps, restricted } = way.profile;
        sections.push(Section { source, target, points, speeds_mps, restricted });
    }

    /// The node of the graph for one of the file. At a barrier each road has an end of its own.
    fn node(&mut self, i: usize, node: RoadNode) -> u32 {
        if node.is_barrier {
            return self.new_node(node.point);
        }
        if let Some(known) = self.graph_node.get(&i) {
            return *known;
        }
        let new = self.new_node(node.point);
        self.graph_node.insert(i, new);
        new
    }

    fn new_node(&mut self, point: Point) -> u32 {
        self.points.push(point);
        self.points.len() as u32 - 1
    }
}
