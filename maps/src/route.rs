//! Routes over lanes.
//!
//! Dijkstra's algorithm over lanes. A lane is entered at its beginning, by a lane change, or the route begins on it; each
//! of these is a state of its own, because a lane entered by a change is not there for the route from its beginning.
//!
//! A lane change takes a way on which the line may be crossed all along. That way may lie on several sections of the same
//! two lanes that follow each other: then it is only in the last of them that the change is told, and
//! [`Route::lane_changes`] tells the whole way.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::lane::{Lane, LaneId};
use crate::map::{LanePosition, Map};

/// Sections that one lane change may span.
const MOST_SECTIONS: usize = 64;
/// Speed where there is no limit, for routes by time, m/s.
const UNLIMITED_MPS: f64 = 100.0 / 3.6;
/// Lane changes in routes by time: as if driven at, m/s.
const LANE_CHANGE_MPS: f64 = 50.0 / 3.6;

/// A piece of a route on one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteSegment {
    /// The lane.
    pub lane: LaneId,
    /// Where the route comes onto it, m along it. After a lane change: where the change may begin at the earliest.
    pub from_s: f64,
    /// Where the route leaves it, m along it. Before a lane change: where the change must be done at the latest.
    pub to_s: f64,
    /// Whether the route goes to the next segment by changing to the lane beside it, and not from end to beginning.
    pub change_to_next: bool,
}

/// A way from one place to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The lanes, in order; at least one.
    pub segments: Vec<RouteSegment>,
    /// Length, m.
    pub length_m: f64,
}

/// What makes a way short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RouteCost {
    /// Its length.
    #[default]
    Length,
    /// How long it takes at the speed limits.
    Time,
}

/// What a route may do.
#[derive(Clone, Debug)]
pub struct RouteOptions {
    /// Shortest way on which a lane change may be made, m.
    pub lane_change_m: f64,
    /// What a lane change costs, as m of way.
    pub lane_change_cost_m: f64,
    /// Lanes that can't be used.
    pub blocked: Vec<LaneId>,
    /// What makes a way short.
    pub cost: RouteCost,
}

impl Default for RouteOptions {
    fn default() -> Self {
        Self { lane_change_m: 30.0, lane_change_cost_m: 30.0, blocked: vec![], cost: RouteCost::Length }
    }
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// A place is not on a drivable lane.
    #[error("{what} is not on a drivable lane")]
    NotDrivable {
        /// `start` or `goal`.
        what: &'static str,
    },
    /// The goal can't be reached.
    #[error("there is no way from lane {from} to lane {to}")]
    Unreachable {
        /// Lane of the start.
        from: String,
        /// Lane of the goal.
        to: String,
    },
}

impl Map {
    /// The shortest route. A goal that lies behind the start on the same lane is reached by a way around.
    pub fn route(
        &self,
        from: LanePosition,
        to: LanePosition,
        options: &RouteOptions,
    ) -> Result<Route, RouteError> {
        for (position, what) in [(from, "start"), (to, "goal")] {
            let lane = self.lanes.get(position.lane.0 as usize);
            if !lane.is_some_and(|l| l.kind.is_drivable() && position.s.is_finite()) {
                return Err(RouteError::NotDrivable { what });
            }
        }
        let on = |p: LanePosition| LanePosition { s: p.s.clamp(0.0, self.lane(p.lane).length()), ..p };
        let (from, to) = (on(from), on(to));
        let mut search = Search::new(self, to, options);
        search.run(from).ok_or_else(|| RouteError::Unreachable {
            from: self.lane(from.lane).key.to_string(),
            to: self.lane(to.lane).key.to_string(),
        })
    }
}

/// How a lane is come onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Beginning,
    Change,
    Start,
}

/// The best known way onto a lane.
#[derive(Clone, Debug)]
struct Label {
    /// Cost up to the lane's end.
    cost: f64,
    /// Where it is come onto.
    entry_s: f64,
    settled: bool,
    before: Option<Step>,
}

/// From the state before to this one.
#[derive(Clone, Debug)]
struct Step {
    state: usize,
    /// For a lane change: the lanes after that of the state before, up to the one that is changed from.
    change_over: Option<Vec<LaneId>>,
}

