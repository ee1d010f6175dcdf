//! `atlas topic info`

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use runtime::qos::{Durability, History, Qos, Reliability};
use runtime::transport::{Endpoint, EndpointKind};
use serde_json::json;

use super::find::unknown_topic;
use crate::graph_names::{absolute, type_names};
use crate::output::Out;
use crate::session::Session;

/// Shows who publishes and subscribes.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas topic info /vehicle/state\n  atlas topic info -v /vehicle/state")]
pub struct Info {
    /// Topic
    topic_name: String,
    /// Show node, type hash, GID and QoS of each endpoint
    #[arg(short, long)]
    verbose: bool,
}

impl Info {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let topics = session.graph().topics();
        let Some(types) = topics.get(&topic) else { bail!("{}", unknown_topic(session, &topic)) };
        let types = type_names(types);
        let of = |kind| session.graph().endpoints(|e| e.kind == kind && e.name == topic);
        let (publishers, subscriptions) = (of(EndpointKind::Publisher), of(EndpointKind::Subscription));
        if out.json {
            return out.json_document(&json!({
                "name": topic,
                "types": types,
                "publishers": publishers.iter().map(endpoint_json).collect::<Vec<_>>(),
                "subscriptions": subscriptions.iter().map(endpoint_json).collect::<Vec<_>>(),
            }));
        }
        let types = match &types[..] {
            [one] => one.clone(),
            many => format!("['{}']", many.join("', '")),
        };
        let end = if self.verbose { "\n\n" } else { "\n" };
        let mut text = format!("Type: {types}{end}");
        for (what, endpoints) in [("Publisher", publishers), ("Subscription", subscriptions)] {
            text.push_str(&format!("{what} count: {}{end}", endpoints.len()));
            if self.verbose {
                endpoints.iter().for_each(|e| text.push_str(&format!("{}{end}", endpoint_text(e))));
            }
        }
        out.text(&text)
    }
}

/// As `rclpy.topic_endpoint_info.TopicEndpointInfo` prints itself.
fn endpoint_text(e: &Endpoint) -> String {
    let q = &e.qos;
    format!(
        "Node name: {}\nNode namespace: {}\nTopic type: {}\nTopic type hash: {}\nEndpoint type: {}\nGID: {}\n\
         QoS profile:\n  Reliability: {}\n  History (Depth): {}\n  Durability: {}\n  Lifespan: {}\n  \
         Deadline: {}\n  Liveliness: AUTOMATIC\n  Liveliness lease duration: {}",
        e.node.name,
        e.node.namespace,
        e.ty.name,
        e.ty.hash,
        kind(e),
        gid(e),
        reliability(q),
        match q.history {
            History::KeepLast(n) => format!("KEEP_LAST ({n})"),
            History::KeepAll => "KEEP_ALL".into(),
        },
        durability(q),
        duration(q.lifespan),
        duration(q.deadline),
        duration(q.liveliness_lease),
    )
}

fn endpoint_json(e: &Endpoint) -> serde_json::Value {
    let q = &e.qos;
    let ns = |d: Option<Duration>| d.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
    json!({
        "node": e.node.full_name(),
        "type": e.ty.name,
        "type_hash": e.ty.hash,
        "endpoint_type": kind(e),
        "gid": gid(e),
        "qos": {
            "reliability": reliability(q).to_lowercase(),
            "durability": durability(q).to_lowercase(),
            "history": match q.history { History::KeepLast(_) => "keep_last", History::KeepAll => "keep_all" },
            "depth": match q.history { History::KeepLast(n) => Some(n), History::KeepAll => None },
            "lifespan_ns": ns(q.lifespan),
            "deadline_ns": ns(q.deadline),
            "liveliness_lease_ns": ns(q.liveliness_lease),
        },
    })
}

fn kind(e: &Endpoint) -> &'static str {
    if e.kind == EndpointKind::Publisher { "PUBLISHER" } else { "SUBSCRIPTION" }
}

fn gid(e: &Endpoint) -> String {
    e.gid.map(|b| format!("{b:02x}")).join(".")
}

fn reliability(q: &Qos) -> &'static str {
    match q.reliability {
        Reliability::Reliable => "RELIABLE",
        Reliability::BestEffort => "BEST_EFFORT",
    }
}

fn durability(q: &Qos) -> &'static str {
    match q.durability {
        Durability::Volatile => "VOLATILE",
        Durability::TransientLocal => "TRANSIENT_LOCAL",
    }
}

fn duration(d: Option<Duration>) -> String {
    d.map_or_else(|| "Infinite".into(), |d| format!("{} nanoseconds", d.as_nanos()))
}
