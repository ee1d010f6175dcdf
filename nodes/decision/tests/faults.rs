//! Every input of the gate fails in every way; the reaction is the one that the table of causes and docs/SAFETY.md say.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Fault, INPUTS, In, Rig, STEP};
use decision::causes::{CAUSES, Cause, Reaction};
use msgs::safety_msgs::msg::SafetyState;

fn timeout_of(input: In) -> Option<(Cause, Duration)> {
    let t = decision::TimeoutParams::default();
    let (cause, ms) = match input {
        In::Command => (Cause::CommandTimeout, t.command_ms),
        In::Trajectory => (Cause::TrajectoryTimeout, t.trajectory_ms),
        In::Odometry => (Cause::LocalizationTimeout, t.localization_ms),
        In::Lidar => (Cause::LidarTimeout, t.lidar_ms),
        In::Objects => (Cause::PerceptionTimeout, t.perception_ms),
        In::Health => (Cause::HealthTimeout, t.health_ms),
        In::State => return None,
    };
    Some((cause, Duration::from_millis(ms)))
}

/// Longest time between two good messages, which the age may have when the fault begins.
fn period_of(input: In) -> Duration {
    match input {
        In::Health => Duration::from_secs(1),
        In::Command => STEP,
        _ => Duration::from_millis(100),
    }
}

const FAULTS_OF_TIME: [Fault; 5] =
    [Fault::Silent, Fault::Duplicated, Fault::Stale, Fault::OutOfOrder, Fault::Future];

#[test]
fn an_input_that_brings_nothing_new_stops_the_vehicle_within_its_timeout() {
    for input in INPUTS {
        let Some((cause, timeout)) = timeout_of(input) else { continue };
        for fault in FAULTS_OF_TIME {
            let mut rig = Rig::driving(8.0);
            rig.set_fault(input, fault);
            let begun = rig.run.now();
            while !rig.state().latched {
                rig.run_for(0.01);
                let took = rig.run.now().since(begun);
                assert!(took <= timeout + 2 * STEP, "{input:?} {fault:?}: no reaction after {took:?}");
            }
            let took = rig.run.now().since(begun);
            assert!(took + period_of(input) >= timeout, "{input:?} {fault:?}: too early, {took:?}");
            assert_eq!(rig.root(), cause.id(), "{input:?} {fault:?}");
            let mode = match cause.row().reaction {
                Reaction::ComfortStop => SafetyState::MODE_COMFORT_STOP,
                _ => SafetyState::MODE_EMERGENCY_STOP,
            };
            assert_eq!(rig.mode(), mode, "{input:?} {fault:?}");
            rig.run_to_stand(20.0);
            let state = rig.state();
            assert_eq!(state.mode, SafetyState::MODE_STOPPED, "{input:?} {fault:?}: {state:?}");
            assert_eq!(state.way_out, cause.row().way_out);
            assert!(rig.command().hold_brake);
            // The way out: not while the cause lasts, then yes.
            let answer = rig.call("/safety/reset");
            assert!(!answer.success && answer.message.contains(cause.id()), "{input:?} {fault:?} {answer:?}");
            rig.set_fault(input, Fault::None);
            rig.run_for(1.2);
            assert!(rig.state().latched, "it stays latched by itself");
            let answer = rig.call("/safety/reset");
            assert!(answer.success, "{input:?} {fault:?}: {answer:?}");
            rig.run_for(0.05);
            assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL, "{input:?} {fault:?}");
        }
    }
}

#[test]
fn numbers_that_make_no_sense_do_as_the_table_says() {
    for fault in [Fault::NotFinite(f64::NAN), Fault::NotFinite(f64::INFINITY), Fault::Absurd] {
        for input in INPUTS {
            let expected = match input {
                In::Command => Some(Cause::CommandInvalid),
                In::Trajectory => Some(Cause::TrajectoryTimeout),
                In::Odometry => Some(Cause::LocalizationTimeout),
                // Only stamps are read, or the speed while odometry is old, or no point is left.
                In::Lidar | In::Objects | In::Health | In::State => None,
            };
            let mut rig = Rig::driving(8.0);
            rig.set_fault(input, fault);
            rig.run_for(0.7);
            assert_eq!(rig.root(), expected.map_or("", Cause::id), "{input:?} {fault:?}");
            let command = rig.command();
            assert!(command.acceleration_mps2.is_finite() && command.steering_angle_rad.is_finite());
        }
    }
}

