//! One cycle of planning: trip, route, start, surroundings, ways, choice.

use maps::Map;
use vehicle::{Pose2, wrap_angle};

use crate::barrier::{Barrier, Reason};
use crate::choice::{Choice, STANDING_MPS, horizon_m};
use crate::last_plan::{LastPlan, jet_at};
use crate::lateral;
use crate::limits;
use crate::object::Object;
use crate::params::PlanningParams;
use crate::plan::{Gate, Measured, Plan, StopsFor, states};
use crate::poly::Jet;
use crate::route_keeper::{OFF_ROUTE_M, RouteKeeper};
use crate::route_line::RouteLine;
use crate::scene::Scene;
use crate::situation::Situation;
use crate::stop::{comfortable_stop_m, stop_on};
use crate::trip::{Task, TripState};

/// The vehicle has arrived when it stands this near to its stop, m along the way.
const ARRIVED_M: f64 = 0.6;
/// Heading errors above this can't be planned from, rad.
const MAX_HEADING_ERROR: f64 = 1.0;

/// Plans.
pub struct Planner {
    map: Map,
    params: PlanningParams,
    trip: TripState,
    keeper: RouteKeeper,
    scene: Scene,
    last: Option<LastPlan>,
    /// Where on the line a cancelled trip ends, m.
    cancel_s: Option<f64>,
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
            keeper: RouteKeeper::default(),
            scene: Scene::default(),
            last: None,
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
            self.keeper.retry();
            self.cancel_s = None;
        }
        taken
    }

    /// The trip.
    pub fn trip(&self) -> &TripState {
        &self.trip
    }

    /// The route that is driven, and a number that changes with it.
    pub fn route(&self) -> (Option<&RouteLine>, u64) {
        (self.keeper.line(), self.keeper.version())
    }

    /// Whether the vehicle stands at the stop that it was to drive to.
    pub fn has_arrived(&self) -> bool {
        self.trip.has_arrived()
    }

    /// Plans from `now_ns` on.
    pub fn plan(&mut self, now_ns: i64, measured: &Measured, gate: Gate, objects: &[Object]) -> Plan {
        self.look_after_trip(now_ns, measured);
        let task = self.trip.task();
        self.look_after_route(task, now_ns, measured);
        let Some(route) = self.keeper.line() else {
            let why = match (task, self.keeper.no_route()) {
                (Task::Drive(_), Some(why)) => StopsFor::NoRoute(why),
                _ => StopsFor::NoTrip,
            };
            return self.stop(now_ns, measured, gate, why);
        };
        let Some(start) = start(route, self.last.as_ref(), now_ns, measured, gate) else {
            return self.stop(now_ns, measured, gate, StopsFor::Heading);
        };
        let params = &self.params;
        let comfort = limits::comfort_bounds(params);
        let situation = Situation {
            map: &self.map,
            route,
            params,
            line_s: start.line_s,
            offset: start.offset,
            speed_mps: start.speed_mps,
            acceleration_mps2: start.acceleration_mps2,
            horizon_m: horizon_m(start.speed_mps, comfort.deceleration_mps2),
            max_speed_mps: (params.max_speed.min(params.vehicle.max_speed_mps))
                .min(self.trip.max_speed_mps())
                .min(gate.speed_limit_mps),
            now_ns,
        };
        let mut fixed = vec![Barrier::stop(route.goal_s)];
        if task == Task::Cancelled {
            let way = || comfortable_stop_m(start.speed_mps, start.acceleration_mps2, &comfort);
            let stop_s = *self.cancel_s.get_or_insert_with(|| start.line_s + way());
            fixed.push(Barrier { reason: Reason::Cancelled, slack_m: 5.0, ..Barrier::stop(stop_s) });
        }
        self.scene.update(&situation, objects);
        let old = self.last.as_ref().filter(|_| start.goes_on).and_then(|last| last.profile.as_ref());
        let candidates = lateral::candidates(&situation, old, &self.scene);
        let tried = candidates.into_iter().map(|c| Choice::of(&situation, c, &fixed, &self.scene));
        let mut choices: Vec<Choice> = tried.collect();
        // The first of equals, so that a way once chosen is kept.
        let best = (0..choices.len()).min_by(|a, b| choices[*a].cost.total_cmp(&choices[*b].cost));
        let Some(best) = best.map(|i| choices.swap_remove(i)) else {
            return self.stop(now_ns, measured, gate, StopsFor::Heading);
        };
        self.scene.chosen(&best.barriers);
        let plan = to_plan(&situation, &best, choices.into_iter().map(|c| c.path).collect());
        let Choice { profile, path, motions, .. } = best;
        self.last = Some(LastPlan { stamp_ns: now_ns, profile: Some(profile), path, motions });
        plan
    }

    /// A trajectory that brings the vehicle to a stop along the last plan, for when nothing is known any more of where
    /// it is; where there is no such plan, straight ahead from where it was last.
    pub fn stop_blind(&mut self, now_ns: i64, measured: &Measured) -> Plan {
        let going_on = self.last.as_ref().and_then(|last| Some((last, last.at(now_ns)?.0)));
        let stop = stop_on(going_on, now_ns, measured, &self.params);
        let states = states(&stop.path, &stop.motions);
        self.last = Some(stop);
        Plan { stamp_ns: now_ns, states, ..Plan::default() }
    }

    /// Stops the vehicle where there is no way to go: along the last plan while it follows that, else straight ahead.
    fn stop(&mut self, now_ns: i64, measured: &Measured, gate: Gate, why: StopsFor) -> Plan {
        let follows = |last: &LastPlan| Some(last.followed(now_ns, measured, gate)?.0);
        let going_on = self.last.as_ref().and_then(|last| Some((last, follows(last)?)));
        let stop = stop_on(going_on, now_ns, measured, &self.params);
        let states = states(&stop.path, &stop.motions);
        self.last = Some(stop);
        Plan { stamp_ns: now_ns, states, stops_for: Some(why), ..Plan::default() }
    }

    fn look_after_trip(&mut self, now_ns: i64, measured: &Measured) {
        let Task::Drive(stop) = self.trip.task() else { return };
        let Some(route) = self.keeper.line_to(&stop) else { return };
        let (s, d) = route.line.project(measured.pose.position, route.goal_s - 5.0, route.goal_s + 5.0);
        let is_there = (s - route.goal_s).abs() < ARRIVED_M && d.abs() < OFF_ROUTE_M;
        let planned_mps = self.last.as_ref().map_or(0.0, LastPlan::speed_mps);
        if is_there && measured.speed_mps.abs() <= STANDING_MPS && planned_mps < STANDING_MPS {
            self.trip.stands_at_stop(now_ns);
        }
    }

    fn look_after_route(&mut self, task: Task, now_ns: i64, measured: &Measured) {
        let last = self.last.as_ref();
        if !self.keeper.update(&self.map, &self.params, task, now_ns, measured, last) {
            return;
        }
        // Without a route it stops on the path that it had.
        if let Some(route) = self.keeper.line() {
            self.scene.prepare(&self.map, route);
            self.last = self.last.take().and_then(|last| last.beside(&route.line));
        }
    }
}

