//! The node in lockstep: what it publishes and when, bad commands, the same run twice, and replay.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use msgs::Message;
use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{Imu, NavSatFix, PointCloud2};
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::{Override, Overrides};
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use world::SimWorldNode;

const START: Time = Time::from_ns(1_700_000_000_000_000_000);
const STEP: Duration = Duration::from_millis(10);

type Seen = Rc<RefCell<Vec<(String, Time, bytes::Bytes)>>>;

fn overrides(extra: &[&str]) -> Overrides {
    let mut overrides = Overrides::default();
    let yaml = "sim_world_node: {ros__parameters: {map: terminal-yard, traffic: 8, pedestrians: 4}}";
    overrides.add_yaml("test.yaml", yaml).unwrap();
    for value in extra {
        overrides.add(Override::parse_argument(value).unwrap());
    }
    overrides
}

fn run(overrides: Overrides) -> (Lockstep, Seen) {
    let mut run = Lockstep::new(START).with_args(Remaps::default(), overrides);
    let seen: Seen = Rc::default();
    let sink = Rc::clone(&seen);
    run.observe(move |e| sink.borrow_mut().push((e.topic.to_string(), e.time, e.payload.clone())));
    run.add::<SimWorldNode>().unwrap();
    (run, seen)
}

fn all<M: Message>(seen: &Seen, topic: &str) -> Vec<M> {
    seen.borrow().iter().filter(|(t, ..)| t == topic).map(|(_, _, p)| M::decode(p).unwrap()).collect()
}

fn command(acceleration: f32) -> ActuationCommand {
    ActuationCommand {
        acceleration_mps2: acceleration,
        gear: ActuationCommand::GEAR_DRIVE,
        ..ActuationCommand::default()
    }
}

fn drive(run: &mut Lockstep, steps: usize, command: &ActuationCommand) {
    for _ in 0..steps {
        run.publish("/device/actuation", command).unwrap();
        run.run_for(STEP).unwrap();
    }
}

fn speed(seen: &Seen) -> f64 {
    all::<Odometry>(seen, "/sim/ground_truth").last().unwrap().twist.twist.linear.x
}

#[test]
fn every_topic_comes_at_its_rate() {
    let (mut run, seen) = run(overrides(&[]));
    run.run_for(Duration::from_secs(2)).unwrap();
    let mut counts = BTreeMap::<String, usize>::new();
    for (topic, ..) in seen.borrow().iter() {
        *counts.entry(topic.clone()).or_default() += 1;
    }
    for (topic, count) in [
        ("/device/lidar/points", 20),
        ("/device/imu", 200),
        ("/device/gnss/fix", 20),
        ("/device/wheel_odometry", 100),
        ("/device/chassis", 100),
        ("/sim/ground_truth", 200),
        ("/sim/objects", 20),
    ] {
        assert_eq!(counts.get(topic), Some(&count), "{topic}");
    }
    let cloud = all::<PointCloud2>(&seen, "/device/lidar/points").pop().unwrap();
    assert!(cloud.width > 3000 && cloud.point_step == 20 && cloud.header.frame_id == "lidar_link");
    assert_eq!(cloud.data.len(), (cloud.width * cloud.point_step) as usize);
    let imu = all::<Imu>(&seen, "/device/imu").pop().unwrap();
    assert!((imu.linear_acceleration.z - 9.81).abs() < 0.5);
    let fixes: Vec<(Time, NavSatFix)> = seen
        .borrow()
        .iter()
        .filter(|(t, ..)| t == "/device/gnss/fix")
        .map(|(_, time, p)| (*time, NavSatFix::decode(p).unwrap()))
        .collect();
    assert!(fixes.iter().all(|(t, f)| t.since(Time::from(&f.header.stamp)) == Duration::from_millis(50)));
    assert!(fixes.iter().all(|(_, f)| (f.latitude - 24.5).abs() < 1.0 && f.status.status >= 0));
}

#[test]
fn drives_and_brakes_by_itself_when_commands_stop() {
    let (mut run, seen) = run(overrides(&["traffic:=0"]));
    drive(&mut run, 300, &command(1.0));
    assert!(speed(&seen) > 2.0, "{}", speed(&seen));
    run.run_for(Duration::from_millis(150)).unwrap();
    assert!(!all::<ChassisState>(&seen, "/device/chassis").last().unwrap().deadman_active);
    run.run_for(Duration::from_millis(1500)).unwrap();
    assert!(all::<ChassisState>(&seen, "/device/chassis").last().unwrap().deadman_active);
    assert!(speed(&seen).abs() < 0.01, "{}", speed(&seen));
}

#[test]
fn bad_commands_are_as_none() {
    let bad = [
        ActuationCommand { steering_angle_rad: f32::NAN, ..command(1.0) },
        command(f32::INFINITY),
        ActuationCommand { gear: 77, ..command(1.0) },
    ];
    for bad in bad {
        let (mut run, seen) = run(overrides(&["traffic:=0"]));
        drive(&mut run, 200, &command(1.0));
        drive(&mut run, 150, &bad);
        assert!(all::<ChassisState>(&seen, "/device/chassis").last().unwrap().deadman_active, "{bad:?}");
        assert!(speed(&seen).abs() < 0.01);
    }
    // Absurd but finite: limited.
    let (mut run, seen) = run(overrides(&["traffic:=0"]));
    drive(&mut run, 100, &ActuationCommand { steering_angle_rad: -1e30, ..command(1e30) });
    let chassis = all::<ChassisState>(&seen, "/device/chassis").pop().unwrap();
    assert!(chassis.steering_angle_rad.abs() <= 0.61 && chassis.acceleration_mps2 < 3.0, "{chassis:?}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let go = |seed| {
        let (mut run, seen) = run(overrides(&[&format!("seed:={seed}")]));
        drive(&mut run, 300, &command(0.8));
        seen.take()
    };
    assert!(go(3) == go(3));
    assert!(go(3) != go(4));
}

#[test]
fn replay_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("world.mcap");
    let overrides = overrides(&[]);
    let mut run = Lockstep::new(START).with_args(Remaps::default(), overrides.clone());
    run.record(Recorder::create(&bag, RecorderOptions::default()).unwrap());
    run.add::<SimWorldNode>().unwrap();
    drive(&mut run, 200, &command(0.8));
    run.finish_recording().unwrap();
    let report = replay::<SimWorldNode>(&bag, &Remaps::default(), &overrides).unwrap();
    assert_eq!(report.difference, None);
    assert_eq!(report.steps, 200);
    assert!(report.outputs > 500);
}
