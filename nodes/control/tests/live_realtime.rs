//! The node in its real-time loop, live: the allocator aborts the test if the loop touches the heap.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use common::course::Course;
use common::drive::odometry;
use control::ControlNode;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{Trajectory, VehicleState};
use msgs::nav_msgs::msg::Odometry;
use msgs::rcl_interfaces::msg::{Parameter, ParameterType, ParameterValue};
use msgs::rcl_interfaces::srv::{SetParameters, SetParametersRequest, SetParametersResponse};
use msgs::{Message, Service};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::qos::Qos;
use runtime::rt::CheckedAllocator;
use runtime::time::Time;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Transport, TypeRef};
use vehicle::Pose2;

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const LONG: Duration = Duration::from_secs(30);

#[test]
fn the_controller_uses_all_its_ports_without_touching_the_heap() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() };
    let transport = Arc::new(ZenohTransport::open(&options).unwrap());
    let mut live = Live::new(transport, RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<ControlNode>().unwrap();
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
    let odometries =
        node.publisher("/localization/odometry", &TypeRef::message::<Odometry>(), &Qos::default()).unwrap();
    let trajectories =
        node.publisher("/planning/trajectory", &TypeRef::message::<Trajectory>(), &Qos::command()).unwrap();
    let states =
        node.publisher("/vehicle/state", &TypeRef::message::<VehicleState>(), &Qos::state()).unwrap();
    let subscribed = |e: &runtime::transport::Endpoint| e.kind == EndpointKind::Subscription;
    assert!(outside.graph().wait_until(LONG, |g| g.count(subscribed) >= 4));
    assert!(outside.graph().wait_for_service("/control_node/set_parameters", LONG));
    let client = node.client("/control_node/set_parameters", &TypeRef::service::<SetParameters>()).unwrap();

    // Nothing is sent before the first odometry, which therefore begins at the wall's time.
    let course = Course::new(&[(300.0, 0.0)]).with_speed(5.0, 5.0, 5.0, 1.0, 2.0);
    let wall = Time::from_ns(runtime::clock::wall_time_ns());
    odometries.publish(odometry(wall, Pose2::default(), 5.0).encode(0).unwrap()).unwrap();
    let mut fell_back = false;
    for round in 0..200_u32 {
        let command = commands.recv_timeout(LONG).unwrap();
        let now = Time::from(&command.header.stamp);
        let way = 0.05 * f64::from(round);
        odometries.publish(odometry(now, Pose2::new(way, 0.0, 0.0), 5.0).encode(0).unwrap()).unwrap();
        if round % 5 == 0 {
            trajectories.publish(course.trajectory(now, way, 6.0).encode(0).unwrap()).unwrap();
            let mut state = VehicleState::default();
            state.header.stamp = now.to_msg();
            states.publish(state.encode(0).unwrap()).unwrap();
        }
        fell_back |= command.drive.speed == 0.0 && round > 120;
        if round == 100 {
            let value = ParameterValue {
                r#type: ParameterType::PARAMETER_BOOL,
                bool_value: true,
                ..ParameterValue::default()
            };
            let parameters = vec![Parameter { name: "fallback_mode".into(), value }];
            let request = SetParametersRequest { parameters }.encode(0).unwrap();
            let (send, answers) = sync_channel(1);
            client.call(request, LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
            let answer = answers.recv_timeout(LONG).unwrap().unwrap();
            let answer: SetParametersResponse =
                <SetParameters as Service>::Response::decode(&answer).unwrap();
            assert!(answer.results[0].successful);
        }
    }
    assert!(fell_back, "fallback_mode arrives");
}
