//! From ROS messages to those of the link.

use bridge_proto::v1::{self, FaultLevel, FaultsChanged, SafetyMode, VehicleMode, trip_progress};
use msgs::atlasmesh_msgs::msg::{TripProgress, VehicleState};
use msgs::builtin_interfaces::msg::Time as TimeMsg;
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::safety_msgs::msg::SafetyState;
use runtime::time::Time;
use vehicle::Pose2;

/// Most faults that are named, as in `/vehicle/state`.
const MAX_FAULTS: usize = 8;

fn unix_ns(stamp: &TimeMsg) -> u64 {
    u64::try_from(Time::from(stamp).as_ns()).unwrap_or_default()
}

pub fn vehicle_state(state: &VehicleState, map_id: &str) -> v1::VehicleState {
    let mode = match state.mode {
        VehicleState::MODE_OFFLINE => VehicleMode::Offline,
        VehicleState::MODE_IDLE => VehicleMode::Idle,
        VehicleState::MODE_AUTONOMOUS => VehicleMode::Autonomous,
        VehicleState::MODE_MANUAL => VehicleMode::Manual,
        VehicleState::MODE_REMOTE_ASSIST => VehicleMode::RemoteAssist,
        VehicleState::MODE_STOPPING => VehicleMode::Stopping,
        VehicleState::MODE_STOPPED => VehicleMode::Stopped,
        _ => VehicleMode::Unspecified,
    };
    v1::VehicleState {
        measured_at_unix_ns: unix_ns(&state.header.stamp),
        latitude_deg: state.latitude_deg,
        longitude_deg: state.longitude_deg,
        heading_rad: Pose2::from(&state.pose).heading as f32,
        position_stddev_m: state.position_stddev_m,
        map_x_m: state.pose.position.x,
        map_y_m: state.pose.position.y,
        map_id: map_id.into(),
        speed_mps: state.speed_mps,
        acceleration_mps2: state.acceleration_mps2,
        steering_angle_rad: state.steering_angle_rad,
        mode: mode.into(),
        battery_fraction: state.battery_fraction,
        trip_id: state.trip_id.clone(),
        odometer_m: state.odometer_m,
        fault_level: fault_level(state.fault_level).into(),
        faults: state.faults.clone(),
    }
}

pub fn safety_state(state: &SafetyState) -> v1::SafetyState {
    let mode = match state.mode {
        SafetyState::MODE_NOMINAL => SafetyMode::Nominal,
        SafetyState::MODE_SLOW => SafetyMode::Slow,
        SafetyState::MODE_COMFORT_STOP => SafetyMode::ComfortStop,
        SafetyState::MODE_EMERGENCY_STOP => SafetyMode::EmergencyStop,
        SafetyState::MODE_STOPPED => SafetyMode::Stopped,
        _ => SafetyMode::Starting,
    };
    v1::SafetyState {
        decided_at_unix_ns: unix_ns(&state.stamp),
        mode: mode.into(),
        speed_limit_mps: state.speed_limit_mps,
        latched: state.latched,
        root_cause: state.root_cause.clone(),
        active_causes: state.active_causes.clone(),
        way_out: state.way_out.clone(),
    }
}

pub fn faults(diagnostics: &DiagnosticArray) -> FaultsChanged {
    let mut faults: Vec<_> = diagnostics.status.iter().filter(|status| status.level > 0).collect();
    faults.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.name.cmp(&b.name)));
    FaultsChanged {
        level: fault_level(faults.first().map_or(0, |status| status.level)).into(),
        faults: faults.iter().take(MAX_FAULTS).map(|status| status.name.clone()).collect(),
    }
}

pub fn trip_progress(progress: &TripProgress) -> v1::TripProgress {
    let state = match progress.state {
        TripProgress::STATE_DRIVING => trip_progress::State::Driving,
        TripProgress::STATE_AT_STOP => trip_progress::State::AtStop,
        TripProgress::STATE_COMPLETED => trip_progress::State::Completed,
        TripProgress::STATE_CANCELLED => trip_progress::State::Cancelled,
        TripProgress::STATE_FAILED => trip_progress::State::Failed,
        _ => trip_progress::State::Unspecified,
    };
    v1::TripProgress {
        trip_id: progress.trip_id.clone(),
        revision: progress.revision,
        state: state.into(),
        stop_index: progress.stop_index,
        reason: progress.reason.clone(),
    }
}

fn fault_level(level: u8) -> FaultLevel {
    match level {
        0 => FaultLevel::Ok,
        1 => FaultLevel::Warn,
        2 => FaultLevel::Error,
        _ => FaultLevel::Stale,
    }
}
