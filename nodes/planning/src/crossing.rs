//! Where the route meets the ways of others, and who goes first there.

use maps::{Conflict, Lane, LaneId, Map, SignalKind};
use vehicle::wrap_angle;

use crate::route_line::{LaneSpan, RouteLine};

/// A part of the route that another lane crosses or leads into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Where it begins on the line, m.
    pub from_s: f64,
    /// Where it ends on the line, m.
    pub to_s: f64,
    /// Where the junction begins on the line, m.
    pub entry_s: f64,
    /// The other lane.
    pub other: LaneId,
    /// Where on the other lane, m.
    pub other_from_s: f64,
    /// Until where, m.
    pub other_to_s: f64,
    /// Whether this vehicle goes first.
    pub has_priority: bool,
}

/// All crossings of a route, by where they begin.
pub fn crossings(map: &Map, route: &RouteLine) -> Vec<Crossing> {
    let mut found = vec![];
    for (i, span) in route.spans.iter().enumerate() {
        let Some(junction) = map.lane(span.lane).junction else { continue };
        let Some(junction) = map.junctions.get(junction.0 as usize) else { continue };
        let first =
            route.spans[..i].iter().rev().take_while(|s| map.lane(s.lane).junction == Some(junction.id));
        let entry_s = first.last().map_or(span.from_s, |s| s.from_s);
        for conflict in &junction.conflicts {
            let (ours, theirs, priority) = match conflict {
                Conflict { a, b, a_has_priority } if a.0 == span.lane => (a, b, *a_has_priority),
                Conflict { a, b, a_has_priority } if b.0 == span.lane => (b, a, a_has_priority.map(|p| !p)),
                _ => continue,
            };
            let from_s = span.from_s + ours.1 - span.lane_s;
            let to_s = span.from_s + ours.2 - span.lane_s;
            if to_s < span.from_s || from_s > span.to_s {
                continue;
            }
            let has_priority = priority.unwrap_or_else(|| goes_first(map, span, map.lane(theirs.0)));
            found.push(Crossing {
                from_s,
                to_s,
                entry_s,
                other: theirs.0,
                other_from_s: theirs.1,
                other_to_s: theirs.2,
                has_priority,
            });
        }
    }
    found.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    found
}

/// Who goes first where the map does not say: signs, then the left turn gives way to oncoming traffic, then right
/// before left.
fn goes_first(map: &Map, ours: &LaneSpan, theirs: &Lane) -> bool {
    let our_lane = map.lane(ours.lane);
    match (must_yield(map, our_lane), must_yield(map, theirs)) {
        (true, false) => return false,
        (false, true) => return true,
        _ => {}
    }
    let heading = |lane: &Lane, s: f64| lane.centre.at(s).heading;
    let turn = |lane: &Lane| wrap_angle(heading(lane, lane.length()) - heading(lane, 0.0));
    let from = wrap_angle(heading(theirs, 0.0) - heading(our_lane, 0.0));
    let turns_left = |lane: &Lane| turn(lane) > 0.5;
    if from.abs() > 2.4 {
        return !turns_left(our_lane) || turns_left(theirs);
    }
    // One that drives to our left comes from our right.
    from < 0.5
}

/// Whether a sign on the way into a junction lane says to give way or to stop.
fn must_yield(map: &Map, lane: &Lane) -> bool {
    const BEFORE_M: f64 = 40.0;
    let holds = |lane: &Lane, from_s: f64| {
        map.signals.iter().any(|s| {
            matches!(s.kind, SignalKind::Stop | SignalKind::Yield)
                && s.lanes.iter().any(|(id, at)| *id == lane.id && *at >= from_s)
        })
    };
    holds(lane, 0.0)
        || lane.predecessors.iter().any(|id| {
            let before = map.lane(*id);
            holds(before, before.length() - BEFORE_M)
        })
}
