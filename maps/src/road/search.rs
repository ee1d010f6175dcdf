//! The quickest way from one place on an edge to another: A* over edges, with landmarks' bounds.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::{Mutex, PoisonError};

use super::graph::{Inner, NO_EDGE};
use super::index::Hit;
use super::landmarks::NEVER;
use super::overlay::NetworkOverlay;

/// Parent of the states that a search begins with.
const NONE: u32 = u32::MAX;

/// A place on an edge.
#[derive(Clone, Copy, Debug)]
struct End {
    edge: u32,
    /// From 0 to 1 of the edge's length.
    fraction: f64,
}

/// A driven part of an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub edge: u32,
    /// From and to this fraction of its length.
    pub from: f64,
    pub to: f64,
    /// Time over it, with the turn onto it, ms.
    pub time_ms: u32,
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Found {
    /// None if there is no way.
    pub path: Option<Vec<Piece>>,
    /// States that were settled.
    pub expanded: usize,
    /// Blocked ways that were met, by index.
    pub met: BTreeSet<u32>,
}

/// The best known way to the end of an edge.
#[derive(Clone, Copy, Debug, Default)]
struct Label {
    /// Number of the search that it is of.
    search: u32,
    cost_ms: u32,
    /// Lower bound of what remains.
    bound_ms: u32,
    parent: u32,
}

/// Notes of one search at a time, by state; the goal is the last.
#[derive(Default)]
struct Notes {
    search: u32,
    labels: Vec<Label>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

/// Notes that searches leave for the next ones: as many as ever ran at once.
#[derive(Default)]
pub(super) struct Labels {
    free: Mutex<Vec<Notes>>,
}

impl Labels {
    fn take(&self, states: usize) -> Notes {
        let mut notes = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        notes.labels.resize(states + 1, Label::default());
        notes.queue.clear();
        notes.search = notes.search.wrapping_add(1);
        if notes.search == 0 {
            notes.labels.fill(Label::default());
            notes.search = 1;
        }
        notes
    }

    fn give_back(&self, notes: Notes) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(notes);
    }
}

/// Which restricted roads a search may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Through {
    /// Those around start and goal.
    EndsOnly,
    /// All.
    Everywhere,
}

/// Finds the quickest way between two places on roads, each of which may be driven in both directions.
pub(super) fn quickest(
    graph: &Inner,
    overlay: &NetworkOverlay,
    from: &Hit,
    to: &Hit,
    through: Through,
) -> Found {
    let ends = |hit: &Hit| -> Vec<End> {
        let edges = graph.network.shape_edges[hit.shape as usize].into_iter();
        let ends = edges.zip([hit.fraction, 1.0 - hit.fraction]);
        ends.filter(|(edge, _)| *edge != NO_EDGE).map(|(edge, fraction)| End { edge, fraction }).collect()
    };
    let mut search = Search {
        graph,
        overlay,
        open_zones: (through == Through::EndsOnly).then(|| [from, to].map(|h| graph.zones.of_shape(h.shape))),
        goals: ends(to),
        notes: graph.labels.take(graph.turns.states()),
        goal_edge: NO_EDGE,
        expanded: 0,
        met: BTreeSet::new(),
    };
    let starts = ends(from);
    let path = search.run(&starts).then(|| search.path(&starts));
    let Search { notes, expanded, met, .. } = search;
    graph.labels.give_back(notes);
    Found { path, expanded, met }
}

struct Search<'g> {
    graph: &'g Inner,
    overlay: &'g NetworkOverlay,
    /// Zones of restricted roads that are open; none if all are.
    open_zones: Option<[u32; 2]>,
    goals: Vec<End>,
    notes: Notes,
    /// Edge on which the goal is come to by its label.
    goal_edge: u32,
    expanded: usize,
    met: BTreeSet<u32>,
}

