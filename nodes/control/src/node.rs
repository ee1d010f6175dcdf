//! The controller at its ports.

use std::time::Duration;

use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{Trajectory, VehicleState};
use msgs::nav_msgs::msg::Odometry;
use runtime::node::{Kind, Node, NodeError, Step};
use runtime::ports::{Diagnostic, Latest, Level, Output, Ports, Status};
use runtime::qos::Qos;

use crate::controller::{Control, Controller, Mode};
use crate::{ControlParams, PERIOD_S};

/// A lateral error that is worth a warning, and one that is an error, m.
const LATERAL_WARN_M: f64 = 0.5;
const LATERAL_ERROR_M: f64 = 1.5;

/// The controller as a node.
pub struct ControlNode {
    controller: Controller,
    trajectory: Latest<Trajectory>,
    odometry: Latest<Odometry>,
    vehicle_state: Latest<VehicleState>,
    commands: Output<AckermannDriveStamped>,
    tracking: Diagnostic,
    max_jerk_mps3: f64,
}

impl Node for ControlNode {
    const NAME: &'static str = "control_node";
    const KIND: Kind = Kind::RealTime { priority: 75 };
    type Params = ControlParams;

    fn new(params: &ControlParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_secs_f64(PERIOD_S));
        let mut prototype = AckermannDriveStamped::default();
        prototype.header.frame_id = "base_link".into();
        Ok(Self {
            controller: Controller::new(params),
            trajectory: ports.latest("/planning/trajectory", Qos::command())?,
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            vehicle_state: ports.latest("/vehicle/state", Qos::state())?,
            commands: ports.output_like("/control/commands", Qos::command(), prototype)?,
            tracking: ports.diagnostic("tracking"),
            max_jerk_mps3: params.longitudinal.max_jerk_mps3,
        })
    }

    fn set_params(&mut self, params: &ControlParams) {
        self.controller.set_params(params);
        self.max_jerk_mps3 = params.longitudinal.max_jerk_mps3;
    }

    fn step(&mut self, step: Step) {
        if !step.due {
            return;
        }
        if let Some(odometry) = self.odometry.new_value() {
            self.controller.odometry(odometry, step.now);
        }
        if let Some(state) = self.vehicle_state.new_value() {
            self.controller.vehicle_state(state, step.now);
        }
        if let Some(trajectory) = self.trajectory.new_value() {
            self.controller.trajectory(trajectory, step.now);
        }
        let Some(control) = self.controller.step(step.now) else {
            self.tracking.set(Status::ok("waits for odometry"));
            return;
        };
        let jerk = self.max_jerk_mps3;
        self.commands.send_with(|command| {
            command.header.stamp = step.now.to_msg();
            command.drive.steering_angle = control.steering.angle_rad as f32;
            command.drive.steering_angle_velocity = control.steering.rate_rad_per_s as f32;
            command.drive.speed = control.speed_mps as f32;
            command.drive.acceleration = control.acceleration_mps2 as f32;
            command.drive.jerk = jerk as f32;
        });
        self.report(&control);
    }
}

impl ControlNode {
    fn report(&mut self, control: &Control) {
        let lateral = control.lateral_error_m.abs();
        let (level, message) = match (control.mode, self.controller.refusal()) {
            (Mode::OdometryStale, _) => (Level::Error, "odometry is stale: stops with the steering held"),
            (Mode::TrajectoryStale, _) => (Level::Warn, "trajectory is over: stops along its path"),
            (_, Some(refusal)) => (Level::Warn, refusal.text()),
            (Mode::Follow, None) if lateral > LATERAL_ERROR_M => (Level::Error, "far off the path"),
            (Mode::Follow, None) if lateral > LATERAL_WARN_M => (Level::Warn, "off the path"),
            (Mode::Follow, None) => (Level::Ok, "follows the trajectory"),
            (Mode::Hold, None) => (Level::Ok, "stands as the trajectory wants"),
            (Mode::Fallback, None) => (Level::Warn, "fallback_mode: stops, then holds"),
            (Mode::NoTrajectory, None) => (Level::Ok, "holds: there was no trajectory yet"),
        };
        let status = Status::new(level, message)
            .value("lateral_error_m", control.lateral_error_m)
            .value("heading_error_rad", control.heading_error_rad)
            .value("speed_error_mps", control.speed_error_mps)
            .value("steering_limited", f64::from(u8::from(control.steering.limited)));
        self.tracking.set(status);
    }
}
