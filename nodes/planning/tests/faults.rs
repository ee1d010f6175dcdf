//! Bad input on every port: no panic, no NaN, the documented reaction; and replay gives the same bytes.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msgs::Message;
use msgs::atlasmesh_msgs::msg::{TrackedObject, TrackedObjects, Trajectory, Trip, TripStop};
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use planning::PlanningNode;
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::node::{Node, NodeError, Step};
use runtime::params::Overrides;
use runtime::ports::{Latest, Output, Ports};
use runtime::qos::Qos;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const START: Time = Time::from_ns(1_000_000_000_000);

/// What the tester does wrong, from 5 s on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fault {
    #[default]
    None,
    OdometryNan,
    OdometrySilent,
    OdometryOld,
    OdometryTwice,
    OdometryFutureOnce,
    OdometryLags,
    /// From the beginning on.
    OdometryNanAtFirst,
    ObjectsAbsurd,
    ObjectsSilent,
    ObjectsOld,
    ObjectsLag,
    ObjectsTwice,
    ObjectsFutureOnce,
    TripNan,
    TripOlder,
    TripCancelled,
    TripNowhere,
    SafetyNan,
    SafetyHolds,
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct TesterParams {
    /// What it does wrong.
    fault: Fault,
}

/// Follows the trajectory exactly and publishes what planning reads, with faults.
struct Tester {
    fault: Fault,
    trajectory: Latest<Trajectory>,
    odometry: Output<Odometry>,
    objects: Output<TrackedObjects>,
    trip: Output<Trip>,
    safety: Output<SafetyState>,
    state: Odometry,
    count: u32,
}

/// A start and a stop on the straight of e6mini's lane -3.
fn ends() -> (msgs::geometry_msgs::msg::Pose, msgs::geometry_msgs::msg::Pose) {
    let map = maps::Map::load(map_file().unwrap()).unwrap();
    let key = maps::LaneKey { road: "0".into(), section: 0, lane: -3 };
    let lane = map.lane_by_key(&key).unwrap();
    let pose = |s: f64| {
        let at = lane.centre.at(s);
        let pose = vehicle::Pose2 { position: at.position.truncate(), heading: at.heading };
        vehicle::pose_to_msg(pose, at.position.z)
    };
    (pose(20.0), pose(300.0))
}

impl Node for Tester {
    const NAME: &'static str = "tester";
    type Params = TesterParams;
    fn new(params: &TesterParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(20));
        let mut state = Odometry::default();
        state.pose.pose = ends().0;
        Ok(Self {
            fault: params.fault,
            trajectory: ports.latest("/planning/trajectory", Qos::command())?,
            odometry: ports.output("/localization/odometry", Qos::default())?,
            objects: ports.output("/perception/objects", Qos::default())?,
            trip: ports.output("/mission/trip", Qos::state())?,
            safety: ports.output("/safety/state", Qos::state())?,
            state,
            count: 0,
        })
    }
    fn step(&mut self, step: Step) {
        let fault = if self.count < 250 { Fault::None } else { self.fault };
        self.follow(step.now);
        self.send_odometry(step.now, fault);
        if self.count.is_multiple_of(5) {
            self.send_objects(step.now, fault);
        }
        if self.count == 5 || self.count == 250 {
            self.send_trip(fault);
        }
        if self.count.is_multiple_of(5) {
            let mut state = SafetyState { mode: SafetyState::MODE_NOMINAL, ..SafetyState::default() };
            state.speed_limit_mps = if fault == Fault::SafetyNan { f32::NAN } else { 30.0 };
            if fault == Fault::SafetyNan {
                state.mode = SafetyState::MODE_SLOW;
            }
            if fault == Fault::SafetyHolds {
                state.mode = SafetyState::MODE_STOPPED;
            }
            self.safety.send(state);
        }
        self.count += 1;
    }
}

impl Tester {
    fn follow(&mut self, now: Time) {
        let Some(t) = self.trajectory.get() else { return };
        let age = now.since(Time::from(&t.header.stamp)).as_secs_f64();
        let k = ((age / 0.1).round() as usize).min(t.points.len() - 1);
        self.state.pose.pose = t.points[k].pose.clone();
        self.state.twist.twist.linear.x = f64::from(t.points[k].speed_mps);
    }

