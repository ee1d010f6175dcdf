//! `atlas param load`

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use msgs::rcl_interfaces::msg::Parameter;
use runtime::params::Overrides;
use serde_json::json;

use super::client::NodeArg;
use super::value::to_wire;
use crate::output::{Out, note};
use crate::session::Session;

/// Sets what a file has for a node.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas param load /planning_node planning.yaml")]
pub struct Load {
    #[command(flatten)]
    node: NodeArg,
    /// Parameter file
    parameter_file: PathBuf,
    /// Leave out what the file has for several nodes, such as `/**`
    #[arg(long)]
    no_use_wildcard: bool,
}

impl Load {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let mut overrides = Overrides::default();
        overrides.add_file(&self.parameter_file)?;
        let client = self.node.find(session)?;
        // Of several values for one parameter the last one counts.
        let mut parameters: Vec<Parameter> = vec![];
        for o in overrides.for_node(&client.node).filter(|o| o.node.is_exact() || !self.no_use_wildcard) {
            parameters.retain(|p| p.name != o.name);
            parameters.push(Parameter { name: o.name.clone(), value: to_wire(&o.value) });
        }
        if parameters.is_empty() {
            bail!("{} has no parameters for {}", self.parameter_file.display(), client.node);
        }
        let results = client.set(parameters.clone())?;
        let mut failed = 0;
        let mut all = vec![];
        for (parameter, result) in parameters.iter().zip(&results) {
            let reason =
                if result.reason.is_empty() { String::new() } else { format!(": {}", result.reason) };
            match result.successful {
                _ if out.json => {
                    all.push(json!({"name": parameter.name, "successful": result.successful, "reason": result.reason}));
                }
                true => out.line(&format!("Set parameter {} successful{reason}", parameter.name))?,
                false => note(&format!("Set parameter {} failed{reason}", parameter.name)),
            }
            failed += usize::from(!result.successful);
        }
        if out.json {
            out.json_document(&all)?;
        }
        if failed > 0 {
            bail!("{failed} of {} parameters were not set", parameters.len());
        }
        Ok(())
    }
}
