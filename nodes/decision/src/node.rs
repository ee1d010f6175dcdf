//! The gate at its ports.

use std::time::Duration;

use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{ActuationCommand, TrackedObjects, Trajectory, VehicleState};
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use msgs::safety_msgs::srv::GetStatus;
use msgs::sensor_msgs::msg::PointCloud2;
use msgs::std_srvs::srv::Trigger;
use runtime::node::{Kind, Node, NodeError, Step};
use runtime::ports::{Diagnostic, Latest, Output, Ports, Server};
use runtime::qos::Qos;
use runtime::time::Time;

use crate::DecisionParams;
use crate::causes::CauseSet;
use crate::gate::Gate;
use crate::machine::Machine;
use crate::report::{self, Spare};

const PERIOD: Duration = Duration::from_millis(10);
/// `/safety/state` comes at least this often.
const STATE_PERIOD: Duration = Duration::from_millis(100);

/// The gate as a node.
pub struct DecisionNode {
    gate: Gate,
    inputs: Inputs,
    services: Services,
    command: Output<ActuationCommand>,
    state: Output<SafetyState>,
    safety: Diagnostic,
    /// When and what `/safety/state` said last.
    told: Option<(Time, Machine, CauseSet)>,
    spare: Spare,
}

struct Inputs {
    command: Latest<AckermannDriveStamped>,
    trajectory: Latest<Trajectory>,
    odometry: Latest<Odometry>,
    lidar: Latest<PointCloud2>,
    objects: Latest<TrackedObjects>,
    diagnostics: Latest<DiagnosticArray>,
    vehicle_state: Latest<VehicleState>,
}

struct Services {
    emergency_stop: Server<Trigger>,
    reset: Server<Trigger>,
    status: Server<GetStatus>,
}

impl Node for DecisionNode {
    const NAME: &'static str = "decision_node";
    const KIND: Kind = Kind::RealTime { priority: 80 };
    type Params = DecisionParams;

    fn new(params: &DecisionParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        let inputs = Inputs {
            command: ports.latest("/control/commands", Qos::command())?,
            trajectory: ports.latest("/planning/trajectory", Qos::command())?,
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            lidar: ports.latest("/sensors/lidar/points", Qos::sensor())?,
            objects: ports.latest("/perception/objects", Qos::default())?,
            diagnostics: ports.latest("/diagnostics_agg", Qos::default())?,
            vehicle_state: ports.latest("/vehicle/state", Qos::state())?,
        };
        let services = Services {
            emergency_stop: ports.server_like("/emergency_stop", report::trigger_prototype())?,
            reset: ports.server_like("/safety/reset", report::trigger_prototype())?,
            status: ports.server_like("/safety/status", report::status_prototype())?,
        };
        let command = report::command_prototype();
        Ok(Self {
            gate: Gate::new(params),
            inputs,
            services,
            command: ports.output_like("/vehicle/command", Qos::command(), command)?,
            state: ports.output_like("/safety/state", Qos::state(), report::state_prototype())?,
            safety: ports.diagnostic("safety"),
            told: None,
            spare: Spare::default(),
        })
    }

    fn set_params(&mut self, params: &DecisionParams) {
        self.gate.set_params(params);
    }

    fn step(&mut self, step: Step) {
        let now = step.now;
        let mut emergency_stop = false;
        self.services.emergency_stop.serve(|_, answer| {
            emergency_stop = true;
            report::fill_emergency_stop(answer);
        });
        self.inputs.read(&mut self.gate, now);
        let actuation = self.gate.step(now, emergency_stop);
        if step.due || emergency_stop {
            let gate = &self.gate;
            self.command.send_with(|command| report::fill_command(command, gate, &actuation, now));
        }
        self.services.reset.serve(|_, answer| report::fill_reset(answer, self.gate.reset()));
        self.services.status.serve(|_, answer| {
            report::fill_status(answer, &self.gate, &mut self.spare, now);
        });
        self.tell(now);
        self.safety.set(report::status(&self.gate));
    }
}

impl Inputs {
    fn read(&mut self, gate: &mut Gate, now: Time) {
        if let Some(m) = self.command.new_value() {
            gate.command(m, m.received, now);
        }
        if let Some(m) = self.trajectory.new_value() {
            gate.checks.trajectory(m, m.received, now);
        }
        if let Some(m) = self.odometry.new_value() {
            gate.odometry(m, m.received, now);
        }
        if let Some(m) = self.vehicle_state.new_value() {
            gate.checks.vehicle_state(m, m.received, now);
        }
        if let Some(m) = self.objects.new_value() {
            gate.checks.objects(Time::from(&m.header.stamp), m.received, now);
        }
        if let Some(m) = self.diagnostics.new_value() {
            gate.checks.diagnostics(m, m.received, now);
        }
        if let Some(m) = self.lidar.new_value() {
            gate.lidar(m, m.received, now);
        }
    }
}

impl DecisionNode {
    /// Publishes `/safety/state` if it changed or was not published for long.
    fn tell(&mut self, now: Time) {
        let (machine, present) = (*self.gate.machine(), self.gate.present());
        let due = self.told.is_none_or(|(at, told_machine, told_present)| {
            now.since(at) >= STATE_PERIOD || (told_machine, told_present) != (machine, present)
        });
        if due {
            self.told = Some((now, machine, present));
            let (gate, spare) = (&self.gate, &mut self.spare);
            self.state.send_with(|state| report::fill_state(state, gate, spare, now));
        }
    }
}
