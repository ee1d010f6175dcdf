//! Stops, latches, resets, limits and the collision monitor, through the gate's ports.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Fault, In, Rig, ground, wall};
use decision::DecisionNode;
use msgs::atlasmesh_msgs::msg::ActuationCommand;
use msgs::safety_msgs::msg::SafetyState;
use msgs::safety_msgs::srv::{GetStatus, GetStatusRequest};
use runtime::names::Remaps;
use runtime::params::Overrides;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;

#[test]
fn an_emergency_stop_brakes_in_the_step_that_sees_it_and_latches() {
    let mut rig = Rig::driving(10.0);
    rig.drive.drive.acceleration = 1.0;
    rig.run_for(0.02);
    assert!(rig.command().acceleration_mps2 > 0.9);
    let called = rig.run.now();
    let answer = rig.call("/emergency_stop");
    assert!(answer.success);
    let (sent, command) = rig.seen.lock().unwrap().commands.last().unwrap().clone();
    assert_eq!(sent, called, "in the same step");
    assert!(command.acceleration_mps2 < 0.0, "{command:?}");
    assert_eq!((command.source, command.reason.as_str()), (SafetyState::SOURCE_EMERGENCY, "emergency_stop"));
    rig.run_for(0.2);
    assert!(rig.command().acceleration_mps2 <= -5.9);
    let answer = rig.call("/safety/reset");
    assert!(!answer.success && answer.message.contains("moves"), "{answer:?}");
    let took = rig.run_to_stand(5.0);
    assert!(took < 2.0, "{took}");
    rig.run_for(3.0);
    let state = rig.state();
    assert!(state.latched && state.mode == SafetyState::MODE_STOPPED && state.root_cause == "emergency_stop");
    assert!(rig.command().hold_brake && rig.command().gear == ActuationCommand::GEAR_PARK);
    assert!(rig.call("/safety/reset").success);
    rig.run_for(0.1);
    assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL);
    assert!(rig.command().acceleration_mps2 > 0.9);
    let answer = rig.call("/safety/reset");
    assert!(!answer.success && answer.message.contains("no stop is latched"), "{answer:?}");
}

#[test]
fn the_emergency_stop_works_before_anything_else_does_and_while_stopped() {
    let mut rig = Rig::default();
    for input in common::INPUTS {
        rig.set_fault(input, Fault::Silent);
    }
    rig.run_for(0.1);
    assert!(rig.call("/emergency_stop").success);
    assert!(rig.state().latched);
    let mut rig = Rig::driving(3.0);
    rig.set_fault(In::Lidar, Fault::Silent);
    rig.run_to_stand(10.0);
    rig.set_fault(In::Lidar, Fault::None);
    rig.call("/emergency_stop");
    rig.run_for(0.1);
    assert_eq!(rig.root(), "lidar_timeout", "the first cause stays the root");
}

#[test]
fn the_ladder_only_climbs_while_moving() {
    let mut rig = Rig::driving(12.0);
    rig.set_fault(In::Trajectory, Fault::Silent);
    rig.run_for(1.5);
    assert_eq!(rig.mode(), SafetyState::MODE_COMFORT_STOP);
    assert!((-1.6..-1.4).contains(&rig.command().acceleration_mps2), "{:?}", rig.command());
    rig.set_fault(In::Trajectory, Fault::None);
    rig.run_for(0.5);
    assert_eq!(rig.mode(), SafetyState::MODE_COMFORT_STOP, "it does not let go");
    rig.set_fault(In::Command, Fault::Silent);
    rig.run_for(0.2);
    assert_eq!(rig.mode(), SafetyState::MODE_EMERGENCY_STOP);
    rig.set_fault(In::Command, Fault::None);
    rig.run_for(0.2);
    assert_eq!(rig.mode(), SafetyState::MODE_EMERGENCY_STOP);
    assert_eq!(rig.root(), "trajectory_timeout");
}

#[test]
fn steering_follows_control_during_a_stop_and_holds_without_it() {
    let mut rig = Rig::driving(4.0);
    rig.set_fault(In::Trajectory, Fault::Silent);
    rig.run_for(0.7);
    rig.drive.drive.steering_angle = 0.2;
    rig.run_for(0.5);
    assert!((rig.command().steering_angle_rad - 0.2).abs() < 1e-6);
    rig.set_fault(In::Command, Fault::Silent);
    rig.drive.drive.steering_angle = 0.0;
    rig.run_for(0.5);
    assert!((rig.command().steering_angle_rad - 0.2).abs() < 1e-6);
}

