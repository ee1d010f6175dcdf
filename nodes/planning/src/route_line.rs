//! From the lanes of a route to one smooth line: centres of the lanes one after another, lane changes blended in.

use glam::DVec2;
use maps::{Lane, LaneId, Map, Route, RouteLaneChange, RouteSegment};
use vehicle::VehicleParams;

use crate::drivable_line::{DrivableLine, Misfit, drivable_line};
use crate::line::ReferenceLine;
use crate::poly::smoother_step;
use crate::surface::Surface;

/// Distance of the points of the line, m.
pub const LINE_STEP_M: f64 = 0.5;
/// Distance of the points taken from the lanes, m.
const RAW_STEP_M: f64 = 0.25;
/// How long a lane change takes, s; with it the lateral acceleration stays under 1.3 m/s^2 for lanes of 3.5 m.
const LANE_CHANGE_S: f64 = 4.0;
/// Shortest way for a lane change where the map gives more, m.
const LANE_CHANGE_MIN_M: f64 = 15.0;
/// How far the line goes on before its start and beyond the goal, m.
const BEYOND_M: f64 = 15.0;

/// What is known of the road at a point of the line. Offsets are to the left of the line, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// The lane that is followed.
    pub lane: LaneId,
    /// Arc length along it, m.
    pub lane_s: f64,
    /// Speed limit, m/s.
    pub limit_mps: f64,
    /// Left edge of the lane; in a lane change that of the outer one.
    pub left_m: f64,
    /// Right edge.
    pub right_m: f64,
    /// Left edge of all lanes driven in this direction.
    pub road_left_m: f64,
    /// Right edge of them.
    pub road_right_m: f64,
}

/// A stretch of the line on one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneSpan {
    /// The lane.
    pub lane: LaneId,
    /// Where it begins on the line, m.
    pub from_s: f64,
    /// Where it ends on the line, m.
    pub to_s: f64,
    /// Arc length of the lane where it begins, m.
    pub lane_s: f64,
}

/// A lane change of the route. All in m along the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeZone {
    /// The lane that is left.
    pub from: LaneId,
    /// The lane that is entered.
    pub to: LaneId,
    /// Where the line begins to change.
    pub from_s: f64,
    /// Where the line is on the new lane.
    pub to_s: f64,
    /// Where the lane that is left can be driven no longer on this route.
    pub end_s: f64,
    /// From the old lane's middle to the new one's, m, positive to the left.
    pub shift_m: f64,
}

/// The line of a route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteLine {
    /// The line.
    pub line: ReferenceLine,
    /// For each point of the line what is there.
    pub stations: Vec<Station>,
    /// The lanes, in order.
    pub spans: Vec<LaneSpan>,
    /// The lane changes, in order.
    pub changes: Vec<ChangeZone>,
    /// Arc length of the goal, m.
    pub goal_s: f64,
    /// Where the vehicle can't follow the line.
    pub misfits: Vec<Misfit>,
}

impl RouteLine {
    /// The line of a route, smooth and drivable. None if the route is shorter than a step.
    pub fn new(map: &Map, route: &Route, vehicle: &VehicleParams, default_limit_mps: f64) -> Option<Self> {
        let mut raw = Raw { map, default_limit_mps, points: vec![], changes: vec![] };
        raw.add_route(route);
        let goal = raw.goal_position(route)?;
        let points = resample(&raw.points);
        if points.len() < 4 {
            return None;
        }
        let start_s = route.segments.first().map_or(0.0, |first| first.from_s.min(BEYOND_M));
        let driven = (start_s / LINE_STEP_M) as usize..(goal.1 / LINE_STEP_M) as usize + 2;
        let DrivableLine { line, offsets, misfits } =
            drivable_line(&points, driven, vehicle, &Surface::new(map));
        let station = |(p, offset): (&RawPoint, &f64)| Station {
            lane: p.lane,
            lane_s: p.lane_s,
            limit_mps: p.limit_mps,
            left_m: p.left_m + offset,
            right_m: p.right_m + offset,
            road_left_m: p.road_left_m + offset,
            road_right_m: p.road_right_m + offset,
        };
        let stations: Vec<Station> = points.iter().zip(&offsets).map(station).collect();
        let along = |raw_s: f64| {
            let at = points.partition_point(|p| p.raw_s <= raw_s).clamp(1, points.len()) - 1;
            line.points()[at].s + (raw_s - points[at].raw_s).clamp(0.0, LINE_STEP_M)
        };
        let changes = raw.changes.iter().map(|c| ChangeZone {
            from_s: along(c.from_s),
            to_s: along(c.to_s),
            end_s: along(c.end_s),
            ..*c
        });
        let changes = changes.collect();
        let near = along(goal.1);
        let (goal_s, _) = line.project(goal.0, near - 5.0, near + 5.0);
        Some(Self { spans: spans(&line, &stations), changes, stations, goal_s, line, misfits })
    }

