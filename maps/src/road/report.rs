//! What a road graph is like, and what may be wrong with it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::components::undirected;
use super::graph::RoadGraph;
use super::way_id::WayId;

/// What is found in a road graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Ways.
    pub ways: usize,
    /// Nodes.
    pub nodes: usize,
    /// Directed edges.
    pub edges: usize,
    /// Length of all roads, m; a road with two directions counts once.
    pub length_m: f64,
    /// Parts that are not connected with each other, largest first.
    pub components: Vec<Component>,
    /// Nodes from which each can reach each other.
    pub strongly_connected_nodes: usize,
    /// Nodes at which a road just ends.
    pub dead_ends: usize,
    /// Nodes that one can come to but not leave.
    pub traps: usize,
    /// Edges without length, by way.
    pub zero_length: Vec<WayId>,
    /// Share of the length that has no name, 0 to 1.
    pub unnamed_share: f64,
    /// Share of the length that is open only to those who have business there, 0 to 1.
    pub restricted_share: f64,
}

/// A part of the graph that no road connects with the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Component {
    /// Nodes in it.
    pub nodes: usize,
    /// Length of its roads, m.
    pub length_m: f64,
    /// A way in it.
    pub way: WayId,
}

impl RoadGraph {
    /// Looks over the graph.
    pub fn report(&self) -> Report {
        let inner = &self.inner;
        let network = &inner.network;
        let roots = undirected(network);
        let mut of_root: BTreeMap<u32, Component> = BTreeMap::new();
        // Lines that end at each node, and whether one can leave it.
        let mut ends = vec![0_u32; network.nodes.len()];
        let mut arrivals = vec![false; network.nodes.len()];
        let (mut length_m, mut unnamed_m, mut restricted_m) = (0.0, 0.0, 0.0);
        let mut zero_length = vec![];
        for edges in &network.shape_edges {
            let edge = network.edge(edges[0].min(edges[1]));
            let (way, length) = (&network.ways[edge.way as usize], f64::from(edge.length_m));
            length_m += length;
            unnamed_m += if way.name.is_none() { length } else { 0.0 };
            restricted_m += if edge.restricted { length } else { 0.0 };
            if length <= 0.0 {
                zero_length.push(way.id);
            }
            ends[edge.source as usize] += 1;
            ends[edge.target as usize] += 1;
            let component = Component { nodes: 0, length_m: 0.0, way: way.id };
            of_root.entry(roots[edge.source as usize]).or_insert(component).length_m += length;
        }
        for edge in &network.edges {
            arrivals[edge.target as usize] = true;
        }
        for root in roots {
            if let Some(component) = of_root.get_mut(&root) {
                component.nodes += 1;
            }
        }
        let mut components: Vec<_> = of_root.into_values().collect();
        components.sort_by(|a, b| b.nodes.cmp(&a.nodes).then(b.length_m.total_cmp(&a.length_m)));
        let traps = (0..network.nodes.len()).filter(|n| arrivals[*n] && network.out(*n as u32).is_empty());
        let share = |part: f64| if length_m > 0.0 { part / length_m } else { 0.0 };
        Report {
            ways: network.ways.len(),
            nodes: network.nodes.len(),
            edges: network.edges.len(),
            length_m,
            components,
            strongly_connected_nodes: inner.components.sizes.iter().max().map_or(0, |s| *s as usize),
            dead_ends: ends.iter().filter(|e| **e == 1).count(),
            traps: traps.count(),
            zero_length,
            unnamed_share: share(unnamed_m),
            restricted_share: share(restricted_m),
        }
    }
}
