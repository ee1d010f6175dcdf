//! What is around the vehicle and what of it is in its way.

use maps::Map;

use crate::barrier::{Barrier, Reason};
use crate::crossing::{Crossing, StopLine, crossings, stop_lines};
use crate::object::{Kind, Object};
use crate::occupancy::{Extent, extent, is_in_way};
use crate::params::PlanningParams;
use crate::path::Path;
use crate::poly::Jet;
use crate::predict::{Branch, PREDICTION_STEP_S, branches};
use crate::route_line::RouteLine;
use crate::speed::{Motion, TIME_STEP_S};

/// How near to a stop line the vehicle must have stood, m.
const STOP_LINE_REACH_M: f64 = 2.0;
/// How long it stands at a stop sign at least, ns.
const STOP_SIGN_NS: i64 = 1_000_000_000;

/// Time constant with which the acceleration of others is smoothed, s.
const SMOOTHING_S: f64 = 0.4;
/// One that brakes is taken to be as fast as it will be after this time, s.
const BRAKES_ON_S: f64 = 1.5;
/// Braking harder than this for someone who is not there yet is worse than to go on, m/s^2.
const HARD_MPS2: f64 = 3.0;
/// Who stands this long after driving counts as parked and is passed, ns.
const PARKED_AFTER_NS: i64 = 10_000_000_000;

/// Where the vehicle is when a cycle begins.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The map.
    pub map: &'a Map,
    /// The route.
    pub route: &'a RouteLine,
    /// Parameters.
    pub params: &'a PlanningParams,
    /// Arc length on the line, m.
    pub line_s: f64,
    /// Offset to the left of the line with its derivatives by arc length.
    pub offset: Jet,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
    /// How far ahead is planned, m.
    pub horizon_m: f64,
    /// Highest speed, m/s.
    pub max_speed_mps: f64,
    /// Now, ns.
    pub now_ns: i64,
}

/// An object and the ways it may take.
#[derive(Clone, Debug)]
pub struct Track {
    /// The object.
    pub object: Object,
    /// The ways.
    pub branches: Vec<Branch>,
}

/// What is around, and what was decided about it.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    tracks: Vec<Track>,
    crossings: Vec<Crossing>,
    stop_lines: Vec<StopLine>,
    /// Stop lines before this one have been dealt with.
    next_stop_line: usize,
    stands_since_ns: Option<i64>,
    /// Objects that the vehicle gives way to.
    yields_to: Vec<u32>,
    /// Objects that were seen to move, by id.
    moved: Vec<Moved>,
    updated_ns: i64,
}

/// What is remembered of an object.
#[derive(Clone, Copy, Debug)]
struct Moved {
    id: u32,
    /// When it last moved, ns.
    last_ns: i64,
    /// How fast it was, m/s.
    speed_mps: f64,
    /// Smoothed change of its speed, m/s^2.
    acceleration_mps2: f64,
}

impl Scene {
    /// Looks up where the route crosses others.
    pub fn prepare(&mut self, map: &Map, route: &RouteLine) {
        self.crossings = crossings(map, route);
        self.stop_lines = stop_lines(map, route);
    }

    /// Objects with the ways they may take.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Takes over what is around now.
    pub fn update(&mut self, situation: &Situation<'_>, objects: &[Object]) {
        let track = |o: &Object| Track { object: *o, branches: branches(situation.map, o) };
        self.tracks.clear();
        self.tracks.extend(objects.iter().map(track));
        self.remember_moving(situation.now_ns, objects);
        self.look_after_stop_lines(situation);
    }

