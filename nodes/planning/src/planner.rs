//! One cycle of planning.

use maps::{LaneId, Map};
use vehicle::{Pose2, wrap_angle};

use crate::barrier::{Barrier, Reason};
use crate::lateral;
use crate::limits;
use crate::object::Object;
use crate::params::PlanningParams;
use crate::path::{LateralProfile, Path};
use crate::poly::Jet;
use crate::route_line::RouteLine;
use crate::routing::{NoRoute, find_route};
use crate::scene::{Scene, Situation};
use crate::speed::{Bounds, Motion, SpeedProblem, TIME_STEP_S};
use crate::trip::{Stop, Task, TripState};

/// Steps of a trajectory: it covers 8 s.
pub const STEPS: usize = 80;
/// How far the vehicle may be from its plan before planning begins anew from where it is: along and across the path, m,
/// and in speed, m/s.
const DEVIATION: [f64; 3] = [2.0, 0.6, 2.0];
/// The vehicle has arrived when it stands this near to its stop, m along the way.
const ARRIVED_M: f64 = 0.6;
/// Farther than this beside the line the vehicle has left its route, m.
const OFF_ROUTE_M: f64 = 3.5;
/// Heading errors above this can't be planned from, rad.
const MAX_HEADING_ERROR: f64 = 1.0;
/// A speed below which the vehicle stands, m/s.
const STANDING_MPS: f64 = 0.1;

/// What is known of the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Height, m.
    pub z: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Highest speed that it allows, m/s.
    pub speed_limit_mps: f64,
    /// Whether it brakes or holds the vehicle itself, so that it does not follow the trajectory.
    pub holds: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self { speed_limit_mps: f64::INFINITY, holds: false }
    }
}

/// A state of the trajectory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrajectoryState {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Height, m.
    pub z: f64,
    /// Way from the first state, m.
    pub arc_length_m: f64,
    /// Curvature, 1/m.
    pub curvature_per_m: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
}

/// A plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Time of its first state, ns.
    pub stamp_ns: i64,
    /// A state every `TIME_STEP_S` (0.1 s).
    pub states: Vec<TrajectoryState>,
    /// Why it stops, if it does.
    pub stops_for: Option<StopsFor>,
    /// Where base_link would stop, for the eye.
    pub wall: Option<Pose2>,
    /// The lane that it ends in.
    pub end_lane: Option<LaneId>,
    /// The path that was chosen, for the eye.
    pub path: Path,
    /// Paths that were looked at.
    pub candidates: Vec<Path>,
}

/// Why a trajectory ends in a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopsFor {
    /// Something is ahead where it must stop.
    Barrier(Reason),
    /// There is no way.
    NoRoute(NoRoute),
    /// The vehicle stands across the lane.
    Heading,
    /// There is nothing to do.
    NoTrip,
}

/// Plans.
pub struct Planner {
    map: Map,
    params: PlanningParams,
    trip: TripState,
    route: Option<RouteLine>,
    route_goal: Option<Stop>,
    no_route: Option<NoRoute>,
    route_version: u64,
    retry_ns: i64,
    kept: Option<Kept>,
    scene: Scene,
    cancel_s: Option<f64>,
}

/// What of the last plan the next one goes on with.
struct Kept {
    stamp_ns: i64,
    profile: LateralProfile,
    path: Path,
    motions: Vec<Motion>,
}

/// Where planning begins.
#[derive(Clone, Copy, Debug)]
struct Start {
    line_s: f64,
    offset: Jet,
    speed_mps: f64,
    acceleration_mps2: f64,
    goes_on: bool,
}

impl Planner {
    /// On a map.
    pub fn new(map: Map, params: PlanningParams) -> Self {
        Self {
            map,
            params,
            trip: TripState::default(),
            route: None,
            route_goal: None,
            no_route: None,
            route_version: 0,
            retry_ns: i64::MIN,
            kept: None,
            scene: Scene::default(),
            cancel_s: None,
        }
    }

    /// The map.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Takes over changed parameters; map and vehicle stay.
    pub fn set_params(&mut self, params: &PlanningParams) {
        self.params.clone_from(params);
    }

    /// Takes over an order; false if it is not newer.
    pub fn take_trip(&mut self, trip: &msgs::atlasmesh_msgs::msg::Trip) -> bool {
        let taken = self.trip.take(trip);
        if taken {
            (self.retry_ns, self.cancel_s) = (i64::MIN, None);
        }
        taken
    }

    /// The route that is driven, and a number that changes with it.
    pub fn route(&self) -> (Option<&RouteLine>, u64) {
        (self.route.as_ref(), self.route_version)
    }

