//! `atlas topic list`

use anyhow::Result;
use clap::Args;
use runtime::transport::{EndpointKind, Graph};
use serde::Serialize;

use crate::graph_names::{is_hidden, type_names};
use crate::output::Out;
use crate::session::Session;

/// Lists the topics.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas topic list\n  atlas topic list -t\n  atlas topic list --json")]
pub struct List {
    /// Show the types, too
    #[arg(short = 't', long)]
    show_types: bool,
    /// Show only how many there are
    #[arg(short, long)]
    count_topics: bool,
    /// Show hidden topics, too
    #[arg(short, long, visible_alias = "include-hidden-topics")]
    all: bool,
    /// Show publishers and subscriptions
    #[arg(short, long)]
    verbose: bool,
}

/// A topic, for JSON.
#[derive(Serialize)]
struct Topic {
    name: String,
    types: Vec<String>,
    publishers: usize,
    subscriptions: usize,
}

/// The topics, sorted.
fn topics(graph: &Graph, hidden: bool) -> Vec<Topic> {
    let all = graph.topics().into_iter().filter(|(name, _)| hidden || !is_hidden(name));
    let count = |name: &str, kind| graph.count(|e| e.kind == kind && e.name == name);
    all.map(|(name, types)| Topic {
        types: type_names(&types),
        publishers: count(&name, EndpointKind::Publisher),
        subscriptions: count(&name, EndpointKind::Subscription),
        name,
    })
    .collect()
}

impl List {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topics = topics(session.graph(), self.all);
        if self.count_topics {
            return out.line(&topics.len().to_string());
        }
        if out.json {
            return out.json_document(&topics);
        }
        if self.verbose {
            out.text(&details("Published", "publisher", &topics, |t| t.publishers))?;
            return out.text(&details("Subscribed", "subscriber", &topics, |t| t.subscriptions));
        }
        topics.iter().try_for_each(|t| {
            let types = if self.show_types { format!(" [{}]", t.types.join(", ")) } else { String::new() };
            out.line(&format!("{}{types}", t.name))
        })
    }
}

fn details(title: &str, who: &str, topics: &[Topic], count: impl Fn(&Topic) -> usize) -> String {
    let mut text = format!("{title} topics:\n");
    for t in topics.iter().filter(|t| count(t) > 0) {
        let n = count(t);
        let plural = if n > 1 { "s" } else { "" };
        text.push_str(&format!(" * {} [{}] {n} {who}{plural}\n", t.name, t.types.join(", ")));
    }
    text + "\n"
}