    fn remember_moving(&mut self, now_ns: i64, objects: &[Object]) {
        let dt = now_ns.saturating_sub(self.updated_ns) as f64 * 1e-9;
        self.updated_ns = now_ns;
        self.moved.retain(|m| objects.binary_search_by_key(&m.id, |o| o.id).is_ok());
        for object in objects {
            let speed_mps = object.speed_mps();
            match self.moved.binary_search_by_key(&object.id, |m| m.id) {
                Ok(at) => {
                    let m = &mut self.moved[at];
                    if (0.01..1.0).contains(&dt) {
                        let share = dt / (SMOOTHING_S + dt);
                        let measured = (speed_mps - m.speed_mps) / dt;
                        m.acceleration_mps2 += share * (measured.clamp(-8.0, 4.0) - m.acceleration_mps2);
                    }
                    m.speed_mps = speed_mps;
                    if speed_mps > 0.0 {
                        m.last_ns = now_ns;
                    }
                }
                Err(at) if speed_mps > 0.0 => {
                    let (id, last_ns) = (object.id, now_ns);
                    self.moved.insert(at, Moved { id, last_ns, speed_mps, acceleration_mps2: 0.0 });
                }
                Err(_) => {}
            }
        }
    }

    /// How an object changes its speed, m/s^2.
    fn acceleration_mps2(&self, id: u32) -> f64 {
        let found = self.moved.binary_search_by_key(&id, |m| m.id);
        found.map_or(0.0, |at| self.moved[at].acceleration_mps2)
    }

    /// Objects that stand and are not about to go on: never seen to move, or standing for long.
    pub fn parked(&self, now_ns: i64) -> impl Iterator<Item = &Object> {
        let waits = move |id: u32| {
            let found = self.moved.binary_search_by_key(&id, |m| m.id);
            found.is_ok_and(|at| now_ns.saturating_sub(self.moved[at].last_ns) < PARKED_AFTER_NS)
        };
        let standing = self.tracks.iter().map(|t| &t.object).filter(|o| o.speed_mps() == 0.0);
        standing.filter(move |o| !waits(o.id))
    }

    /// A full stop at a stop line, then on.
    fn look_after_stop_lines(&mut self, situation: &Situation<'_>) {
        let front_s = situation.line_s + situation.params.vehicle.front_m();
        while self.stop_lines.get(self.next_stop_line).is_some_and(|l| l.s < front_s - 1.0) {
            self.next_stop_line += 1;
        }
        let Some(line) = self.stop_lines.get(self.next_stop_line) else { return };
        if situation.speed_mps > 0.05 || line.s - front_s > STOP_LINE_REACH_M {
            self.stands_since_ns = None;
            return;
        }
        let since = *self.stands_since_ns.get_or_insert(situation.now_ns);
        if situation.now_ns.saturating_sub(since) >= STOP_SIGN_NS {
            self.next_stop_line += 1;
            self.stands_since_ns = None;
        }
    }

    /// What the vehicle must stay behind on a path. `free_run` is how it would drive without objects.
    pub fn barriers(&self, situation: &Situation<'_>, path: &Path, free_run: &[Motion]) -> Vec<Barrier> {
        let front = situation.params.vehicle.front_m();
        let mut barriers = vec![];
        if let Some(line) = self.stop_lines.get(self.next_stop_line) {
            let s = path.s_of_line(line.s) - front - 0.5;
            barriers.push(Barrier { reason: Reason::Rule, ..Barrier::stop(s) });
        }
        for track in &self.tracks {
            for branch in &track.branches {
                let meeting = Meeting { scene: self, situation, path, free_run, track, branch };
                barriers.extend(meeting.barrier());
            }
        }
        self.keep_junctions_clear(situation, path, &mut barriers);
        barriers
    }

    /// Takes note of what was decided.
    pub fn chosen(&mut self, barriers: &[Barrier]) {
        self.yields_to.clear();
        let yields = barriers.iter().filter(|b| b.reason == Reason::Rule);
        self.yields_to.extend(yields.filter_map(|b| b.object));
    }

