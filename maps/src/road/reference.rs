//! Searches against Dijkstra's algorithm without bounds, states or labels, on random networks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::*;

use super::assemble::{Draft, DraftWay, Section, network};
use super::geometry::Point;
use super::graph::{NO_EDGE, Network, RoadGraph};
use super::index::Hit;
use super::overlay::Overlay;
use super::search::{Through, quickest};
use super::turns::{TurnRules, Turns};
use super::way_id::WayId;
use crate::geo::Wgs84;

#[derive(Clone, Debug)]
struct Case {
    nodes: Vec<(f64, f64)>,
    /// Nodes of each road, and its directions: both, along, against.
    roads: Vec<(usize, usize, u8)>,
    /// Walks of two or three edges by which of the possible turns are taken, and whether nothing else is allowed.
    restrictions: Vec<(usize, usize, usize, bool, bool)>,
    blocked: Vec<usize>,
    slow: Vec<(usize, f64)>,
    from: (usize, f64),
    to: (usize, f64),
}

fn cases() -> impl Strategy<Value = Case> {
    let pick = 0..1000_usize;
    let place = (pick.clone(), 0.0..=1.0_f64);
    (
        prop::collection::vec((0.0..0.05_f64, 0.0..0.05_f64), 2..12),
        prop::collection::vec((pick.clone(), pick.clone(), 0..3_u8), 1..30),
        prop::collection::vec(
            (pick.clone(), pick.clone(), pick.clone(), any::<bool>(), prop::bool::weighted(0.3)),
            0..8,
        ),
        prop::collection::vec(pick.clone(), 0..4),
        prop::collection::vec((pick, 0.1..1.0_f64), 0..4),
        place.clone(),
        place,
    )
        .prop_map(|(nodes, roads, restrictions, blocked, slow, from, to)| Case {
            nodes,
            roads,
            restrictions,
            blocked,
            slow,
            from,
            to,
        })
}

fn build(case: &Case) -> Network {
    let point = |(x, y): (f64, f64)| Point::new(Wgs84::new(24.0 + y, 54.0 + x)).unwrap();
    let nodes: Vec<Point> = case.nodes.iter().map(|n| point(*n)).collect();
    let ways = case.roads.iter().enumerate().map(|(i, (a, b, directions))| {
        let (a, b) = (a % nodes.len(), b % nodes.len());
        let bend = Point { latitude: nodes[a].latitude + 1000 * i as i32, longitude: nodes[b].longitude };
        let section = Section {
            source: a as u32,
            target: b as u32,
            points: vec![nodes[a], bend, nodes[b]],
            speeds_mps: [(*directions != 2).then_some(10.0), (*directions != 1).then_some(15.0)],
            restricted: false,
        };
        DraftWay { id: WayId(i as i64), name: None, sections: vec![section] }
    });
    let ways = ways.collect();
    network(nodes, ways)
}

/// Sequences of edges, the shorter first, and whether nothing else is allowed.
fn restrictions(case: &Case, network: &Network) -> Vec<(Vec<u32>, bool)> {
    let rules = TurnRules::all(network);
    let mut all = vec![];
    for (edge, first, second, long, only) in &case.restrictions {
        let mut sequence = vec![(edge % network.edges.len()) as u32];
        for pick in [first, second].into_iter().take(if *long { 2 } else { 1 }) {
            let next: Vec<u32> = rules.after(sequence[sequence.len() - 1]).collect();
            if !next.is_empty() {
                sequence.push(next[pick % next.len()]);
            }
        }
        if sequence.len() > 1 {
            all.push((sequence, *only));
        }
    }
    all.sort_by_key(|(sequence, _)| sequence.len());
    all
}

/// Whether an edge may follow two others, the first of which may be none.
fn is_allowed(restrictions: &[(Vec<u32>, bool)], before: u32, last: u32, next: u32) -> bool {
    restrictions.iter().all(|(sequence, only)| {
        let (goal, way) = sequence.split_last().unwrap();
        let applies = if way.len() == 1 { way[0] == last } else { way == [before, last] };
        !applies || (*goal == next) == *only
    })
}

