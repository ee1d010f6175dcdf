//! Judges a drive by the truth of the simulator.

use std::collections::VecDeque;

use glam::{DVec2, DVec3};
use maps::{LaneFilter, LaneId, Map};
use msgs::Message;
use msgs::atlasmesh_msgs::msg::{SimEvent, Trajectory};
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use runtime::lockstep::Event;
use runtime::time::Time;
use vehicle::yaw_of;
use xxhash_rust::xxh3::Xxh3;

use crate::geometry::offset;
use crate::report::{DriveEvent, DriveReport, LateralError, Stop, TracePoint};

/// Below this the vehicle stands, above the other it drives again, m/s.
const STANDS_MPS: f64 = 0.05;
const DRIVES_MPS: f64 = 0.3;
/// Shorter stands are not told, s.
const SHORT_STAND_S: f64 = 1.0;
/// Ground truth comes at 100 Hz, lanes are looked up at 10 Hz.
const TRUTH_PER_LOOK: u64 = 10;
const TRUTHS_KEPT: usize = 20;

/// Watches a drive.
pub struct Judge {
    map: std::rc::Rc<Map>,
    route_lanes: Vec<LaneId>,
    default_limit_mps: f64,
    hash: Xxh3,
    start: Time,
    /// Times, in s after the start.
    now_s: f64,
    truths: u64,
    position: Option<DVec3>,
    speed_mps: f64,
    standing_since_s: f64,
    has_moved: bool,
    distance_m: f64,
    /// The last truths, by stamp: an estimate is compared with the one of its own time.
    truth_of: VecDeque<(Time, DVec2)>,
    localization_error_m: f64,
    path: Vec<DVec2>,
    speeds: Vec<f64>,
    stop_reason: u8,
    /// What it was when the vehicle came to stand, or the first that was told since.
    stands_because: u8,
    lateral: Vec<f64>,
    centre: Vec<f64>,
    over_limit_mps: f64,
    limit_mps: f64,
    lateral_acceleration_mps2: f64,
    collisions: u32,
    at_fault: u32,
    departures: u32,
    stops: Vec<Stop>,
    open_stop: Option<Stop>,
    /// Root cause while the gate stops the vehicle, and whether that is latched.
    safety: Option<(String, bool)>,
    trace: Vec<TracePoint>,
    events: Vec<DriveEvent>,
}

impl Judge {
    pub fn new(map: std::rc::Rc<Map>, route_lanes: Vec<LaneId>, default_limit_mps: f64, start: Time) -> Self {
        Self {
            map,
            route_lanes,
            default_limit_mps,
            hash: Xxh3::new(),
            start,
            now_s: 0.0,
            truths: 0,
            position: None,
            speed_mps: 0.0,
            standing_since_s: 0.0,
            has_moved: false,
            distance_m: 0.0,
            truth_of: VecDeque::new(),
            localization_error_m: f64::NAN,
            path: vec![],
            speeds: vec![],
            stop_reason: Trajectory::STOP_REASON_NONE,
            stands_because: Trajectory::STOP_REASON_NONE,
            lateral: vec![],
            centre: vec![],
            over_limit_mps: 0.0,
            limit_mps: f64::NAN,
            lateral_acceleration_mps2: 0.0,
            collisions: 0,
            at_fault: 0,
            departures: 0,
            stops: vec![],
            open_stop: None,
            safety: None,
            trace: vec![],
            events: vec![],
        }
    }

    /// Sees a message of the run.
    pub fn see(&mut self, event: &Event<'_>) {
        match event.topic {
            "/sim/ground_truth" => {
                self.hash.update(event.payload);
                if let Ok(truth) = Odometry::decode(event.payload) {
                    self.now_s = event.time.since(self.start).as_secs_f64();
                    self.truth(&truth);
                }
            }
            "/sim/events" => {
                if let Ok(event) = SimEvent::decode(event.payload) {
                    self.happened(&event);
                }
            }
            "/planning/trajectory" => {
                if let Ok(trajectory) = Trajectory::decode(event.payload) {
                    let place = |p: &msgs::geometry_msgs::msg::Pose| DVec2::new(p.position.x, p.position.y);
                    self.path = trajectory.points.iter().map(|p| place(&p.pose)).collect();
                    self.speeds = trajectory.points.iter().map(|p| f64::from(p.speed_mps)).collect();
                    self.stop_reason = trajectory.stop_reason;
                }
            }
            "/safety/state" => {
                if let Ok(state) = SafetyState::decode(event.payload) {
                    self.gate(&state);
                }
            }
            "/localization/odometry" => {
                if let Ok(odometry) = Odometry::decode(event.payload) {
                    let (p, stamp) = (&odometry.pose.pose.position, Time::from(&odometry.header.stamp));
                    if let Some((_, truth)) = self.truth_of.iter().find(|(time, _)| *time == stamp) {
                        self.localization_error_m = truth.distance(DVec2::new(p.x, p.y));
                    }
                }
            }
            _ => {}
        }
    }