#[derive(PartialEq)]
struct Queued {
    cost: f64,
    state: usize,
}

impl Eq for Queued {}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then(other.state.cmp(&self.state))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Search<'m> {
    map: &'m Map,
    goal: LanePosition,
    options: &'m RouteOptions,
    blocked: Vec<bool>,
    labels: Vec<Option<Label>>,
    queue: BinaryHeap<Queued>,
    /// The best state on the goal's lane, and the cost at the goal.
    best: Option<(f64, usize)>,
}

fn state_of(lane: LaneId, entry: Entry) -> usize {
    lane.0 as usize * 3 + entry as usize
}

fn lane_of(state: usize) -> LaneId {
    LaneId((state / 3) as u32)
}

impl<'m> Search<'m> {
    fn new(map: &'m Map, goal: LanePosition, options: &'m RouteOptions) -> Self {
        let mut blocked = vec![false; map.lanes.len()];
        for lane in &options.blocked {
            if let Some(blocked) = blocked.get_mut(lane.0 as usize) {
                *blocked = true;
            }
        }
        let labels = vec![None; map.lanes.len() * 3];
        Self { map, goal, options, blocked, labels, queue: BinaryHeap::new(), best: None }
    }

    /// What a way on a lane costs.
    fn cost(&self, lane: &Lane, from: f64, to: f64) -> f64 {
        match self.options.cost {
            RouteCost::Length => to - from,
            RouteCost::Time => {
                let ends = lane.speed_limits.iter().skip(1).map(|l| l.from_s).chain([f64::INFINITY]);
                let pieces = lane.speed_limits.iter().zip(ends).map(|(limit, end)| {
                    let way = (end.min(to) - limit.from_s.max(from)).max(0.0);
                    way / if limit.limit_mps.is_finite() { limit.limit_mps.max(0.1) } else { UNLIMITED_MPS }
                });
                pieces.sum()
            }
        }
    }

    fn change_cost(&self) -> f64 {
        let cost = self.options.lane_change_cost_m.max(0.0);
        match self.options.cost {
            RouteCost::Length => cost,
            RouteCost::Time => cost / LANE_CHANGE_MPS,
        }
    }

    fn usable(&self, lane: LaneId) -> bool {
        !self.blocked[lane.0 as usize] && self.map.lane(lane).kind.is_drivable()
    }

    fn run(&mut self, from: LanePosition) -> Option<Route> {
        self.reach(from.lane, Entry::Start, 0.0, from.s, None);
        while let Some(Queued { cost, state }) = self.queue.pop() {
            // Costs in the queue are those at the lanes' ends; of a lane beside the goal's that may be more.
            if self.best.is_some_and(|(best, _)| best <= cost - 2.0 * self.cost_of_goal_lane()) {
                break;
            }
            let Some(label) = self.labels[state].as_mut().filter(|l| !l.settled) else { continue };
            label.settled = true;
            let entry_s = label.entry_s;
            let lane = self.map.lane(lane_of(state));
            for next in &lane.successors {
                let before = Step { state, change_over: None };
                self.reach(*next, Entry::Beginning, cost, 0.0, Some(before));
            }
            let cost_at_entry = cost - self.cost(lane, entry_s, lane.length());
            for left in [true, false] {
                self.change_lane(state, cost_at_entry, entry_s, left);
            }
        }
        self.best.map(|(_, state)| self.trace(state))
    }

    /// A state's cost is that at its lane's end; the goal may lie before.
    fn cost_of_goal_lane(&self) -> f64 {
        let lane = self.map.lane(self.goal.lane);
        self.cost(lane, self.goal.s, lane.length())
    }

    /// Comes onto a lane at `entry_s` at a cost.
    fn reach(&mut self, lane: LaneId, entry: Entry, cost: f64, entry_s: f64, before: Option<Step>) {
        if entry != Entry::Start && !self.usable(lane) {
            return;
        }
        let state = state_of(lane, entry);
        let of = self.map.lane(lane);
        let cost_at_end = cost + self.cost(of, entry_s, of.length());
        if self.labels[state].as_ref().is_some_and(|known| known.settled || known.cost <= cost_at_end) {
            return;
        }
        self.labels[state] = Some(Label { cost: cost_at_end, entry_s, settled: false, before });
        self.queue.push(Queued { cost: cost_at_end, state });
        if lane == self.goal.lane && entry_s <= self.goal.s {
            let at_goal = cost + self.cost(of, entry_s, self.goal.s);
            if self.best.is_none_or(|(best, _)| at_goal < best) {
                self.best = Some((at_goal, state));
            }
        }
    }

