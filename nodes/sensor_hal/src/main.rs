//! The sensor and the actuation half in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run_nodes::<(sensor_hal::SensorHalNode, sensor_hal::ActuationNode)>("sensor_hal_node")
}
