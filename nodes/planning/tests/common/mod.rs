//! Closes the loop around the planner: a vehicle that follows the trajectory, and what is measured of its drive.
#![allow(dead_code)] // each test uses a part

use std::collections::VecDeque;
use std::path::PathBuf;

use glam::DVec2;
use maps::{LaneFilter, LanePosition, Map};
use msgs::atlasmesh_msgs::msg::{Trip, TripStop};
use planning::{Gate, Measured, Object, Plan, Planner, PlanningParams, RouteLine, StopsFor, drivable_route};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vehicle::{Pose2, VehicleParams, pose_to_msg, wrap_angle};

const CYCLE_NS: i64 = 100_000_000;
pub const START_NS: i64 = 1_000_000_000_000;

/// How the vehicle follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Follows {
    /// Exactly.
    Ideally,
    /// As a bicycle whose steering and drive have dead time and lag, under a simple controller.
    WithLag,
}

/// What is measured of a drive.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub arrived: bool,
    pub seconds: f64,
    pub distance_m: f64,
    pub goal_error_m: f64,
    pub lateral_error_m: Vec<f64>,
    pub over_limit_mps: f64,
    pub lateral_acceleration: f64,
    pub acceleration: (f64, f64),
    pub jerk: f64,
    pub departures: Vec<DVec2>,
    pub least_gap_m: f64,
    pub stops: Vec<(f64, StopsFor)>,
    pub track: Vec<Sample>,
    pub plan_us: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub t: f64,
    pub position: DVec2,
    pub heading: f64,
    pub speed: f64,
    pub limit: f64,
    pub acceleration: f64,
    pub lateral: f64,
    pub curvature: f64,
    pub line_s: f64,
}

pub struct Drive {
    pub planner: Planner,
    pub vehicle: VehicleParams,
    pub follows: Follows,
    pub measured: Measured,
    pub acceleration: f64,
    steering: f64,
    curvature: f64,
    commands: VecDeque<(f64, f64)>,
    pub t: f64,
    pub report: Report,
    outside: bool,
}

pub fn map(name: &str) -> Option<Map> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/maps/opendrive")
        .join(format!("{name}.xodr"));
    if !file.exists() {
        eprintln!("skipped: {} is missing", file.display());
        return None;
    }
    Some(Map::load(file).unwrap())
}

pub fn trip_to(pose: Pose2, z: f64) -> Trip {
    let stop = TripStop { pose: pose_to_msg(pose, z), ..TripStop::default() };
    Trip { trip_id: "t".into(), revision: 1, stops: vec![stop], ..Trip::default() }
}

pub fn pose_on(map: &Map, place: LanePosition) -> (Pose2, f64) {
    let at = map.point_at(place);
    (Pose2 { position: at.position.truncate(), heading: at.heading }, at.position.z)
}

/// A start and a goal with a route between them of at least `least_m`.
pub fn random_pair(map: &Map, seed: u64, least_m: f64) -> Option<(LanePosition, LanePosition)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wide = |id: maps::LaneId, s: f64| map.lane(id).width(s) > 2.4;
    let lanes: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable() && l.length() > 8.0).collect();
    if lanes.is_empty() {
        return None;
    }
    for _ in 0..500 {
        let mut pick = || {
            let lane = lanes[rng.random_range(0..lanes.len())];
            LanePosition { lane: lane.id, s: rng.random_range(0.05..0.95) * lane.length(), t: 0.0 }
        };
        let (from, to) = (pick(), pick());
        if map.lane(from.lane).junction.is_some() || map.lane(to.lane).junction.is_some() {
            continue;
        }
        if !wide(from.lane, from.s) || !wide(to.lane, to.s) {
            continue;
        }
        let shortest = map.route(from, to, &maps::RouteOptions::default());
        if !shortest.is_ok_and(|r| r.length_m > least_m && r.length_m < 2500.0) {
            continue;
        }
        if drivable_route(map, &VehicleParams::default(), 13.9, (from, to)).is_ok() {
            return Some((from, to));
        }
    }
    None
}

impl Drive {
    pub fn new(map: Map, params: PlanningParams, from: LanePosition, to: LanePosition) -> Self {
        let ((pose, z), (goal, goal_z)) = (pose_on(&map, from), pose_on(&map, to));
        let vehicle = params.vehicle.clone();
        let mut planner = Planner::new(map, params);
        planner.take_trip(&trip_to(goal, goal_z));
        Self {
            planner,
            vehicle,
            follows: Follows::Ideally,
            measured: Measured { pose, z, speed_mps: 0.0 },
            acceleration: 0.0,
            steering: 0.0,
            curvature: 0.0,
            commands: VecDeque::new(),
            t: 0.0,
            report: Report { least_gap_m: f64::INFINITY, ..Report::default() },
            outside: false,
        }
    }

