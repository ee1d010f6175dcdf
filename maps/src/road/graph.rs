//! The graph and what it is made of.

use std::path::Path;
use std::sync::Arc;

use super::assemble::Draft;
use super::components::{Components, Zones};
use super::geometry::Point;
use super::index::ShapeIndex;
use super::landmarks::Landmarks;
use super::search::Labels;
use super::turns::Turns;
use super::way_id::WayId;
use super::{lanes, osm, shipped};
use crate::error::{MapError, Place, Warning};
use crate::geo::Wgs84;
use crate::map::Map;

/// Number of a directed edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub u32);

/// A piece of road between two junctions, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Node it begins at.
    pub source: u32,
    /// Node it ends at.
    pub target: u32,
    /// Index of its way in [`RoadGraph::ways`].
    pub way: u32,
    /// Its line, shared with the other direction.
    pub(super) shape: u32,
    /// Time over it at the speed of the map, ms.
    pub time_ms: u32,
    /// Length, m.
    pub length_m: f32,
    /// Whether it runs along its line, and not against it.
    pub(super) along: bool,
    /// Whether it is open only to those who begin or end their trip on it or behind it (`access=destination`, `private`).
    pub restricted: bool,
}

/// A way: what one segment id stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Its id.
    pub id: WayId,
    /// Its name, else its number (`ref`).
    pub name: Option<String>,
    /// Its lines, in order.
    pub(super) shapes: std::ops::Range<u32>,
}

/// Nodes, edges and lines, without what speeds up the queries.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub nodes: Vec<Point>,
    /// Edges by source: those of node `n` are `first_out[n]..first_out[n + 1]`.
    pub first_out: Vec<u32>,
    pub edges: Vec<Edge>,
    /// Points of line `s` are `points[first_point[s]..first_point[s + 1]]`.
    pub first_point: Vec<u32>,
    pub points: Vec<Point>,
    /// Edges of each line: along it and against it, [`NO_EDGE`] where there is none.
    pub shape_edges: Vec<[u32; 2]>,
    /// By id.
    pub ways: Vec<Way>,
}

/// No edge in this direction.
pub(super) const NO_EDGE: u32 = u32::MAX;

impl Network {
    pub fn out(&self, node: u32) -> std::ops::Range<u32> {
        self.first_out[node as usize]..self.first_out[node as usize + 1]
    }

    pub fn edge(&self, edge: u32) -> &Edge {
        &self.edges[edge as usize]
    }

    /// Points of a line.
    pub fn shape(&self, shape: u32) -> &[Point] {
        let range = self.first_point[shape as usize]..self.first_point[shape as usize + 1];
        &self.points[range.start as usize..range.end as usize]
    }

    /// Points of an edge, in its direction.
    pub fn edge_points(&self, edge: &Edge) -> Vec<Point> {
        let mut points = self.shape(edge.shape).to_vec();
        if !edge.along {
            points.reverse();
        }
        points
    }

    pub fn way_index(&self, id: WayId) -> Option<u32> {
        self.ways.binary_search_by_key(&id, |w| w.id).ok().map(|i| i as u32)
    }
}

pub(super) struct Inner {
    pub name: String,
    pub digest: String,
    pub warnings: Vec<Warning>,
    pub network: Network,
    pub turns: Turns,
    pub components: Components,
    pub zones: Zones,
    pub landmarks: Landmarks,
    pub index: ShapeIndex,
    /// What searches note, kept for the next ones.
    pub labels: Labels,
}

/// Roads between junctions, immutable. Clones share everything.
#[derive(Clone)]
pub struct RoadGraph {
    pub(super) inner: Arc<Inner>,
}

impl std::fmt::Debug for RoadGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (nodes, edges) = (self.node_count(), self.edge_count());
        write!(f, "RoadGraph {{ {}: {nodes} nodes, {edges} edges }}", self.name())
    }
}