    /// Whether the vehicle stands at the stop that it was to drive to.
    pub fn has_arrived(&self) -> bool {
        self.trip.has_arrived()
    }

    /// Plans from `now_ns` on.
    pub fn plan(&mut self, now_ns: i64, measured: &Measured, gate: Gate, objects: &[Object]) -> Plan {
        self.look_after_trip(now_ns, measured);
        self.look_after_route(now_ns, measured);
        let task = self.trip.task();
        let Some(route) = &self.route else {
            let why = match (task, self.no_route) {
                (Task::Drive(_), Some(why)) => StopsFor::NoRoute(why),
                _ => StopsFor::NoTrip,
            };
            self.kept = None;
            return stop_here(now_ns, measured, why, &self.params);
        };
        let Some(start) = self.start(route, now_ns, measured, gate) else {
            self.kept = None;
            return stop_here(now_ns, measured, StopsFor::Heading, &self.params);
        };
        let comfort = limits::comfort_bounds(&self.params);
        let mut barriers = vec![Barrier::stop(route.goal_s)];
        if task == Task::Cancelled {
            let stop_s = *self.cancel_s.get_or_insert_with(|| {
                start.line_s + comfortable_stop_m(start.speed_mps, start.acceleration_mps2, &comfort)
            });
            barriers.push(Barrier { reason: Reason::Cancelled, slack_m: 5.0, ..Barrier::stop(stop_s) });
        }
        let max_speed = self
            .params
            .max_speed
            .min(self.params.vehicle.max_speed_mps)
            .min(self.trip.max_speed_mps())
            .min(gate.speed_limit_mps);
        let length = horizon_m(start.speed_mps, comfort.deceleration_mps2);
        let old = self.kept.as_ref().filter(|_| start.goes_on).map(|k| &k.profile);
        let situation = Situation {
            map: &self.map,
            route,
            params: &self.params,
            line_s: start.line_s,
            offset: start.offset,
            speed_mps: start.speed_mps,
            acceleration_mps2: start.acceleration_mps2,
            horizon_m: length,
            max_speed_mps: max_speed,
            now_ns,
        };
        self.scene.update(&situation, objects);
        let mut best: Option<Choice> = None;
        let mut candidates = vec![];
        for candidate in lateral::candidates(&situation, old, &self.scene) {
            let choice = self.try_path(route, &situation, candidate, &barriers, &comfort);
            if best.as_ref().is_none_or(|b| choice.cost < b.cost) {
                candidates.extend(best.replace(choice).map(|b| b.path));
            } else {
                candidates.push(choice.path);
            }
        }
        let Some(best) = best else {
            return stop_here(now_ns, measured, StopsFor::Heading, &self.params);
        };
        self.scene.chosen(&best.barriers);
        let plan = self.to_plan(route, now_ns, &best, candidates);
        self.kept =
            Some(Kept { stamp_ns: now_ns, profile: best.profile, path: best.path, motions: best.motions });
        plan
    }

    fn look_after_trip(&mut self, now_ns: i64, measured: &Measured) {
        let Task::Drive(stop) = self.trip.task() else { return };
        if measured.speed_mps.abs() > STANDING_MPS || self.route_goal != Some(stop) {
            return;
        }
        let Some(route) = &self.route else { return };
        let (s, d) = route.line.project(measured.pose.position, route.goal_s - 5.0, route.goal_s + 5.0);
        let planned_standing = self.kept.as_ref().is_none_or(|k| k.motions[0].speed_mps < STANDING_MPS);
        if (s - route.goal_s).abs() < ARRIVED_M && d.abs() < OFF_ROUTE_M && planned_standing {
            self.trip.stands_at_stop(now_ns);
        }
    }

