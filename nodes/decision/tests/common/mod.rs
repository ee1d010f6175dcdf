//! Runs the gate in lockstep with all of its inputs, any of which can be made to fail.
#![allow(clippy::expect_used, clippy::field_reassign_with_default)] // a helper of tests
#![allow(dead_code)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use decision::DecisionNode;
use msgs::Message;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{
    ActuationCommand, TrackedObjects, Trajectory, TrajectoryPoint, VehicleState,
};
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use msgs::sensor_msgs::msg::{PointCloud2, PointField};
use msgs::std_srvs::srv::{Trigger, TriggerRequest, TriggerResponse};
use runtime::lockstep::Lockstep;
use runtime::time::Time;
use vehicle::{Pose2, pose_to_msg};

pub const START: Time = Time::from_ns(1_000_000_000_000);
pub const STEP: Duration = Duration::from_millis(10);

/// How an input behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    None,
    /// Nothing comes.
    Silent,
    /// It goes on coming with the stamp that it had when this began.
    Duplicated,
    /// It comes with stamps one second old.
    Stale,
    /// It comes with stamps that go back.
    OutOfOrder,
    /// It comes with stamps one second ahead.
    Future,
    /// Its numbers are not finite.
    NotFinite(f64),
    /// Its numbers are beyond all bounds.
    Absurd,
}

/// The inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    Command,
    Trajectory,
    Odometry,
    Lidar,
    Objects,
    Health,
    State,
}

pub const INPUTS: [In; 7] =
    [In::Command, In::Trajectory, In::Odometry, In::Lidar, In::Objects, In::Health, In::State];

/// Every message that the gate sent.
#[derive(Default)]
pub struct Seen {
    pub commands: Vec<(Time, ActuationCommand)>,
    pub states: Vec<(Time, SafetyState)>,
}

/// The gate, a vehicle on a straight road along x, and what feeds both.
pub struct Rig {
    pub run: Lockstep,
    pub seen: Arc<Mutex<Seen>>,
    pub speed: f64,
    pub x: f64,
    pub drive: AckermannDriveStamped,
    pub stddev: f64,
    pub jump: f64,
    pub points: Vec<[f32; 3]>,
    pub diagnostics: Vec<(String, u8)>,
    /// Whether the vehicle does what the gate says.
    pub obeys: bool,
    faults: [(Fault, Time); INPUTS.len()],
    ticks: u64,
}

impl Default for Rig {
    fn default() -> Self {
        Self::with(|_| ())
    }
}

impl Rig {
    /// Standing, with all inputs in order.
    pub fn with(set_up: impl FnOnce(&mut Lockstep)) -> Self {
        let mut run = Lockstep::new(START);
        set_up(&mut run);
        run.add::<DecisionNode>().unwrap();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        run.observe({
            let seen = Arc::clone(&seen);
            move |e| {
                let mut seen = seen.lock().unwrap();
                match e.topic {
                    "/vehicle/command" => {
                        seen.commands.push((e.time, ActuationCommand::decode(e.payload).unwrap()));
                    }
                    "/safety/state" => seen.states.push((e.time, SafetyState::decode(e.payload).unwrap())),
                    _ => {}
                }
            }
        });
        Self {
            run,
            seen,
            speed: 0.0,
            x: 0.0,
            drive: AckermannDriveStamped::default(),
            stddev: 0.05,
            jump: 0.0,
            points: ground(),
            diagnostics: vec![("/vehicle/control_node/tracking".into(), 0)],
            obeys: true,
            faults: [(Fault::None, START); INPUTS.len()],
            ticks: 0,
        }
    }