fn ends(network: &Network, hit: &Hit) -> Vec<(u32, f64)> {
    let edges = network.shape_edges[hit.shape as usize].into_iter();
    edges.zip([hit.fraction, 1.0 - hit.fraction]).filter(|(e, _)| *e != NO_EDGE).collect()
}

/// Time of the quickest way, ms.
fn reference(
    network: &Network,
    turns: &Turns,
    restrictions: &[(Vec<u32>, bool)],
    time_ms: impl Fn(u32) -> Option<u32>,
    from: &Hit,
    to: &Hit,
) -> Option<u32> {
    let part = |time: u32, share: f64| (f64::from(time) * share).round() as u32;
    let goals = ends(network, to);
    let mut best: Option<u32> = None;
    let mut arrive = |time: u32| best = Some(best.map_or(time, |b| b.min(time)));
    // By the last two edges.
    let mut known: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut open: BinaryHeap<Reverse<(u32, u32, u32)>> = BinaryHeap::new();
    for (edge, fraction) in ends(network, from) {
        let Some(time) = time_ms(edge) else { continue };
        open.push(Reverse((part(time, 1.0 - fraction), NO_EDGE, edge)));
        for (_, end) in goals.iter().filter(|(goal, end)| *goal == edge && *end >= fraction) {
            arrive(part(time, end - fraction));
        }
    }
    while let Some(Reverse((cost, before, last))) = open.pop() {
        if known.get(&(before, last)).is_some_and(|k| *k <= cost) {
            continue;
        }
        known.insert((before, last), cost);
        for turn in turns.from(last) {
            let next = turn.state;
            let Some(time) = time_ms(next).filter(|_| is_allowed(restrictions, before, last, next)) else {
                continue;
            };
            for (_, fraction) in goals.iter().filter(|(goal, _)| *goal == next) {
                arrive(cost + turn.time_ms + part(time, *fraction));
            }
            open.push(Reverse((cost + turn.time_ms + time, last, next)));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn searches_find_what_dijkstra_finds(case in cases()) {
        let network = build(&case);
        let free = TurnRules::all(&network).finish(&network);
        let mut rules = TurnRules::all(&network);
        // One that contradicts those before it says nothing.
        let mut restrictions = restrictions(&case, &network);
        restrictions.retain(|(sequence, only)| rules.restrict(sequence, *only));
        let turns = rules.finish(&network);
        let (name, digest, warnings) = ("random".to_owned(), String::new(), vec![]);
        let graph = RoadGraph::from_draft(Draft { name, digest, warnings, network: build(&case), turns });
        let mut overlay = Overlay::default();
        let way = |i: usize| WayId((i % case.roads.len()) as i64);
        case.blocked.iter().for_each(|i| overlay.block(way(*i)));
        case.slow.iter().for_each(|(i, factor)| overlay.scale_speed(way(*i), *factor).unwrap());
        let overlay = overlay.on(&network);
        let hit = |(i, fraction): (usize, f64)| Hit {
            shape: (i % case.roads.len()) as u32,
            place: Wgs84::default(),
            distance_m: 0.0,
            fraction,
        };
        let (from, to) = (hit(case.from), hit(case.to));
        let time_ms = |edge: u32| overlay.time_ms(network.edge(edge));
        let expected = reference(&network, &free, &restrictions, time_ms, &from, &to);
        // Twice, since a search leaves its notes to the next.
        for _ in 0..2 {
            let found = quickest(&graph.inner, &overlay, &from, &to, Through::EndsOnly);
            let path = found.path;
            let total = path.as_ref().map(|p| p.iter().map(|piece| piece.time_ms).sum::<u32>());
            prop_assert_eq!(total, expected);
            // The way that is told is one that may be driven.
            let edges: Vec<u32> = path.unwrap_or_default().iter().map(|p| p.edge).collect();
            for (i, pair) in edges.windows(2).enumerate() {
                let before = if i > 0 { edges[i - 1] } else { NO_EDGE };
                prop_assert!(is_allowed(&restrictions, before, pair[0], pair[1]));
                prop_assert_eq!(network.edge(pair[0]).target, network.edge(pair[1]).source);
            }
        }
    }
}
