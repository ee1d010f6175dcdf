//! Names on the graph: absolute, hidden, and what was probably meant.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use runtime::names;
use runtime::transport::TypeRef;

/// A topic or service as written → its full name.
pub fn absolute(name: &str) -> Result<String> {
    let node = format!("_atlas_cli_{}", std::process::id());
    names::expand(name, &node, "/").with_context(|| format!("`{name}` is not a name"))
}

/// A node as written → its full name.
pub fn absolute_node(name: &str) -> String {
    if name.starts_with('/') { name.into() } else { format!("/{name}") }
}

/// Whether a topic or service is for tools only.
pub fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('_'))
}

/// The names of types, without duplicates.
pub fn type_names(types: &BTreeSet<TypeRef>) -> Vec<String> {
    let names: BTreeSet<_> = types.iter().map(|t| t.name.clone()).collect();
    names.into_iter().collect()
}

/// `; did you mean …?` where one of `known` is close to `name`, else nothing.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let limit = (name.len() / 3).max(2);
    let best = known
        .into_iter()
        .filter(|k| *k != name)
        .map(|k| {
            // The last part alone may be right.
            let same_end = k.rsplit('/').next() == name.rsplit('/').next();
            (if same_end { 1 } else { strsim::osa_distance(name, k) }, k)
        })
        .min();
    match best {
        Some((distance, k)) if distance <= limit => format!("; did you mean {k}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions() {
        assert_eq!(did_you_mean("/chater", ["/chatter", "/rosout"]), "; did you mean /chatter?");
        assert_eq!(did_you_mean("/state", ["/vehicle/state"]), "; did you mean /vehicle/state?");
        assert_eq!(did_you_mean("/x", ["/vehicle/state"]), "");
    }

    #[test]
    fn hidden_and_absolute() {
        assert!(is_hidden("/_x") && is_hidden("/a/_action/status") && !is_hidden("/a_b"));
        assert_eq!(absolute("chatter").unwrap(), "/chatter");
        assert!(absolute("a b").is_err());
        assert_eq!(absolute_node("n"), "/n");
    }
}
