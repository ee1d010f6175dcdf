//! Turn restrictions: <https://wiki.openstreetmap.org/wiki/Relation:restriction>.

use super::{Member, MemberKind, Tags};
use crate::road::graph::{NO_EDGE, Network};
use crate::road::turns::TurnRules;
use crate::road::way_id::WayId;

/// Edges of one restriction at most; longer ones are nonsense.
const LONGEST: usize = 32;

/// A turn that is forbidden, or the only one allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Restriction {
    id: i64,
    only: bool,
    from: Vec<i64>,
    via: Via,
    to: Vec<i64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Via {
    Node(i64),
    Ways(Vec<i64>),
}

impl Restriction {
    /// None if the relation is no restriction for cars that holds at all hours.
    pub fn new(id: i64, tags: Tags<'_>, members: &[Member<'_>]) -> Option<Self> {
        if tags.get("type") != Some("restriction") {
            return None;
        }
        let keys = ["restriction:motorcar", "restriction:motor_vehicle", "restriction"];
        let kind = keys.iter().find_map(|key| tags.get(key))?;
        let except = tags.get("except").unwrap_or_default();
        if except.split(';').any(|e| matches!(e.trim(), "motorcar" | "motor_vehicle" | "vehicle")) {
            return None;
        }
        let only = kind.starts_with("only_");
        if !only && !kind.starts_with("no_") {
            return None;
        }
        let with = |role: &str, kind: MemberKind| -> Vec<i64> {
            members.iter().filter(|m| m.role == role && m.kind == kind).map(|m| m.id).collect()
        };
        let (from, to) = (with("from", MemberKind::Way), with("to", MemberKind::Way));
        let via = match (with("via", MemberKind::Node).as_slice(), with("via", MemberKind::Way)) {
            ([node], ways) if ways.is_empty() => Via::Node(*node),
            ([], ways) if !ways.is_empty() => Via::Ways(ways),
            _ => return None,
        };
        Some(Self { id, only, from, via, to })
    }
}

/// Puts restrictions into effect. Those over ways that cars don't use say nothing; those that could mean several turns are
/// left out with a warning.
pub(super) fn apply(
    restrictions: &[Restriction],
    network: &Network,
    rules: &mut TurnRules,
    node_of: impl Fn(i64) -> Option<u32>,
    mut warn: impl FnMut(String),
) {
    let mut apply = |restriction: &Restriction, from: i64, to: i64, rules: &mut TurnRules| {
        let way = |id: i64| network.way_index(WayId(id));
        let (Some(from), Some(to)) = (way(from), way(to)) else { return };
        let sequences = match &restriction.via {
            Via::Node(id) => match node_of(*id) {
                Some(node) => over_node(network, from, node, to),
                None => return,
            },
            Via::Ways(ids) => match ids.iter().map(|id| way(*id)).collect::<Option<Vec<_>>>() {
                Some(via) => over_ways(network, rules, from, &via, to),
                None => return,
            },
        };
        match sequences.as_slice() {
            [] => {}
            [one] => {
                rules.restrict(one, restriction.only);
            }
            _ => warn(format!(
                "restriction {}: its ways meet in several places or do not end where they meet, it is ignored",
                restriction.id
            )),
        }
    };
    // Sequences of two first, as `TurnRules::restrict` wants it.
    for over_ways in [false, true] {
        for restriction in restrictions.iter().filter(|r| matches!(r.via, Via::Ways(_)) == over_ways) {
            for from in &restriction.from {
                for to in &restriction.to {
                    apply(restriction, *from, *to, rules);
                }
            }
        }
    }
}

fn edges(network: &Network, way: u32) -> impl Iterator<Item = u32> + '_ {
    let shapes = network.ways[way as usize].shapes.clone();
    shapes.flat_map(|s| network.shape_edges[s as usize]).filter(|e| *e != NO_EDGE)
}

fn over_node(network: &Network, from: u32, node: u32, to: u32) -> Vec<Vec<u32>> {
    let into = edges(network, from).filter(|e| network.edge(*e).target == node);
    let out: Vec<u32> = edges(network, to).filter(|e| network.edge(*e).source == node).collect();
    let turns = into.flat_map(|a| out.iter().map(move |b| vec![a, *b]));
    if from == to {
        // Turning round.
        turns.filter(|t| network.edge(t[0]).shape == network.edge(t[1]).shape).collect()
    } else {
        turns.collect()
    }
}

/// All ways to drive from one way over others, in this order, to another.
fn over_ways(network: &Network, rules: &TurnRules, from: u32, via: &[u32], to: u32) -> Vec<Vec<u32>> {
    let mut found = vec![];
    let mut open: Vec<(Vec<u32>, usize)> = edges(network, from).map(|e| (vec![e], 0)).collect();
    while let Some((path, entered)) = open.pop() {
        let Some(last) = path.last() else { continue };
        for next in rules.after(*last) {
            let edge = network.edge(next);
            if edge.shape == network.edge(*last).shape || path.contains(&next) || path.len() >= LONGEST {
                continue;
            }
            let onto = |entered: usize| (path.iter().copied().chain([next]).collect::<Vec<_>>(), entered);
            if entered > 0 && edge.way == via[entered - 1] {
                open.push(onto(entered));
            } else if via.get(entered) == Some(&edge.way) {
                open.push(onto(entered + 1));
            } else if entered == via.len() && edge.way == to {
                found.push(onto(entered).0);
            }
        }
    }
    found
}
