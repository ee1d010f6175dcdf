//! What is connected with what.

use super::graph::Network;

/// Strongly connected components: sets of nodes that can all be reached from each other, by Tarjan's algorithm. Turn
/// restrictions are not looked at.
#[derive(Debug)]
pub(super) struct Components {
    /// Component of each node.
    pub of_node: Vec<u32>,
    /// Nodes in each component.
    pub sizes: Vec<u32>,
    /// The one with the most nodes.
    pub main: u32,
}

const UNSEEN: u32 = u32::MAX;

impl Components {
    pub fn new(network: &Network) -> Self {
        let count = network.nodes.len();
        let mut components = Self { of_node: vec![UNSEEN; count], sizes: vec![], main: 0 };
        let (mut order, mut low) = (vec![UNSEEN; count], vec![UNSEEN; count]);
        let (mut seen, mut open, mut path) = (0, vec![], vec![]);
        for root in 0..count as u32 {
            if order[root as usize] != UNSEEN {
                continue;
            }
            path.push((root, network.out(root)));
            while let Some((node, out)) = path.last_mut() {
                let v = *node as usize;
                if order[v] == UNSEEN {
                    (order[v], low[v]) = (seen, seen);
                    seen += 1;
                    open.push(*node);
                }
                if let Some(edge) = out.next() {
                    let next = network.edge(edge).target;
                    let w = next as usize;
                    if order[w] == UNSEEN {
                        path.push((next, network.out(next)));
                    } else if components.of_node[w] == UNSEEN {
                        low[v] = low[v].min(order[w]);
                    }
                    continue;
                }
                let (node, _) = (*node, path.pop());
                if let Some((before, _)) = path.last() {
                    low[*before as usize] = low[*before as usize].min(low[v]);
                }
                if low[v] == order[v] {
                    components.close(&mut open, node);
                }
            }
        }
        let largest = components.sizes.iter().enumerate().max_by_key(|(i, size)| (**size, usize::MAX - i));
        components.main = largest.map_or(0, |(i, _)| i as u32);
        components
    }

    /// The nodes from `root` on are a component.
    fn close(&mut self, open: &mut Vec<u32>, root: u32) {
        let id = self.sizes.len() as u32;
        self.sizes.push(0);
        while let Some(node) = open.pop() {
            self.of_node[node as usize] = id;
            self.sizes[id as usize] += 1;
            if node == root {
                break;
            }
        }
    }

    pub fn is_main(&self, node: u32) -> bool {
        self.of_node[node as usize] == self.main
    }
}

/// Sets of nodes that are connected if directions are not looked at: the smallest node of its set for each node.
pub(super) fn undirected(network: &Network) -> Vec<u32> {
    let mut sets = DisjointSets::new(network.nodes.len());
    for edge in &network.edges {
        sets.join(edge.source, edge.target);
    }
    (0..network.nodes.len() as u32).map(|node| sets.find(node)).collect()
}

/// Zones: restricted roads that are connected with each other. A trip may use those of the zones it begins or ends in.
#[derive(Debug)]
pub(super) struct Zones {
    /// By line; [`OPEN`] for those of roads that are not restricted.
    of_shape: Vec<u32>,
}

const OPEN: u32 = u32::MAX;

impl Zones {
    pub fn new(network: &Network) -> Self {
        let mut sets = DisjointSets::new(network.nodes.len());
        let restricted = || network.edges.iter().filter(|e| e.restricted);
        restricted().for_each(|edge| sets.join(edge.source, edge.target));
        let mut of_shape = vec![OPEN; network.shape_edges.len()];
        restricted().for_each(|edge| of_shape[edge.shape as usize] = sets.find(edge.source));
        Self { of_shape }
    }

    pub fn of_shape(&self, shape: u32) -> u32 {
        self.of_shape[shape as usize]
    }
}

/// Sets that grow together; each is called by its smallest member.
pub(super) struct DisjointSets {
    parent: Vec<u32>,
}

impl DisjointSets {
    pub fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect() }
    }

    pub fn find(&mut self, mut member: u32) -> u32 {
        while self.parent[member as usize] != member {
            let up = self.parent[self.parent[member as usize] as usize];
            self.parent[member as usize] = up;
            member = up;
        }
        member
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }
}
