//! Keeps a route to the stop that the vehicle drives to.

use maps::{LaneId, Map};

use crate::detour::{DetourSearch, DrivableRoute};
use crate::last_plan::LastPlan;
use crate::params::PlanningParams;
use crate::plan::Measured;
use crate::route_line::RouteLine;
use crate::routing::{NoRoute, find_route};
use crate::trip::{Stop, Task};

/// Farther than this beside the line the vehicle has left its route, m.
pub const OFF_ROUTE_M: f64 = 3.5;
/// Where there is no route one is sought again after this time, ns.
const RETRY_NS: i64 = 1_000_000_000;

/// The route under way.
#[derive(Default)]
pub struct RouteKeeper {
    line: Option<RouteLine>,
    stop: Option<Stop>,
    no_route: Option<NoRoute>,
    version: u64,
    sought_ns: Option<i64>,
    /// The search under way; it takes one attempt in each cycle.
    search: Option<DetourSearch>,
}

impl RouteKeeper {
    /// The line to drive along; none without a route.
    pub fn line(&self) -> Option<&RouteLine> {
        self.line.as_ref()
    }

    /// The line to a stop, if that is where it leads.
    pub fn line_to(&self, stop: &Stop) -> Option<&RouteLine> {
        self.line.as_ref().filter(|_| self.stop.as_ref() == Some(stop))
    }

    /// Why there is none.
    pub fn no_route(&self) -> Option<NoRoute> {
        self.no_route
    }

    /// A number that changes with the line.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A route is sought again at once, whatever was tried before.
    pub fn retry(&mut self) {
        (self.sought_ns, self.search) = (None, None);
    }

    /// Finds a route where another one is needed: for a new stop, or because the vehicle has left the old one. A
    /// cancelled trip keeps its route to stop on. Says whether it changed.
    pub fn update(
        &mut self,
        map: &Map,
        params: &PlanningParams,
        task: Task,
        now_ns: i64,
        measured: &Measured,
        last: Option<&LastPlan>,
    ) -> bool {
        let version = self.version;
        match task {
            Task::Drive(stop) => {
                let same = self.stop.as_ref() == Some(&stop);
                let on_route = same && self.line.as_ref().is_some_and(|l| !has_left(l, measured, last));
                let waits = self.sought_ns.is_some_and(|at| now_ns.saturating_sub(at) < RETRY_NS);
                if !(on_route || same && self.line.is_none() && waits) {
                    self.seek(map, params, stop, measured);
                    self.sought_ns = self.search.is_none().then_some(now_ns);
                }
            }
            Task::Cancelled if self.line.is_some() => {}
            Task::Cancelled | Task::Stand => {
                self.version += u64::from(self.line.take().is_some());
                (self.stop, self.no_route) = (None, None);
            }
        }
        version != self.version
    }

    fn seek(&mut self, map: &Map, params: &PlanningParams, stop: Stop, measured: &Measured) {
        let known: Vec<LaneId> = self.line.iter().flat_map(|r| r.stations.iter().map(|s| s.lane)).collect();
        let (from, to) = ((measured.pose, measured.z), (stop.pose, stop.z));
        if self.stop != Some(stop) {
            self.search = None;
        }
        let mut search = self.search.take().unwrap_or_default();
        let limit_mps = params.default_speed_limit_mps;
        let found = search.attempt(map, &params.vehicle, limit_mps, |avoided| {
            find_route(map, from, to, stop.has_heading, &known, avoided)
        });
        let had_line = self.line.take().is_some();
        self.no_route = None;
        match found {
            Some(Ok(DrivableRoute { line, .. })) => self.line = Some(line),
            Some(Err(why)) => self.no_route = Some(why),
            None => self.search = Some(search),
        }
        self.version += u64::from(self.line.is_some() || had_line);
        self.stop = Some(stop);
    }
}

/// Whether the vehicle is so far from its route that another one is needed.
fn has_left(route: &RouteLine, measured: &Measured, last: Option<&LastPlan>) -> bool {
    let Some(near) = last.map(|last| last.first().line_s) else { return false };
    let (s, d) = route.line.project(measured.pose.position, near - 10.0, near + 20.0);
    let allowed = route
        .station(s)
        .map_or(OFF_ROUTE_M, |at| (at.road_left_m.max(-at.road_right_m) + 0.5).max(OFF_ROUTE_M));
    d.abs() > allowed || (s - near).abs() > 30.0
}