    /// Driving with this speed, m/s.
    pub fn driving(speed: f64) -> Self {
        let mut rig = Self::default();
        rig.speed = speed;
        rig.obeys = false;
        rig.run_for(1.5);
        rig.obeys = true;
        assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL, "{:?}", rig.state());
        rig
    }

    pub fn set_fault(&mut self, input: In, fault: Fault) {
        self.faults[input as usize] = (fault, self.run.now());
    }

    /// What the gate said last.
    pub fn state(&self) -> SafetyState {
        self.seen.lock().unwrap().states.last().unwrap().1.clone()
    }

    pub fn mode(&self) -> u8 {
        self.state().mode
    }

    pub fn root(&self) -> String {
        self.state().root_cause
    }

    pub fn command(&self) -> ActuationCommand {
        self.seen.lock().unwrap().commands.last().unwrap().1.clone()
    }

    pub fn call(&mut self, service: &str) -> TriggerResponse {
        let answer: Arc<Mutex<Option<TriggerResponse>>> = Arc::default();
        let slot = Arc::clone(&answer);
        self.run
            .call::<Trigger>(service, &TriggerRequest::default(), move |a| {
                *slot.lock().unwrap() = Some(a.unwrap());
            })
            .unwrap();
        self.run.run_for(Duration::ZERO).unwrap();
        let answer = answer.lock().unwrap().take();
        answer.expect("it is answered at once")
    }

    pub fn run_for(&mut self, seconds: f64) {
        for _ in 0..(seconds * 100.0).round() as u64 {
            self.tick();
        }
    }

    /// Runs until it stands, at most for so long; gives how long it took, s.
    pub fn run_to_stand(&mut self, seconds: f64) -> f64 {
        let begun = self.run.now();
        while self.speed > 0.0 && self.run.now().since(begun).as_secs_f64() < seconds {
            self.tick();
        }
        assert_eq!(self.speed, 0.0, "it stands");
        let took = self.run.now().since(begun).as_secs_f64();
        self.run_for(0.2);
        took
    }

    fn tick(&mut self) {
        let period = |input: In| match input {
            In::Command => 1,
            In::Odometry => 2,
            In::State => 5,
            In::Trajectory | In::Lidar | In::Objects => 10,
            In::Health => 100,
        };
        for input in INPUTS {
            if self.ticks.is_multiple_of(period(input)) {
                self.feed(input);
            }
        }
        self.run.run_for(STEP).unwrap();
        self.ticks += 1;
        if self.obeys {
            let command = self.command();
            let next = self.speed + 0.01 * f64::from(command.acceleration_mps2);
            self.speed = if command.hold_brake { 0.0 } else { next.max(0.0) };
        }
        self.x += 0.01 * self.speed;
    }

    fn feed(&mut self, input: In) {
        let (fault, since) = self.faults[input as usize];
        let now = self.run.now();
        let stamp = match fault {
            Fault::Silent => return,
            Fault::Duplicated => since,
            Fault::Stale => Time::from_ns(now.as_ns() - 5_000_000_000),
            Fault::OutOfOrder => Time::from_ns(since.as_ns() - (now.as_ns() - since.as_ns())),
            Fault::Future => now + Duration::from_secs(1),
            _ => now,
        };
        let number = |good: f64| match fault {
            Fault::NotFinite(bad) => bad,
            Fault::Absurd => 1e12,
            _ => good,
        };
        let pose = Pose2::new(number(self.x + self.jump), 0.0, 0.0);
        match input {
            In::Command => {
                let mut m = self.drive.clone();
                m.header.stamp = stamp.to_msg();
                m.drive.acceleration = number(m.drive.acceleration.into()) as f32;
                self.run.publish("/control/commands", &m).unwrap();
            }
            In::Trajectory => {
                let mut m = Trajectory::default();
                m.header.stamp = stamp.to_msg();
                m.header.frame_id = "map".into();
                m.points = (0..60)
                    .map(|i| TrajectoryPoint {
                        time_from_start_s: 0.1 * i as f32,
                        pose: pose_to_msg(
                            Pose2::new(number(self.x + 0.1 * self.speed * f64::from(i)), 0.0, 0.0),
                            0.0,
                        ),
                        speed_mps: self.speed as f32,
                        ..TrajectoryPoint::default()
                    })
                    .collect();
                self.run.publish("/planning/trajectory", &m).unwrap();
            }
            In::Odometry => {
                let mut m = Odometry::default();
                m.header.stamp = stamp.to_msg();
                m.header.frame_id = "map".into();
                m.pose.pose = pose_to_msg(pose, 0.0);
                m.pose.covariance[0] = self.stddev.powi(2);
                m.pose.covariance[7] = self.stddev.powi(2);
                m.pose.covariance[35] = 1e-4;
                m.twist.twist.linear.x = number(self.speed);
                self.run.publish("/localization/odometry", &m).unwrap();
            }
            In::Lidar => {
                let mut points = self.points.clone();
                points.iter_mut().for_each(|p| p[0] = number(p[0].into()) as f32);
                self.run.publish("/sensors/lidar/points", &cloud(stamp, &points)).unwrap();
            }
            In::Objects => {
                let mut m = TrackedObjects::default();
                m.header.stamp = stamp.to_msg();
                self.run.publish("/perception/objects", &m).unwrap();
            }
            In::Health => {
                let mut m = DiagnosticArray::default();
                m.header.stamp = stamp.to_msg();
                m.status = self
                    .diagnostics
                    .iter()
                    .map(|(name, level)| DiagnosticStatus {
                        name: name.clone(),
                        level: *level,
                        ..DiagnosticStatus::default()
                    })
                    .collect();
                self.run.publish("/diagnostics_agg", &m).unwrap();
            }
            In::State => {
                let mut m = VehicleState::default();
                m.header.stamp = stamp.to_msg();
                m.speed_mps = number(self.speed) as f32;
                self.run.publish("/vehicle/state", &m).unwrap();
            }
        }
    }
}

