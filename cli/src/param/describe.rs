//! `atlas param describe`

use anyhow::Result;
use clap::Args;
use msgs::rcl_interfaces::msg::ParameterDescriptor;
use serde_json::{Value, json};

use super::client::NodeArg;
use super::value::type_word;
use crate::output::Out;
use crate::render::python_float;
use crate::session::Session;

/// Shows what parameters are.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas param describe /planning_node max_speed")]
pub struct Describe {
    #[command(flatten)]
    node: NodeArg,
    /// Parameters
    #[arg(required = true)]
    parameter_names: Vec<String>,
}

impl Describe {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let client = self.node.find(session)?;
        let mut descriptors = client.describe(&self.parameter_names)?;
        // Some nodes leave the name out.
        for (d, name) in descriptors.iter_mut().zip(&self.parameter_names) {
            d.name.clone_from(name);
        }
        if out.json {
            return out.json_document(&descriptors.iter().map(as_json).collect::<Vec<_>>());
        }
        out.text(&descriptors.iter().map(as_text).collect::<String>())
    }
}

/// Smallest, largest, step.
fn range(d: &ParameterDescriptor) -> Option<[String; 3]> {
    let float = d.floating_point_range.first();
    let float = float.map(|r| [r.from_value, r.to_value, r.step].map(python_float));
    let integer = d.integer_range.first();
    float.or_else(|| integer.map(|r| [r.from_value.to_string(), r.to_value.to_string(), r.step.to_string()]))
}

fn as_text(d: &ParameterDescriptor) -> String {
    let mut text = format!("Parameter name: {}\n  Type: {}\n", d.name, type_word(d.r#type));
    if !d.description.is_empty() {
        text.push_str(&format!("  Description: {}\n", d.description));
    }
    text.push_str("  Constraints:\n");
    if d.read_only {
        text.push_str("    Read only: true\n");
    }
    if let Some([min, max, step]) = range(d) {
        text.push_str(&format!("    Min value: {min}\n    Max value: {max}\n"));
        if step != "0" && step != "0.0" {
            text.push_str(&format!("    Step: {step}\n"));
        }
    }
    if !d.additional_constraints.is_empty() {
        text.push_str(&format!("    Additional constraints: {}\n", d.additional_constraints));
    }
    text
}

fn as_json(d: &ParameterDescriptor) -> Value {
    let float = d
        .floating_point_range
        .first()
        .map(|r| json!({"min": r.from_value, "max": r.to_value, "step": r.step}));
    let integer =
        d.integer_range.first().map(|r| json!({"min": r.from_value, "max": r.to_value, "step": r.step}));
    json!({
        "name": d.name,
        "type": type_word(d.r#type),
        "description": d.description,
        "read_only": d.read_only,
        "dynamic_typing": d.dynamic_typing,
        "range": float.or(integer),
        "additional_constraints": d.additional_constraints,
    })
}