    /// What is at an arc length.
    pub fn station(&self, s: f64) -> Option<&Station> {
        self.stations.get(self.line.index_at(s))
    }

    /// The lane of a junction on which the route turns near a point of the line; where there is none, the lane there.
    pub fn turn_near(&self, map: &Map, index: usize) -> Option<LaneId> {
        const NEAR_M: f64 = 20.0;
        let s = self.line.points().get(index)?.s;
        let away = |span: &&LaneSpan| (span.from_s - s).max(s - span.to_s).max(0.0);
        let turns = self.spans.iter().filter(|span| map.lane(span.lane).junction.is_some());
        let nearest = turns.min_by(|a, b| away(a).total_cmp(&away(b)));
        let turn = nearest.filter(|span| away(span) < NEAR_M).map(|span| span.lane);
        turn.or_else(|| Some(self.stations.get(index)?.lane))
    }

    /// Arc length of the line at a place of one of its lanes, at or after `after_s`.
    pub fn s_on_lane(&self, lane: LaneId, lane_s: f64, after_s: f64) -> Option<f64> {
        let span = self.spans.iter().find(|span| span.lane == lane && span.to_s >= after_s)?;
        Some(span.from_s + (lane_s - span.lane_s))
    }
}

/// A point of a lane's middle and what is around it. Offsets are to the left of the point, m.
#[derive(Clone, Copy, Debug)]
pub struct RawPoint {
    /// Position in map, m.
    pub position: DVec2,
    /// Height, m.
    pub z: f64,
    /// Arc length along the raw line, m.
    pub raw_s: f64,
    /// Left edge of the lane.
    pub left_m: f64,
    /// Right edge of the lane.
    pub right_m: f64,
    lane: LaneId,
    lane_s: f64,
    limit_mps: f64,
    /// Left edge of all lanes driven in this direction.
    pub road_left_m: f64,
    /// Right edge of them.
    pub road_right_m: f64,
}

struct Raw<'a> {
    map: &'a Map,
    default_limit_mps: f64,
    points: Vec<RawPoint>,
    changes: Vec<ChangeZone>,
}