    /// Lane changes that begin on the lane of a state: along all ways on which the lane beside goes along.
    fn change_lane(&mut self, state: usize, cost: f64, entry_s: f64, left: bool) {
        struct Way {
            lane: LaneId,
            over: Vec<LaneId>,
            from_s: f64,
            room: f64,
            cost: f64,
        }
        let first = Way { lane: lane_of(state), over: vec![], from_s: entry_s, room: 0.0, cost };
        let mut ways = vec![first];
        while let Some(way) = ways.pop() {
            let lane = self.map.lane(way.lane);
            let Some(target) = beside(lane, left).filter(|t| self.usable(*t)) else { continue };
            for region in regions(lane, left).filter(|r| r.1 > way.from_s) {
                let goes_on = region.0 <= way.from_s;
                // Room from sections before only counts if there is no gap.
                let room_before = if goes_on { way.room } else { 0.0 };
                if !way.over.is_empty() && !goes_on {
                    break;
                }
                let begin = region.0.max(way.from_s);
                let done = begin + (self.options.lane_change_m - room_before).max(0.0);
                if done <= region.1 {
                    let onto = self.map.lane(target);
                    let entry = scale(lane, onto, done);
                    let cost = way.cost + self.cost(lane, way.from_s, done) + self.change_cost();
                    let before = Step { state, change_over: Some(way.over.clone()) };
                    self.reach(target, Entry::Change, cost, entry, Some(before));
                } else if region.1 >= lane.length() - 1e-6 && way.over.len() < MOST_SECTIONS {
                    let room = room_before + region.1 - begin;
                    for next in lane.successors.iter().filter(|n| self.usable(**n)) {
                        let beside_next = beside(self.map.lane(*next), left);
                        if beside_next.is_some_and(|b| self.map.lane(target).successors.contains(&b)) {
                            let mut over = way.over.clone();
                            over.push(*next);
                            let cost = way.cost + self.cost(lane, way.from_s, lane.length());
                            ways.push(Way { lane: *next, over, from_s: 0.0, room, cost });
                        }
                    }
                }
            }
        }
    }

    /// The segments up to the goal on the lane of a state.
    fn trace(&self, state: usize) -> Route {
        let mut steps = vec![];
        let mut at = Some(state);
        while let Some(state) = at {
            let label = self.labels[state].as_ref();
            let before = label.and_then(|l| l.before.as_ref());
            steps.push((state, label.map_or(0.0, |l| l.entry_s), before));
            at = before.map(|b| b.state);
        }
        steps.reverse();
        let mut segments: Vec<RouteSegment> = vec![];
        let through = |lane: LaneId, from_s: f64| RouteSegment {
            lane,
            from_s,
            to_s: self.map.lane(lane).length(),
            change_to_next: false,
        };
        for (state, entry_s, before) in steps {
            if let Some(over) = before.and_then(|b| b.change_over.as_ref()) {
                segments.extend(over.iter().map(|lane| through(*lane, 0.0)));
                if let Some(last) = segments.last_mut() {
                    last.change_to_next = true;
                }
            }
            segments.push(through(lane_of(state), entry_s));
        }
        if let Some(last) = segments.last_mut() {
            last.to_s = self.goal.s;
        }
        self.widen_changes(&mut segments);
        let length_m = length(self.map, &segments);
        Route { segments, length_m }
    }

