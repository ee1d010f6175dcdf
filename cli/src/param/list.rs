//! `atlas param list`

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use clap::Args;
use regex::Regex;
use serde_json::json;

use super::client::ParamClient;
use super::value::type_word;
use crate::graph_names::absolute_node;
use crate::node;
use crate::output::{Out, note};
use crate::session::Session;

/// Lists parameters.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas param list /planning_node\n  atlas param list --filter '.*speed'")]
pub struct List {
    /// Node; else all
    node_name: Option<String>,
    /// Only names that begin with a match of this expression
    #[arg(long, value_name = "REGEX")]
    filter: Option<String>,
    /// Only names below these prefixes
    #[arg(long, value_name = "PREFIX", num_args = 1..)]
    param_prefixes: Vec<String>,
    /// Show the types, too
    #[arg(long)]
    param_type: bool,
    /// Ask hidden nodes, too
    #[arg(short, long, visible_alias = "include-hidden-nodes")]
    all: bool,
}

impl List {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let filter = self.filter.as_ref().map(|f| Regex::new(&format!("^(?:{f})"))).transpose();
        let filter = filter.context("--filter is not a regular expression")?;
        let nodes = match &self.node_name {
            Some(name) => {
                let node = absolute_node(name);
                session.find_node(&node, None)?;
                vec![node]
            }
            None => {
                let mut nodes = node::names(session.graph(), self.all);
                nodes.dedup();
                // Our own transport serves nodes without parameters, which `ros2` would wait for in vain.
                let services = session.graph().services();
                nodes.retain(|n| services.contains_key(&format!("{n}/list_parameters")));
                nodes
            }
        };
        let mut listed = BTreeMap::new();
        for node in nodes {
            let client = ParamClient::new(session, node);
            match self.one(&client, filter.as_ref()) {
                Ok(names) if out.json => {
                    listed.insert(client.node, names);
                }
                Ok(names) => self.print(&client.node, &names, out)?,
                Err(e) if self.node_name.is_some() => return Err(e),
                Err(e) => note(&format!("Exception while calling service of node '{}': {e:#}", client.node)),
            }
        }
        if !out.json {
            return Ok(());
        }
        let named = |names: Vec<(String, Option<&str>)>| match self.param_type {
            true => json!(names.into_iter().collect::<BTreeMap<_, _>>()),
            false => json!(names.into_iter().map(|(n, _)| n).collect::<Vec<_>>()),
        };
        let listed: BTreeMap<_, _> = listed.into_iter().map(|(node, names)| (node, named(names))).collect();
        out.json_document(&listed)
    }

    fn one(
        &self,
        client: &ParamClient<'_>,
        filter: Option<&Regex>,
    ) -> Result<Vec<(String, Option<&'static str>)>> {
        let mut names = client.list(self.param_prefixes.clone())?;
        names.retain(|n| filter.is_none_or(|f| f.is_match(n)));
        if !self.param_type {
            return Ok(names.into_iter().map(|n| (n, None)).collect());
        }
        let types = client.describe(&names)?;
        Ok(names.into_iter().zip(types).map(|(n, d)| (n, Some(type_word(d.r#type)))).collect())
    }

    fn print(&self, node: &str, names: &[(String, Option<&str>)], out: &mut Out) -> Result<()> {
        if self.node_name.is_none() && !names.is_empty() {
            out.line(&format!("{node}:"))?;
        }
        names.iter().try_for_each(|(name, ty)| match ty {
            Some(ty) => out.line(&format!("  {name} (type: {ty})")),
            None => out.line(&format!("  {name}")),
        })
    }
}
