//! Ways around turns that the vehicle can't make.

use maps::{LaneId, LanePosition, Map, Route, RouteOptions};
use vehicle::VehicleParams;

use crate::route_line::RouteLine;
use crate::routing::NoRoute;

/// A line that is off by no more than this is good, m.
const GOOD_M: f64 = 0.03;
/// Where there is no other way a line may be off by this, m: little more than the clearance that it should have. What is
/// worse is refused.
const TOLERATED_M: f64 = 0.15;
/// Routes tried.
const MOST_ATTEMPTS: usize = 20;

/// A route and its line, which the vehicle can drive.
#[derive(Clone, Debug)]
pub struct DrivableRoute {
    /// The lanes.
    pub route: Route,
    /// The line.
    pub line: RouteLine,
}

/// The search for a route that the vehicle can drive: lanes on which it could not stay on the road are avoided, one
/// attempt after the other.
#[derive(Clone, Debug, Default)]
pub struct DetourSearch {
    avoided: Vec<LaneId>,
    attempts: usize,
    /// The best so far, and by how much it is off, m.
    least: Option<(f64, DrivableRoute)>,
}

impl DetourSearch {
    /// Looks at the route that `find` finds without the lanes given to it. None if another attempt is to follow.
    pub fn attempt(
        &mut self,
        map: &Map,
        vehicle: &VehicleParams,
        default_limit_mps: f64,
        find: impl FnOnce(&[LaneId]) -> Result<Route, NoRoute>,
    ) -> Option<Result<DrivableRoute, NoRoute>> {
        let route = match find(&self.avoided) {
            Ok(route) => route,
            Err(why) => return Some(self.best().unwrap_or(Err(why))),
        };
        let Some(line) = RouteLine::new(map, &route, vehicle, default_limit_mps) else {
            return Some(Err(NoRoute::TooShort));
        };
        let off_m = line.misfits.iter().map(|m| m.off_by_m()).fold(0.0, f64::max);
        if off_m < GOOD_M {
            return Some(Ok(DrivableRoute { route, line }));
        }
        let bad = line.misfits.iter().filter(|m| m.off_by_m() >= GOOD_M);
        let bad: Vec<LaneId> = bad.filter_map(|m| line.turn_near(map, m.index)).collect();
        if self.least.as_ref().is_none_or(|(least_m, _)| off_m < *least_m) {
            self.least = Some((off_m, DrivableRoute { route, line }));
        }
        let known = self.avoided.len();
        self.avoided.extend(bad);
        self.avoided.sort_unstable();
        self.avoided.dedup();
        self.attempts += 1;
        if self.avoided.len() == known || self.attempts == MOST_ATTEMPTS { self.best() } else { None }
    }

    fn best(&mut self) -> Option<Result<DrivableRoute, NoRoute>> {
        let (off_m, found) = self.least.take()?;
        Some(if off_m < TOLERATED_M { Ok(found) } else { Err(NoRoute::TooTight) })
    }
}

/// The shortest route between two places that the vehicle can drive. `default_limit_mps` is the speed limit where the
/// map names none.
pub fn drivable_route(
    map: &Map,
    vehicle: &VehicleParams,
    default_limit_mps: f64,
    (from, to): (LanePosition, LanePosition),
) -> Result<DrivableRoute, NoRoute> {
    let mut search = DetourSearch::default();
    loop {
        let found = search.attempt(map, vehicle, default_limit_mps, |avoided| {
            let options = RouteOptions { blocked: avoided.to_vec(), ..RouteOptions::default() };
            map.route(from, to, &options).map_err(|_| NoRoute::Unreachable)
        });
        if let Some(found) = found {
            return found;
        }
    }
}