    fn truth(&mut self, truth: &Odometry) {
        let p = &truth.pose.pose.position;
        let position = DVec3::new(p.x, p.y, p.z);
        let flat = position.truncate();
        if let Some(last) = self.position.replace(position) {
            self.distance_m += last.truncate().distance(flat);
        }
        if self.truth_of.len() == TRUTHS_KEPT {
            self.truth_of.pop_front();
        }
        self.truth_of.push_back((Time::from(&truth.header.stamp), flat));
        self.speed_mps = truth.twist.twist.linear.x;
        let lateral_acceleration = (self.speed_mps * truth.twist.twist.angular.z).abs();
        self.lateral_acceleration_mps2 = self.lateral_acceleration_mps2.max(lateral_acceleration);
        self.watch_standing();
        let on_path = offset(&self.path, flat);
        if self.speed_mps > DRIVES_MPS
            && let Some((distance, ..)) = on_path
        {
            self.lateral.push(distance.abs());
        }
        if self.truths.is_multiple_of(TRUTH_PER_LOOK) {
            self.look(position, yaw_of(&truth.pose.pose.orientation));
            let planned = on_path.and_then(|(_, index, _)| self.speeds.get(index));
            self.trace.push(TracePoint {
                time_s: self.now_s,
                x: flat.x,
                y: flat.y,
                speed_mps: self.speed_mps,
                planned_speed_mps: planned.copied().unwrap_or_default(),
                limit_mps: self.limit_mps,
                lateral_error_m: on_path.map_or(0.0, |(distance, ..)| distance),
                localization_error_m: self.localization_error_m,
            });
        }
        self.truths += 1;
    }

    /// Speed limit and middle of the lane where the vehicle is.
    fn look(&mut self, position: DVec3, heading: f64) {
        let filter = LaneFilter { drivable: true, heading: Some(heading), within_m: 0.5 };
        let mut lanes = self.map.lanes_at(position, filter);
        if lanes.iter().any(|l| self.route_lanes.contains(&l.lane)) {
            lanes.retain(|l| self.route_lanes.contains(&l.lane));
        }
        let limits = lanes.iter().map(|l| self.map.lane(l.lane).speed_limit_mps(l.s));
        let limit = limits.fold(0.0, f64::max);
        self.limit_mps = if limit > 0.0 && limit.is_finite() { limit } else { self.default_limit_mps };
        if !lanes.is_empty() {
            self.over_limit_mps = self.over_limit_mps.max(self.speed_mps - self.limit_mps);
        }
        let nearest = lanes.iter().map(|l| l.t.abs()).fold(f64::INFINITY, f64::min);
        // Beyond a quarter of a lane it is changing lanes, or passes something.
        if self.speed_mps > DRIVES_MPS && nearest < 0.9 {
            self.centre.push(nearest);
        }
    }

    fn watch_standing(&mut self) {
        if self.speed_mps > DRIVES_MPS {
            self.has_moved = true;
            if self.safety.is_none() {
                self.end_stop();
            }
        }
        if self.speed_mps.abs() > STANDS_MPS {
            self.standing_since_s = self.now_s;
            self.stands_because = self.stop_reason;
            return;
        }
        if self.stands_because == Trajectory::STOP_REASON_NONE {
            self.stands_because = self.stop_reason;
        }
        if self.has_moved
            && self.open_stop.is_none()
            && self.stands_because != Trajectory::STOP_REASON_GOAL
            && self.stands_for_s() > SHORT_STAND_S
        {
            let cause = match self.stands_because {
                Trajectory::STOP_REASON_OBSTACLE => "obstacle",
                Trajectory::STOP_REASON_TRAFFIC_RULE => "traffic_rule",
                Trajectory::STOP_REASON_NO_PATH => "no_path",
                _ => "none",
            };
            self.begin_stop("planning", cause, self.standing_since_s);
        }
    }