    fn send_odometry(&mut self, now: Time, fault: Fault) {
        let mut odometry = self.state.clone();
        odometry.header.stamp = now.to_msg();
        match fault {
            Fault::OdometryNan => odometry.pose.pose.position.x = f64::NAN,
            Fault::OdometrySilent => return,
            Fault::OdometryOld => odometry.header.stamp = START.to_msg(),
            Fault::OdometryTwice => self.odometry.send(odometry.clone()),
            Fault::OdometryFutureOnce if self.count == 250 => {
                odometry.header.stamp = (now + Duration::from_secs(3600)).to_msg();
            }
            Fault::OdometryLags => {
                odometry.header.stamp = Time::from_ns(now.as_ns() - 1_000_000_000).to_msg()
            }
            _ if self.fault == Fault::OdometryNanAtFirst && self.count < 20 => {
                odometry.pose.pose.position.y = f64::NAN;
                odometry.pose.pose.orientation.w = f64::NAN;
                odometry.twist.twist.linear.x = f64::INFINITY;
            }
            _ => {}
        }
        self.odometry.send(odometry);
    }

    fn send_objects(&mut self, now: Time, fault: Fault) {
        let mut objects = TrackedObjects::default();
        objects.header.stamp = now.to_msg();
        match fault {
            Fault::ObjectsSilent => return,
            Fault::ObjectsOld => objects.header.stamp = START.to_msg(),
            Fault::ObjectsLag => objects.header.stamp = Time::from_ns(now.as_ns() - 2_000_000_000).to_msg(),
            Fault::ObjectsTwice => self.objects.send(objects.clone()),
            Fault::ObjectsFutureOnce if self.count == 250 => {
                objects.header.stamp = (now + Duration::from_secs(3600)).to_msg();
            }
            Fault::ObjectsAbsurd => {
                let values = [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0, -5.0];
                for (i, v) in values.into_iter().cycle().take(5000).enumerate() {
                    let mut o = TrackedObject { id: i as u32, ..TrackedObject::default() };
                    o.existence_probability = 1.0;
                    o.pose.pose.position.x = if i % 3 == 0 { v } else { i as f64 };
                    o.twist.twist.linear.x = if i % 5 == 0 { v } else { 3.0 };
                    o.size_m.x = v;
                    o.size_m.y = 1.0;
                    o.pose.pose.orientation.z = v;
                    objects.objects.push(o);
                }
            }
            _ => {}
        }
        self.objects.send(objects);
    }

    fn send_trip(&mut self, fault: Fault) {
        let stop = TripStop { pose: ends().1, ..TripStop::default() };
        let mut trip = Trip { trip_id: "one".into(), revision: 2, stops: vec![stop], ..Trip::default() };
        match fault {
            Fault::TripNan => {
                trip.revision = 3;
                trip.max_speed_mps = f32::NAN;
                trip.stops[0].pose.position.x = f64::NAN;
            }
            Fault::TripOlder => {
                trip.revision = 1;
                trip.stops.clear();
            }
            Fault::TripCancelled => {
                trip.revision = 3;
                trip.action = Trip::ACTION_CANCEL;
            }
            Fault::TripNowhere => {
                trip.revision = 3;
                trip.stops[0].pose.position.x = 1e6;
            }
            _ => {}
        }
        self.trip.send(trip);
    }
}

fn map_file() -> Option<PathBuf> {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/maps/opendrive/e6mini.xodr");
    if !file.exists() {
        eprintln!("skipped: {} is missing", file.display());
        return None;
    }
    Some(file)
}

fn overrides(fault: Fault) -> Overrides {
    let word = serde_json_word(fault);
    let mut overrides = Overrides::default();
    let map = map_file().unwrap().display().to_string();
    let text = format!(
        "planning_node: {{ros__parameters: {{map: \"{map}\"}}}}\ntester: {{ros__parameters: {{fault: {word}}}}}"
    );
    overrides.add_yaml("test.yaml", &text).unwrap();
    overrides
}

fn serde_json_word(fault: Fault) -> String {
    let debug = format!("{fault:?}");
    let mut word = String::new();
    for (i, c) in debug.char_indices() {
        if c.is_uppercase() && i > 0 {
            word.push('_');
        }
        word.extend(c.to_lowercase());
    }
    word
}