impl Raw<'_> {
    fn add_route(&mut self, route: &Route) {
        let Some(first) = route.segments.first() else { return };
        let changes = route.lane_changes(self.map);
        let mut at = first.from_s - BEYOND_M.min(first.from_s);
        let mut end = 0;
        for lanes in route.segments.split_inclusive(|s| s.change_to_next) {
            end += lanes.len();
            let mut way = Way { pieces: lanes.iter().map(|s| (s.lane, s.from_s, s.to_s)).collect() };
            way.pieces[0].1 = at;
            let change = changes.iter().find(|c| c.segment + 1 == end);
            match (change, route.segments.get(end)) {
                (Some(change), Some(next)) => {
                    let cut_m = self.cut_at_end(&mut way, next);
                    let change = &RouteLaneChange { room_m: (change.room_m - cut_m).max(0.0), ..*change };
                    let in_a_row = route.segments[end - 1..].iter().take_while(|s| s.change_to_next).count();
                    at = self.add_change(&way, change, next.lane, in_a_row);
                }
                _ => way.pieces.iter().for_each(|(lane, from_s, to_s)| self.add_lane(*lane, *from_s, *to_s)),
            }
        }
        self.add_beyond(route);
    }

    /// Ends a way beside the end of the segment on the lane that it changes to, where lanes beside each other differ in
    /// length; says by how much it got shorter, m.
    fn cut_at_end(&self, way: &mut Way, next: &RouteSegment) -> f64 {
        let end = self.map.lane(next.lane).centre.at(next.to_s).position.truncate();
        let Some((lane, from_s, to_s)) = way.pieces.last_mut() else { return 0.0 };
        let (beside_s, _) = self.map.lane(*lane).centre.project(end);
        let cut_m = (*to_s - beside_s.max(*from_s)).max(0.0);
        *to_s -= cut_m;
        cut_m
    }

    /// Goes on beyond the goal, so that the line has a direction there.
    fn add_beyond(&mut self, route: &Route) {
        let Some(last) = route.segments.last() else { return };
        let lane = self.map.lane(last.lane);
        let mut left = BEYOND_M;
        self.add_lane(lane.id, last.to_s, (last.to_s + left).min(lane.length()));
        left -= lane.length() - last.to_s;
        let mut next = lane.successors.first();
        for _ in 0..10 {
            let Some(lane) = next.map(|id| self.map.lane(*id)) else { return };
            if left <= 0.0 {
                return;
            }
            self.add_lane(lane.id, 0.0, left.min(lane.length()));
            left -= lane.length();
            next = lane.successors.first();
        }
    }

    /// Where the goal is, and how far along the raw line.
    fn goal_position(&self, route: &Route) -> Option<(DVec2, f64)> {
        let last = route.segments.last()?;
        let position = self.map.lane(last.lane).centre.at(last.to_s).position.truncate();
        let of_lane = self.points.iter().rev().filter(|p| p.lane == last.lane);
        let distance = |p: &&RawPoint| p.position.distance_squared(position);
        let nearest = of_lane.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        Some((position, nearest.raw_s))
    }

    fn add_lane(&mut self, lane: LaneId, from_s: f64, to_s: f64) {
        let lane = self.map.lane(lane);
        let count = ((to_s - from_s) / RAW_STEP_M).ceil().max(0.0) as usize;
        for i in 0..=count {
            let s = from_s + (to_s - from_s) * i as f64 / count.max(1) as f64;
            let point = self.on_lane(lane, s);
            self.push(point);
        }
    }

    /// Adds the way to and through a lane change at the end of `way`, as early as the line may be crossed; says where on
    /// the lane `onto` the route goes on. `in_a_row` changes follow one another, this one included: they share the room
    /// there is.
    fn add_change(&mut self, way: &Way, change: &RouteLaneChange, onto: LaneId, in_a_row: usize) -> f64 {
        let map = self.map;
        let total = way.length();
        let room = change.room_m.min(total);
        let (zone, earliest) = (room / in_a_row as f64, total - room);
        let beside = |piece: usize| {
            let lane = map.lane(way.pieces[piece].0);
            let neighbour = if change.left { lane.left } else { lane.right };
            let is_last = piece + 1 == way.pieces.len();
            map.lane(neighbour.filter(|_| !is_last).map_or(onto, |n| n.lane))
        };
        let (piece, lane_s) = way.at(earliest);
        let limit = self.limit(map.lane(way.pieces[piece].0), lane_s).min(self.limit(beside(piece), lane_s));
        let length = (LANE_CHANGE_S * limit).max(LANE_CHANGE_MIN_M).min(0.95 * zone).max(1.0);
        let from = earliest + (0.5 * (zone - length)).clamp(0.0, 5.0);
        let (begin, begin_s) = way.at(from);
        for (lane, from_s, to_s) in &way.pieces[..begin] {
            self.add_lane(*lane, *from_s, *to_s);
        }
        self.add_lane(way.pieces[begin].0, way.pieces[begin].1, begin_s);
        let from_s = self.points.last().map_or(0.0, |p| p.raw_s);
        let count = (length / RAW_STEP_M).ceil() as usize;
        let (mut shift_m, mut end, mut b_s) = (0.0, begin, 0.0);
        for i in 1..=count {
            let u = i as f64 / count as f64;
            let (piece, a_s) = way.at(from + u * length);
            let (a, b) = (map.lane(way.pieces[piece].0), beside(piece));
            let on_a = self.on_lane(a, a_s);
            (end, b_s) = (piece, b.centre.project(on_a.position).0);
            let on_b = self.on_lane(b, b_s);
            let left = DVec2::from_angle(a.centre.at(a_s).heading).perp();
            shift_m = left.dot(on_b.position - on_a.position);
            self.push(mix(&on_a, &on_b, smoother_step(u), shift_m));
        }
        let to_s = self.points.last().map_or(0.0, |p| p.raw_s);
        let end_s = to_s + (total - from - length).max(0.0);
        let (from, to) = (way.pieces[begin].0, beside(end).id);
        self.changes.push(ChangeZone { from, to, from_s, to_s, end_s, shift_m });
        for piece in end..way.pieces.len() - 1 {
            self.add_lane(beside(piece).id, b_s, beside(piece).length());
            b_s = 0.0;
        }
        b_s
    }

    fn limit(&self, lane: &Lane, s: f64) -> f64 {
        let limit = lane.speed_limit_mps(s);
        if limit.is_finite() && limit > 0.0 { limit } else { self.default_limit_mps }
    }

    fn on_lane(&self, lane: &Lane, s: f64) -> RawPoint {
        let at = lane.centre.at(s);
        let half = 0.5 * lane.width(s);
        let share = s / lane.length().max(1e-6);
        RawPoint {
            position: at.position.truncate(),
            z: at.position.z,
            raw_s: 0.0,
            left_m: half,
            right_m: -half,
            lane: lane.id,
            lane_s: s,
            limit_mps: self.limit(lane, s),
            road_left_m: half + self.beside(lane, share, true),
            road_right_m: -half - self.beside(lane, share, false),
        }
    }

    /// Width of the lanes beside a lane that are driven in the same direction, m.
    fn beside(&self, lane: &Lane, share: f64, left: bool) -> f64 {
        let mut width = 0.0;
        let mut at = lane;
        for _ in 0..8 {
            let Some(next) = (if left { at.left } else { at.right }).filter(|n| n.same_direction) else {
                break;
            };
            at = self.map.lane(next.lane);
            if !at.kind.is_drivable() {
                break;
            }
            width += at.width(share * at.length());
        }
        width
    }

    fn push(&mut self, mut point: RawPoint) {
        if !point.position.is_finite() {
            return;
        }
        if let Some(last) = self.points.last() {
            let step = last.position.distance(point.position);
            // Lanes meet within centimetres; a point that goes back would fold the line.
            if step < 0.4 * RAW_STEP_M {
                return;
            }
            point.raw_s = last.raw_s + step;
        }
        self.points.push(point);
    }
}