/// A cloud as sensor_hal publishes it.
pub fn cloud(stamp: Time, points: &[[f32; 3]]) -> PointCloud2 {
    let field = |name: &str, offset, datatype| PointField { name: name.into(), offset, datatype, count: 1 };
    let mut data = Vec::with_capacity(points.len() * 20);
    for p in points {
        for value in [p[0], p[1], p[2], 0.5] {
            data.extend_from_slice(&value.to_le_bytes());
        }
        data.extend_from_slice(&[0; 4]);
    }
    let mut m = PointCloud2::default();
    m.header.stamp = stamp.to_msg();
    m.header.frame_id = "base_link".into();
    m.height = 1;
    m.width = points.len() as u32;
    m.fields = vec![
        field("x", 0, PointField::FLOAT32),
        field("y", 4, PointField::FLOAT32),
        field("z", 8, PointField::FLOAT32),
        field("intensity", 12, PointField::FLOAT32),
        field("ring", 16, PointField::UINT16),
    ];
    m.point_step = 20;
    m.row_step = 20 * m.width;
    m.data = data.into();
    m.is_dense = true;
    m
}

/// Flat ground in rings, as a LiDAR 3 m up sees it.
pub fn ground() -> Vec<[f32; 3]> {
    let mut points = vec![];
    for range in [6.4_f32, 7.5, 9.1, 11.2, 14.5, 20.6, 34.0] {
        for i in 0..300 {
            let angle = i as f32 * std::f32::consts::TAU / 300.0;
            points.push([1.5 + range * angle.cos(), range * angle.sin(), 0.0]);
        }
    }
    points
}

/// The face of a box across the road: its points every 10 cm, m.
pub fn wall(x: f32, y: (f32, f32), z: (f32, f32)) -> Vec<[f32; 3]> {
    let steps =
        |(low, high): (f32, f32)| (0..=((high - low) / 0.1) as i32).map(move |i| low + 0.1 * i as f32);
    steps(y).flat_map(|y| steps(z).map(move |z| [x, y, z])).collect()
}
