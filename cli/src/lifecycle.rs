//! `atlas lifecycle …`, through the services of `lifecycle_msgs`.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use msgs::lifecycle_msgs::msg::{Transition, TransitionDescription};
use msgs::lifecycle_msgs::srv::{
    ChangeState, ChangeStateRequest, GetAvailableTransitions, GetAvailableTransitionsRequest, GetState,
    GetStateRequest,
};
use msgs::{Message, Service};
use runtime::transport::{EndpointKind, Graph, TypeRef};
use serde_json::json;

use crate::commands::Global;
use crate::graph_names::{absolute_node, is_hidden};
use crate::output::{Out, note};
use crate::session::Session;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A transition may do real work.
const TRANSITION_TIMEOUT: Duration = Duration::from_secs(60);

/// What to do with lifecycle nodes.
#[derive(Subcommand)]
pub enum Command {
    /// List the nodes that have a lifecycle
    Nodes(Nodes),
    /// Print the state of a node, or of all
    Get(Get),
    /// Trigger a transition
    Set(Set),
    /// List the transitions that are possible now
    List(List),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let session = Session::open(global)?;
        match self {
            Self::Nodes(c) => c.run(&session, out),
            Self::Get(c) => c.run(&session, out),
            Self::Set(c) => c.run(&session, out),
            Self::List(c) => c.run(&session, out),
        }
    }
}

/// Full names of the nodes that have a lifecycle, sorted.
fn names(graph: &Graph, hidden: bool) -> Vec<String> {
    let has = graph.endpoints(|e| {
        e.kind == EndpointKind::Service
            && e.ty.name == GetState::TYPE_NAME
            && e.name == format!("{}/get_state", e.node.full_name())
    });
    let mut names: Vec<_> =
        has.iter().map(|e| e.node.full_name()).filter(|n| hidden || !is_hidden(n)).collect();
    names.sort();
    names.dedup();
    names
}

fn find(session: &Session, written: &str) -> Result<String> {
    let node = absolute_node(written);
    session.find_node(&node, None)?;
    let service = format!("{node}/get_state");
    if !session.wait_for(Duration::from_millis(500), |g| g.services().contains_key(&service))? {
        bail!("{node} has no lifecycle (`atlas lifecycle nodes`)");
    }
    Ok(node)
}

/// Lists lifecycle nodes.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas lifecycle nodes")]
pub struct Nodes {
    /// Show hidden nodes, too
    #[arg(short, long)]
    all: bool,
    /// Show only how many there are
    #[arg(short, long)]
    count_nodes: bool,
}

impl Nodes {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let names = names(session.graph(), self.all);
        if self.count_nodes { out.line(&names.len().to_string()) } else { out.list(&names) }
    }
}

/// Prints states.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas lifecycle get /planning_node\n  atlas lifecycle get")]
pub struct Get {
    /// Node; else all
    node_name: Option<String>,
}

impl Get {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let nodes = match &self.node_name {
            Some(name) => vec![find(session, name)?],
            None => names(session.graph(), false),
        };
        let mut states = vec![];
        for node in nodes {
            let answer =
                session.call::<GetState>(&format!("{node}/get_state"), &GetStateRequest::default(), TIMEOUT);
            match answer {
                Ok(answer) => states.push((node, answer.current_state)),
                Err(e) if self.node_name.is_some() => return Err(e),
                Err(e) => note(&format!("Exception while calling service of node '{node}': {e:#}")),
            }
        }
        if out.json {
            let states: Vec<_> =
                states.iter().map(|(n, s)| json!({"node": n, "id": s.id, "label": s.label})).collect();
            return out.json_document(&states);
        }
        states.iter().try_for_each(|(node, state)| {
            let prefix = if self.node_name.is_some() { String::new() } else { format!("{node}: ") };
            out.line(&format!("{prefix}{} [{}]", state.label, state.id))
        })
    }
}

/// Triggers a transition.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas lifecycle set /planning_node configure\n  \
                        atlas lifecycle set /planning_node activate")]
pub struct Set {
    /// Node
    node_name: String,
    /// Label or id of the transition
    transition: String,
}

impl Set {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let node = find(session, &self.node_name)?;
        let transitions = transitions(session, &node, "get_available_transitions")?;
        let by = |f: &dyn Fn(&Transition) -> bool| {
            transitions.iter().map(|t| &t.transition).find(|t| f(t)).cloned()
        };
        let wanted =
            by(&|t| t.label == self.transition).or_else(|| by(&|t| t.id.to_string() == self.transition));
        let Some(transition) = wanted else {
            let all: String = transitions
                .iter()
                .map(|t| format!("\n- {} [{}]", t.transition.label, t.transition.id))
                .collect();
            bail!("Unknown transition requested, available ones are:{all}");
        };
        let request = ChangeStateRequest { transition };
        let answer =
            session.call::<ChangeState>(&format!("{node}/change_state"), &request, TRANSITION_TIMEOUT)?;
        if out.json {
            out.json_document(&json!({"node": node, "success": answer.success}))?;
        }
        if !answer.success {
            bail!(
                "Transitioning failed; `atlas lifecycle get {node}` shows the state, the node's log the reason"
            );
        }
        if out.json { Ok(()) } else { out.line("Transitioning successful") }
    }
}

/// Lists transitions.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas lifecycle list /planning_node\n  atlas lifecycle list -a /planning_node"
)]
pub struct List {
    /// Node
    node_name: String,
    /// List the transitions of all states
    #[arg(short, long)]
    all: bool,
}

impl List {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let node = find(session, &self.node_name)?;
        let service = if self.all { "get_transition_graph" } else { "get_available_transitions" };
        let transitions = transitions(session, &node, service)?;
        if out.json {
            let state = |s: &msgs::lifecycle_msgs::msg::State| json!({"id": s.id, "label": s.label});
            let all: Vec<_> = transitions
                .iter()
                .map(|t| {
                    let (id, label) = (t.transition.id, &t.transition.label);
                    json!({"id": id, "label": label, "start": state(&t.start_state), "goal": state(&t.goal_state)})
                })
                .collect();
            return out.json_document(&all);
        }
        transitions.iter().try_for_each(|t| {
            let (transition, start, goal) = (&t.transition, &t.start_state.label, &t.goal_state.label);
            out.line(&format!("- {} [{}]\n\tStart: {start}\n\tGoal: {goal}", transition.label, transition.id))
        })
    }
}

/// Both services have the same type of request and answer, and the same service type.
fn transitions(session: &Session, node: &str, service: &str) -> Result<Vec<TransitionDescription>> {
    let request = GetAvailableTransitionsRequest::default().encode(0)?;
    let ty = TypeRef::service::<GetAvailableTransitions>();
    let answer = session.call_raw(&format!("{node}/{service}"), &ty, request, TIMEOUT)?;
    Ok(<GetAvailableTransitions as Service>::Response::decode(&answer)?.available_transitions)
}
