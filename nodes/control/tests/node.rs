//! The node in lockstep: every input fails in every way, with the reaction that the crate's documentation says; and replay.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use control::ControlNode;
use msgs::Message;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{Trajectory, TrajectoryPoint, VehicleState};
use msgs::nav_msgs::msg::Odometry;
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::{Overrides, ParamValue};
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use vehicle::{Pose2, pose_to_msg};

const START: Time = Time::from_ns(1_000_000_000_000);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Silent,
    Duplicated,
    Stale,
    OutOfOrder,
    Future,
    Bad(f64),
    OtherFrame,
}

const FAULTS: [Fault; 9] = [
    Fault::Silent,
    Fault::Duplicated,
    Fault::Stale,
    Fault::OutOfOrder,
    Fault::Future,
    Fault::Bad(f64::NAN),
    Fault::Bad(f64::INFINITY),
    Fault::Bad(1e30),
    Fault::OtherFrame,
];

#[derive(Clone, Copy)]
enum In {
    Odometry,
    Trajectory,
    State,
}

/// The controller and a vehicle that does what it says, on a straight road along x at 8 m/s.
struct Rig {
    run: Lockstep,
    commands: Arc<Mutex<Vec<AckermannDriveStamped>>>,
    x: f64,
    speed: f64,
    faults: [(Fault, Time); 3],
    ticks: u64,
}

impl Rig {
    fn new(set_up: impl FnOnce(&mut Lockstep)) -> Self {
        let mut run = Lockstep::new(START);
        set_up(&mut run);
        run.add::<ControlNode>().unwrap();
        let commands: Arc<Mutex<Vec<_>>> = Arc::default();
        run.observe({
            let commands = Arc::clone(&commands);
            move |e| {
                if e.topic == "/control/commands" {
                    commands.lock().unwrap().push(AckermannDriveStamped::decode(e.payload).unwrap());
                }
            }
        });
        Self { run, commands, x: 0.0, speed: 8.0, faults: [(Fault::None, START); 3], ticks: 0 }
    }

    fn set_fault(&mut self, input: In, fault: Fault) {
        self.faults[input as usize] = (fault, self.run.now());
    }

    fn last(&self) -> AckermannDriveStamped {
        self.commands.lock().unwrap().last().unwrap().clone()
    }

    fn run_for(&mut self, seconds: f64) {
        for _ in 0..(100.0 * seconds).round() as u64 {
            for (input, period) in [(In::Odometry, 2), (In::Trajectory, 10), (In::State, 5)] {
                if self.ticks.is_multiple_of(period) {
                    self.feed(input);
                }
            }
            self.run.run_for(Duration::from_millis(10)).unwrap();
            self.ticks += 1;
            let acceleration = self.commands.lock().unwrap().last().map_or(0.0, |c| c.drive.acceleration);
            self.speed = (self.speed + 0.01 * f64::from(acceleration)).max(0.0);
            self.x += 0.01 * self.speed;
        }
    }

    fn feed(&mut self, input: In) {
        let (fault, since) = self.faults[input as usize];
        let now = self.run.now();
        let stamp = match fault {
            Fault::Silent => return,
            Fault::Duplicated => since,
            Fault::Stale => Time::from_ns(now.as_ns() - 20_000_000_000),
            Fault::OutOfOrder => Time::from_ns(2 * since.as_ns() - now.as_ns()),
            Fault::Future => now + Duration::from_secs(1),
            _ => now,
        };
        let number = |good: f64| if let Fault::Bad(bad) = fault { bad } else { good };
        let frame = if fault == Fault::OtherFrame { "odom" } else { "map" };
        match input {
            In::Odometry => {
                let mut m = Odometry::default();
                m.header.stamp = stamp.to_msg();
                m.header.frame_id = frame.into();
                m.pose.pose = pose_to_msg(Pose2::new(number(self.x), 0.0, 0.0), 0.0);
                m.twist.twist.linear.x = self.speed;
                self.run.publish("/localization/odometry", &m).unwrap();
            }
            In::Trajectory => {
                let mut m = Trajectory::default();
                m.header.stamp = stamp.to_msg();
                m.header.frame_id = frame.into();
                m.points = (0..60)
                    .map(|i| TrajectoryPoint {
                        time_from_start_s: 0.1 * i as f32,
                        pose: pose_to_msg(Pose2::new(self.x + number(0.8) * f64::from(i), 0.0, 0.0), 0.0),
                        speed_mps: 8.0,
                        ..TrajectoryPoint::default()
                    })
                    .collect();
                self.run.publish("/planning/trajectory", &m).unwrap();
            }
            In::State => {
                let mut m = VehicleState::default();
                m.header.stamp = stamp.to_msg();
                m.steering_angle_rad = number(0.0) as f32;
                self.run.publish("/vehicle/state", &m).unwrap();
            }
        }
    }
}

fn driving() -> Rig {
    let mut rig = Rig::new(|_| ());
    rig.run_for(2.0);
    assert!((rig.speed - 8.0).abs() < 0.2, "{}", rig.speed);
    rig
}

fn all_finite(rig: &Rig) {
    for c in rig.commands.lock().unwrap().iter() {
        let d = &c.drive;
        for v in [d.steering_angle, d.steering_angle_velocity, d.speed, d.acceleration, d.jerk] {
            assert!(v.is_finite(), "{c:?}");
        }
        assert!(d.steering_angle.abs() <= 0.6 && (-8.0..=2.0).contains(&d.acceleration), "{c:?}");
    }
}

