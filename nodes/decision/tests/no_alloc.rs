//! The gate in its real-time loop, live, with every input and service: the allocator aborts the test if the loop touches the heap.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use decision::DecisionNode;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{
    ActuationCommand, TrackedObjects, Trajectory, TrajectoryPoint, VehicleState,
};
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use msgs::nav_msgs::msg::Odometry;
use msgs::rcl_interfaces::msg::{Parameter, ParameterType, ParameterValue};
use msgs::rcl_interfaces::srv::{SetParameters, SetParametersRequest, SetParametersResponse};
use msgs::safety_msgs::srv::{GetStatus, GetStatusRequest, GetStatusResponse};
use msgs::std_srvs::srv::{Trigger, TriggerRequest};
use msgs::{Message, Service};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::qos::Qos;
use runtime::rt::CheckedAllocator;
use runtime::time::Time;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Publish, Transport, TransportNode, TypeRef};

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const LONG: Duration = Duration::from_secs(30);

fn publisher<M: Message>(node: &dyn TransportNode, topic: &str, qos: Qos) -> Arc<dyn Publish> {
    node.publisher(topic, &TypeRef::message::<M>(), &qos).unwrap()
}

fn call<S: Service>(node: &dyn TransportNode, service: &str, request: &S::Request) -> S::Response {
    let client = node.client(service, &TypeRef::service::<S>()).unwrap();
    let (send, answers) = sync_channel(1);
    client.call(request.encode(0).unwrap(), LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
    S::Response::decode(&answers.recv_timeout(LONG).unwrap().unwrap()).unwrap()
}

#[test]
fn the_gate_uses_all_its_ports_without_touching_the_heap() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() };
    let transport = Arc::new(ZenohTransport::open(&options).unwrap());
    let mut live = Live::new(transport, RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<DecisionNode>().unwrap();
    let outside = ZenohTransport::open(&options).unwrap();
    let node = outside.node("/", "outside").unwrap();
    let (send, commands) = sync_channel(10_000);
    let _commands = node
        .subscribe(
            "/vehicle/command",
            &TypeRef::message::<ActuationCommand>(),
            &Qos::command(),
            Box::new(move |s| drop(send.try_send(ActuationCommand::decode(&s.payload).unwrap()))),
        )
        .unwrap();
    let topics = [
        publisher::<AckermannDriveStamped>(&*node, "/control/commands", Qos::command()),
        publisher::<Trajectory>(&*node, "/planning/trajectory", Qos::command()),
        publisher::<Odometry>(&*node, "/localization/odometry", Qos::default()),
        publisher::<msgs::sensor_msgs::msg::PointCloud2>(&*node, "/sensors/lidar/points", Qos::sensor()),
        publisher::<TrackedObjects>(&*node, "/perception/objects", Qos::default()),
        publisher::<DiagnosticArray>(&*node, "/diagnostics_agg", Qos::default()),
        publisher::<VehicleState>(&*node, "/vehicle/state", Qos::state()),
    ];
    let subscribed = |e: &runtime::transport::Endpoint| e.kind == EndpointKind::Subscription;
    assert!(outside.graph().wait_until(LONG, |g| g.count(subscribed) >= topics.len()));

    // One round of inputs for each command; obstacles and faults come and go.
    let mut modes = std::collections::BTreeSet::new();
    for round in 0..300_u32 {
        let command = commands.recv_timeout(LONG).unwrap();
        modes.insert(command.reason.clone());
        let now = Time::from(&command.stamp);
        for (topic, payload) in topics.iter().zip(inputs(now, round)) {
            topic.publish(payload).unwrap();
        }
        if round % 50 == 20 {
            let value = ParameterValue {
                r#type: ParameterType::PARAMETER_DOUBLE,
                double_value: 2.0 + f64::from(round) / 1000.0,
                ..ParameterValue::default()
            };
            let parameters = vec![Parameter { name: "limits.slow_speed_mps".into(), value }];
            let answer: SetParametersResponse = call::<SetParameters>(
                &*node,
                "/decision_node/set_parameters",
                &SetParametersRequest { parameters },
            );
            assert!(answer.results[0].successful, "{answer:?}");
            let status: GetStatusResponse =
                call::<GetStatus>(&*node, "/safety/status", &GetStatusRequest::default());
            assert!(status.success);
        }
        if round % 100 == 60 {
            assert!(call::<Trigger>(&*node, "/emergency_stop", &TriggerRequest::default()).success);
        }
        if round % 10 == 9 {
            call::<Trigger>(&*node, "/safety/reset", &TriggerRequest::default());
        }
    }
    assert!(modes.contains("emergency_stop") && modes.contains("starting"), "{modes:?}");
}

fn inputs(now: Time, round: u32) -> [bytes::Bytes; 7] {
    let stamp = now.to_msg();
    let mut drive = AckermannDriveStamped::default();
    drive.header.stamp = stamp.clone();
    drive.drive.steering_angle = if round % 70 == 69 { f32::NAN } else { 0.1 };
    let mut trajectory = Trajectory::default();
    trajectory.header.stamp = stamp.clone();
    trajectory.header.frame_id = "map".into();
    trajectory.points = vec![TrajectoryPoint::default(); 60];
    for (i, p) in trajectory.points.iter_mut().enumerate() {
        p.time_from_start_s = 0.1 * i as f32;
        p.pose.position.x = 0.5 * i as f64;
        p.pose.orientation.w = 1.0;
    }
    let mut odometry = Odometry::default();
    odometry.header.stamp = stamp.clone();
    odometry.header.frame_id = "map".into();
    odometry.pose.pose.orientation.w = 1.0;
    odometry.pose.covariance[0] = if round % 60 == 30 { 1.5 } else { 0.01 };
    let mut points = common::ground();
    if round % 100 > 80 {
        points.extend(common::wall(4.1, (-0.5, 0.5), (0.0, 1.7)));
    }
    let cloud = common::cloud(now, &points);
    let mut objects = TrackedObjects::default();
    objects.header.stamp = stamp.clone();
    let mut health = DiagnosticArray::default();
    health.header.stamp = stamp.clone();
    health.status.push(DiagnosticStatus {
        name: "/vehicle/planning_node/plan".into(),
        level: u8::from(round % 90 == 45) * 2,
        ..DiagnosticStatus::default()
    });
    let mut state = VehicleState::default();
    state.header.stamp = stamp;
    [
        drive.encode(0).unwrap(),
        trajectory.encode(0).unwrap(),
        odometry.encode(0).unwrap(),
        cloud.encode(0).unwrap(),
        objects.encode(0).unwrap(),
        health.encode(0).unwrap(),
        state.encode(0).unwrap(),
    ]
}
