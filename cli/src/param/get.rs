//! `atlas param get`

use anyhow::{Context, Result, bail};
use clap::Args;
use runtime::params::ParamValue;
use serde_json::json;

use super::client::NodeArg;
use super::value::{from_wire, label_and_text, to_json, type_word};
use crate::output::Out;
use crate::session::Session;

/// Prints a parameter.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas param get /planning_node max_speed\n  \
                        atlas param get --hide-type /planning_node max_speed")]
pub struct Get {
    #[command(flatten)]
    node: NodeArg,
    /// Parameter
    parameter_name: String,
    /// Print only the value
    #[arg(long)]
    hide_type: bool,
}

impl Get {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let client = self.node.find(session)?;
        let names = [self.parameter_name];
        let wire = client.get(&names)?.and_then(|mut values| values.pop());
        let Some(wire) = wire else { bail!("{}", client.unknown(&names)) };
        let value = from_wire(&wire).with_context(|| format!("Unknown parameter type '{}'", wire.r#type))?;
        // Nodes answer so for what they do not have, too.
        if value == ParamValue::NotSet && !client.list(vec![])?.contains(&names[0]) {
            bail!("{}", client.unknown(&names));
        }
        if out.json {
            let [name] = names;
            return out.json_document(
                &json!({"node": client.node, "name": name, "type": type_word(wire.r#type), "value": to_json(&value)}),
            );
        }
        let (label, text) = label_and_text(&value);
        match (self.hide_type, &value) {
            (true, ParamValue::NotSet) => out.line("None"),
            (true, _) => out.line(&text),
            (false, _) => out.line(format!("{label} {text}").trim_end()),
        }
    }
}