impl Search<'_> {
    /// State that stands for having arrived.
    fn goal(&self) -> u32 {
        self.graph.turns.states() as u32
    }

    /// Whether there is a way.
    fn run(&mut self, starts: &[End]) -> bool {
        for start in starts {
            let Some(time) = self.time_ms(start.edge) else { continue };
            self.relax(start.edge, start.edge, part(time, 1.0 - start.fraction), NONE);
            for i in 0..self.goals.len() {
                let goal = self.goals[i];
                if goal.edge == start.edge && goal.fraction >= start.fraction {
                    self.arrive(goal.edge, part(time, goal.fraction - start.fraction), NONE);
                }
            }
        }
        while let Some(Reverse((key, state))) = self.notes.queue.pop() {
            let label = self.notes.labels[state as usize];
            if key > label.cost_ms.saturating_add(label.bound_ms) {
                continue;
            }
            self.expanded += 1;
            if state == self.goal() {
                return true;
            }
            self.expand(state, label.cost_ms);
        }
        false
    }

    fn expand(&mut self, state: u32, cost_ms: u32) {
        let graph = self.graph;
        for turn in graph.turns.from(state) {
            let edge = graph.turns.edge(turn.state);
            if !self.may_enter(edge) {
                continue;
            }
            let Some(time) = self.time_ms(edge) else {
                self.met.insert(graph.network.edge(edge).way);
                continue;
            };
            let begin = cost_ms.saturating_add(turn.time_ms);
            for i in 0..self.goals.len() {
                let goal = self.goals[i];
                if goal.edge == edge {
                    self.arrive(edge, begin.saturating_add(part(time, goal.fraction)), state);
                }
            }
            self.relax(turn.state, edge, begin.saturating_add(time), state);
        }
    }

    fn may_enter(&self, edge: u32) -> bool {
        let edge = self.graph.network.edge(edge);
        let zone = || self.graph.zones.of_shape(edge.shape);
        !edge.restricted || self.open_zones.is_none_or(|open| open.contains(&zone()))
    }

    /// Notes a way to the end of an edge.
    fn relax(&mut self, state: u32, edge: u32, cost_ms: u32, parent: u32) {
        let known = self.notes.labels[state as usize];
        let is_new = known.search != self.notes.search;
        if !is_new && known.cost_ms <= cost_ms {
            return;
        }
        let bound_ms = if is_new { self.bound_ms(edge) } else { known.bound_ms };
        self.note(state, cost_ms, bound_ms, parent);
    }

    /// Notes a way to the goal.
    fn arrive(&mut self, edge: u32, cost_ms: u32, parent: u32) {
        let goal = self.goal();
        let known = self.notes.labels[goal as usize];
        if known.search != self.notes.search || cost_ms < known.cost_ms {
            self.goal_edge = edge;
            self.note(goal, cost_ms, 0, parent);
        }
    }

    fn note(&mut self, state: u32, cost_ms: u32, bound_ms: u32, parent: u32) {
        let search = self.notes.search;
        self.notes.labels[state as usize] = Label { search, cost_ms, bound_ms, parent };
        let key = cost_ms.saturating_add(bound_ms);
        if key < NEVER {
            self.notes.queue.push(Reverse((key, state)));
        }
    }

    /// Lower bound from the end of an edge to the goal.
    fn bound_ms(&self, edge: u32) -> u32 {
        let network = &self.graph.network;
        let from = network.edge(edge).target;
        let bounds = self.goals.iter().map(|goal| {
            let to = network.edge(goal.edge);
            self.graph.landmarks.bound(from, to.source).saturating_add(part(to.time_ms, goal.fraction))
        });
        bounds.min().unwrap_or(NEVER)
    }

    fn time_ms(&self, edge: u32) -> Option<u32> {
        self.overlay.time_ms(self.graph.network.edge(edge))
    }

    /// The way to the goal.
    fn path(&self, starts: &[End]) -> Vec<Piece> {
        let labels = &self.notes.labels;
        let mut states = vec![];
        let mut at = labels[self.goal() as usize].parent;
        while at != NONE {
            states.push(at);
            at = labels[at as usize].parent;
        }
        states.reverse();
        let edges = states.iter().map(|s| self.graph.turns.edge(*s)).chain([self.goal_edge]);
        let costs = states.iter().copied().chain([self.goal()]).map(|s| labels[s as usize].cost_ms);
        let mut pieces: Vec<Piece> = vec![];
        let mut before_ms = 0;
        for (edge, cost_ms) in edges.zip(costs) {
            pieces.push(Piece { edge, from: 0.0, to: 1.0, time_ms: cost_ms - before_ms });
            before_ms = cost_ms;
        }
        let fraction = |ends: &[End], edge: u32| ends.iter().find(|e| e.edge == edge).map(|e| e.fraction);
        if let Some(first) = pieces.first_mut() {
            first.from = fraction(starts, first.edge).unwrap_or(0.0);
        }
        if let Some(last) = pieces.last_mut() {
            last.to = fraction(&self.goals, last.edge).unwrap_or(1.0);
        }
        pieces
    }
}

/// A part of the time over an edge, ms.
fn part(time_ms: u32, share: f64) -> u32 {
    (f64::from(time_ms) * share).round() as u32
}
