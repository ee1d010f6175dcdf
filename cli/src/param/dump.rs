//! `atlas param dump`

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use runtime::params::{ParamValue, yaml_dump};

use super::client::NodeArg;
use super::value::{from_wire, to_json};
use crate::output::Out;
use crate::session::Session;

/// Prints a parameter file.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas param dump /planning_node > planning.yaml\n  \
                        atlas param dump /planning_node --output-dir params")]
pub struct Dump {
    #[command(flatten)]
    node: NodeArg,
    /// Write the file into this folder instead, named after the node
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
}

impl Dump {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let client = self.node.find(session)?;
        let names = client.list(vec![])?;
        let values = client
            .get(&names)?
            .with_context(|| format!("{} does not give all of its values", client.node))?;
        let values: BTreeMap<String, ParamValue> =
            names.into_iter().zip(&values).filter_map(|(n, v)| Some((n, from_wire(v)?))).collect();
        let text = yaml_dump(&client.node, values.iter().map(|(n, v)| (n.as_str(), v)));
        let Some(folder) = &self.output_dir else {
            if out.json {
                let values: BTreeMap<_, _> = values.iter().map(|(n, v)| (n, to_json(v))).collect();
                return out.json_document(&BTreeMap::from([(&client.node, values)]));
            }
            return out.line(&text);
        };
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(format!("{}.yaml", client.node.trim_start_matches('/').replace('/', "__")));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        out.line(&format!("Saving to:  {}", path.display()))
    }
}
