//! `atlas topic find` and `atlas topic type`

use anyhow::{Result, bail};
use clap::Args;

use crate::graph_names::{absolute, did_you_mean, is_hidden, type_names};
use crate::output::Out;
use crate::session::Session;
use crate::types::full_name;

/// Lists the topics of a type.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas topic find sensor_msgs/msg/Imu")]
pub struct Find {
    /// Type, such as std_msgs/msg/String
    topic_type: String,
    /// Show only how many there are
    #[arg(short, long)]
    count_topics: bool,
    /// Show hidden topics, too
    #[arg(short, long, visible_alias = "include-hidden-topics")]
    all: bool,
}

impl Find {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let wanted = full_name(&self.topic_type, "msg")?;
        let has = |(name, types): &(String, _)| {
            (self.all || !is_hidden(name)) && type_names(types).contains(&wanted)
        };
        let topics: Vec<_> = session.graph().topics().into_iter().filter(has).map(|(name, _)| name).collect();
        if self.count_topics { out.line(&topics.len().to_string()) } else { out.list(&topics) }
    }
}

/// Prints the type of a topic.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas topic type /vehicle/state")]
pub struct Type {
    /// Topic
    topic_name: String,
}

impl Type {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let topics = session.graph().topics();
        let Some(types) = topics.get(&topic) else { bail!("{}", unknown_topic(session, &topic)) };
        out.list(&type_names(types))
    }
}

/// What to say of a topic that nobody has.
pub fn unknown_topic(session: &Session, topic: &str) -> String {
    let topics = session.graph().topics();
    let hint = did_you_mean(topic, topics.keys().map(String::as_str));
    format!("Unknown topic '{topic}'{hint} (`atlas topic list`)")
}
