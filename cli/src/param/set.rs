//! `atlas param set` and `atlas param delete`

use anyhow::{Context, Result, bail};
use clap::Args;
use msgs::rcl_interfaces::msg::Parameter;
use runtime::params::ParamValue;
use serde_json::json;

use super::client::{NodeArg, ParamClient};
use super::value::{parse, to_wire};
use crate::output::Out;
use crate::session::Session;

/// Sets a parameter.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas param set /planning_node max_speed 5.0\n  \
                        atlas param set /control_node fallback_mode true\n  \
                        atlas param set /node gains '[0.5, 1.0]'")]
pub struct Set {
    #[command(flatten)]
    node: NodeArg,
    /// Parameter
    parameter_name: String,
    /// Value in YAML
    #[arg(allow_hyphen_values = true)]
    value: String,
}

impl Set {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let client = self.node.find(session)?;
        let words = ["Set parameter successful", "Setting parameter failed"];
        set(&client, self.parameter_name, &parse(&self.value), words, out)
    }
}

/// Deletes a parameter.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas param delete /node scratch")]
pub struct Delete {
    #[command(flatten)]
    node: NodeArg,
    /// Parameter
    parameter_name: String,
}

impl Delete {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let client = self.node.find(session)?;
        let words = ["Deleted parameter successfully", "Deleting parameter failed"];
        set(&client, self.parameter_name, &ParamValue::NotSet, words, out)
    }
}

fn set(
    client: &ParamClient<'_>,
    name: String,
    value: &ParamValue,
    [good, bad]: [&str; 2],
    out: &mut Out,
) -> Result<()> {
    let parameter = Parameter { name: name.clone(), value: to_wire(value) };
    let result = client.set(vec![parameter])?.pop().context("no result")?;
    let reason = if result.reason.is_empty() { String::new() } else { format!(": {}", result.reason) };
    if out.json {
        let (successful, reason) = (result.successful, &result.reason);
        out.json_document(
            &json!({"node": client.node, "name": name, "successful": successful, "reason": reason}),
        )?;
    }
    match result.successful {
        true if out.json => Ok(()),
        true => out.line(&format!("{good}{reason}")),
        false => bail!("{bad}{reason}"),
    }
}
