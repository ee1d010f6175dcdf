//! Inputs that are not as they should be, on every input of both nodes: the reactions that the crate's docs promise. And
//! the same bytes in two runs and in replay.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use msgs::Message;
use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState, Trip, VehicleState};
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, PointCloud2, PointField};
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::Overrides;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use sensor_hal::{ActuationNode, SensorHalNode};

const START: Time = Time::from_ns(1_000_000_000_000);
const STEP: Duration = Duration::from_millis(10);

type Seen = Arc<Mutex<BTreeMap<String, Vec<Bytes>>>>;

/// Both nodes and what they send.
struct Bench {
    run: Lockstep,
    seen: Seen,
}

impl Bench {
    fn new() -> Self {
        let mut run = Lockstep::new(START);
        run.add::<SensorHalNode>().unwrap();
        run.add::<ActuationNode>().unwrap();
        let seen = Seen::default();
        let sink = Arc::clone(&seen);
        run.observe(move |e| sink.lock().unwrap().entry(e.topic.into()).or_default().push(e.payload.clone()));
        Self { run, seen }
    }

    fn send<M: Message>(&mut self, topic: &str, message: &M) {
        self.run.publish(topic, message).unwrap();
    }

    fn step(&mut self) {
        self.run.run_for(STEP).unwrap();
    }

    fn got<M: Message>(&self, topic: &str) -> Vec<M> {
        let seen = self.seen.lock().unwrap();
        seen.get(topic).into_iter().flatten().map(|b| M::decode(b).unwrap()).collect()
    }

    fn last<M: Message>(&self, topic: &str) -> M {
        self.got(topic).pop().unwrap()
    }

    fn now(&self) -> msgs::builtin_interfaces::msg::Time {
        self.run.now().to_msg()
    }

    /// How many messages go through when these are sent one per step, their stamps made by `stamp` from the present.
    fn passed<M: Message>(&mut self, device: &str, topic: &str, messages: &[M]) -> usize {
        let before = self.got::<M>(topic).len();
        for message in messages {
            self.send(device, message);
            self.step();
        }
        self.got::<M>(topic).len() - before
    }
}

fn cloud(points: usize) -> PointCloud2 {
    let field = |(i, name): (usize, &str)| PointField {
        name: name.into(),
        offset: 4 * i as u32,
        datatype: PointField::FLOAT32,
        count: 1,
    };
    PointCloud2 {
        fields: ["x", "y", "z", "intensity"].into_iter().enumerate().map(field).collect(),
        height: 1,
        width: points as u32,
        point_step: 20,
        row_step: 20 * points as u32,
        data: vec![0; 20 * points].into(),
        ..PointCloud2::default()
    }
}

/// Sends a good message, then one changed by each of `bad`, and checks that only the good one goes through.
fn only_good_passes<M: Message>(
    device: &str,
    topic: &str,
    good: &M,
    stamp: fn(&mut M) -> &mut msgs::builtin_interfaces::msg::Time,
    bad: &[fn(&mut M)],
) {
    let mut bench = Bench::new();
    let fresh = |bench: &Bench| {
        let mut message = good.clone();
        *stamp(&mut message) = bench.now();
        message
    };
    let message = fresh(&bench);
    assert_eq!(bench.passed(device, topic, std::slice::from_ref(&message)), 1, "{topic}");
    assert_eq!(bench.passed(device, topic, &[message.clone(), message]), 0, "{topic}: duplicates");
    for (i, change) in bad.iter().enumerate() {
        let mut message = fresh(&bench);
        change(&mut message);
        assert_eq!(bench.passed(device, topic, &[message]), 0, "{topic}: {i}");
    }
    for seconds in [i32::MIN, -2, 1, i32::MAX] {
        let mut message = fresh(&bench);
        let stamp = stamp(&mut message);
        stamp.sec = stamp.sec.saturating_add(seconds);
        assert_eq!(bench.passed(device, topic, &[message]), 0, "{topic}: {seconds} s");
    }
    let message = fresh(&bench);
    assert_eq!(bench.passed(device, topic, &[message]), 1, "{topic}: good again");
}