    /// Where the vehicle would come to stand among crossing ways behind another one, it waits before them.
    fn keep_junctions_clear(&self, situation: &Situation<'_>, path: &Path, barriers: &mut Vec<Barrier>) {
        let vehicle = &situation.params.vehicle;
        let slow = |b: &&Barrier| b.reason == Reason::Obstacle && b.speed_mps < 1.5;
        let Some(queue_s) = barriers.iter().filter(slow).map(|b| b.s).min_by(f64::total_cmp) else { return };
        let blocked = self.crossings.iter().find(|c| {
            let (from_s, to_s) = (path.s_of_line(c.from_s), path.s_of_line(c.to_s));
            // Its outline would cover a part of the crossing.
            from_s < queue_s + vehicle.front_m() && to_s > queue_s - vehicle.rear_overhang_m
        });
        let Some(blocked) = blocked else { return };
        let entry = self.crossings.iter().filter(|c| c.entry_s == blocked.entry_s).map(|c| c.from_s);
        let Some(entry_s) = entry.min_by(f64::total_cmp) else { return };
        let stop_s = path.s_of_line(entry_s.max(blocked.entry_s)) - vehicle.front_m() - 0.5;
        let braking_m = situation.speed_mps.powi(2) / (2.0 * situation.params.comfort.deceleration_mps2);
        if stop_s > braking_m && stop_s < queue_s {
            barriers.push(Barrier { reason: Reason::Rule, slack_m: 5.0, ..Barrier::stop(stop_s) });
        }
    }
}

/// One way of one object and one path of the vehicle.
struct Meeting<'a> {
    scene: &'a Scene,
    situation: &'a Situation<'a>,
    path: &'a Path,
    free_run: &'a [Motion],
    track: &'a Track,
    branch: &'a Branch,
}

/// When and where an object is in the way. Times in s, arc lengths along the path in m.
#[derive(Clone, Copy, Debug)]
struct Encounter {
    enters_s: f64,
    leaves_s: f64,
    first: Extent,
    /// Over all of the time.
    from_s: f64,
    to_s: f64,
    /// Speed along the path.
    speed_mps: f64,
}

