//! `atlas bag info`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::output::Out;

/// Shows what a bag holds.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas bag info drive\n  atlas bag info scenarios/scenario_001.bag --json"
)]
pub struct Info {
    /// A bag: a directory or an MCAP file
    bag_path: PathBuf,
    /// Print only the names of the topics
    #[arg(short, long)]
    topic_name: bool,
}

impl Info {
    pub fn run(self, out: &mut Out) -> Result<()> {
        let info = super::open(&self.bag_path)?.info();
        if self.topic_name {
            return out.list(&info.topics.iter().map(|t| t.name.clone()).collect::<Vec<_>>());
        }
        if out.json { out.json_document(&info) } else { out.text(&format!("{info}\n")) }
    }
}