#[test]
fn nothing_is_sent_before_odometry_and_then_always() {
    let mut rig = Rig::new(|_| ());
    rig.set_fault(In::Odometry, Fault::Silent);
    rig.run_for(1.0);
    assert!(rig.commands.lock().unwrap().is_empty());
    rig.speed = 0.0;
    rig.set_fault(In::Odometry, Fault::None);
    rig.set_fault(In::Trajectory, Fault::Silent);
    rig.run_for(1.0);
    let sent = rig.commands.lock().unwrap().len();
    assert!((98..=100).contains(&sent), "{sent}");
    rig.set_fault(In::Odometry, Fault::Silent);
    rig.set_fault(In::State, Fault::Silent);
    rig.run_for(2.0);
    assert_eq!(rig.commands.lock().unwrap().len() - sent, 200);
    assert!(rig.last().drive.acceleration <= -0.9, "it holds");
}

#[test]
fn without_a_good_trajectory_it_stops_comfortably_and_goes_on_with_the_next() {
    for fault in FAULTS {
        let mut rig = driving();
        rig.set_fault(In::Trajectory, fault);
        rig.run_for(0.8);
        assert!((rig.speed - 8.0).abs() < 0.5, "{fault:?}: the last one is followed, {}", rig.speed);
        rig.run_for(9.0);
        assert_eq!(rig.speed, 0.0, "{fault:?}");
        let hardest = rig.commands.lock().unwrap().iter().fold(0.0, |a: f32, c| a.min(c.drive.acceleration));
        assert!((-1.6..-1.4).contains(&hardest), "{fault:?}: {hardest}");
        rig.set_fault(In::Trajectory, Fault::None);
        rig.run_for(6.0);
        assert!(rig.speed > 5.0, "{fault:?}: {}", rig.speed);
        all_finite(&rig);
    }
}

#[test]
fn without_good_odometry_it_stops_with_the_steering_held() {
    for fault in FAULTS {
        let mut rig = driving();
        rig.set_fault(In::Odometry, fault);
        rig.run_for(0.15);
        assert!(rig.last().drive.acceleration > -0.5, "{fault:?}: not yet, {:?}", rig.last());
        rig.run_for(1.0);
        assert!(rig.last().drive.acceleration < -1.0, "{fault:?}: {:?}", rig.last());
        let angle = rig.last().drive.steering_angle;
        rig.run_for(1.0);
        assert_eq!(rig.last().drive.steering_angle, angle);
        all_finite(&rig);
    }
}

#[test]
fn without_good_vehicle_state_it_drives_on() {
    for fault in FAULTS {
        let mut rig = driving();
        rig.set_fault(In::State, fault);
        rig.run_for(3.0);
        assert!((rig.speed - 8.0).abs() < 0.2, "{fault:?}: {}", rig.speed);
        all_finite(&rig);
    }
}

#[test]
fn trajectories_of_absurd_shapes_are_refused() {
    let mut rig = driving();
    rig.set_fault(In::Trajectory, Fault::Silent);
    let point = |t: f32, x: f64, v: f32| TrajectoryPoint {
        time_from_start_s: t,
        pose: pose_to_msg(Pose2::new(x, 0.0, 0.0), 0.0),
        speed_mps: v,
        ..TrajectoryPoint::default()
    };
    let x = rig.x;
    for points in [
        vec![],
        vec![point(0.0, x, 8.0)],
        vec![point(0.0, x, 8.0), point(0.0, x + 1.0, 8.0)],
        vec![point(1.0, x, 8.0), point(0.5, x + 1.0, 8.0)],
        vec![point(0.0, x, -3.0), point(1.0, x - 3.0, -3.0)],
        vec![point(0.0, x, 1e20), point(1.0, x + 1.0, 8.0)],
        vec![TrajectoryPoint::default(); 100_000],
    ] {
        let mut m = Trajectory::default();
        m.header.stamp = rig.run.now().to_msg();
        m.header.frame_id = "map".into();
        m.points = points;
        rig.run.publish("/planning/trajectory", &m).unwrap();
        rig.run_for(0.05);
        assert!(rig.last().drive.acceleration.abs() < 0.5, "the last good one goes on: {:?}", rig.last());
    }
    all_finite(&rig);
}

#[test]
fn fallback_mode_is_a_parameter() {
    let mut rig = driving();
    let set = |rig: &mut Rig, value| {
        let result = rig.run.set_parameter("/control_node", "fallback_mode", ParamValue::Bool(value));
        assert!(result.unwrap().successful);
    };
    set(&mut rig, true);
    rig.run_for(8.0);
    assert_eq!(rig.speed, 0.0);
    rig.run_for(2.0);
    assert!(rig.speed == 0.0 && rig.last().drive.acceleration <= -0.9, "it holds");
    set(&mut rig, false);
    rig.run_for(5.0);
    assert!(rig.speed > 5.0);
}

#[test]
fn a_replay_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    let mut rig = Rig::new(|run| {
        run.record(Recorder::create(&bag, RecorderOptions::default()).unwrap());
    });
    rig.run_for(3.0);
    rig.set_fault(In::Trajectory, Fault::Bad(f64::NAN));
    rig.run_for(3.0);
    rig.set_fault(In::Trajectory, Fault::None);
    rig.run.set_parameter("/control_node", "lateral.correction_distance_m", ParamValue::Double(2.0)).unwrap();
    rig.run_for(3.0);
    rig.run.finish_recording().unwrap();
    let report = replay::<ControlNode>(&bag, &Remaps::default(), &Overrides::default()).unwrap();
    assert_eq!(report.difference, None);
    assert!(report.outputs > 800, "{report:?}");
}