    /// Finds a route where a new one is needed: for a new stop, or because the vehicle has left the old one.
    fn look_after_route(&mut self, now_ns: i64, measured: &Measured) {
        const RETRY_NS: i64 = 1_000_000_000;
        let stop = match self.trip.task() {
            Task::Drive(stop) => stop,
            Task::Cancelled if self.route.is_some() => return,
            _ => {
                if self.route.take().is_some() {
                    self.route_version += 1;
                }
                (self.route_goal, self.no_route) = (None, None);
                return;
            }
        };
        let on_route = self.route.is_some() && self.route_goal == Some(stop) && !self.has_left(measured);
        let tried = self.route.is_none() && self.route_goal == Some(stop) && now_ns < self.retry_ns;
        if on_route || tried {
            return;
        }
        let known: Vec<LaneId> = self.route.iter().flat_map(|r| r.stations.iter().map(|s| s.lane)).collect();
        let (from, to) = ((measured.pose, measured.z), (stop.pose, stop.z));
        let route = find_route(&self.map, from, to, stop.has_heading, &known).and_then(|route| {
            let (vehicle, limit) = (&self.params.vehicle, self.params.default_speed_limit_mps);
            RouteLine::new(&self.map, &route, vehicle, limit).ok_or(NoRoute::TooShort)
        });
        self.no_route = route.as_ref().err().copied();
        self.scene = Scene::default();
        if let Ok(route) = &route {
            self.scene.prepare(&self.map, route);
            self.rebase(route);
        }
        self.route = route.ok();
        self.route_goal = Some(stop);
        self.route_version += 1;
        self.retry_ns = now_ns.saturating_add(RETRY_NS);
    }

    /// Whether the vehicle is so far from its route that another one is needed.
    fn has_left(&self, measured: &Measured) -> bool {
        let (Some(route), Some(kept)) = (&self.route, &self.kept) else { return false };
        let near = kept.path.points().first().map_or(0.0, |p| p.line_s);
        let (s, d) = route.line.project(measured.pose.position, near - 10.0, near + 20.0);
        let allowed = route
            .station(s)
            .map_or(OFF_ROUTE_M, |at| (at.road_left_m.max(-at.road_right_m) + 0.5).max(OFF_ROUTE_M));
        d.abs() > allowed || (s - near).abs() > 30.0
    }

    /// Carries the last plan over to a new route, so that the vehicle goes on without a jolt.
    fn rebase(&mut self, route: &RouteLine) {
        let Some(kept) = &mut self.kept else { return };
        let Some(first) = kept.path.points().first().copied() else { return };
        let (s, d) = route.line.project(first.position, 0.0, route.line.length());
        let at = route.line.at(s);
        let error = wrap_angle(first.heading - at.heading);
        if d.abs() > OFF_ROUTE_M || error.abs() > MAX_HEADING_ERROR {
            self.kept = None;
            return;
        }
        let start = jet_at(d, error, first.curvature, &at);
        let settle = s + (3.0 * kept.motions[0].speed_mps).max(12.0);
        kept.profile = LateralProfile::through(s, start, &[(settle, 0.0)]);
        kept.path = Path::beside(&route.line, &kept.profile, s, kept.path.length());
    }

    /// Where planning begins: where the last plan is by now, or where the vehicle is if it is elsewhere.
    fn start(&self, route: &RouteLine, now_ns: i64, measured: &Measured, gate: Gate) -> Option<Start> {
        let planned = self.kept.as_ref().filter(|_| !gate.holds).and_then(|kept| {
            let dt = now_ns.saturating_sub(kept.stamp_ns) as f64 * 1e-9;
            let motion = motion_at(&kept.motions, dt)?;
            let at = kept.path.at(motion.s);
            let error = measured.pose.inverse_transform(at.position);
            let speed_error = motion.speed_mps - measured.speed_mps;
            let turned = wrap_angle(at.heading - measured.pose.heading).abs();
            let near = [error.x, error.y, speed_error].iter().zip(DEVIATION).all(|(e, most)| e.abs() < most);
            (near && turned < 0.35).then_some((kept, motion, at))
        });
        if let Some((kept, motion, at)) = planned {
            return Some(Start {
                line_s: at.line_s,
                offset: kept.profile.at(at.line_s),
                speed_mps: motion.speed_mps,
                acceleration_mps2: motion.acceleration_mps2,
                goes_on: true,
            });
        }
        let near = self.kept.as_ref().and_then(|k| k.path.points().first()).map(|p| p.line_s);
        let (from, to) = near.map_or((0.0, 60.0), |s| (s - 15.0, s + 30.0));
        let (line_s, d) = route.line.project(measured.pose.position, from, to);
        let at = route.line.at(line_s);
        let error = wrap_angle(measured.pose.heading - at.heading);
        (error.abs() < MAX_HEADING_ERROR).then(|| Start {
            line_s,
            offset: jet_at(d, error, at.curvature * error.cos().powi(3), &at),
            speed_mps: measured.speed_mps.max(0.0),
            acceleration_mps2: 0.0,
            goes_on: false,
        })
    }

