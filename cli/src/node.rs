//! `atlas node …`

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use runtime::transport::{EndpointKind, Graph};
use serde_json::json;

use crate::commands::Global;
use crate::graph_names::{absolute_node, did_you_mean, is_hidden};
use crate::output::{Out, note};
use crate::session::Session;

/// What to do with nodes.
#[derive(Subcommand)]
pub enum Command {
    /// List the nodes
    List(List),
    /// Show topics, services and actions of a node
    Info(Info),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let session = Session::open(global)?;
        match self {
            Self::List(c) => c.run(&session, out),
            Self::Info(c) => c.run(&session, out),
        }
    }
}

/// The full names of the nodes, sorted; two of one name appear twice.
pub fn names(graph: &Graph, hidden: bool) -> Vec<String> {
    let nodes = graph.nodes();
    let mut names: Vec<_> =
        nodes.iter().filter(|n| hidden || !n.name.starts_with('_')).map(|n| n.full_name()).collect();
    names.sort();
    names
}

/// Lists the nodes.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas node list\n  atlas node list --all")]
pub struct List {
    /// Show hidden nodes, too
    #[arg(short, long)]
    all: bool,
    /// Show only how many there are
    #[arg(short, long)]
    count_nodes: bool,
}

impl List {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let names = names(session.graph(), self.all);
        if self.count_nodes {
            return out.line(&names.len().to_string());
        }
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            note(
                "WARNING: Be aware that there are nodes in the graph that share an exact name, which can have \
                 unintended side effects.",
            );
        }
        out.list(&names)
    }
}

/// Shows what a node has.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas node info /perception_node")]
pub struct Info {
    /// Node
    node_name: String,
    /// Show hidden names, too
    #[arg(short, long, visible_alias = "include-hidden")]
    all: bool,
}

/// Name → types.
type Names = BTreeMap<String, BTreeSet<String>>;

impl Info {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let name = absolute_node(&self.node_name);
        let all = names(session.graph(), true);
        match all.iter().filter(|n| **n == name).count() {
            0 => {
                let hint = did_you_mean(&name, all.iter().map(String::as_str));
                bail!("Unable to find node '{name}'{hint} (`atlas node list`)");
            }
            1 => {}
            n => note(&format!(
                "There are {n} nodes in the graph with the exact name \"{name}\". You are seeing information about \
                 all of them."
            )),
        }
        let of = |kind| self.endpoints(session.graph(), &name, kind, self.all);
        let services = of(EndpointKind::Service);
        let clients = of(EndpointKind::Client);
        let hidden_services = self.endpoints(session.graph(), &name, EndpointKind::Service, true);
        let hidden_clients = self.endpoints(session.graph(), &name, EndpointKind::Client, true);
        let sections = [
            ("Subscribers", of(EndpointKind::Subscription)),
            ("Publishers", of(EndpointKind::Publisher)),
            ("Service Servers", services),
            ("Service Clients", clients),
            ("Action Servers", actions(&hidden_services)),
            ("Action Clients", actions(&hidden_clients)),
        ];
        if out.json {
            let key = |title: &str| title.to_lowercase().replace(' ', "_");
            let sections: BTreeMap<_, _> = sections.iter().map(|(t, names)| (key(t), names)).collect();
            return out.json_document(&json!({"name": name, "endpoints": sections}));
        }
        let mut text = format!("{name}\n");
        for (title, names) in sections {
            text.push_str(&format!("  {title}:\n"));
            let lines: Vec<_> = names
                .iter()
                .map(|(n, types)| {
                    format!("    {n}: {}", types.iter().cloned().collect::<Vec<_>>().join(", "))
                })
                .collect();
            text.push_str(&format!("{}\n", lines.join("\n")));
        }
        out.text(&text)
    }

    fn endpoints(&self, graph: &Graph, node: &str, kind: EndpointKind, hidden: bool) -> Names {
        let mut names = Names::new();
        for e in graph.endpoints(|e| e.kind == kind && e.node.full_name() == node) {
            if hidden || !is_hidden(&e.name) {
                names.entry(e.name).or_default().insert(e.ty.name);
            }
        }
        names
    }
}

/// Actions, by the service that starts one: `/x/_action/send_goal` of type `p/action/X_SendGoal`.
fn actions(services: &Names) -> Names {
    let action = |(name, types): (&String, &BTreeSet<String>)| {
        let action = name.strip_suffix("/_action/send_goal")?;
        let types = types.iter().map(|t| t.strip_suffix("_SendGoal").unwrap_or(t).to_string()).collect();
        Some((action.to_string(), types))
    };
    services.iter().filter_map(action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_by_their_goal_service() {
        let types = |t: &str| BTreeSet::from([t.to_string()]);
        let services = Names::from([
            ("/fib/_action/send_goal".into(), types("example_interfaces/action/Fibonacci_SendGoal")),
            ("/fib/_action/cancel_goal".into(), types("action_msgs/srv/CancelGoal")),
        ]);
        let expected = Names::from([("/fib".into(), types("example_interfaces/action/Fibonacci"))]);
        assert_eq!(actions(&services), expected);
    }
}
