//! The gate as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run::<decision::DecisionNode>()
}
