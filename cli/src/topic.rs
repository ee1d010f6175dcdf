//! `atlas topic …`

mod bw;
mod delay;
mod echo;
mod find;
mod hz;
mod info;
mod list;
mod publish;
mod watch;
mod window;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::Global;
use crate::output::Out;
use crate::session::Session;

/// What to do with topics.
#[derive(Subcommand)]
pub enum Command {
    /// List the topics
    List(list::List),
    /// Show type, publishers and subscriptions of a topic
    Info(info::Info),
    /// Print the messages of a topic
    Echo(echo::Echo),
    /// Measure the rate of a topic
    Hz(hz::Hz),
    /// Measure the bandwidth of a topic
    Bw(bw::Bw),
    /// Measure the age of messages by the time in their header
    Delay(delay::Delay),
    /// Publish messages
    Pub(publish::Publish),
    /// List the topics of a type
    Find(find::Find),
    /// Print the type of a topic
    Type(find::Type),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let session = Session::open(global)?;
        match self {
            Self::List(c) => c.run(&session, out),
            Self::Info(c) => c.run(&session, out),
            Self::Echo(c) => c.run(&session, out),
            Self::Hz(c) => c.run(&session, out),
            Self::Bw(c) => c.run(&session, out),
            Self::Delay(c) => c.run(&session, out),
            Self::Pub(c) => c.run(&session, out),
            Self::Find(c) => c.run(&session, out),
            Self::Type(c) => c.run(&session, out),
        }
    }
}
