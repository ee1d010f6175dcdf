//! `atlas replay`

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use maps::Map;
use scenario::{NODE_NAMES, NodeReplay, RecordedDrive, replay_drive};
use serde_json::json;

use crate::output::{Out, note};

/// Step every node of a recorded drive again and compare what it sends with the recording
///
/// Each node gets the inputs that it had, at the times at which it had them. Its outputs must be the same to the bit.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas drive --record drive.mcap\n  atlas replay drive.mcap --check\n  \
                        atlas replay drive.mcap --node planning_node")]
pub struct Command {
    /// Recording of `atlas drive --record`
    bag: PathBuf,
    /// Exit with 1 if any output differs
    #[arg(long)]
    check: bool,
    /// Only this node; may be given several times
    #[arg(long = "node", value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(NODE_NAMES))]
    nodes: Vec<String>,
}

impl Command {
    /// Runs the command.
    pub fn run(self, out: &mut Out) -> Result<()> {
        let drive = RecordedDrive::of(&self.bag)?;
        let map = Map::load(&drive.settings.map)?;
        if map.digest != drive.map_digest {
            note(&format!("{} is not as it was when the drive was recorded", drive.settings.map));
        }
        let wanted = |name: &str| self.nodes.is_empty() || self.nodes.iter().any(|n| n == name);
        let as_text = !out.json;
        if as_text {
            out.line(&format!("{:22}{:>9}{:>10}{:>10}  result", "node", "steps", "inputs", "outputs"))?;
        }
        let mut printed = Ok(());
        let replays = replay_drive(&self.bag, wanted, |node| {
            if as_text && printed.is_ok() {
                printed = out.line(&row(node));
            }
        })?;
        printed?;
        let differing = replays.iter().filter(|r| r.report.difference.is_some()).count();
        if out.json {
            let nodes: Vec<_> = replays.iter().map(as_json).collect();
            out.json_document(&json!({ "same": differing == 0, "nodes": nodes }))?;
        }
        if self.check && differing > 0 {
            bail!("{differing} of {} nodes gave something else than in the recording", replays.len());
        }
        Ok(())
    }
}

fn row(node: &NodeReplay) -> String {
    let NodeReplay { name, report } = node;
    let result = match &report.difference {
        None => "same bytes".into(),
        Some(d) => format!("differs at step {} on {}: {}", d.step, d.name, d.what),
    };
    format!("{name:22}{:>9}{:>10}{:>10}  {result}", report.steps, report.inputs, report.outputs)
}

fn as_json(node: &NodeReplay) -> serde_json::Value {
    let NodeReplay { name, report } = node;
    let difference = report
        .difference
        .as_ref()
        .map(|d| json!({ "time_ns": d.time.as_ns(), "step": d.step, "name": d.name, "what": d.what }));
    json!({
        "node": name,
        "steps": report.steps,
        "inputs": report.inputs,
        "outputs": report.outputs,
        "difference": difference,
    })
}