#[test]
fn sensors_that_talk_nonsense_are_not_heard() {
    let mut imu = Imu::default();
    imu.orientation.w = 1.0;
    only_good_passes(
        "/device/imu",
        "/sensors/imu",
        &imu,
        |m| &mut m.header.stamp,
        &[
            |m| m.angular_velocity.x = f64::NAN,
            |m| m.linear_acceleration.z = f64::INFINITY,
            |m| m.linear_acceleration.z = 1e9,
            |m| m.orientation.w = 3.0,
            |m| m.orientation_covariance[0] = f64::NAN,
            |m| m.angular_velocity_covariance[4] = -1.0,
        ],
    );
    let mut with_fix = NavSatFix::default();
    with_fix.status.status = 0;
    only_good_passes(
        "/device/gnss/fix",
        "/sensors/gnss/fix",
        &with_fix,
        |m| &mut m.header.stamp,
        &[
            |m| m.latitude = f64::NAN,
            |m| m.longitude = 181.0,
            |m| m.altitude = f64::NEG_INFINITY,
            |m| m.position_covariance[8] = f64::NAN,
        ],
    );
    let (device, topic) = ("/device/wheel_odometry", "/sensors/wheel_odometry");
    only_good_passes(
        device,
        topic,
        &Odometry::default(),
        |m| &mut m.header.stamp,
        &[
            |m| m.twist.twist.linear.x = f64::NAN,
            |m| m.twist.twist.linear.x = -1e6,
            |m| m.twist.twist.angular.z = f64::INFINITY,
            |m| m.twist.covariance[35] = f64::NAN,
        ],
    );
    let (device, topic) = ("/device/lidar/points", "/sensors/lidar/points");
    only_good_passes(
        device,
        topic,
        &cloud(10),
        |m| &mut m.header.stamp,
        &[
            |m| m.width = u32::MAX,
            |m| (m.width, m.height) = (u32::MAX, u32::MAX),
            |m| m.point_step = 0,
            |m| m.data = Bytes::new(),
            |m| m.fields.clear(),
        ],
    );
    let (device, topic) = ("/device/camera/image/compressed", "/sensors/camera/image/compressed");
    let image = CompressedImage { data: vec![0xff, 0xd8, 0xff].into(), ..CompressedImage::default() };
    only_good_passes(
        device,
        topic,
        &image,
        |m| &mut m.header.stamp,
        &[|m| m.data = Bytes::new(), |m| m.data = vec![0xff; 20 << 20].into()],
    );
}

#[test]
fn a_scan_comes_out_in_base_link() {
    let mut bench = Bench::new();
    let mut scan = cloud(100);
    scan.header.stamp = bench.now();
    bench.send("/device/lidar/points", &scan);
    bench.step();
    let out: PointCloud2 = bench.last("/sensors/lidar/points");
    assert_eq!((out.header.frame_id.as_str(), out.width, out.row_step), ("base_link", 100, 2000));
    assert_eq!(&out.data[..12], &[1.5_f32, 0.0, 3.0].map(f32::to_le_bytes).concat()[..]);
}

fn chassis(bench: &Bench, speed_mps: f32) -> ChassisState {
    ChassisState { stamp: bench.now(), speed_mps, battery_fraction: 0.5, gear: 3, ..ChassisState::default() }
}

#[test]
fn the_state_says_what_is_known() {
    let mut bench = Bench::new();
    let (nominal, autonomy) = (SafetyState::MODE_NOMINAL, SafetyState::SOURCE_AUTONOMY);
    let safety = SafetyState { mode: nominal, active_source: autonomy, ..SafetyState::default() };
    let trip = Trip { trip_id: "T7".into(), ..Trip::default() };
    bench.send("/mission/trip", &trip);
    let fault = DiagnosticStatus { level: 2, name: "/x: lidar".into(), ..DiagnosticStatus::default() };
    bench.send("/diagnostics_agg", &DiagnosticArray { status: vec![fault], ..DiagnosticArray::default() });
    let mut odometry = Odometry::default();
    odometry.pose.pose.position.x = 12.0;
    odometry.pose.covariance[7] = 0.25;
    let before = bench.got::<VehicleState>("/vehicle/state").len();
    for _ in 0..100 {
        bench.send("/safety/state", &safety);
        bench.send("/localization/odometry", &odometry);
        bench.send("/device/chassis", &chassis(&bench, 3.0));
        bench.step();
    }
    let states: Vec<VehicleState> = bench.got("/vehicle/state");
    assert_eq!(states.len() - before, 20, "20 Hz");
    let state = states.last().unwrap();
    assert_eq!((state.mode, state.trip_id.as_str()), (VehicleState::MODE_AUTONOMOUS, "T7"));
    assert_eq!((state.speed_mps, state.pose.position.x, state.position_stddev_m), (3.0, 12.0, 0.5));
    assert_eq!((state.fault_level, state.faults.as_slice()), (2, &["/x: lidar".to_string()][..]));
    assert_eq!((state.vehicle_id.as_str(), state.header.frame_id.as_str()), ("AV-001", "map"));

    // Everything falls silent, or is nonsense.
    for _ in 0..400 {
        let mut sick = chassis(&bench, f32::NAN);
        sick.odometer_m = f64::INFINITY;
        bench.send("/device/chassis", &sick);
        bench.step();
    }
    let state: VehicleState = bench.last("/vehicle/state");
    assert_eq!((state.mode, state.fault_level), (VehicleState::MODE_OFFLINE, 3));
    assert!(state.speed_mps.is_nan() && state.latitude_deg.is_nan() && state.position_stddev_m.is_nan());
    assert_eq!(state.gear, 3, "as known last");
}

