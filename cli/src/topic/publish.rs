//! `atlas topic pub`

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use msgs::dynamic;
use runtime::clock::wall_time_ns;
use runtime::transport::EndpointKind;
use serde::Serialize;

use crate::graph_names::absolute;
use crate::output::{Interrupted, Out, note};
use crate::qos_args::{QosArgs, parse_seconds};
use crate::render::{Json, repr};
use crate::session::Session;
use crate::types::{KnownType, by_name_or_graph};
use crate::yaml::{Yaml, to_message};

/// Publishes messages.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas topic pub /chatter std_msgs/msg/String 'data: hello'\n  \
                  atlas topic pub -1 /cmd geometry_msgs/msg/Twist '{linear: {x: 1.0}}'\n  \
                  atlas topic pub -r 10 /p geometry_msgs/msg/PointStamped '{header: auto, point: {x: 2}}'\n  \
                  atlas topic pub -1 /chatter std_msgs/msg/String '{\"data\": \"JSON works too\"}'")]
pub struct Publish {
    /// Topic
    topic_name: String,
    /// Type, such as std_msgs/msg/String
    message_type: String,
    /// The message in YAML or JSON; fields left out get their defaults; `auto` for a header, `now` for a time
    #[arg(default_value = "{}", hide_default_value = true, allow_hyphen_values = true)]
    values: String,
    /// Read the message from standard input
    #[arg(long, conflicts_with = "values")]
    stdin: bool,
    /// Rate, Hz
    #[arg(short, long, default_value_t = 1.0, value_parser = parse_seconds)]
    rate: f64,
    /// Print only every N-th message; 0 prints none
    #[arg(short, long, default_value_t = 1, value_name = "N")]
    print: u64,
    /// Publish one message and end
    #[arg(short = '1', long, conflicts_with = "times")]
    once: bool,
    /// Publish so many messages and end
    #[arg(short, long, default_value_t = 0, hide_default_value = true)]
    times: u64,
    /// Wait for so many subscriptions first; 1 with --once and --times, else 0
    #[arg(short, long, value_name = "N")]
    wait_matching_subscriptions: Option<usize>,
    /// Wait for subscriptions at most this long, s
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    max_wait_time_secs: Option<f64>,
    /// Stay so long after the last message, s
    #[arg(long, value_name = "S", default_value_t = 0.1, value_parser = parse_seconds)]
    keep_alive: f64,
    /// Name of the publishing node
    #[arg(short, long)]
    node_name: Option<String>,
    #[command(flatten)]
    qos: QosArgs,
}

impl Publish {
    pub fn run(mut self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let known = by_name_or_graph(session, &self.message_type, "msg")?;
        if self.stdin {
            self.values.clear();
            std::io::stdin().read_to_string(&mut self.values).context("cannot read the message")?;
        }
        let times = if self.once { 1 } else { self.times };
        let wanted = self.wait_matching_subscriptions.unwrap_or(usize::from(times != 0));
        if wanted == 0 && self.max_wait_time_secs.is_some() {
            bail!(
                "--max-wait-time-secs option is only effective with --wait-matching-subscriptions, --once or \
                 --times"
            );
        }
        // Wrong values are refused before anybody is waited for.
        let mut message = Message::new(known, &self.values).context("Failed to populate field")?;
        let node = match &self.node_name {
            Some(name) => session.named_node("/", name)?,
            None => session.node.clone(),
        };
        let publisher = node.publisher(&topic, &message.known.ty, &self.qos.for_publisher())?;
        self.wait_for_subscriptions(session, &topic, &message.known, wanted)?;
        if !out.json {
            out.line("publisher: beginning loop")?;
        }
        let period = Duration::from_secs_f64(1.0 / self.rate);
        let mut next = Instant::now();
        for count in 1.. {
            let bytes = message.bytes()?;
            if self.print > 0 && count % self.print == 0 {
                message.print(count, &bytes, out)?;
            }
            publisher.publish(bytes)?;
            if count == times {
                break;
            }
            // A loop that cannot keep up goes on from now, it does not catch up.
            next = (next + period).max(Instant::now());
            if session.stop.wait_until(next) {
                break;
            }
        }
        session.stop.wait_until(Instant::now() + Duration::from_secs_f64(self.keep_alive));
        Ok(())
    }

    fn wait_for_subscriptions(
        &self,
        session: &Session,
        topic: &str,
        known: &KnownType,
        wanted: usize,
    ) -> Result<()> {
        let count = |g: &runtime::transport::Graph| {
            g.count(|e| e.kind == EndpointKind::Subscription && e.name == topic && e.ty == known.ty)
        };
        let end = self.max_wait_time_secs.map(|s| Instant::now() + Duration::from_secs_f64(s));
        while count(session.graph()) < wanted {
            note(&format!("Waiting for at least {wanted} matching subscription(s)..."));
            let slice = end.map_or(Duration::from_secs(1), |e| {
                e.saturating_duration_since(Instant::now()).min(Duration::from_secs(1))
            });
            if slice.is_zero() {
                let got = count(session.graph());
                bail!("Timed out waiting for subscribers: Expected {wanted} subscribers but only got {got}");
            }
            session.wait_for(slice, |g| count(g) >= wanted)?;
        }
        if session.stop.is_set() {
            bail!(Interrupted);
        }
        Ok(())
    }
}

/// What is published: the same bytes each time, unless there is a time in it.
struct Message {
    known: KnownType,
    yaml: Yaml,
    bytes: Bytes,
}

impl Message {
    fn new(known: KnownType, text: &str) -> Result<Self> {
        let yaml = Yaml::parse(text)?;
        if !matches!(yaml, Yaml::Map(_)) {
            bail!("The passed value needs to be a dictionary in YAML format, such as '{{data: 1}}'");
        }
        let bytes = encode(&known, &yaml)?;
        Ok(Self { known, yaml, bytes })
    }

    fn bytes(&mut self) -> Result<Bytes> {
        if self.yaml.has_time() {
            self.bytes = encode(&self.known, &self.yaml)?;
        }
        Ok(self.bytes.clone())
    }

    fn print(&self, count: u64, bytes: &Bytes, out: &mut Out) -> Result<()> {
        let value = self.known.decode(bytes)?;
        if out.json {
            return out.json_line(&Published { count, message: Json(&value) });
        }
        let text = repr(&self.known.types, &self.known.ty.name, &value);
        out.text(&format!("publishing #{count}: {text}\n\n"))
    }
}

/// For JSON.
#[derive(Serialize)]
struct Published<'a> {
    count: u64,
    message: Json<'a>,
}

fn encode(known: &KnownType, yaml: &Yaml) -> Result<Bytes> {
    let value = to_message(&known.types, &known.ty.name, yaml, wall_time_ns())?;
    Ok(dynamic::encode(&known.types, &known.ty.name, &value)?)
}