#[test]
fn without_odometry_the_chassis_says_whether_it_stands_and_without_both_nobody_does() {
    let mut rig = Rig::driving(5.0);
    rig.set_fault(In::Odometry, Fault::Silent);
    rig.run_to_stand(5.0);
    assert_eq!(rig.mode(), SafetyState::MODE_STOPPED);
    let mut rig = Rig::driving(5.0);
    rig.set_fault(In::Odometry, Fault::Silent);
    rig.set_fault(In::State, Fault::Silent);
    rig.run_to_stand(5.0);
    assert_eq!(rig.mode(), SafetyState::MODE_EMERGENCY_STOP, "not known to stand: it goes on braking");
    assert!(rig.command().acceleration_mps2 <= -5.9);
    let answer = rig.call("/safety/reset");
    assert!(!answer.success && answer.message.contains("moves"), "{answer:?}");
}

#[test]
fn uncertain_positions_slow_down_then_stop() {
    let mut rig = Rig::driving(8.0);
    rig.stddev = 1.2;
    rig.run_for(0.1);
    assert_eq!((rig.mode(), rig.root().as_str()), (SafetyState::MODE_SLOW, "localization_degraded"));
    rig.run_for(8.0);
    assert!(rig.speed < 3.2 && rig.speed > 2.5, "{}", rig.speed);
    rig.stddev = 0.1;
    rig.run_for(0.1);
    assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL);
    rig.stddev = 2.0;
    rig.run_for(0.1);
    assert_eq!((rig.mode(), rig.root().as_str()), (SafetyState::MODE_COMFORT_STOP, "localization_uncertain"));
    for stddev in [f64::NAN, f64::INFINITY] {
        let mut rig = Rig::driving(8.0);
        rig.stddev = stddev;
        rig.run_for(0.1);
        assert_eq!(rig.root(), "localization_uncertain");
    }
}

#[test]
fn a_position_that_jumps_stops_the_vehicle() {
    let mut rig = Rig::driving(8.0);
    rig.jump = 1.5;
    rig.run_for(0.05);
    assert_eq!((rig.mode(), rig.root().as_str()), (SafetyState::MODE_EMERGENCY_STOP, "localization_jump"));
    rig.run_to_stand(5.0);
    assert!(rig.call("/safety/reset").success);
}

#[test]
fn errors_of_nodes_that_matter_stop_the_vehicle() {
    for (name, level, stops) in [
        ("/vehicle/perception_node/scan", 2, true),
        ("/vehicle/control_node/tracking", 200, true),
        ("/vehicle/control_node/tracking", 1, false),
        ("/vehicle/control_node/tracking", 3, false),
        ("/vehicle/control_node", 2, false),
        ("/vehicle/decision_node/safety", 2, false),
        ("/vehicle/somebody/x", 2, false),
        ("/vehicle", 2, false),
        ("", 2, false),
    ] {
        let mut rig = Rig::driving(8.0);
        rig.diagnostics = vec![(name.into(), level)];
        rig.run_for(1.2);
        assert_eq!(rig.root(), if stops { "diagnostic_error" } else { "" }, "{name} {level}");
    }
}

#[test]
fn before_everything_is_there_it_is_held_and_nothing_latches() {
    for missing in INPUTS {
        let mut rig = Rig::default();
        rig.set_fault(missing, Fault::Silent);
        rig.drive.drive.acceleration = 1.0;
        rig.run_for(4.0);
        if missing == In::State {
            assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL);
            continue;
        }
        let state = rig.state();
        assert_eq!(state.mode, SafetyState::MODE_STARTING, "{missing:?}");
        assert!(!state.latched && state.root_cause.is_empty() && !state.way_out.is_empty());
        let (cause, _) = timeout_of(missing).unwrap();
        assert_eq!(state.active_causes, [cause.id()]);
        let command = rig.command();
        assert!(
            command.acceleration_mps2 < 0.0
                && command.hold_brake == (missing != In::Odometry || rig.speed == 0.0)
        );
        rig.set_fault(missing, Fault::None);
        rig.run_for(1.2);
        assert_eq!(rig.mode(), SafetyState::MODE_NOMINAL, "{missing:?}");
    }
}

#[test]
fn a_comfortable_stop_that_does_not_slow_down_becomes_an_emergency_stop() {
    let mut rig = Rig::driving(8.0);
    rig.obeys = false;
    rig.set_fault(In::Trajectory, Fault::Silent);
    rig.run_for(1.5);
    assert_eq!(rig.mode(), SafetyState::MODE_COMFORT_STOP);
    rig.run_for(1.0);
    let state = rig.state();
    assert_eq!(state.mode, SafetyState::MODE_EMERGENCY_STOP);
    assert_eq!(state.root_cause, "trajectory_timeout");
}

#[test]
fn every_cause_has_a_test() {
    let tests = concat!(include_str!("faults.rs"), include_str!("stops.rs"));
    for row in CAUSES {
        let variant = format!("Cause::{:?}", row.cause);
        let named = tests.contains(&format!("\"{}\"", row.id)) || tests.contains(&variant);
        assert!(named || row.id == "stop_ineffective", "{} is in no test", row.id);
    }
}
