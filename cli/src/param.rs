//! `atlas param …`, through the standard parameter services of nodes.

mod client;
mod describe;
mod dump;
mod get;
mod list;
mod load;
mod set;
mod value;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::Global;
use crate::output::Out;
use crate::session::Session;

/// What to do with parameters.
#[derive(Subcommand)]
pub enum Command {
    /// List the parameters of a node, or of all
    List(list::List),
    /// Print a parameter
    Get(get::Get),
    /// Set a parameter
    Set(set::Set),
    /// Delete a parameter
    Delete(set::Delete),
    /// Show type, meaning and range of parameters
    Describe(describe::Describe),
    /// Print all parameters of a node as a parameter file
    Dump(dump::Dump),
    /// Set the parameters that a file has for a node
    Load(load::Load),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let session = Session::open(global)?;
        match self {
            Self::List(c) => c.run(&session, out),
            Self::Get(c) => c.run(&session, out),
            Self::Set(c) => c.run(&session, out),
            Self::Delete(c) => c.run(&session, out),
            Self::Describe(c) => c.run(&session, out),
            Self::Dump(c) => c.run(&session, out),
            Self::Load(c) => c.run(&session, out),
        }
    }
}