impl Meeting<'_> {
    fn barrier(&self) -> Option<Barrier> {
        let encounter = self.encounter()?;
        let vehicle = &self.situation.params.vehicle;
        if encounter.enters_s <= 0.0 {
            return self.barrier_of_present(&encounter);
        }
        let distance = &self.situation.params.distance;
        let clear = encounter.from_s - vehicle.front_m() - distance.standstill_gap_m.min(1.5);
        if clear < -0.5 && self.track.object.kind != Kind::Vulnerable {
            return None; // already among them: clear the place
        }
        if !self.must_yield(&encounter) {
            return None;
        }
        let goes_along = encounter.speed_mps > 1.0 && !encounter.leaves_s.is_finite();
        let object = Some(self.track.object.id);
        Some(if goes_along {
            // It comes in ahead: half of the gap will do at first.
            let gap = distance.standstill_gap_m + 0.5 * distance.time_gap_s * encounter.speed_mps;
            Barrier {
                speed_mps: encounter.speed_mps,
                moves_at_s: encounter.enters_s,
                slack_m: gap - 1.0,
                reason: Reason::Obstacle,
                object,
                ..Barrier::stop(encounter.first.from_s - vehicle.front_m() - gap)
            }
        } else {
            Barrier {
                until_s: encounter.leaves_s + 0.5,
                slack_m: 1.0,
                reason: Reason::Rule,
                object,
                ..Barrier::stop(clear.max(0.0))
            }
        })
    }

    /// Of an object that is in the way now.
    fn barrier_of_present(&self, encounter: &Encounter) -> Option<Barrier> {
        let params = self.situation.params;
        let first = &encounter.first;
        // Beside or behind the vehicle's front it is for the other to keep away.
        if first.from_s < 0.5 * params.vehicle.wheelbase_m {
            return None;
        }
        let gap = params.distance.standstill_gap_m + params.distance.time_gap_s * encounter.speed_mps;
        let braking = self.scene.acceleration_mps2(self.track.object.id);
        let slower = if braking < -0.5 { braking * BRAKES_ON_S } else { 0.0 };
        Some(Barrier {
            speed_mps: (encounter.speed_mps + slower).max(0.0),
            until_s: encounter.leaves_s + 0.5,
            slack_m: gap - 1.0,
            reason: Reason::Obstacle,
            object: Some(self.track.object.id),
            ..Barrier::stop(first.from_s - params.vehicle.front_m() - gap)
        })
    }

    /// When and where the object is in the way, if ever.
    fn encounter(&self) -> Option<Encounter> {
        let params = self.situation.params;
        let object = &self.track.object;
        let moves = object.speed_mps() > 0.0;
        let margin = match object.kind {
            Kind::Vulnerable if moves => params.distance.lateral_vulnerable_m,
            Kind::Vulnerable => params.distance.lateral_min_m + 0.15,
            _ => params.distance.lateral_min_m,
        };
        let within = 0.5 * params.vehicle.width_m + margin + 1.3;
        let steps = if moves { self.branch.poses.len() } else { 1 };
        let mut found: Option<Encounter> = None;
        for (k, pose) in self.branch.poses.iter().take(steps).enumerate() {
            let t = k as f64 * PREDICTION_STEP_S;
            let here = extent(self.path, object, *pose, within)
                .filter(|e| e.to_s > -params.vehicle.rear_overhang_m && e.from_s < self.path.length() - 0.6)
                .filter(|e| is_in_way(self.path, e, &params.vehicle, margin));
            match (here, &mut found) {
                (Some(e), None) => {
                    let along = self.path.at(e.from_s.max(0.0)).heading;
                    let speed_mps = object.speed_mps() * (pose_course(object, self.branch, k) - along).cos();
                    found = Some(Encounter {
                        enters_s: t,
                        leaves_s: f64::INFINITY,
                        first: e,
                        from_s: e.from_s,
                        to_s: e.to_s,
                        speed_mps: speed_mps.max(0.0),
                    });
                }
                (Some(e), Some(f)) => {
                    f.from_s = f.from_s.min(e.from_s);
                    f.to_s = f.to_s.max(e.to_s);
                }
                (None, Some(f)) => {
                    f.leaves_s = t;
                    break;
                }
                (None, None) => {}
            }
        }
        found
    }

    /// Whether the vehicle lets the other one go first.
    fn must_yield(&self, encounter: &Encounter) -> bool {
        let params = self.situation.params;
        let (vehicle, object) = (&params.vehicle, &self.track.object);
        let yields = self.scene.yields_to.contains(&object.id);
        // Once decided it does not change its mind for a little.
        let margin = params.crossing.time_margin_s * if yields { 1.2 } else { 0.8 };
        let time_of = |s: f64| {
            let index = self.free_run.iter().position(|m| m.s >= s);
            index.map_or(f64::INFINITY, |i| i as f64 * TIME_STEP_S)
        };
        let arrives_s = time_of(encounter.from_s - vehicle.front_m());
        let is_through_s = time_of(encounter.to_s.min(encounter.first.to_s + 2.0) + vehicle.rear_overhang_m);
        if is_through_s + margin < encounter.enters_s || arrives_s > encounter.leaves_s + margin {
            return false;
        }
        // What can't be stopped for any more is passed, if there is time.
        let room_m = (encounter.from_s - vehicle.front_m()).max(0.1);
        let braking_mps2 = self.situation.speed_mps.powi(2) / (2.0 * room_m);
        if braking_mps2 > HARD_MPS2 && is_through_s + 0.5 < encounter.enters_s {
            return false;
        }
        if object.kind == Kind::Vulnerable || !self.has_priority() {
            return true;
        }
        // The right of way is ours: trust the other one as long as it can brake, unless it is there first anyway.
        let needed = object.speed_mps() / (2.0 * encounter.enters_s.max(0.1));
        needed > params.crossing.others_deceleration_mps2
    }

    fn has_priority(&self) -> bool {
        let mut shared =
            self.scene.crossings.iter().filter(|c| self.branch.lanes.contains(&c.other)).peekable();
        shared.peek().is_some() && shared.all(|c| c.has_priority)
    }
}

/// Heading of an object at a prediction, rad.
fn pose_course(object: &Object, branch: &Branch, k: usize) -> f64 {
    if branch.lanes.is_empty() || k == 0 { object.course() } else { branch.poses[k].heading }
}
