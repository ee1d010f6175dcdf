//! `perception_node`: objects around the vehicle from LiDAR.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run::<perception::PerceptionNode>()
}
