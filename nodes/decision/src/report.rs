//! The gate in words and messages, written into memory that is there already.

use std::fmt::Write;

use msgs::atlasmesh_msgs::msg::ActuationCommand;
use msgs::safety_msgs::msg::SafetyState;
use msgs::safety_msgs::srv::GetStatusResponse;
use msgs::std_srvs::srv::TriggerResponse;
use runtime::ports::{Level, Status};
use runtime::time::Time;

use crate::causes::Cause;
use crate::gate::{Actuation, Gate};
use crate::machine::{Mode, ResetAnswer, Source};

/// Longest texts of messages, bytes.
const MAX_TEXT: usize = 512;
/// Longest id, bytes: that of `ActuationCommand::reason`.
const MAX_ID: usize = 64;
/// Strings that are put aside at most: those of all messages under way.
const MAX_SPARE: usize = 2048;

/// Strings that lists have no use for at present, so that lists grow and shrink without the heap.
pub struct Spare(Vec<String>);

impl Default for Spare {
    fn default() -> Self {
        Self(Vec::with_capacity(MAX_SPARE))
    }
}

impl Spare {
    fn resize(&mut self, list: &mut Vec<String>, length: usize) {
        while list.len() > length
            && let Some(text) = list.pop()
            && self.0.len() < self.0.capacity()
        {
            self.0.push(text);
        }
        while list.len() < length {
            list.push(self.0.pop().unwrap_or_default());
        }
    }
}

fn long(length: usize) -> String {
    " ".repeat(length)
}

/// A command with all its memory.
pub fn command_prototype() -> ActuationCommand {
    ActuationCommand { reason: long(MAX_ID), ..ActuationCommand::default() }
}

/// An answer with all its memory.
pub fn trigger_prototype() -> TriggerResponse {
    TriggerResponse { success: false, message: long(MAX_TEXT) }
}

/// A state with all its memory.
pub fn state_prototype() -> SafetyState {
    SafetyState {
        root_cause: long(MAX_ID),
        active_causes: vec![long(MAX_ID); Cause::COUNT],
        way_out: long(MAX_TEXT),
        ..SafetyState::default()
    }
}

/// An answer with all its memory.
pub fn status_prototype() -> GetStatusResponse {
    GetStatusResponse { success: false, message: long(MAX_TEXT), state: state_prototype() }
}

fn set(text: &mut String, value: &str) {
    text.clear();
    text.push_str(value);
}

fn source_code(source: Source) -> u8 {
    match source {
        Source::None => SafetyState::SOURCE_NONE,
        Source::Autonomy => SafetyState::SOURCE_AUTONOMY,
        Source::Manual => SafetyState::SOURCE_MANUAL,
        Source::RemoteAssist => SafetyState::SOURCE_REMOTE_ASSIST,
        Source::OperatorStop => SafetyState::SOURCE_OPERATOR_STOP,
        Source::Emergency => SafetyState::SOURCE_EMERGENCY,
    }
}

fn mode_code(mode: Mode) -> u8 {
    match mode {
        Mode::Starting => SafetyState::MODE_STARTING,
        Mode::Nominal => SafetyState::MODE_NOMINAL,
        Mode::Slow => SafetyState::MODE_SLOW,
        Mode::ComfortStop => SafetyState::MODE_COMFORT_STOP,
        Mode::EmergencyStop => SafetyState::MODE_EMERGENCY_STOP,
        Mode::Stopped => SafetyState::MODE_STOPPED,
    }
}

/// Writes `/vehicle/command`.
pub fn fill_command(command: &mut ActuationCommand, gate: &Gate, actuation: &Actuation, now: Time) {
    command.stamp = now.to_msg();
    command.steering_angle_rad = actuation.steering_rad as f32;
    command.acceleration_mps2 = actuation.acceleration_mps2 as f32;
    command.gear = if actuation.park { ActuationCommand::GEAR_PARK } else { ActuationCommand::GEAR_DRIVE };
    command.hold_brake = actuation.hold_brake;
    command.source = source_code(gate.machine().source());
    set(&mut command.reason, actuation.reason);
}

