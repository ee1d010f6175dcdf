//! `health_monitor_node`: aggregates the diagnostics of the vehicle.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run::<health_monitor::HealthMonitorNode>()
}
