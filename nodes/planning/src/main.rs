//! The executable of the node `planning_node`.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run::<planning::PlanningNode>()
}