    /// Speed over a path, and what it is worth.
    fn try_path(
        &self,
        route: &RouteLine,
        situation: &Situation<'_>,
        candidate: lateral::Candidate,
        fixed: &[Barrier],
        comfort: &Bounds,
    ) -> Choice {
        let path = Path::beside(&route.line, &candidate.profile, situation.line_s, situation.horizon_m);
        let ceiling = limits::ceiling(route, &path, &self.params, situation.max_speed_mps);
        let from =
            Motion { s: 0.0, speed_mps: situation.speed_mps, acceleration_mps2: situation.acceleration_mps2 };
        let on_path = |b: &Barrier| Barrier { s: path.s_of_line(b.s), ..*b };
        let mut barriers: Vec<Barrier> = fixed.iter().chain(&candidate.barriers).map(on_path).collect();
        let free =
            SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort: *comfort, braking: *comfort };
        let free_run = free.roll_out(from, STEPS, 0.5);
        barriers.extend(self.scene.barriers(situation, &path, &free_run));
        let braking = braking_for(&ceiling, &barriers, comfort, from, &self.params);
        let problem = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort: *comfort, braking };
        let motions = problem.roll_out(from, STEPS, 0.5);
        let progress = motions.last().map_or(0.0, |m| m.s);
        let cost = candidate.cost - progress;
        Choice { profile: candidate.profile, path, motions, barriers, cost }
    }

    fn to_plan(&self, route: &RouteLine, now_ns: i64, choice: &Choice, candidates: Vec<Path>) -> Plan {
        let state = |m: &Motion| {
            let p = choice.path.at(m.s);
            TrajectoryState {
                pose: Pose2 { position: p.position, heading: wrap_angle(p.heading) },
                z: p.z,
                arc_length_m: m.s,
                curvature_per_m: p.curvature,
                speed_mps: m.speed_mps,
                acceleration_mps2: m.acceleration_mps2,
            }
        };
        let last = choice.motions.last().copied().unwrap_or_default();
        let standing = choice.barriers.iter().filter(|b| b.speed_mps < STANDING_MPS);
        let nearest = standing.min_by(|a, b| a.s.total_cmp(&b.s));
        let stops = nearest.filter(|_| last.speed_mps < STANDING_MPS);
        let wall = nearest.filter(|b| b.s < choice.path.length()).map(|b| {
            let p = choice.path.at(b.s + self.params.vehicle.front_m());
            Pose2 { position: p.position, heading: p.heading }
        });
        let end = choice.path.at(last.s);
        Plan {
            stamp_ns: now_ns,
            states: choice.motions.iter().map(state).collect(),
            stops_for: stops.map(|b| StopsFor::Barrier(b.reason)),
            wall,
            end_lane: route.station(end.line_s).map(|s| s.lane),
            path: choice.path.clone(),
            candidates,
        }
    }

    /// A trajectory that stands where the vehicle is, or stops straight ahead.
    pub fn stand(&self, now_ns: i64, measured: &Measured) -> Plan {
        stop_here(now_ns, measured, StopsFor::NoTrip, &self.params)
    }

    /// A trajectory that brings the vehicle to a stop along the last plan, for when nothing is known any more of where
    /// it is. None without a plan.
    pub fn stop_along_last(&mut self, now_ns: i64) -> Option<Plan> {
        let kept = self.kept.as_ref()?;
        let dt = now_ns.saturating_sub(kept.stamp_ns) as f64 * 1e-9;
        let now = motion_at(&kept.motions, dt)?;
        let comfort = limits::comfort_bounds(&self.params);
        let (ceiling, barriers) = (crate::speed::Ceiling::default(), [Barrier::stop(now.s)]);
        let problem = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort, braking: comfort };
        let motions = problem.roll_out(now, STEPS, 0.5);
        let (profile, path) = (kept.profile.clone(), kept.path.clone());
        let choice = Choice { profile, path, motions, barriers: vec![], cost: 0.0 };
        let route = self.route.as_ref()?;
        let mut plan = self.to_plan(route, now_ns, &choice, vec![]);
        for state in &mut plan.states {
            state.arc_length_m -= now.s;
        }
        plan.wall = None;
        plan.stops_for = None;
        let Choice { profile, path, motions, .. } = choice;
        self.kept = Some(Kept { stamp_ns: now_ns, profile, path, motions });
        Some(plan)
    }
}

struct Choice {
    profile: LateralProfile,
    path: Path,
    motions: Vec<Motion>,
    barriers: Vec<Barrier>,
    cost: f64,
}

