//! A real-time node with every kind of port, live. The allocator aborts the test if its loop touches the heap.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use msgs::Message;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::std_msgs::msg::Float64;
use msgs::std_srvs::srv::{SetBool, SetBoolRequest, SetBoolResponse};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::node::{Kind, Node, NodeError, Step};
use runtime::ports::{Diagnostic, Latest, Output, Ports, Queue, Server, Status};
use runtime::qos::Qos;
use runtime::rt::CheckedAllocator;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Transport, TypeRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Gain, 1.
    gain: f64,
    /// Frame of the commands.
    frame: String,
}

impl Default for Params {
    fn default() -> Self {
        Self { gain: 2.0, frame: "base_link".into() }
    }
}

struct Controller {
    gain: f64,
    odometry: Latest<Odometry>,
    offsets: Queue<Float64>,
    commands: Output<AckermannDriveStamped>,
    enable: Server<SetBool>,
    health: Diagnostic,
    enabled: bool,
    offset: f64,
}

impl Node for Controller {
    const NAME: &'static str = "controller";
    const KIND: Kind = Kind::RealTime { priority: 50 };
    type Params = Params;

    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        let mut prototype = AckermannDriveStamped::default();
        prototype.header.frame_id.clone_from(&params.frame);
        Ok(Self {
            gain: params.gain,
            odometry: ports.latest("/odometry", Qos::default())?,
            offsets: ports.queue("/offsets", Qos::default())?,
            commands: ports.output_like("/control/commands", Qos::command(), prototype)?,
            enable: ports.server("/enable")?,
            health: ports.diagnostic("tracking"),
            enabled: true,
            offset: 0.0,
        })
    }

    fn set_params(&mut self, params: &Params) {
        self.gain = params.gain;
    }

    fn step(&mut self, step: Step) {
        self.enable.serve(|request, answer| {
            self.enabled = request.data;
            answer.success = true;
        });
        while let Some(offset) = self.offsets.next() {
            self.offset += offset.data;
        }
        let speed = self.odometry.get().map_or(0.0, |o| o.twist.twist.linear.x) * self.gain + self.offset;
        let enabled = self.enabled;
        self.commands.send_with(|c| {
            c.header.stamp = step.now.to_msg();
            c.drive.speed = if enabled { speed as f32 } else { 0.0 };
        });
        self.health.set(Status::ok("tracks").value("speed_mps", speed));
    }
}

#[test]
fn a_real_time_node_uses_all_its_ports_without_touching_the_heap() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() };
    let transport = Arc::new(ZenohTransport::open(&options).unwrap());
    let mut live = Live::new(transport, RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<Controller>().unwrap();

    let outside = ZenohTransport::open(&options).unwrap();
    let node = outside.node("/", "outside").unwrap();
    let (send, commands) = sync_channel(10_000);
    let _commands = node
        .subscribe(
            "/control/commands",
            &TypeRef::message::<AckermannDriveStamped>(),
            &Qos::command(),
            Box::new(move |s| drop(send.try_send(AckermannDriveStamped::decode(&s.payload).unwrap()))),
        )
        .unwrap();
    let (send, diagnostics) = sync_channel(100);
    let _diagnostics = node
        .subscribe(
            "/diagnostics",
            &TypeRef::message::<DiagnosticArray>(),
            &Qos::default(),
            Box::new(move |s| drop(send.try_send(DiagnosticArray::decode(&s.payload).unwrap()))),
        )
        .unwrap();
    let odometry = node.publisher("/odometry", &TypeRef::message::<Odometry>(), &Qos::default()).unwrap();
    let offsets = node.publisher("/offsets", &TypeRef::message::<Float64>(), &Qos::default()).unwrap();
    let subscribed = |topic: &str| {
        let there =
            |e: &runtime::transport::Endpoint| e.kind == EndpointKind::Subscription && e.name == topic;
        outside.graph().wait_until(LONG, |g| g.count(there) == 1)
    };
    assert!(subscribed("/odometry") && subscribed("/offsets"));

    let mut message = Odometry::default();
    message.header.frame_id = "a frame whose name is too long for any small buffer".into();
    message.twist.twist.linear.x = 1.5;
    odometry.publish(message.encode(0).unwrap()).unwrap();
    for _ in 0..4 {
        offsets.publish(Float64 { data: 0.25 }.encode(0).unwrap()).unwrap();
    }
    let until = |speed: f32| loop {
        let command: AckermannDriveStamped = commands.recv_timeout(LONG).unwrap();
        assert_eq!(command.header.frame_id, "base_link");
        if command.drive.speed == speed {
            return;
        }
    };
    until(4.0);

    assert!(outside.graph().wait_for_service("/enable", LONG));
    let client = node.client("/enable", &TypeRef::service::<SetBool>()).unwrap();
    let (send, answers) = sync_channel(1);
    let request = SetBoolRequest { data: false }.encode(0).unwrap();
    client.call(request, LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
    let answer = SetBoolResponse::decode(&answers.recv_timeout(LONG).unwrap().unwrap()).unwrap();
    assert!(answer.success);
    until(0.0);

    let status = |name: &str| loop {
        let array: DiagnosticArray = diagnostics.recv_timeout(LONG).unwrap();
        if let Some(status) = array.status.into_iter().find(|s| s.name == name) {
            return status;
        }
    };
    assert_eq!(status("/controller: tracking").message, "tracks");
    let status = status("/controller: control_loop_latency");
    assert!(status.values.iter().any(|v| v.key == "wakeup_latency_p99_us"), "{status:?}");
}
