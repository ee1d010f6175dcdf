//! Lower bounds of travel times, from the times from and to a few nodes at the rim (ALT).
//!
//! By the triangle inequality `d(v, t) ≥ d(L, t) − d(L, v)` and `d(v, t) ≥ d(v, L) − d(t, L)` for each landmark L. The
//! times are those of the edges alone: turns, restrictions and overlays only make ways longer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::components::Components;
use super::graph::Network;

const LANDMARKS: usize = 16;
/// No way.
pub(super) const NEVER: u32 = u32::MAX;

/// Times from each landmark to a node, and from the node to each, ms.
#[derive(Clone, Copy, Debug)]
struct Times {
    from: [u32; LANDMARKS],
    to: [u32; LANDMARKS],
}

#[derive(Debug)]
pub(super) struct Landmarks {
    /// By node.
    times: Vec<Times>,
}

impl Landmarks {
    /// Nodes of the main component that are as far from each other as can be, one after the other.
    pub fn new(network: &Network, components: &Components) -> Self {
        let nodes = network.nodes.len();
        let mut landmarks =
            Self { times: vec![Times { from: [NEVER; LANDMARKS], to: [NEVER; LANDMARKS] }; nodes] };
        let Some(seed) = (0..nodes as u32).find(|n| components.is_main(*n)) else { return landmarks };
        let into = Into::new(network);
        let main: Vec<u32> = (0..nodes as u32).filter(|n| components.is_main(*n)).collect();
        // Distance there and back to the nearest landmark; at first that to the seed.
        let mut nearest = vec![NEVER; nodes];
        let mut at = seed;
        for round in 0..=LANDMARKS {
            let from = times(nodes, at, |node| {
                network.out(node).map(|e| (network.edge(e).target, network.edge(e).time_ms))
            });
            let to = times(nodes, at, |node| {
                into.edges(node).iter().map(|e| (network.edge(*e).source, network.edge(*e).time_ms))
            });
            for node in 0..nodes {
                let both = from[node].saturating_add(to[node]);
                // The seed is no landmark.
                nearest[node] = if round <= 1 { both } else { nearest[node].min(both) };
                if round > 0 {
                    let times = &mut landmarks.times[node];
                    (times.from[round - 1], times.to[round - 1]) = (from[node], to[node]);
                }
            }
            at = main.iter().copied().max_by_key(|n| (nearest[*n as usize], Reverse(*n))).unwrap_or(seed);
        }
        landmarks
    }

    /// Lower bound of the time between two nodes, ms; [`NEVER`] if there is surely no way.
    pub fn bound(&self, from: u32, to: u32) -> u32 {
        let (v, t) = (&self.times[from as usize], &self.times[to as usize]);
        let mut bound = 0;
        for i in 0..LANDMARKS {
            bound = bound.max(t.from[i].saturating_sub(v.from[i])).max(v.to[i].saturating_sub(t.to[i]));
        }
        // A difference to NEVER: the landmark has a way to one of the two that the way asked for would complete.
        if bound > NEVER / 2 { NEVER } else { bound }
    }
}

/// Edges by target.
struct Into {
    first: Vec<u32>,
    edges: Vec<u32>,
}

impl Into {
    fn new(network: &Network) -> Self {
        let mut edges: Vec<u32> = (0..network.edges.len() as u32).collect();
        edges.sort_by_key(|e| network.edge(*e).target);
        let first = (0..=network.nodes.len() as u32)
            .map(|node| edges.partition_point(|e| network.edge(*e).target < node) as u32);
        Self { first: first.collect(), edges }
    }

    fn edges(&self, node: u32) -> &[u32] {
        &self.edges[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }
}

/// Dijkstra's algorithm from one node to all.
fn times<I: Iterator<Item = (u32, u32)>>(nodes: usize, begin: u32, next: impl Fn(u32) -> I) -> Vec<u32> {
    let mut times = vec![NEVER; nodes];
    times[begin as usize] = 0;
    let mut queue = BinaryHeap::from([Reverse((0, begin))]);
    while let Some(Reverse((time, node))) = queue.pop() {
        if time > times[node as usize] {
            continue;
        }
        for (to, step) in next(node) {
            // Half of what there is remains for differences to NEVER.
            let then = time.saturating_add(step).min(NEVER / 2 - 1);
            if then < times[to as usize] {
                times[to as usize] = then;
                queue.push(Reverse((then, to)));
            }
        }
    }
    times
}