fn command(bench: &Bench) -> ActuationCommand {
    ActuationCommand { stamp: bench.now(), acceleration_mps2: 1.0, gear: 3, ..ActuationCommand::default() }
}

/// Drives for 0.5 s, then sends 0.3 s of commands that `change` made bad; the last command to the unit.
fn after_bad_commands(change: fn(&mut ActuationCommand)) -> ActuationCommand {
    let mut bench = Bench::new();
    for i in 0..80 {
        let mut command = command(&bench);
        if i >= 50 {
            change(&mut command);
        }
        bench.send("/vehicle/command", &command);
        bench.send("/device/chassis", &chassis(&bench, 10.0));
        bench.step();
        if (1..50).contains(&i) {
            let out: ActuationCommand = bench.last("/device/actuation");
            assert_eq!((out.acceleration_mps2, out.reason.as_str()), (1.0, ""), "{i}");
        }
    }
    bench.last("/device/actuation")
}

#[test]
fn commands_that_are_not_good_brake_the_vehicle() {
    type Change = fn(&mut ActuationCommand);
    let cases: [(&str, Change); 6] = [
        ("deadman_invalid", |c| c.acceleration_mps2 = f32::NAN),
        ("deadman_invalid", |c| c.steering_angle_rad = f32::INFINITY),
        ("deadman_invalid", |c| c.gear = 200),
        ("deadman_stale", |c| c.stamp.sec -= 5),
        ("deadman_stale", |c| c.stamp.sec += 5),
        ("deadman_stale", |c| c.stamp.sec = i32::MIN),
    ];
    for (reason, change) in cases {
        let out = after_bad_commands(change);
        assert_eq!((out.acceleration_mps2, out.reason.as_str()), (-6.0, reason));
    }
    // Silence.
    let mut bench = Bench::new();
    for i in 0..60 {
        if i < 20 {
            bench.send("/vehicle/command", &command(&bench));
        }
        bench.send("/device/chassis", &chassis(&bench, 10.0));
        bench.step();
    }
    let out: ActuationCommand = bench.last("/device/actuation");
    assert_eq!((out.acceleration_mps2, out.reason.as_str()), (-6.0, "deadman_silence"));
    // 100 ms after the last command and not earlier.
    let passed =
        bench.got::<ActuationCommand>("/device/actuation").iter().filter(|c| c.reason.is_empty()).count();
    // Each command is 10 ms old when it is first seen.
    assert_eq!(passed, 20 + 9);
}

/// A run with all inputs; all bytes that went over topics.
fn run(bag: Option<&Path>) -> BTreeMap<String, Vec<Bytes>> {
    let mut bench = Bench::new();
    if let Some(bag) = bag {
        bench.run.record(Recorder::create(bag, RecorderOptions::default()).unwrap());
    }
    for i in 0..200_u32 {
        let mut scan = cloud(50);
        scan.header.stamp = bench.now();
        let mut imu = Imu::default();
        imu.orientation.w = if i % 17 == 0 { f64::NAN } else { 1.0 };
        imu.header.stamp = bench.now();
        if i % 10 == 0 {
            bench.send("/device/lidar/points", &scan);
        }
        bench.send("/device/imu", &imu);
        bench.send("/device/chassis", &chassis(&bench, 2.0));
        if i % 60 < 40 {
            bench.send("/vehicle/command", &command(&bench));
        }
        bench.step();
    }
    assert!(bench.run.finish_recording().unwrap().is_none_or(|s| s.dropped == 0));
    bench.seen.lock().unwrap().clone()
}

#[test]
fn two_runs_and_the_replay_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    assert_eq!(run(Some(&bag)), run(None));
    let (remaps, overrides) = (Remaps::default(), Overrides::default());
    for report in [
        replay::<SensorHalNode>(&bag, &remaps, &overrides).unwrap(),
        replay::<ActuationNode>(&bag, &remaps, &overrides).unwrap(),
    ] {
        assert_eq!(report.difference, None);
        assert!(report.steps >= 200 && report.outputs >= 200, "{report:?}");
    }
}