    pub fn with_lag(mut self) -> Self {
        self.follows = Follows::WithLag;
        self
    }

    pub fn now_ns(&self) -> i64 {
        START_NS + (self.t * 10.0).round() as i64 * CYCLE_NS
    }

    /// Drives until it stands at its goal, or for `seconds`.
    pub fn run(&mut self, seconds: f64, mut objects: impl FnMut(f64, &Measured) -> Vec<Object>) -> &Report {
        while self.t < seconds && !self.report.arrived {
            let seen = objects(self.t, &self.measured);
            self.cycle(&seen);
        }
        let goal = self.planner.route().0.map(|r| r.line.at(r.goal_s).position);
        self.report.goal_error_m = goal.map_or(f64::NAN, |g| g.distance(self.measured.pose.position));
        &self.report
    }

    /// One cycle of planning and what the vehicle does in it.
    pub fn cycle(&mut self, objects: &[Object]) -> Plan {
        let begin = std::time::Instant::now();
        let plan = self.planner.plan(self.now_ns(), &self.measured, Gate::default(), objects);
        self.report.plan_us.push(begin.elapsed().as_secs_f64() * 1e6);
        check(&plan);
        let before = self.acceleration;
        match self.follows {
            Follows::Ideally => self.follow_ideally(&plan),
            Follows::WithLag => {
                for i in 0..10 {
                    self.follow_with_lag(&plan, f64::from(i) * 0.01);
                }
            }
        }
        self.t += 0.1;
        self.observe(&plan, before, objects);
        plan
    }

    fn follow_ideally(&mut self, plan: &Plan) {
        let state = plan.states[1];
        let step = state.pose.position.distance(self.measured.pose.position);
        assert!(step < 4.0, "the plan jumps by {step} m at {}", self.t);
        self.measured = Measured { pose: state.pose, z: state.z, speed_mps: state.speed_mps };
        self.acceleration = state.acceleration_mps2;
        self.curvature = state.curvature_per_m;
    }

    /// 10 ms of a bicycle under feed-forward with feedback of lateral offset, heading, speed and way.
    fn follow_with_lag(&mut self, plan: &Plan, t: f64) {
        const DT: f64 = 0.01;
        let look = t + 0.15;
        let at = |t: f64| {
            let k = ((t / 0.1) as usize).min(plan.states.len() - 2);
            let (a, b) = (&plan.states[k], &plan.states[k + 1]);
            let u = (t / 0.1 - k as f64).clamp(0.0, 1.0);
            let position = a.pose.position.lerp(b.pose.position, u);
            let heading = a.pose.heading + u * wrap_angle(b.pose.heading - a.pose.heading);
            let lerp = |p: f64, q: f64| p + u * (q - p);
            (
                Pose2 { position, heading },
                lerp(a.curvature_per_m, b.curvature_per_m),
                lerp(a.speed_mps, b.speed_mps),
                lerp(a.acceleration_mps2, b.acceleration_mps2),
            )
        };
        let (target, _, speed, _) = at(t);
        let (_, curvature, _, acceleration) = at(look);
        let m = self.measured;
        let error = target.inverse_transform(m.pose.position);
        let turned = wrap_angle(m.pose.heading - target.heading);
        let feedback = -0.08 * error.y - 0.5 * turned;
        let limit = self.vehicle.max_steering_angle_rad;
        let wanted = ((self.vehicle.wheelbase_m * (curvature + feedback)).atan()).clamp(-limit, limit);
        let push = acceleration + 0.8 * (speed - m.speed_mps) - 0.3 * error.x;
        self.commands.push_back((wanted, push));
        let (wanted, push) =
            if self.commands.len() > 5 { self.commands.pop_front().unwrap() } else { (0.0, 0.0) };
        let rate = (wanted - self.steering) / 0.1;
        let most = self.vehicle.max_steering_rate_rad_per_s;
        self.steering += rate.clamp(-most, most) * DT;
        self.acceleration += (push - self.acceleration) / 0.15 * DT;
        let mut v = (m.speed_mps + self.acceleration * DT).max(0.0);
        if speed <= 0.0 && v < 0.05 {
            v = 0.0; // the hold brake
        }
        self.curvature = self.steering.tan() / self.vehicle.wheelbase_m;
        let heading = m.pose.heading + v * self.curvature * DT;
        let position = m.pose.position + DVec2::from_angle(heading) * v * DT;
        self.measured =
            Measured { pose: Pose2 { position, heading }, z: target.position.x * 0.0 + m.z, speed_mps: v };
        self.measured.z = plan.states[0].z;
    }