/// All trajectories of 40 s.
fn run(fault: Fault, recorder: Option<Recorder>) -> Vec<Trajectory> {
    let mut lockstep = Lockstep::new(START).with_args(Remaps::default(), overrides(fault));
    lockstep.add::<Tester>().unwrap();
    lockstep.add::<PlanningNode>().unwrap();
    if let Some(recorder) = recorder {
        lockstep.record(recorder);
    }
    let seen: Arc<Mutex<Vec<Trajectory>>> = Arc::default();
    let sink = Arc::clone(&seen);
    lockstep.observe(move |event| {
        if event.topic == "/planning/trajectory" {
            sink.lock().unwrap().push(Trajectory::decode(event.payload).unwrap());
        }
    });
    lockstep.run_for(Duration::from_secs(40)).unwrap();
    lockstep.finish_recording().unwrap();
    let seen = seen.lock().unwrap().clone();
    for trajectory in &seen {
        assert!(trajectory.points.len() >= 2);
        for p in &trajectory.points {
            let values = [p.pose.position.x, p.pose.position.y, p.pose.orientation.w, p.arc_length_m];
            assert!(values.iter().all(|v| v.is_finite()));
            assert!(
                p.speed_mps.is_finite() && p.acceleration_mps2.is_finite() && p.curvature_per_m.is_finite()
            );
        }
    }
    assert!(seen.len() > 390, "{fault:?}: a trajectory every 100 ms, {}", seen.len());
    seen
}

fn ends_at_goal(trajectories: &[Trajectory]) -> bool {
    let (last, goal) = (&trajectories[trajectories.len() - 1].points[0].pose.position, ends().1.position);
    (last.x - goal.x).hypot(last.y - goal.y) < 0.5
}

fn stands(trajectories: &[Trajectory]) -> bool {
    trajectories[trajectories.len() - 1].points.iter().all(|p| p.speed_mps == 0.0)
}

#[test]
fn faults_that_do_not_matter_do_not_stop_it() {
    if map_file().is_none() {
        return;
    }
    for fault in [
        Fault::None,
        Fault::OdometryTwice,
        Fault::OdometryFutureOnce,
        Fault::OdometryNanAtFirst,
        Fault::ObjectsAbsurd,
        Fault::ObjectsTwice,
        Fault::ObjectsFutureOnce,
        Fault::TripOlder,
        Fault::SafetyNan,
    ] {
        let seen = run(fault, None);
        assert!(ends_at_goal(&seen), "{fault:?}: ends at {:?}", seen.last().unwrap().points[0]);
        assert!(stands(&seen));
        assert_eq!(seen.last().unwrap().stop_reason, Trajectory::STOP_REASON_GOAL);
    }
}

#[test]
fn without_input_it_stops() {
    if map_file().is_none() {
        return;
    }
    for fault in [
        Fault::OdometryNan,
        Fault::OdometrySilent,
        Fault::OdometryOld,
        Fault::OdometryLags,
        Fault::ObjectsSilent,
        Fault::ObjectsOld,
        Fault::ObjectsLag,
        Fault::TripNan,
        Fault::TripCancelled,
        Fault::TripNowhere,
    ] {
        let seen = run(fault, None);
        assert!(stands(&seen) && !ends_at_goal(&seen), "{fault:?}: {:?}", seen.last().unwrap().points[0]);
        let why = seen.last().unwrap().stop_reason;
        if matches!(fault, Fault::TripNan | Fault::TripNowhere) {
            assert_eq!(why, Trajectory::STOP_REASON_NO_PATH, "{fault:?}");
        }
    }
}

#[test]
fn a_held_vehicle_is_planned_for_from_where_it_is() {
    if map_file().is_none() {
        return;
    }
    let seen = run(Fault::SafetyHolds, None);
    assert!(seen.last().unwrap().points[0].pose.position.x.is_finite());
}

#[test]
fn replay_gives_the_same_bytes() {
    if map_file().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("drive.mcap");
    let recorder = Recorder::create(&bag, RecorderOptions::default()).unwrap();
    run(Fault::None, Some(recorder));
    let report = replay::<PlanningNode>(&bag, &Remaps::default(), &overrides(Fault::None)).unwrap();
    assert!(report.difference.is_none(), "{:?}", report.difference);
    assert!(report.outputs > 400);
}

#[test]
fn a_map_that_is_not_there_is_refused() {
    let mut overrides = Overrides::default();
    overrides.add_yaml("t.yaml", "planning_node: {ros__parameters: {map: nowhere.xodr}}").unwrap();
    let mut lockstep = Lockstep::new(START).with_args(Remaps::default(), overrides);
    let error = lockstep.add::<PlanningNode>().unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