impl RoadGraph {
    /// Loads roads by the ending of the file's name: `.osm.pbf` (or `.pbf`), `.osm`, `.xodr`; or by the name of a road graph
    /// or a map that ships with the product, e.g. `uae-main-roads`.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MapError> {
        let path = path.as_ref();
        if let Some(text) = path.to_str().and_then(shipped::text) {
            return osm::from_xml(path, text);
        }
        let ends = |with: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(with));
        if ends("pbf") {
            osm::from_pbf(path)
        } else if ends("osm") {
            osm::from_xml(path, &crate::map::read_text(path)?)
        } else if ends("xodr") || path.to_str().is_some_and(|name| crate::SHIPPED.contains(&name)) {
            Self::from_lanes(&Map::load(path)?)
        } else {
            let place = Place { file: path.to_owned(), ..Place::default() };
            let what = format!(
                "expected a file that ends in .osm.pbf, .osm or .xodr, or the name of one that ships with the product: {}",
                super::SHIPPED.iter().chain(&crate::SHIPPED).copied().collect::<Vec<_>>().join(", ")
            );
            Err(MapError::Content { place, what })
        }
    }

    /// The drivable roads of a lane map. Places are those of the map's georeference, also where that is not of the file.
    ///
    /// A way is a road of the map; its number is the road's id where that is one, else the next free one. What
    /// leads from one road to another is what links their lanes: there are no U-turns but those that the lanes make.
    pub fn from_lanes(map: &Map) -> Result<Self, MapError> {
        lanes::graph(map)
    }

    /// Reads OSM XML. `file` is named in errors.
    pub fn from_osm_xml(file: impl AsRef<Path>, text: &str) -> Result<Self, MapError> {
        osm::from_xml(file.as_ref(), text)
    }

    /// Reads OSM PBF. `file` is named in errors.
    pub fn from_osm_pbf(file: impl AsRef<Path>, bytes: &[u8]) -> Result<Self, MapError> {
        osm::from_pbf_bytes(file.as_ref(), bytes)
    }

    pub(super) fn from_draft(draft: Draft) -> Self {
        let Draft { name, digest, warnings, network, turns } = draft;
        let components = Components::new(&network);
        let zones = Zones::new(&network);
        let landmarks = Landmarks::new(&network, &components);
        let index = ShapeIndex::new(&network);
        let labels = Labels::default();
        let inner =
            Inner { name, digest, warnings, network, turns, components, zones, landmarks, index, labels };
        Self { inner: Arc::new(inner) }
    }

    /// Name: that of the file without its ending.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// XXH3 digest (128 bits) of the file's bytes, hexadecimal; tells versions apart.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// What is not right in the file but can be lived with.
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.warnings
    }

    /// Number of nodes: junctions, ends, and where a road becomes another way.
    pub fn node_count(&self) -> usize {
        self.inner.network.nodes.len()
    }

    /// Number of directed edges.
    pub fn edge_count(&self) -> usize {
        self.inner.network.edges.len()
    }

    /// Where a node lies.
    pub fn node(&self, node: u32) -> Wgs84 {
        self.inner.network.nodes[node as usize].wgs84()
    }

    /// A directed edge.
    pub fn edge(&self, edge: EdgeId) -> &Edge {
        self.inner.network.edge(edge.0)
    }

    /// Edges that begin at a node.
    pub fn edges_from(&self, node: u32) -> impl Iterator<Item = EdgeId> + use<> {
        self.inner.network.out(node).map(EdgeId)
    }

    /// Line of an edge, in its direction.
    pub fn geometry(&self, edge: EdgeId) -> Vec<Wgs84> {
        let network = &self.inner.network;
        network.edge_points(network.edge(edge.0)).into_iter().map(Point::wgs84).collect()
    }

    /// All ways, by id.
    pub fn ways(&self) -> &[Way] {
        &self.inner.network.ways
    }

    /// The way of an id.
    pub fn way(&self, id: WayId) -> Option<&Way> {
        self.inner.network.way_index(id).map(|i| &self.inner.network.ways[i as usize])
    }

    /// Lines of a way, one for each of its pieces between junctions; none if there is no such way.
    pub fn way_geometry(&self, id: WayId) -> Vec<Vec<Wgs84>> {
        let shapes = self.way(id).map_or(0..0, |w| w.shapes.clone());
        shapes.map(|s| self.inner.network.shape(s).iter().map(|p| p.wgs84()).collect()).collect()
    }

    /// Highest speed on a way by the map, m/s; 0 if there is no such way.
    pub fn way_speed_mps(&self, id: WayId) -> f64 {
        let shapes = self.way(id).map_or(0..0, |w| w.shapes.clone());
        let edges = shapes.flat_map(|s| self.inner.network.shape_edges[s as usize]).filter(|e| *e != NO_EDGE);
        let speed = |e: u32| {
            let edge = self.inner.network.edge(e);
            f64::from(edge.length_m) * 1000.0 / f64::from(edge.time_ms.max(1))
        };
        edges.map(speed).fold(0.0, f64::max)
    }

    /// South-western and north-eastern corner of what the roads lie in.
    pub fn bounds(&self) -> (Wgs84, Wgs84) {
        let points = &self.inner.network.points;
        let latitudes = points.iter().map(|p| p.latitude);
        let longitudes = points.iter().map(|p| p.longitude);
        let corner = |latitude: Option<i32>, longitude: Option<i32>| Point {
            latitude: latitude.unwrap_or_default(),
            longitude: longitude.unwrap_or_default(),
        };
        let low = corner(latitudes.clone().min(), longitudes.clone().min());
        let high = corner(latitudes.max(), longitudes.max());
        (low.wgs84(), high.wgs84())
    }
}