    fn gate(&mut self, state: &SafetyState) {
        let stops = matches!(
            state.mode,
            SafetyState::MODE_COMFORT_STOP | SafetyState::MODE_EMERGENCY_STOP | SafetyState::MODE_STOPPED
        );
        if !stops {
            if self.safety.take().is_some() {
                self.end_stop();
            }
            return;
        }
        if self.safety.is_none() {
            self.end_stop();
            self.begin_stop("safety", &state.root_cause, self.now_s);
            self.event(format!("safety stop: {}", state.root_cause), true);
        }
        self.safety = Some((state.root_cause.clone(), state.latched));
    }

    fn happened(&mut self, event: &SimEvent) {
        let what = match event.kind {
            SimEvent::KIND_COLLISION => {
                self.collisions += 1;
                self.at_fault += u32::from(event.at_fault);
                let fault = if event.at_fault { "" } else { ", not at fault" };
                format!("collision with {}{fault}", event.other)
            }
            _ => {
                self.departures += 1;
                "left the lanes".into()
            }
        };
        self.event(what, true);
    }

    fn event(&mut self, what: String, is_bad: bool) {
        let at = self.position.unwrap_or_default();
        self.events.push(DriveEvent { time_s: self.now_s, x: at.x, y: at.y, what, is_bad });
    }

    fn begin_stop(&mut self, by: &'static str, cause: &str, time_s: f64) {
        let at = self.position.unwrap_or_default();
        let stop = Stop { by, cause: cause.into(), time_s, duration_s: 0.0, x: at.x, y: at.y };
        if by == "planning" {
            self.event(format!("waits: {cause}"), false);
        }
        self.open_stop = Some(stop);
    }

    fn end_stop(&mut self) {
        if let Some(stop) = self.open_stop.take() {
            self.stops.push(Stop { duration_s: self.now_s - stop.time_s, ..stop });
        }
    }

    /// Truth: position, m, and speed, m/s.
    pub fn vehicle(&self) -> (DVec3, f64) {
        (self.position.unwrap_or_default(), self.speed_mps)
    }

    /// Way driven, m.
    pub fn distance_m(&self) -> f64 {
        self.distance_m
    }

    /// How long it has been standing, s.
    pub fn stands_for_s(&self) -> f64 {
        self.now_s - self.standing_since_s
    }

    /// Whether planning says that it is at the goal.
    pub fn says_goal(&self) -> bool {
        self.stop_reason == Trajectory::STOP_REASON_GOAL
    }

    /// Why planning stops.
    pub fn stop_reason(&self) -> &'static str {
        match self.stop_reason {
            Trajectory::STOP_REASON_GOAL => "goal",
            Trajectory::STOP_REASON_OBSTACLE => "obstacle",
            Trajectory::STOP_REASON_TRAFFIC_RULE => "traffic rule",
            Trajectory::STOP_REASON_NO_PATH => "no path",
            _ => "none",
        }
    }

    /// Root cause of a latched safety stop.
    pub fn latched(&self) -> Option<&str> {
        self.safety.as_ref().filter(|(_, latched)| *latched).map(|(cause, _)| cause.as_str())
    }

    /// The last event that should not have happened.
    pub fn collided(&self) -> bool {
        self.collisions > 0
    }

    /// Fills in what it saw.
    pub fn report(&mut self, report: &mut DriveReport) {
        self.end_stop();
        report.collisions = self.collisions;
        report.collisions_at_fault = self.at_fault;
        report.lane_departures = self.departures;
        report.distance_m = self.distance_m;
        report.lateral_error_m = LateralError::of(std::mem::take(&mut self.lateral));
        report.lane_centre_error_m = LateralError::of(std::mem::take(&mut self.centre));
        report.max_speed_over_limit_mps = self.over_limit_mps;
        report.max_lateral_acceleration_mps2 = self.lateral_acceleration_mps2;
        report.stops = std::mem::take(&mut self.stops);
        report.trajectory_hash = format!("{:032x}", self.hash.digest128());
        report.trace = std::mem::take(&mut self.trace);
        report.events = std::mem::take(&mut self.events);
    }
}
