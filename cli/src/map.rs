//! `atlas map …`: what is in a map, how it looks, and what is wrong with it.

mod info;
mod plot;
mod report;
mod roads;
mod validate;

use anyhow::Result;
use clap::Subcommand;

use crate::output::Out;

/// What to do with a map.
#[derive(Subcommand)]
pub enum Command {
    /// Print what is in a map
    Info(info::Info),
    /// Draw a map, with a route if wanted
    Plot(plot::Plot),
    /// Check a map file; exit code 1 if there are errors
    Validate(validate::Validate),
}

impl Command {
    /// Runs the command.
    pub fn run(self, out: &mut Out) -> Result<()> {
        match self {
            Self::Info(c) => c.run(out),
            Self::Plot(c) => c.run(out),
            Self::Validate(c) => c.run(out),
        }
    }
}