/// Lanes one after another, each from and to an arc length, m.
struct Way {
    pieces: Vec<(LaneId, f64, f64)>,
}

impl Way {
    fn length(&self) -> f64 {
        self.pieces.iter().map(|(_, from_s, to_s)| (to_s - from_s).max(0.0)).sum()
    }

    /// Number of the piece and arc length on its lane, `way` m along all of them.
    fn at(&self, mut way: f64) -> (usize, f64) {
        let last = self.pieces.len() - 1;
        for (i, (_, from_s, to_s)) in self.pieces.iter().enumerate().take(last) {
            let length = (to_s - from_s).max(0.0);
            if way <= length {
                return (i, from_s + way);
            }
            way -= length;
        }
        (last, self.pieces[last].1 + way)
    }
}

/// Between a point of the old lane and the one beside it, `shift_m` to its left, on the new lane.
fn mix(a: &RawPoint, b: &RawPoint, u: f64, shift_m: f64) -> RawPoint {
    let (to_a, to_b) = (-u * shift_m, (1.0 - u) * shift_m);
    let lane = if u < 0.5 { a } else { b };
    RawPoint {
        position: a.position.lerp(b.position, u),
        z: a.z + u * (b.z - a.z),
        left_m: (a.left_m + to_a).max(b.left_m + to_b),
        right_m: (a.right_m + to_a).min(b.right_m + to_b),
        road_left_m: (a.road_left_m + to_a).max(b.road_left_m + to_b),
        road_right_m: (a.road_right_m + to_a).min(b.road_right_m + to_b),
        limit_mps: a.limit_mps.min(b.limit_mps),
        ..*lane
    }
}

/// Points `LINE_STEP_M` apart.
fn resample(raw: &[RawPoint]) -> Vec<RawPoint> {
    let length = raw.last().map_or(0.0, |p| p.raw_s);
    let count = (length / LINE_STEP_M).floor() as usize;
    let mut points = Vec::with_capacity(count + 1);
    let mut at = 0;
    for i in 0..=count {
        let s = i as f64 * LINE_STEP_M;
        while at + 2 < raw.len() && raw[at + 1].raw_s <= s {
            at += 1;
        }
        let Some([a, b]) = raw.get(at..at + 2) else { break };
        let u = (s - a.raw_s) / (b.raw_s - a.raw_s).max(1e-9);
        let nearer = if u < 0.5 { a } else { b };
        points.push(RawPoint {
            position: a.position.lerp(b.position, u),
            z: a.z + u * (b.z - a.z),
            raw_s: s,
            ..*nearer
        });
    }
    points
}

fn spans(line: &ReferenceLine, stations: &[Station]) -> Vec<LaneSpan> {
    let mut spans: Vec<LaneSpan> = vec![];
    for (point, station) in line.points().iter().zip(stations) {
        match spans.last_mut() {
            Some(span) if span.lane == station.lane && station.lane_s >= span.lane_s => span.to_s = point.s,
            last => {
                if let Some(last) = last {
                    last.to_s = point.s;
                }
                let lane = station.lane;
                spans.push(LaneSpan { lane, from_s: point.s, to_s: point.s, lane_s: station.lane_s });
            }
        }
    }
    spans
}
