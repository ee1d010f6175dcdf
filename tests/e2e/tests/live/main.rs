//! The vehicle live, each node in a process of its own, seen from outside as any ROS process would: when a process stands still, the
//! vehicle comes to a stop, and says why.
//!
//! The machine may be busy: what is asserted of time is generous. `tests/perf/vehicle` measures it.
#![allow(clippy::unwrap_used)]

mod vehicle;

use msgs::safety_msgs::msg::SafetyState;

use vehicle::LiveVehicle;

/// Stops each process in turn; the vehicle must stop for the right reason, and go on after a reset.
#[test]
#[ignore = "eight unoptimized processes need the machine for themselves: cargo test --release -p e2e --test live -- --ignored --test-threads 1"]
fn a_process_that_stands_still_stops_the_vehicle_for_the_right_reason() {
    let vehicle = LiveVehicle::start();
    vehicle.drive();
    for (process, cause) in [
        ("control_node", "command_timeout"),
        ("planning_node", "trajectory_timeout"),
        ("localization_node", "localization_timeout"),
        ("perception_node", "perception_timeout"),
        ("sensor_hal_node", "lidar_timeout"),
        ("health_monitor_node", "health_timeout"),
    ] {
        vehicle.wait_for_speed(3.0);
        let freeze = vehicle.freeze(process);
        let stopping = vehicle.wait_for_safety(process, |s| s.mode >= SafetyState::MODE_COMFORT_STOP);
        assert_eq!(stopping.root_cause, cause, "{process}: {stopping:?}");
        vehicle.wait_for_standstill();
        drop(freeze);
        let stopped = vehicle.wait_for_safety(process, |s| s.mode == SafetyState::MODE_STOPPED);
        assert!(stopped.latched && stopped.root_cause == cause, "{process}: {stopped:?}");
        assert!(!stopped.way_out.is_empty(), "{process}: {stopped:?}");
        vehicle.reset();
    }
    // The gate itself: nobody is left to say why, but the deadman behind it brakes.
    vehicle.wait_for_speed(3.0);
    let freeze = vehicle.freeze("decision_node");
    vehicle.wait_for_standstill();
    drop(freeze);
}

#[test]
#[ignore = "eight unoptimized processes need the machine for themselves: cargo test --release -p e2e --test live -- --ignored --test-threads 1"]
fn an_emergency_stop_is_executed_at_once_and_latches() {
    let vehicle = LiveVehicle::start();
    vehicle.drive();
    vehicle.wait_for_speed(5.0);
    let answer = vehicle.call("/emergency_stop");
    assert!(answer.success, "{answer:?}");
    let refused = vehicle.call("/safety/reset");
    assert!(!refused.success && !refused.message.is_empty(), "reset while moving: {refused:?}");
    let state = vehicle.wait_for_safety("emergency", |s| s.mode == SafetyState::MODE_EMERGENCY_STOP);
    assert_eq!(state.active_source, SafetyState::SOURCE_EMERGENCY);
    vehicle.wait_for_standstill();
    let state = vehicle.wait_for_safety("latch", |s| s.mode == SafetyState::MODE_STOPPED);
    assert!(state.latched, "{state:?}");
    vehicle.reset();
    vehicle.wait_for_speed(1.0);
}
