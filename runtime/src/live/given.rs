//! Parameters that were given to the process but that none of its nodes has.

use std::collections::BTreeSet;

use crate::params::{Origin, Override, Overrides, ParamError, UnknownParameter};

/// What the nodes of a process made of what was given.
#[derive(Default)]
pub struct Given {
    nodes: Vec<(String, Vec<UnknownParameter>)>,
}

impl Given {
    /// A node, and what it has no use for.
    pub fn node(&mut self, full_name: &str, ignored: &[UnknownParameter]) {
        self.nodes.push((full_name.into(), ignored.to_vec()));
    }

    /// Refuses what was given on the command line and is of no use to any node; what a file gives to many nodes only
    /// gets a warning, and what it gives to nodes that are not here is for another process.
    pub fn check(&self, overrides: &Overrides) -> Result<(), ParamError> {
        // Sections of a file that fit several nodes are told of once.
        let mut seen = BTreeSet::new();
        for given in overrides.iter() {
            let Some(unknown) = self.useless(given) else { continue };
            match &given.origin {
                Origin::Argument { .. } => return Err(unknown.into()),
                Origin::File { .. } if self.matches(given) && seen.insert(unknown.to_string()) => {
                    tracing::warn!("{unknown}");
                }
                Origin::File { .. } => {}
            }
        }
        Ok(())
    }

    fn matches(&self, given: &Override) -> bool {
        self.nodes.iter().any(|(name, _)| given.node.matches(name))
    }

    /// What is to be said of a value that no node takes.
    fn useless(&self, given: &Override) -> Option<UnknownParameter> {
        let mut said = None;
        for (_, ignored) in self.nodes.iter().filter(|(name, _)| given.node.matches(name)) {
            // `None` ends the search: this node takes it.
            let found = ignored.iter().find(|u| u.origin == given.origin && u.name == given.name)?;
            if said.is_none() || found.suggestion.is_some() {
                said = Some(found.clone());
            }
        }
        said.or_else(|| {
            Some(UnknownParameter {
                origin: given.origin.clone(),
                name: given.name.clone(),
                suggestion: None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(given: &Override, suggestion: Option<&str>) -> UnknownParameter {
        UnknownParameter {
            origin: given.origin.clone(),
            name: given.name.clone(),
            suggestion: suggestion.map(str::to_owned),
        }
    }

    fn overrides(arguments: &[&str]) -> Overrides {
        let mut overrides = Overrides::default();
        arguments.iter().for_each(|a| overrides.add(Override::parse_argument(a).unwrap()));
        overrides
    }

    #[test]
    fn arguments_that_no_node_takes_are_refused() {
        let overrides = overrides(&["sped:=1"]);
        let given = overrides.iter().next().unwrap();
        let mut nodes = Given::default();
        nodes.node("/a", &[unknown(given, Some("speed"))]);
        nodes.node("/b", &[unknown(given, None)]);
        let error = nodes.check(&overrides).unwrap_err().to_string();
        assert_eq!(error, "-p sped:=1: unknown parameter sped; did you mean speed?");
        nodes.node("/c", &[]);
        assert!(nodes.check(&overrides).is_ok());
    }

    #[test]
    fn arguments_for_nodes_that_are_not_here_are_refused() {
        let mut nodes = Given::default();
        nodes.node("/a", &[]);
        assert!(nodes.check(&overrides(&["a:x:=1"])).is_ok());
        let error = nodes.check(&overrides(&["b:x:=1"])).unwrap_err().to_string();
        assert_eq!(error, "-p b:x:=1: unknown parameter x");
    }

    #[test]
    fn files_are_shared_with_other_nodes() {
        let mut overrides = Overrides::default();
        overrides.add_yaml("p.yaml", "/**: {ros__parameters: {x: 1}}\nb: {ros__parameters: {y: 1}}").unwrap();
        let mut nodes = Given::default();
        nodes.node("/a", &[unknown(overrides.iter().next().unwrap(), None)]);
        assert!(nodes.check(&overrides).is_ok());
    }
}
