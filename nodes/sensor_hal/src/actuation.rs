//! The actuation half: `/vehicle/command` to the drive-by-wire unit, with the deadman in between.

use std::time::Duration;

use msgs::atlasmesh_msgs::msg::ActuationCommand;
use msgs::safety_msgs::msg::SafetyState;
use runtime::node::{Kind, Node, NodeError, Step};
use runtime::ports::{Diagnostic, Latest, Level, Ports, Received, Status};
use runtime::qos::Qos;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

use crate::deadman::{Arrived, Cause, Deadman, Limits, Wish};
use crate::driver::ActuatorDriver;
use crate::simulator::SimulatorActuators;

/// Parameters of `actuation_node`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActuationParams {
    /// Longest time without a command before the vehicle brakes by itself, ms.
    #[schemars(range(min = 20, max = 1000))]
    pub command_timeout_ms: u32,
    /// Deceleration of that stop, m/s^2.
    #[schemars(range(min = 1.0, max = 8.0))]
    pub deceleration_mps2: f64,
    /// How fast that deceleration builds up, m/s^3.
    #[schemars(range(min = 5.0, max = 200.0))]
    pub jerk_mps3: f64,
    /// The vehicle.
    pub vehicle: VehicleParams,
}

impl Default for ActuationParams {
    fn default() -> Self {
        let vehicle = VehicleParams::default();
        Self { command_timeout_ms: 100, deceleration_mps2: 6.0, jerk_mps3: 30.0, vehicle }
    }
}

impl ActuationParams {
    fn limits(&self) -> Limits {
        Limits::new(&self.vehicle, self.command_timeout_ms, self.deceleration_mps2, self.jerk_mps3)
    }
}

/// Passes commands to the actuators and is their deadman.
pub struct ActuationNode {
    commands: Latest<ActuationCommand>,
    driver: SimulatorActuators,
    deadman: Deadman,
    health: Diagnostic,
    stops: u64,
    braked: bool,
}

impl Node for ActuationNode {
    const NAME: &'static str = "actuation_node";
    const KIND: Kind = Kind::RealTime { priority: 85 };
    type Params = ActuationParams;

    fn new(params: &ActuationParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        Ok(Self {
            commands: ports.latest("/vehicle/command", Qos::command())?,
            driver: SimulatorActuators::open(ports)?,
            deadman: Deadman::new(params.limits()),
            health: ports.diagnostic("actuation deadman"),
            stops: 0,
            braked: false,
        })
    }

    fn set_params(&mut self, params: &ActuationParams) {
        self.deadman.limits = params.limits();
    }

    fn step(&mut self, step: Step) {
        if !step.due {
            return;
        }
        let command = self.commands.get();
        let arrived = command.map(arrived);
        let wish = self.deadman.step(step.now, arrived, self.driver.speed());
        let cause = self.deadman.cause();
        self.driver.apply(|out| {
            fill(out, step.now, wish);
            out.reason.clear();
            match (cause, command) {
                (Some(cause), _) => {
                    out.source = SafetyState::SOURCE_NONE;
                    out.reason.push_str(cause.id());
                }
                (None, Some(command)) => {
                    out.source = command.message.source;
                    out.reason.push_str(&command.reason);
                }
                (None, None) => out.source = SafetyState::SOURCE_NONE,
            }
        });
        self.report(step.now, cause, arrived);
    }
}

impl ActuationNode {
    fn report(&mut self, now: Time, cause: Option<Cause>, command: Option<Arrived>) {
        let braking = cause.is_some_and(|c| c != Cause::NoCommand);
        self.stops += u64::from(braking && !self.braked);
        self.braked = braking;
        let (level, message) = match cause {
            None => (Level::Ok, "commands pass"),
            Some(Cause::NoCommand) => (Level::Warn, "holds: no command has come yet"),
            Some(Cause::Silence) => (Level::Error, "brakes: commands stopped coming"),
            Some(Cause::Stale) => {
                (Level::Error, "brakes: stamps of commands are old, ahead or do not advance")
            }
            Some(Cause::Invalid) => {
                (Level::Error, "brakes: a command was not a number or out of the envelope")
            }
        };
        let age_ms = command.map_or(f64::NAN, |c| 1e3 * now.since(c.received).as_secs_f64());
        self.health.set(
            Status::new(level, message).value("command_age_ms", age_ms).value("stops", self.stops as f64),
        );
    }
}

fn arrived(command: &Received<ActuationCommand>) -> Arrived {
    Arrived {
        wish: Wish {
            steering_rad: f64::from(command.steering_angle_rad),
            acceleration_mps2: f64::from(command.acceleration_mps2),
            gear: command.gear,
            hold_brake: command.hold_brake,
        },
        stamp: Time::from(&command.stamp),
        received: command.received,
    }
}

fn fill(out: &mut ActuationCommand, now: Time, wish: Wish) {
    out.stamp = now.to_msg();
    out.steering_angle_rad = wish.steering_rad as f32;
    out.acceleration_mps2 = wish.acceleration_mps2 as f32;
    out.gear = wish.gear;
    out.hold_brake = wish.hold_brake;
}
