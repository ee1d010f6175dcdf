//! Waiting for a topic and subscribing to it, for the commands that measure.

use std::time::Duration;

use anyhow::Result;
use runtime::qos::{Durability, Qos};
use runtime::transport::{EndpointKind, Graph, Guard, TypeRef};

use crate::graph_names::did_you_mean;
use crate::inbox::Inbox;
use crate::output::note;
use crate::qos_args::adapted;
use crate::session::Session;

/// Whether anybody publishes the topic.
pub fn is_published(graph: &Graph, topic: &str) -> bool {
    graph.count(|e| e.kind == EndpointKind::Publisher && e.name == topic) > 0
}

/// What to say of a topic without a publisher.
pub fn no_publisher(session: &Session, topic: &str) -> String {
    let published = session.graph().endpoints(|e| e.kind == EndpointKind::Publisher);
    let hint = did_you_mean(topic, published.iter().map(|e| e.name.as_str()));
    format!("no publisher on {topic}{hint}")
}

/// Waits for a publisher, as long as it takes.
pub fn wait_for_publisher(session: &Session, topic: &str) -> Result<()> {
    if is_published(session.graph(), topic) {
        return Ok(());
    }
    note(&format!("WARNING: topic [{topic}] does not appear to be published yet"));
    note(&format!("{}; waiting for one (Ctrl-C ends)", no_publisher(session, topic)));
    while !session.wait_for(Duration::from_secs(3600), |g| is_published(g, topic))? {}
    Ok(())
}

/// Subscribes to fresh samples, with a reliability that fits the publishers.
pub fn subscribe_fresh(session: &Session, topic: &str) -> Result<(Inbox, Guard)> {
    wait_for_publisher(session, topic)?;
    let publishers = session.graph().endpoints(|e| e.kind == EndpointKind::Publisher && e.name == topic);
    let ty =
        publishers.first().map_or(TypeRef { name: String::new(), hash: String::new() }, |p| p.ty.clone());
    let qos = Qos { durability: Durability::Volatile, ..adapted(topic, Qos::sensor(), &publishers) };
    let (inbox, on_sample) = Inbox::new(&session.stop);
    let guard = session.node.subscribe(topic, &ty, &qos, on_sample)?;
    Ok((inbox, guard))
}