/// Where planning begins: where the last plan is by now, or where the vehicle is if it is elsewhere; none if it is
/// turned so far that no way leads on from there.
fn start(
    route: &RouteLine,
    last: Option<&LastPlan>,
    now_ns: i64,
    measured: &Measured,
    gate: Gate,
) -> Option<Start> {
    let followed = last.and_then(|last| {
        let (motion, at) = last.followed(now_ns, measured, gate)?;
        Some((motion, at, last.profile.as_ref()?))
    });
    if let Some((motion, at, profile)) = followed {
        return Some(Start {
            line_s: at.line_s,
            offset: profile.at(at.line_s),
            speed_mps: motion.speed_mps,
            acceleration_mps2: motion.acceleration_mps2,
            goes_on: true,
        });
    }
    let near = last.filter(|last| last.profile.is_some()).map(|last| last.first().line_s);
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

fn to_plan(situation: &Situation<'_>, choice: &Choice, candidates: Vec<crate::path::Path>) -> Plan {
    let Situation { route, params, .. } = situation;
    let wall = choice.wall_s().map(|s| {
        let p = choice.path.at(s + params.vehicle.front_m());
        Pose2 { position: p.position, heading: p.heading }
    });
    let end = choice.path.at(choice.motions.last().map_or(0.0, |m| m.s));
    Plan {
        stamp_ns: situation.now_ns,
        states: states(&choice.path, &choice.motions),
        stops_for: choice.stops_for().map(StopsFor::Barrier),
        wall,
        end_lane: route.station(end.line_s).map(|s| s.lane),
        path: choice.path.clone(),
        candidates,
    }
}