    /// Lane changes are found as early as they can be done; tells how early they may begin and how late they may end.
    fn widen_changes(&self, segments: &mut [RouteSegment]) {
        let room = self.options.lane_change_m.max(0.0);
        // Latest ends, from the last on: room must be left for the changes behind.
        for i in (0..segments.len().saturating_sub(1)).rev() {
            if !segments[i].change_to_next {
                continue;
            }
            let (lane, next) = (self.map.lane(segments[i].lane), segments[i + 1]);
            let onto = self.map.lane(next.lane);
            let left = beside(lane, true) == Some(next.lane);
            let done = scale(onto, lane, next.from_s);
            let region = regions(lane, left).find(|r| r.0 <= done + 1e-6 && done <= r.1 + 1e-6);
            let latest_there = if next.change_to_next { next.to_s - room } else { next.to_s };
            let latest = region.map_or(done, |r| r.1).min(scale(onto, lane, latest_there));
            segments[i].to_s = latest.max(done);
        }
        // Earliest beginnings.
        for i in 1..segments.len() {
            let before = segments[i - 1];
            if before.change_to_next {
                let (lane, onto) = (self.map.lane(before.lane), self.map.lane(segments[i].lane));
                let left = beside(lane, true) == Some(onto.id);
                let done = scale(onto, lane, segments[i].from_s);
                let region = regions(lane, left).find(|r| r.0 <= done + 1e-6 && done <= r.1 + 1e-6);
                let earliest = region.map_or(done, |r| r.0).max(before.from_s).min(done);
                segments[i].from_s = scale(lane, onto, earliest);
            }
        }
    }
}

/// The lane that one could change to, if it is driven in the same direction.
fn beside(lane: &Lane, left: bool) -> Option<LaneId> {
    let neighbour = if left { lane.left } else { lane.right };
    neighbour.filter(|n| n.same_direction).map(|n| n.lane)
}

/// Where one may change, joined.
fn regions(lane: &Lane, left: bool) -> impl Iterator<Item = (f64, f64)> + '_ {
    let mut pieces = lane.lane_changes.iter().filter(move |c| if left { c.left } else { c.right }).peekable();
    std::iter::from_fn(move || {
        let first = pieces.next()?;
        let mut region = (first.from_s, first.to_s);
        while let Some(next) = pieces.next_if(|n| n.from_s <= region.1 + 1e-6) {
            region.1 = next.to_s;
        }
        Some(region)
    })
}

/// The place on a lane beside, which may be longer or shorter in a curve.
fn scale(from: &Lane, to: &Lane, s: f64) -> f64 {
    if from.length() > 0.0 { (s / from.length() * to.length()).clamp(0.0, to.length()) } else { 0.0 }
}

/// Length of the way, with the stretch of a lane change counted once.
fn length(map: &Map, segments: &[RouteSegment]) -> f64 {
    let mut length = 0.0;
    let mut from_s = segments.first().map_or(0.0, |s| s.from_s);
    for (i, segment) in segments.iter().enumerate() {
        length += segment.to_s - from_s;
        from_s = match segments.get(i + 1) {
            Some(next) if segment.change_to_next => {
                scale(map.lane(segment.lane), map.lane(next.lane), segment.to_s)
            }
            _ => 0.0,
        };
    }
    length.max(0.0)
}

/// A lane change of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteLaneChange {
    /// Number of the segment that the route changes from.
    pub segment: usize,
    /// Whether it changes to the left.
    pub left: bool,
    /// How far before the end of that segment the change may begin, m along the lane changed from and those before it.
    pub room_m: f64,
}

impl Route {
    /// The lane changes on the way, with all the room there is for each: on all sections in a row on which the line may be
    /// crossed, not only on the last.
    pub fn lane_changes(&self, map: &Map) -> Vec<RouteLaneChange> {
        let mut changes = vec![];
        for (i, segment) in self.segments.iter().enumerate().filter(|(_, s)| s.change_to_next) {
            let Some(next) = self.segments.get(i + 1) else { continue };
            let left = beside(map.lane(segment.lane), true) == Some(next.lane);
            let mut room_m = 0.0;
            let (mut at, mut end) = (i, segment.to_s);
            loop {
                let part = self.segments[at];
                let lane = map.lane(part.lane);
                let region = regions(lane, left).find(|r| r.0 <= end && end <= r.1 + 1e-6);
                let Some(region) = region else { break };
                let from = region.0.max(part.from_s);
                room_m += (end - from).max(0.0);
                if from > 1e-6 || at == 0 || self.segments[at - 1].change_to_next {
                    break;
                }
                at -= 1;
                end = self.segments[at].to_s;
            }
            changes.push(RouteLaneChange { segment: i, left, room_m });
        }
        changes
    }
}
