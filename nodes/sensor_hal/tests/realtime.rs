//! The actuation node live: its loop does not touch the heap, or the allocator aborts the test.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use msgs::Message;
use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState};
use runtime::args::RosArgs;
use runtime::clock::Clock;
use runtime::live::Live;
use runtime::qos::Qos;
use runtime::rt::CheckedAllocator;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Transport, TypeRef};
use sensor_hal::ActuationNode;

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const LONG: Duration = Duration::from_secs(20);

#[test]
fn commands_reach_the_unit_and_silence_brakes_without_touching_the_heap() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() };
    let transport = Arc::new(ZenohTransport::open(&options).unwrap());
    let mut live = Live::new(transport, RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<ActuationNode>().unwrap();

    let outside = ZenohTransport::open(&options).unwrap();
    let node = outside.node("/", "outside").unwrap();
    let (send, sent) = sync_channel(10_000);
    let _subscription = node
        .subscribe(
            "/device/actuation",
            &TypeRef::message::<ActuationCommand>(),
            &Qos::command(),
            Box::new(move |s| drop(send.try_send(ActuationCommand::decode(&s.payload).unwrap()))),
        )
        .unwrap();
    let ty = TypeRef::message::<ActuationCommand>();
    let commands = node.publisher("/vehicle/command", &ty, &Qos::command()).unwrap();
    let ty = TypeRef::message::<ChassisState>();
    let chassis = node.publisher("/device/chassis", &ty, &Qos::sensor()).unwrap();
    let there = |topic: &str| {
        let listens =
            |e: &runtime::transport::Endpoint| e.kind == EndpointKind::Subscription && e.name == topic;
        outside.graph().wait_until(LONG, |g| g.count(listens) == 1)
    };
    assert!(there("/vehicle/command") && there("/device/chassis"));

    let until = |wanted: &dyn Fn(&ActuationCommand) -> bool, each: &dyn Fn()| loop {
        each();
        let command: ActuationCommand = sent.recv_timeout(LONG).unwrap();
        if wanted(&command) {
            return command;
        }
    };
    until(&|c| c.reason == "deadman_no_command" && c.hold_brake, &|| ());
    let reason = "a reason as long as the message allows, which is 64 bytes: ....";
    let drive = || {
        let command = ActuationCommand {
            stamp: Clock::Wall.now().to_msg(),
            acceleration_mps2: 1.0,
            gear: ActuationCommand::GEAR_DRIVE,
            reason: reason.into(),
            ..ActuationCommand::default()
        };
        commands.publish(command.encode(0).unwrap()).unwrap();
        let state = ChassisState { speed_mps: 10.0, ..ChassisState::default() };
        chassis.publish(state.encode(0).unwrap()).unwrap();
    };
    until(&|c| c.reason == reason && c.acceleration_mps2 == 1.0, &drive);
    let stop = until(&|c| c.acceleration_mps2 <= -6.0, &|| ());
    assert_eq!(stop.reason, "deadman_silence");
}
