//! Where a drive begins and ends, and the order for it.

use maps::{LaneFilter, LanePosition, Map, Route, RouteOptions};
use msgs::atlasmesh_msgs::msg::{Trip, TripStop};
use planning::{NoRoute, PlanningParams, drivable_route};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use runtime::time::Time;
use vehicle::{Pose2, VehicleParams, pose_to_msg};

use crate::error::ScenarioError;
use crate::settings::{DriveSettings, Place};

/// Shortest and longest way that is drawn, m; the shortest that is accepted where a map has no better.
const WANTED_M: std::ops::Range<f64> = 150.0..1500.0;
const LEAST_M: f64 = 30.0;
const DRAWS: usize = 400;

/// Start and goal of a drive.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Where base_link starts.
    pub start: LanePosition,
    /// Where base_link is to stop.
    pub goal: LanePosition,
    /// The shortest way.
    pub route: Route,
}

impl Ends {
    /// Those that the settings give; what they do not give is drawn from the seed.
    pub fn of(map: &Map, settings: &DriveSettings) -> Result<Self, ScenarioError> {
        let vehicle = vehicle_params(&settings.vehicle)?;
        let from = settings.from.map(|p| on_lane(map, &settings.map, "--from", p)).transpose()?;
        let to = settings.to.map(|p| on_lane(map, &settings.map, "--to", p)).transpose()?;
        if let (Some(start), Some(goal)) = (from, to) {
            let route = map.route(start, goal, &RouteOptions::default());
            route.map_err(|source| ScenarioError::NoRoute { map: settings.map.clone(), source })?;
            let route = drivable(map, &vehicle, start, goal)
                .map_err(|source| ScenarioError::Undrivable { map: settings.map.clone(), source })?;
            return Ok(Self { start, goal, route });
        }
        choose_ends(map, &vehicle, settings.seed, from, to)
            .ok_or_else(|| ScenarioError::NothingToDrive { map: settings.map.clone(), least_m: LEAST_M })
    }
}

/// Draws start and goal, or the one that is not given, from a seed: on lanes outside of junctions that are wide and long
/// enough for the vehicle. None if the map has no route that is worth it.
pub fn choose_ends(
    map: &Map,
    vehicle: &VehicleParams,
    seed: u64,
    from: Option<LanePosition>,
    to: Option<LanePosition>,
) -> Option<Ends> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let places = Places::of(map, vehicle);
    let mut best: Option<Ends> = None;
    for _ in 0..DRAWS {
        let start = from.or_else(|| places.draw(&mut rng))?;
        let goal = to.or_else(|| places.draw(&mut rng))?;
        let better = |way_m: f64| {
            (LEAST_M..WANTED_M.end).contains(&way_m) && best.as_ref().is_none_or(|b| way_m > b.route.length_m)
        };
        let shortest = map.route(start, goal, &RouteOptions::default());
        if !shortest.is_ok_and(|route| better(route.length_m)) {
            continue;
        }
        let route = drivable(map, vehicle, start, goal);
        let Some(route) = route.ok().filter(|route| better(route.length_m)) else { continue };
        let enough = route.length_m >= WANTED_M.start;
        best = Some(Ends { start, goal, route });
        if enough {
            break;
        }
    }
    best
}

/// The way that the vehicle can drive.
fn drivable(
    map: &Map,
    vehicle: &VehicleParams,
    start: LanePosition,
    goal: LanePosition,
) -> Result<Route, NoRoute> {
    let limit_mps = PlanningParams::default().default_speed_limit_mps;
    Ok(drivable_route(map, vehicle, limit_mps, (start, goal))?.route)
}

/// Places where a vehicle can stand.
struct Places<'a> {
    map: &'a Map,
    /// Lane, and from where to where along it, m.
    ranges: Vec<(maps::LaneId, f64, f64)>,
    total_m: f64,
}

impl<'a> Places<'a> {
    fn of(map: &'a Map, vehicle: &VehicleParams) -> Self {
        const SPARE_M: f64 = 1.0;
        let mut ranges = vec![];
        for lane in map.lanes.iter().filter(|l| l.kind.is_drivable() && l.junction.is_none()) {
            let from = if lane.predecessors.is_empty() { vehicle.rear_overhang_m + SPARE_M } else { 0.0 };
            let end = if lane.successors.is_empty() { vehicle.front_m() + SPARE_M } else { 0.0 };
            let to = lane.length() - end;
            let wide = |s: f64| lane.width(s) > vehicle.width_m + 0.4;
            if to - from > SPARE_M && wide(from) && wide(0.5 * (from + to)) && wide(to) {
                ranges.push((lane.id, from, to));
            }
        }
        let total_m = ranges.iter().map(|(_, from, to)| to - from).sum();
        Self { map, ranges, total_m }
    }

    /// One of them, every metre of lane as likely as any other.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<LanePosition> {
        if self.ranges.is_empty() {
            return None;
        }
        let mut at = rng.random_range(0.0..self.total_m);
        let found = self.ranges.iter().find(|(_, from, to)| {
            let here = at < to - from;
            at -= if here { 0.0 } else { to - from };
            here
        });
        let (lane, from, to) = *found.or(self.ranges.last())?;
        // In whole decimetres: what is printed is what was driven.
        let s = ((from + at) * 10.0).round() / 10.0;
        Some(LanePosition { lane, s: s.clamp(from, to).min(self.map.lane(lane).length()), t: 0.0 })
    }
}

fn on_lane(map: &Map, name: &str, what: &'static str, place: Place) -> Result<LanePosition, ScenarioError> {
    const NEAR_M: f64 = 5.0;
    let point = glam::DVec3::new(place.x, place.y, 0.0);
    let found = map.nearest_lane(point, LaneFilter { within_m: 1e5, ..LaneFilter::default() });
    let off = |distance: String| ScenarioError::OffRoad {
        what,
        x: place.x,
        y: place.y,
        distance,
        map: name.into(),
    };
    let found = found.ok_or_else(|| off("far from any".into()))?;
    let lane = map.lane(found.lane);
    let beside = found.t.abs() - 0.5 * lane.width(found.s);
    if beside > NEAR_M {
        return Err(off(format!("{beside:.1} m from the nearest")));
    }
    Ok(LanePosition { t: 0.0, s: found.s.clamp(0.0, lane.length()), ..found })
}

/// The parameters of a vehicle that ships with the product.
pub(crate) fn vehicle_params(name: &str) -> Result<VehicleParams, ScenarioError> {
    use runtime::params::{Overrides, ParamStore};
    #[derive(Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Holder {
        vehicle: VehicleParams,
    }
    let mut overrides = Overrides::default();
    overrides.add_yaml(format!("{name}.yaml"), vehicle::shipped(name)?)?;
    Ok(ParamStore::<Holder>::new("/vehicle", &overrides)?.node().vehicle.clone())
}

/// The order to drive to a place.
pub(crate) fn order(map: &Map, goal: LanePosition, trip_id: &str, now: Time) -> Trip {
    let at = map.point_at(goal);
    let place = map.georeference.to_wgs84(at.position);
    let mut trip =
        Trip { trip_id: trip_id.into(), revision: 1, action: Trip::ACTION_DRIVE, ..Trip::default() };
    trip.header.stamp = now.to_msg();
    trip.header.frame_id = "map".into();
    trip.stops.push(TripStop {
        kind: TripStop::KIND_DESTINATION,
        latitude_deg: place.latitude_deg,
        longitude_deg: place.longitude_deg,
        pose: pose_to_msg(Pose2::new(at.position.x, at.position.y, at.heading), at.position.z),
        ..TripStop::default()
    });
    trip
}
