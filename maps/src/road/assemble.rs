//! From pieces of road to the arrays of the graph.

use super::geometry::{Point, length_m};
use super::graph::{Edge, NO_EDGE, Network, Way};
use super::turns::Turns;
use super::way_id::WayId;
use crate::error::Warning;

/// All that a graph is made of.
pub(super) struct Draft {
    pub name: String,
    pub digest: String,
    pub warnings: Vec<Warning>,
    pub network: Network,
    pub turns: Turns,
}

/// A way with its pieces.
pub(super) struct DraftWay {
    pub id: WayId,
    pub name: Option<String>,
    pub sections: Vec<Section>,
}

/// A piece of a way from node to node.
pub(super) struct Section {
    pub source: u32,
    pub target: u32,
    /// At least two, those of the nodes included.
    pub points: Vec<Point>,
    /// Speeds along it and against it, m/s; none where one must not drive.
    pub speeds_mps: [Option<f64>; 2],
    pub restricted: bool,
}

/// `ways` must have ids of their own, and at most 2³¹ points.
pub(super) fn network(nodes: Vec<Point>, mut ways: Vec<DraftWay>) -> Network {
    ways.sort_by_key(|w| w.id);
    let mut network = Network { nodes, first_point: vec![0], ..Network::default() };
    for (way, draft) in ways.into_iter().enumerate() {
        let first = network.shape_edges.len() as u32;
        for section in draft.sections {
            let shape = network.shape_edges.len() as u32;
            let length = length_m(&section.points);
            for (speed, along) in section.speeds_mps.into_iter().zip([true, false]) {
                let Some(speed) = speed else { continue };
                let (mut source, mut target) = (section.source, section.target);
                if !along {
                    (source, target) = (target, source);
                }
                let time_ms = ((length / speed * 1e3).round() as u32).max(1);
                network.edges.push(Edge {
                    source,
                    target,
                    way: way as u32,
                    shape,
                    time_ms,
                    length_m: length as f32,
                    along,
                    restricted: section.restricted,
                });
            }
            network.points.extend(section.points);
            network.first_point.push(network.points.len() as u32);
            network.shape_edges.push([NO_EDGE; 2]);
        }
        let shapes = first..network.shape_edges.len() as u32;
        network.ways.push(Way { id: draft.id, name: draft.name, shapes });
    }
    network.edges.sort_by_key(|e| (e.source, e.shape, !e.along));
    network.first_out = vec![0; network.nodes.len() + 1];
    for (i, edge) in network.edges.iter().enumerate() {
        network.first_out[edge.source as usize + 1] += 1;
        network.shape_edges[edge.shape as usize][usize::from(!edge.along)] = i as u32;
    }
    for node in 0..network.nodes.len() {
        network.first_out[node + 1] += network.first_out[node];
    }
    network
}
