//! `atlas bag …`

mod info;
mod play;
mod qos;
mod record;
mod reindex;
mod schedule;
mod selection;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use runtime::recording::Bag;

use crate::commands::Global;
use crate::output::{Out, note};

/// What to do with bags.
#[derive(Subcommand)]
pub enum Command {
    /// Record topics
    Record(record::Record),
    /// Publish what was recorded
    Play(play::Play),
    /// Show what a bag holds
    Info(info::Info),
    /// Make a damaged or unfinished bag whole
    Reindex(reindex::Reindex),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        match self {
            Self::Record(c) => c.run(global, out),
            Self::Play(c) => c.run(global, out),
            Self::Info(c) => c.run(out),
            Self::Reindex(c) => c.run(out),
        }
    }
}

/// What is meant by a path: `x.bag` may be a file or a directory, or else the bag `x`.
fn locate(path: &Path) -> PathBuf {
    let without = path.with_extension("");
    let is_bag = path.extension().is_some_and(|e| e == "bag" || e == "mcap");
    if path.exists() || !is_bag || !without.exists() {
        return path.into();
    }
    note(&format!("{} is not there; taking {}", path.display(), without.display()));
    without
}

fn open(path: &Path) -> Result<Bag> {
    Ok(Bag::open(locate(path))?)
}