    fn observe(&mut self, plan: &Plan, acceleration_before: f64, objects: &[Object]) {
        let report = &mut self.report;
        report.seconds = self.t;
        let m = self.measured;
        report.distance_m += m.speed_mps * 0.1;
        let Some(route) = self.planner.route().0 else { return };
        let around = plan.path.points().first().map_or(0.0, |p| p.line_s);
        let (s, _) = route.line.project(m.pose.position, around - 5.0, around + 10.0);
        let station = route.station(s).unwrap();
        let lane = self.planner.map().lane(station.lane);
        let changes = route.changes.iter().any(|z| s > z.from_s - 5.0 && s < z.end_s + 5.0);
        let (_, lateral) = lane.centre.project(m.pose.position);
        if !changes && !is_too_tight(self.planner.map(), route, s, &self.vehicle) {
            report.lateral_error_m.push(lateral.abs());
        }
        report.over_limit_mps = report.over_limit_mps.max(m.speed_mps - station.limit_mps);
        let lateral_acceleration = m.speed_mps.powi(2) * self.curvature.abs();
        report.lateral_acceleration = report.lateral_acceleration.max(lateral_acceleration);
        report.acceleration.0 = report.acceleration.0.min(self.acceleration);
        report.acceleration.1 = report.acceleration.1.max(self.acceleration);
        if m.speed_mps > 0.3 {
            report.jerk = report.jerk.max((self.acceleration - acceleration_before).abs() / 0.1);
        }
        report.track.push(Sample {
            t: self.t,
            position: m.pose.position,
            heading: m.pose.heading,
            speed: m.speed_mps,
            limit: station.limit_mps,
            acceleration: self.acceleration,
            lateral,
            curvature: self.curvature,
            line_s: s,
        });
        let corners = outline(&self.vehicle, m.pose);
        let map = self.planner.map();
        let filter = LaneFilter { drivable: true, heading: None, within_m: 0.05 };
        let out = corners.iter().find(|c| map.lanes_at(c.extend(m.z), filter).is_empty());
        if let Some(out) = out.filter(|_| !self.outside) {
            report.departures.push(*out);
        }
        self.outside = out.is_some();
        for o in objects {
            report.least_gap_m = report.least_gap_m.min(gap(&corners, &o.corners_at(o.pose)));
        }
        if let Some(why) = plan.stops_for
            && report.stops.last().is_none_or(|(_, last)| *last != why)
        {
            report.stops.push((self.t, why));
        }
        report.arrived = self.planner.has_arrived();
    }
}

/// Whether the middle of the lane bends more than the vehicle can steer, within the way that it takes to get there and
/// back: nobody can follow it there.
fn is_too_tight(map: &Map, route: &RouteLine, s: f64, vehicle: &VehicleParams) -> bool {
    let bend = |o: i32| {
        let station = route.station(s + f64::from(o)).unwrap();
        let centre = &map.lane(station.lane).centre;
        let heading = |lane_s: f64| centre.at(lane_s).heading;
        wrap_angle(heading(station.lane_s + 0.5) - heading(station.lane_s - 0.5)).abs()
    };
    (-10..=10).any(|o| bend(o) > 0.9 * vehicle.max_curvature_per_m())
}

/// What must hold for every plan.
pub fn check(plan: &Plan) {
    assert!(plan.states.len() >= 2);
    for s in &plan.states {
        let values = [
            s.pose.position.x,
            s.pose.position.y,
            s.pose.heading,
            s.z,
            s.arc_length_m,
            s.curvature_per_m,
            s.speed_mps,
            s.acceleration_mps2,
        ];
        assert!(values.iter().all(|v| v.is_finite()), "{s:?}");
        assert!(s.speed_mps >= 0.0);
    }
    for w in plan.states.windows(2) {
        let way = w[1].arc_length_m - w[0].arc_length_m;
        assert!((-1e-9..4.0).contains(&way), "{way}");
        assert!(w[0].pose.position.distance(w[1].pose.position) <= way + 0.01);
    }
}

pub fn outline(vehicle: &VehicleParams, pose: Pose2) -> [DVec2; 4] {
    let half = 0.5 * vehicle.width_m;
    let (front, rear) = (vehicle.front_m(), -vehicle.rear_overhang_m);
    [(front, half), (rear, half), (rear, -half), (front, -half)]
        .map(|(x, y)| pose.transform(DVec2::new(x, y)))
}

/// Distance of two boxes, m; 0 if they overlap.
pub fn gap(a: &[DVec2; 4], b: &[DVec2; 4]) -> f64 {
    let axis_gap = |p: &[DVec2; 4], q: &[DVec2; 4]| {
        let mut most = f64::NEG_INFINITY;
        for i in 0..4 {
            let normal = -(p[(i + 1) % 4] - p[i]).perp().normalize();
            let outer = p.iter().map(|c| normal.dot(*c)).fold(f64::NEG_INFINITY, f64::max);
            let inner = q.iter().map(|c| normal.dot(*c)).fold(f64::INFINITY, f64::min);
            most = most.max(inner - outer);
        }
        most
    };
    axis_gap(a, b).max(axis_gap(b, a)).max(0.0)
}

pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(0.0)
}
