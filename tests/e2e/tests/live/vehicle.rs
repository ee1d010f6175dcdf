//! The processes of a vehicle.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use maps::Map;
use msgs::atlasmesh_msgs::msg::VehicleState;
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use msgs::std_srvs::srv::{Trigger, TriggerRequest, TriggerResponse};
use msgs::{Message, Service};
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{Guard, Transport, TransportNode, TypeRef};
use scenario::{DriveSettings, Ends};

/// Longer than anything takes.
const LONG: Duration = Duration::from_secs(120);

/// The executables of a vehicle.
const PROCESSES: [&str; 8] = [
    "sim_world_node",
    "sensor_hal_node",
    "localization_node",
    "perception_node",
    "planning_node",
    "control_node",
    "decision_node",
    "health_monitor_node",
];

#[derive(Default)]
struct Seen {
    speed_mps: f64,
    safety: SafetyState,
    state: VehicleState,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// A vehicle of eight processes, and a listener.
pub struct LiveVehicle {
    processes: Vec<(&'static str, Child)>,
    transport: ZenohTransport,
    node: Arc<dyn TransportNode>,
    seen: Shared,
    guards: Vec<Guard>,
    folder: tempfile::TempDir,
}

impl LiveVehicle {
    /// Starts all processes; each test has a network of its own.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rendezvous = folder.path().join("rendezvous");
        let settings = DriveSettings { seed: 1, ..DriveSettings::default() };
        let map = Map::load(&settings.map).unwrap();
        let start = Ends::of(&map, &settings).unwrap().start;
        let mut args = vec!["--ros-args".to_string()];
        for (name, text) in settings.param_files(&map, start).unwrap() {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            args.extend(["--params-file".into(), file.to_str().unwrap().into()]);
        }
        let programs = programs();
        let processes = PROCESSES.map(|name| {
            let child = Command::new(programs.join(name))
                .args(&args)
                .env("ATLAS_RENDEZVOUS", &rendezvous)
                .env("ATLAS_CONNECT", "")
                .env_remove("ROS_DOMAIN_ID")
                .stdin(Stdio::null())
                .spawn();
            (name, child.unwrap_or_else(|e| panic!("{name}: {e}")))
        });
        let options =
            ZenohOptions { connect: vec![], rendezvous: Some(rendezvous), ..ZenohOptions::default() };
        let transport = ZenohTransport::open(&options).unwrap();
        let node = transport.node("/", "listener").unwrap();
        let seen = Shared::default();
        let mut vehicle = Self { processes: processes.into(), transport, node, seen, guards: vec![], folder };
        // The truth: what the vehicle says of itself stands still when its nodes do.
        vehicle.watch::<Odometry>("/sim/ground_truth", Qos::default(), |s, m| {
            s.speed_mps = m.twist.twist.linear.x;
        });
        vehicle.watch::<SafetyState>("/safety/state", Qos::state(), |s, m| s.safety = m);
        vehicle.watch::<VehicleState>("/vehicle/state", Qos::state(), |s, m| s.state = m);
        vehicle
    }

    fn watch<M: Message>(&mut self, topic: &str, qos: Qos, set: fn(&mut Seen, M)) {
        let seen = Arc::clone(&self.seen);
        let on_sample = Box::new(move |sample: runtime::transport::Sample| {
            if let Ok(message) = M::decode(&sample.payload) {
                set(&mut seen.0.lock().unwrap(), message);
                seen.1.notify_all();
            }
        });
        let guard = self.node.subscribe(topic, &TypeRef::message::<M>(), &qos, on_sample);
        self.guards.push(guard.unwrap());
    }

    /// Starts a tour in a ninth process.
    pub fn drive(&self) {
        let options = ZenohOptions {
            connect: vec![],
            rendezvous: Some(self.folder.path().join("rendezvous")),
            ..ZenohOptions::default()
        };
        let transport = ZenohTransport::open(&options).unwrap();
        let mut live =
            runtime::live::Live::new(Arc::new(transport), runtime::args::RosArgs::default()).unwrap();
        live.spawn::<scenario::TourNode>().unwrap();
        // It lives as long as the test's process.
        std::mem::forget(live);
    }

    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + LONG;
        let mut seen = self.seen.0.lock().unwrap();
        while !done(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                left > Duration::ZERO,
                "waited for {what}: {} m/s, {:?}, {:?}",
                seen.speed_mps,
                seen.safety,
                seen.state
            );
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub fn wait_for_speed(&self, speed_mps: f64) {
        self.wait("speed", |s| s.speed_mps >= speed_mps);
    }

    pub fn wait_for_standstill(&self) {
        self.wait("standstill", |s| s.speed_mps.abs() < 0.05);
    }

    pub fn wait_for_safety(&self, what: &str, done: impl Fn(&SafetyState) -> bool) -> SafetyState {
        self.wait(what, |s| done(&s.safety));
        self.seen.0.lock().unwrap().safety.clone()
    }

    /// Stops a process until the guard is dropped.
    pub fn freeze(&self, name: &str) -> Frozen {
        let (_, child) = self.processes.iter().find(|(n, _)| *n == name).unwrap();
        signal(child.id(), "-STOP");
        Frozen(child.id())
    }

    pub fn call(&self, service: &str) -> TriggerResponse {
        assert!(self.transport.graph().wait_for_service(service, LONG), "{service}");
        let client = self.node.client(service, &TypeRef::service::<Trigger>()).unwrap();
        let (send, answers) = sync_channel(1);
        let request = TriggerRequest::default().encode(0).unwrap();
        client.call(request, LONG, Box::new(move |a| drop(send.try_send(a)))).unwrap();
        <Trigger as Service>::Response::decode(&answers.recv_timeout(LONG).unwrap().unwrap()).unwrap()
    }

    /// Resets until the gate lets the vehicle go: causes may take a moment to end.
    pub fn reset(&self) {
        let end = Instant::now() + LONG;
        loop {
            let answer = self.call("/safety/reset");
            if answer.success {
                return;
            }
            assert!(Instant::now() < end, "reset: {}", answer.message);
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
}

impl Drop for LiveVehicle {
    fn drop(&mut self) {
        for (_, child) in &mut self.processes {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A process that stands still.
pub struct Frozen(u32);

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.0, "-CONT");
    }
}

fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The folder of this test's profile, which holds the executables: `cargo test --workspace` builds them before any test runs. Only if one
/// is missing they are built here; after a change, `cargo build --workspace --bins` renews them for `cargo test -p e2e` alone.
fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap().to_path_buf();
    if PROCESSES.iter().any(|name| !folder.join(name).exists()) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bins"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.env("CARGO_TARGET_DIR", folder.parent().unwrap()).status().unwrap().success());
    }
    folder
}
