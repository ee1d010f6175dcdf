//! The simulated world with one vehicle as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::run::<world::SimWorldNode>()
}