/// The gentlest way of braking that keeps the barriers.
fn braking_for(
    ceiling: &crate::speed::Ceiling,
    barriers: &[Barrier],
    comfort: &Bounds,
    from: Motion,
    params: &PlanningParams,
) -> Bounds {
    let most = params.vehicle.max_deceleration_mps2;
    let ladder = [(1.0, 1.0), (1.7, 2.0), (2.5, 4.0)];
    let steps = ladder.map(|(b, j)| Bounds {
        deceleration_mps2: (comfort.deceleration_mps2 * b).min(most),
        jerk_mps3: comfort.jerk_mps3 * j,
        ..*comfort
    });
    let hardest = Bounds { deceleration_mps2: most.min(6.0), jerk_mps3: 12.0, ..*comfort };
    let keeps = |braking: &Bounds| {
        SpeedProblem { ceiling, barriers, comfort: *comfort, braking: *braking }.is_feasible(from)
    };
    steps.into_iter().find(keeps).unwrap_or(hardest)
}

/// How far ahead is planned, m: as far as the vehicle gets in 8 s, and as it needs to stop comfortably.
fn horizon_m(speed_mps: f64, deceleration_mps2: f64) -> f64 {
    let t = STEPS as f64 * TIME_STEP_S;
    let reach = speed_mps * t + 0.5 * 1.2 * t * t;
    let stop = speed_mps * speed_mps / (2.0 * deceleration_mps2) + 2.0 * speed_mps;
    reach.max(stop).max(20.0) + 20.0
}

/// Way to a comfortable stop, m.
fn comfortable_stop_m(speed_mps: f64, acceleration_mps2: f64, comfort: &Bounds) -> f64 {
    let mut motion = Motion { s: 0.0, speed_mps, acceleration_mps2 };
    let (mut low, mut high) = (0.0, 500.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if comfort.stopping_speed(middle) < speed_mps { low = middle } else { high = middle }
    }
    // While the deceleration is built up the vehicle goes on.
    let ramp_s = (acceleration_mps2 + comfort.deceleration_mps2).max(0.0) / comfort.jerk_mps3;
    motion = motion.after(-comfort.jerk_mps3, ramp_s);
    high + 0.5 * (motion.s).min(speed_mps * ramp_s) + 0.5
}

/// The motion `dt` seconds after the first; none beyond the last.
fn motion_at(motions: &[Motion], dt: f64) -> Option<Motion> {
    if dt < -1e-6 {
        return None;
    }
    let steps = (dt / TIME_STEP_S + 1e-6).max(0.0);
    let i = steps.floor() as usize;
    let (a, b) = (motions.get(i)?, motions.get(i + 1)?);
    let rest = (steps - i as f64) * TIME_STEP_S;
    if rest < 1e-6 {
        return Some(*a);
    }
    let jerk = (b.acceleration_mps2 - a.acceleration_mps2) / TIME_STEP_S;
    Some(a.after(jerk, rest))
}

/// Offset with its derivatives of a pose beside a line.
fn jet_at(d: f64, heading_error: f64, curvature: f64, at: &crate::line::LinePoint) -> Jet {
    let stretch = (1.0 - at.curvature * d).max(0.05);
    let (tan, cos) = (heading_error.tan(), heading_error.cos());
    let d1 = stretch * tan;
    // Inverse of the curvature in `path`.
    let bend = (curvature * stretch / cos - at.curvature) * stretch / (cos * cos);
    let d2 = bend - (at.curvature_rate * d + at.curvature * d1) * tan;
    Jet { value: d, d1, d2, d3: 0.0 }
}

/// A trajectory that stands, or stops in a straight line if the vehicle still moves.
fn stop_here(now_ns: i64, measured: &Measured, why: StopsFor, params: &PlanningParams) -> Plan {
    let comfort = limits::comfort_bounds(params);
    let from = Motion { s: 0.0, speed_mps: measured.speed_mps.max(0.0), acceleration_mps2: 0.0 };
    let (ceiling, barriers) = (crate::speed::Ceiling::default(), [Barrier::stop(0.0)]);
    let problem = SpeedProblem { ceiling: &ceiling, barriers: &barriers, comfort, braking: comfort };
    let state = |m: &Motion| TrajectoryState {
        pose: Pose2 {
            position: measured.pose.transform(glam::DVec2::new(m.s, 0.0)),
            heading: wrap_angle(measured.pose.heading),
        },
        z: measured.z,
        arc_length_m: m.s,
        curvature_per_m: 0.0,
        speed_mps: m.speed_mps,
        acceleration_mps2: m.acceleration_mps2,
    };
    let states = problem.roll_out(from, STEPS, 0.5).iter().map(state).collect();
    Plan { stamp_ns: now_ns, states, stops_for: Some(why), ..Plan::default() }
}