/// Writes `/safety/state`.
pub fn fill_state(state: &mut SafetyState, gate: &Gate, spare: &mut Spare, now: Time) {
    let machine = gate.machine();
    state.stamp = now.to_msg();
    state.mode = mode_code(machine.mode());
    state.active_source = source_code(machine.source());
    state.speed_limit_mps = gate.speed_limit_mps() as f32;
    state.latched = machine.latched();
    set(&mut state.root_cause, machine.root().map_or("", Cause::id));
    set(&mut state.way_out, way_out(gate));
    state.mode_since = gate.mode_since().to_msg();
    // The root cause first, though it may be over by now.
    let root = machine.root();
    let others = || gate.present().iter().filter(move |cause| Some(*cause) != root);
    let root_present = root.filter(|cause| gate.present().contains(*cause));
    spare.resize(&mut state.active_causes, others().count() + usize::from(root_present.is_some()));
    for (text, cause) in state.active_causes.iter_mut().zip(root_present.into_iter().chain(others())) {
        set(text, cause.id());
    }
}

/// What has to be done to drive on.
fn way_out(gate: &Gate) -> &'static str {
    match (gate.machine().root(), gate.machine().mode()) {
        (Some(root), _) => root.row().way_out,
        (None, Mode::Starting) => "wait until the inputs that active_causes names have come",
        (None, _) => "",
    }
}

/// Answers `/safety/status`.
pub fn fill_status(answer: &mut GetStatusResponse, gate: &Gate, spare: &mut Spare, now: Time) {
    answer.success = true;
    fill_state(&mut answer.state, gate, spare, now);
    set(&mut answer.message, mode_text(gate.machine().mode()));
    if let Some(root) = gate.machine().root() {
        // Writing into a string does not fail.
        let _ = write!(answer.message, " ({}): {}", root.id(), root.row().way_out);
    }
}

/// Answers `/emergency_stop`.
pub fn fill_emergency_stop(answer: &mut TriggerResponse) {
    answer.success = true;
    set(&mut answer.message, "emergency stop: the vehicle brakes and stays until /safety/reset");
}

/// Answers `/safety/reset`.
pub fn fill_reset(answer: &mut TriggerResponse, result: ResetAnswer) {
    answer.success = result == ResetAnswer::Done;
    set(
        &mut answer.message,
        match result {
            ResetAnswer::Done => "reset: the vehicle may drive",
            ResetAnswer::NotLatched => "refused: no stop is latched",
            ResetAnswer::Moving => "refused: the vehicle moves, or whether it stands is not known",
            ResetAnswer::Lasts(_) => "refused: the cause lasts: ",
        },
    );
    if let ResetAnswer::Lasts(cause) = result {
        let _ = write!(answer.message, "{}: {}", cause.id(), cause.row().way_out);
    }
}

fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Starting => "starting: the vehicle is held until all inputs are there",
        Mode::Nominal => "nominal",
        Mode::Slow => "drives slowly",
        Mode::ComfortStop => "stops comfortably",
        Mode::EmergencyStop => "emergency stop",
        Mode::Stopped => "stands, latched until /safety/reset",
    }
}

/// The diagnostic.
pub fn status(gate: &Gate) -> Status {
    let mode = gate.machine().mode();
    let level = match mode {
        Mode::Starting | Mode::Nominal => Level::Ok,
        Mode::Slow => Level::Warn,
        Mode::ComfortStop | Mode::EmergencyStop | Mode::Stopped => Level::Error,
    };
    let distance_m = gate.checks.obstacle_distance_m().unwrap_or(f64::INFINITY);
    let text = match gate.machine().root() {
        Some(root) => root.id(),
        None => mode_text(mode),
    };
    Status::new(level, text)
        .value("mode", f64::from(mode_code(mode)))
        .value("latched", f64::from(u8::from(gate.machine().latched())))
        .value("causes", gate.present().iter().count() as f64)
        .value("corridor_free_m", distance_m)
}