#[test]
fn commands_are_cut_to_the_envelope_and_it_says_by_what() {
    let mut rig = Rig::driving(8.0);
    rig.obeys = false;
    rig.drive.drive.acceleration = 4.0;
    rig.run_for(0.05);
    assert_eq!(rig.command().acceleration_mps2, 2.0);
    assert_eq!(rig.command().reason, "limit_acceleration");
    rig.drive.drive.acceleration = 0.0;
    rig.drive.drive.steering_angle = 0.5;
    rig.run_for(0.03);
    assert_eq!(rig.command().reason, "limit_steering_rate");
    rig.run_for(1.0);
    let lateral = 64.0 * rig.command().steering_angle_rad.tan() / 3.0;
    assert!((lateral - 5.0).abs() < 0.01, "{lateral}");
    assert_eq!(rig.root(), "", "cut is not stopped");
}

#[test]
fn a_thing_in_the_way_is_braked_for_and_driven_on_when_it_is_gone() {
    let mut rig = Rig::driving(8.0);
    // 20 m ahead of the front, coming nearer as the vehicle drives.
    let begin = rig.x;
    let place = |rig: &mut Rig| {
        let mut points = ground();
        points.extend(wall((24.0 - (rig.x - begin)) as f32, (-0.4, 0.4), (0.0, 1.7)));
        rig.points = points;
    };
    let mut distance = f64::INFINITY;
    for _ in 0..400 {
        place(&mut rig);
        rig.run_for(0.01);
        if rig.mode() == SafetyState::MODE_EMERGENCY_STOP {
            distance = distance.min(24.0 - (rig.x - begin) - 3.95);
        }
    }
    assert!(rig.speed < 0.1, "{}", rig.speed);
    let front = 24.0 - (rig.x - begin) - 3.95;
    println!("brakes hard from {distance:.1} m on and stands {front:.1} m before it");
    assert!(front > 0.2 && front < 5.0, "{front}");
    rig.points = ground();
    rig.run_for(1.0);
    let states = rig.seen.lock().unwrap().states.clone();
    assert!(states.iter().any(|(_, s)| s.root_cause == "obstacle_in_path" && !s.latched));
    assert!(states.iter().all(|(_, s)| !s.latched));
    assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL);
}

#[test]
fn status_says_what_state_says() {
    let mut rig = Rig::driving(8.0);
    rig.set_fault(In::Health, Fault::Silent);
    rig.run_for(4.0);
    let expected = rig.state();
    rig.run
        .call::<GetStatus>("/safety/status", &GetStatusRequest::default(), move |answer| {
            let answer = answer.unwrap();
            assert!(answer.success && answer.message.contains("health_timeout"), "{answer:?}");
            assert_eq!(answer.state.root_cause, expected.root_cause);
            assert_eq!(answer.state.active_causes, expected.active_causes);
        })
        .unwrap();
    rig.run_for(0.05);
}

#[test]
fn state_comes_ten_times_a_second_and_commands_a_hundred_times() {
    let mut rig = Rig::driving(8.0);
    let count = |rig: &Rig| {
        let seen = rig.seen.lock().unwrap();
        (seen.commands.len(), seen.states.len())
    };
    let before = count(&rig);
    rig.run_for(2.0);
    let after = count(&rig);
    assert_eq!((after.0 - before.0, after.1 - before.1), (200, 20));
}

#[test]
fn a_replay_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    let mut rig = Rig::with(|run| {
        run.record(Recorder::create(&bag, RecorderOptions::default()).unwrap());
    });
    rig.run_for(1.5);
    rig.drive.drive.acceleration = 1.0;
    rig.run_for(3.0);
    rig.points.extend(wall(8.0, (-0.4, 0.4), (0.0, 1.7)));
    rig.run_for(1.0);
    rig.points = ground();
    rig.set_fault(In::Trajectory, Fault::NotFinite(f64::NAN));
    rig.run_for(4.0);
    rig.set_fault(In::Trajectory, Fault::None);
    rig.run_for(0.3);
    rig.call("/safety/reset");
    rig.run_for(0.5);
    rig.call("/emergency_stop");
    rig.run_for(1.0);
    rig.run.finish_recording().unwrap();
    let report = replay::<DecisionNode>(&bag, &Remaps::default(), &Overrides::default()).unwrap();
    assert_eq!(report.difference, None);
    assert!(report.outputs > 1000, "{report:?}");
}
