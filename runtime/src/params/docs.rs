//! The table of parameters for the docs.

use super::{ParamDescriptor, ParamValue};

/// A Markdown table: name, type, default, range, description; one row per parameter.
pub fn markdown_table(descriptors: &[ParamDescriptor]) -> String {
    let mut out = String::from("| name | type | default | range | description |\n|---|---|---|---|---|\n");
    for d in descriptors {
        let default = match &d.default {
            ParamValue::String(v) if !v.is_empty() => v.clone(),
            other => other.to_string(),
        };
        let cells = [
            format!("`{}`", d.name),
            d.kind.to_string(),
            format!("`{}`", default.replace('`', "'")),
            d.limits(),
            d.description.clone(),
        ];
        for cell in cells {
            out.push_str("| ");
            out.push_str(&cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
            out.push(' ');
        }
        out.push_str("|\n");
    }
    out
}
