//! Which edge may follow which, and what the turn costs.
//!
//! A search runs over *states*: an edge, and what of the way to it matters for what may follow. State `e` is edge `e` without
//! more to know. A restriction over a way (`via` a way) forbids a sequence of edges; its edges in the middle get states of
//! their own for those who come from its first edge, and the last of these lacks the forbidden turn.

use glam::DVec2;

use super::geometry::direction;
use super::graph::Network;

/// A turn onto an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// State on the edge that is turned to.
    pub state: u32,
    pub time_ms: u32,
}

/// All turns, by the state they begin at.
#[derive(Debug)]
pub(super) struct Turns {
    first: Vec<u32>,
    turns: Vec<Turn>,
    /// Edges of the states beyond those that are edges themselves.
    more: Vec<u32>,
    edges: u32,
}

impl Turns {
    pub fn states(&self) -> usize {
        self.first.len() - 1
    }

    pub fn edge(&self, state: u32) -> u32 {
        if state < self.edges { state } else { self.more[(state - self.edges) as usize] }
    }

    pub fn from(&self, state: u32) -> &[Turn] {
        let range = self.first[state as usize]..self.first[state as usize + 1];
        &self.turns[range.start as usize..range.end as usize]
    }
}

/// Turns in the making.
pub(super) struct TurnRules {
    /// States that may follow a state.
    after: Vec<Vec<u32>>,
    /// Edge of each state.
    edge: Vec<u32>,
}

impl TurnRules {
    /// From each edge to all that begin where it ends, but for turning round, which is done at dead ends only.
    pub fn all(network: &Network) -> Self {
        let after = network.edges.iter().map(|edge| {
            let out = network.out(edge.target);
            let onward: Vec<u32> =
                out.clone().filter(|next| network.edge(*next).shape != edge.shape).collect();
            if onward.is_empty() { out.collect() } else { onward }
        });
        Self::given(after.collect())
    }

    /// The edges that may follow each edge.
    pub fn given(after: Vec<Vec<u32>>) -> Self {
        let edge = (0..after.len() as u32).collect();
        Self { after, edge }
    }

    /// Edges that may follow an edge.
    pub fn after(&self, edge: u32) -> impl Iterator<Item = u32> + '_ {
        self.after[edge as usize].iter().map(|state| self.edge[*state as usize])
    }

    /// Forbids a sequence of two or more edges, or what else may follow all but its last edge. Whether it is one that could
    /// be driven before: of those that contradict each other, the first counts. Sequences of two come before longer ones.
    pub fn restrict(&mut self, sequence: &[u32], only: bool) -> bool {
        let [first, via @ .., last] = sequence else { return false };
        let mut drivable = false;
        // Those who come to the first edge under another restriction are under this one, too.
        let begins: Vec<usize> = (0..self.edge.len()).filter(|s| self.edge[*s] == *first).collect();
        for begin in begins {
            drivable |= self.restrict_from(begin, via, *last, only);
        }
        drivable
    }

    fn restrict_from(&mut self, begin: usize, via: &[u32], last: u32, only: bool) -> bool {
        let mut path = vec![];
        let mut at = begin;
        for edge in via.iter().chain([&last]) {
            let Some(i) = self.after[at].iter().position(|s| self.edge[*s as usize] == *edge) else {
                return false;
            };
            path.push(i);
            at = self.after[at][i] as usize;
        }
        path.pop();
        let mut at = begin;
        for i in path {
            // A copy for those who came this way: the state may be shared with others.
            let copied = self.after[at][i] as usize;
            self.edge.push(self.edge[copied]);
            self.after.push(self.after[copied].clone());
            let copy = self.edge.len() - 1;
            self.after[at][i] = copy as u32;
            at = copy;
        }
        let edge = &self.edge;
        self.after[at].retain(|s| (edge[*s as usize] == last) == only);
        true
    }

    /// With the time that each turn takes.
    pub fn finish(self, network: &Network) -> Turns {
        let costs = TurnCosts::new(network);
        let mut turns =
            Turns { first: vec![0], turns: vec![], more: vec![], edges: network.edges.len() as u32 };
        turns.more = self.edge[network.edges.len()..].to_vec();
        for (from, after) in self.edge.iter().zip(&self.after) {
            let timed = after.iter().map(|state| Turn {
                state: *state,
                time_ms: costs.time_ms(network, *from, self.edge[*state as usize]),
            });
            turns.turns.extend(timed);
            turns.first.push(turns.turns.len() as u32);
        }
        turns
    }
}

/// What turns cost: as in OSRM's car profile, a logistic curve over the angle where more than two roads meet (half of
/// [`SHARPEST_MS`] at a right angle), and [`U_TURN_MS`] for turning round.
struct TurnCosts {
    /// Lines that begin or end at each node.
    roads: Vec<u32>,
    /// Direction of each edge at its beginning and at its end.
    directions: Vec<[DVec2; 2]>,
}

const SHARPEST_MS: f64 = 7_500.0;
const U_TURN_MS: u32 = 20_000;

impl TurnCosts {
    fn new(network: &Network) -> Self {
        let mut roads = vec![0; network.nodes.len()];
        let mut directions = Vec::with_capacity(network.edges.len());
        for (i, edge) in network.edges.iter().enumerate() {
            if network.shape_edges[edge.shape as usize].iter().min() == Some(&(i as u32)) {
                roads[edge.source as usize] += 1;
                roads[edge.target as usize] += 1;
            }
            let points = network.edge_points(edge);
            let (begin, end) = (direction(points.iter().copied()), direction(points.iter().rev().copied()));
            directions.push([begin, -end]);
        }
        Self { roads, directions }
    }

    fn time_ms(&self, network: &Network, from: u32, to: u32) -> u32 {
        let (a, b) = (network.edge(from), network.edge(to));
        if a.shape == b.shape && a.along != b.along {
            return U_TURN_MS;
        }
        if self.roads[a.target as usize] < 3 {
            return 0;
        }
        let angle = self.directions[from as usize][1].angle_to(self.directions[to as usize][0]).abs();
        let steep = 13.0 * (angle / std::f64::consts::PI) - 6.5;
        (SHARPEST_MS / (1.0 + (-steep).exp())).round() as u32
    }
}
