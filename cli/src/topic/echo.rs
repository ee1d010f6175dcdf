//! `atlas topic echo`

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use msgs::dynamic::Value;
use rosidl::{Base, FieldType};
use runtime::transport::{EndpointKind, Gid, Sample, TypeRef};
use serde::Serialize;
use serde_json::json;

use super::watch::{is_published, no_publisher};
use crate::graph_names::absolute;
use crate::inbox::{Inbox, Next, Received};
use crate::output::{Interrupted, Out, note};
use crate::qos_args::{QosArgs, parse_seconds};
use crate::render::{Json, Limits, python_value, to_csv, to_flow_yaml, to_tree, to_yaml};
use crate::session::Session;
use crate::types::{KnownType, by_name_or_graph, of_topic};

/// How long to wait for a topic that may be starting just now.
const GRACE: Duration = Duration::from_secs(1);

/// Prints messages.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas topic echo /vehicle/state\n  atlas topic echo --once /safety/state\n  \
                        atlas topic echo /localization/odometry --field pose.pose.position\n  \
                        atlas topic echo /sensors/imu --csv > imu.csv\n  \
                        atlas topic echo /sensors/imu --json | jq .linear_acceleration.z"
)]
pub struct Echo {
    /// Topic
    topic_name: String,
    /// Type; else that of the topic
    message_type: Option<String>,
    /// Print one message and end
    #[arg(long)]
    once: bool,
    /// End after this time, s
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    timeout: Option<f64>,
    /// Print only this field, such as pose.pose.position
    #[arg(long)]
    field: Option<String>,
    /// Print all values of a message in one line, with commas
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print long arrays and strings whole
    #[arg(short, long)]
    full_length: bool,
    /// Longest array or string that is printed whole
    #[arg(short = 'l', long, default_value_t = 128, value_name = "N")]
    truncate_length: usize,
    /// Print only type and length of arrays
    #[arg(long)]
    no_arr: bool,
    /// Print only the length of strings
    #[arg(long)]
    no_str: bool,
    /// Print each message on one line
    #[arg(long)]
    flow_style: bool,
    /// Print CDR bytes; works without the type
    #[arg(long)]
    raw: bool,
    /// Print times and sequence numbers, too
    #[arg(short, long)]
    include_message_info: bool,
    /// Do not report lost messages
    #[arg(long)]
    no_lost_messages: bool,
    #[command(flatten)]
    qos: QosArgs,
}

impl Echo {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let known = self.find_type(session, &topic)?;
        let ty = match &known {
            Some(known) => known.ty.clone(),
            None => self.raw_type(session, &topic)?,
        };
        let publishers = session.graph().endpoints(|e| e.kind == EndpointKind::Publisher && e.name == topic);
        let qos = self.qos.for_subscription(&topic, &publishers);
        let (inbox, on_sample) = Inbox::new(&session.stop);
        let _guard = session.node.subscribe(&topic, &ty, &qos, on_sample)?;
        let mut losses = Losses::default();
        let end = self.timeout.map(|s| Instant::now() + Duration::from_secs_f64(s));
        loop {
            match inbox.next(end) {
                Next::Sample(received) => {
                    if !self.no_lost_messages {
                        losses.report(&topic, &received.sample, inbox.take_lost());
                    }
                    self.print(known.as_ref(), &received, out)?;
                    if self.once {
                        return Ok(());
                    }
                }
                Next::Timeout if self.once => bail!("no message on {topic} in time"),
                Next::Stopped if self.once => bail!(Interrupted),
                Next::Timeout | Next::Stopped => return Ok(()),
            }
        }
    }

    /// None with `--raw`.
    fn find_type(&self, session: &Session, topic: &str) -> Result<Option<KnownType>> {
        if self.raw {
            return Ok(None);
        }
        if let Some(written) = &self.message_type {
            return by_name_or_graph(session, written, "msg").map(Some);
        }
        if !session.wait_for(GRACE, |g| g.topics().contains_key(topic))? {
            note(&format!("WARNING: topic [{topic}] does not appear to be published yet"));
            let why = no_publisher(session, topic);
            bail!(
                "Could not determine the type for the passed topic: {why}\n\
                 (a topic that is not there yet needs its type: `atlas topic echo {topic} TYPE`)"
            );
        }
        if !is_published(session.graph(), topic) {
            note(&format!("{}; waiting for one", no_publisher(session, topic)));
        }
        of_topic(session, topic).map(Some)
    }

    fn raw_type(&self, session: &Session, topic: &str) -> Result<TypeRef> {
        if !session.wait_for(GRACE, |g| g.topics().contains_key(topic))? {
            bail!("{}", no_publisher(session, topic));
        }
        let topics = session.graph().topics();
        topics.get(topic).and_then(|types| types.first().cloned()).context("the topic is gone")
    }

    fn print(&self, known: Option<&KnownType>, received: &Received, out: &mut Out) -> Result<()> {
        let payload = &received.sample.payload;
        let Some(known) = known else {
            if out.json {
                return self.print_json(received, &json!({"cdr": hex(payload)}), out);
            }
            self.print_info(received, out)?;
            return out.text(&format!("{}\n---\n", bytes_repr(payload)));
        };
        let message = known.decode(payload)?;
        let (value, base) = self.select(known, &message)?;
        if out.json {
            return self.print_json(received, &Json(value), out);
        }
        let length = (!self.full_length).then_some(self.truncate_length);
        let limits = Limits { length, no_arrays: self.no_arr, no_strings: self.no_str };
        let (Value::Message(_), Base::Message(name)) = (value, &base.base) else {
            self.print_info(received, out)?;
            // Texts stand as they are, everything else as in Python.
            return match value {
                Value::String(text) => out.text(&format!("{text}\n---\n")),
                other => out.text(&format!("{}\n---\n", python_value(&known.types, Some(&base), other))),
            };
        };
        if self.csv {
            let line = to_csv(&known.types, name, value, limits);
            return match self.include_message_info {
                true => {
                    out.line(&format!("{},{line}", info_values(received).map(|v| v.to_string()).join(",")))
                }
                false => out.line(&line),
            };
        }
        self.print_info(received, out)?;
        let tree = to_tree(&known.types, name, value, limits);
        out.text(&format!("{}---\n", if self.flow_style { to_flow_yaml(&tree) } else { to_yaml(&tree) }))
    }

    fn print_info(&self, received: &Received, out: &mut Out) -> Result<()> {
        if !self.include_message_info || self.csv {
            return Ok(());
        }
        let [source, arrived, sequence] = info_values(received);
        out.text(&format!(
            "publication_sequence_number: {sequence}\nreceived_timestamp: {arrived}\nsource_timestamp: {source}\n---\n"
        ))
    }

    fn print_json(&self, received: &Received, message: &impl Serialize, out: &mut Out) -> Result<()> {
        if !self.include_message_info {
            return out.json_line(message);
        }
        let [source_timestamp, received_timestamp, publication_sequence_number] = info_values(received);
        out.json_line(&WithInfo {
            source_timestamp,
            received_timestamp,
            publication_sequence_number,
            message,
        })
    }

    /// The field that `--field` names, or the whole message.
    fn select<'a>(&self, known: &KnownType, message: &'a Value) -> Result<(&'a Value, FieldType)> {
        let mut ty = FieldType { base: Base::Message(known.ty.name.clone()), array: rosidl::Array::Single };
        let mut value = message;
        for part in self.field.iter().flat_map(|f| f.split('.')).filter(|p| !p.is_empty()) {
            (value, ty) = step(known, value, &ty, part)
                .with_context(|| format!("Invalid field '{}'", self.field.as_deref().unwrap_or_default()))?;
        }
        Ok((value, ty))
    }
}

/// For JSON.
#[derive(Serialize)]
struct WithInfo<'a, M> {
    source_timestamp: i64,
    received_timestamp: i64,
    publication_sequence_number: i64,
    message: &'a M,
}

fn step<'a>(
    known: &KnownType,
    value: &'a Value,
    ty: &FieldType,
    part: &str,
) -> Result<(&'a Value, FieldType)> {
    match value {
        Value::Message(fields) => {
            let names = || fields.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ");
            let Base::Message(name) = &ty.base else { bail!("`{part}` is no field") };
            let found = fields.iter().find(|(n, _)| n == part).map(|(_, v)| v);
            let def = known.types.get(name).and_then(|d| d.fields.iter().find(|f| f.name == part));
            let (Some(found), Some(def)) = (found, def) else {
                bail!("'{name}' has no field '{part}'; it has {}", names());
            };
            Ok((found, def.ty.clone()))
        }
        Value::List(items) => {
            let i: usize = part.parse().with_context(|| format!("`{part}` is no index into a list"))?;
            let item = items.get(i).with_context(|| format!("the list has only {} elements", items.len()))?;
            Ok((item, FieldType { array: rosidl::Array::Single, ..ty.clone() }))
        }
        _ => bail!("there is no '{part}' in a single value"),
    }
}

/// Source time, time of arrival, the publisher's number.
fn info_values(received: &Received) -> [i64; 3] {
    [received.sample.source_time_ns, received.time_ns, received.sample.sequence]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// As Python shows bytes.
fn bytes_repr(bytes: &[u8]) -> String {
    let text: String = bytes
        .iter()
        .map(|b| match b {
            b'\\' => "\\\\".into(),
            b'\'' => "\\'".into(),
            b' '..=b'~' => char::from(*b).to_string(),
            b'\n' => "\\n".into(),
            b'\r' => "\\r".into(),
            b'\t' => "\\t".into(),
            _ => format!("\\x{b:02x}"),
        })
        .collect();
    format!("b'{text}'")
}

/// Gaps in the publishers' counts.
#[derive(Default)]
struct Losses {
    last: HashMap<Gid, i64>,
    total: u64,
}

impl Losses {
    fn report(&mut self, topic: &str, sample: &Sample, overrun: u64) {
        let gap = match self.last.insert(sample.source, sample.sequence) {
            Some(last) if sample.sequence > last => sample.sequence.abs_diff(last) - 1,
            _ => 0,
        };
        if gap > 0 {
            self.total += gap;
            note(&format!(
                "A message was lost!!!\n\ttotal count change:{gap}\n\ttotal count: {}",
                self.total
            ));
        }
        if overrun > 0 {
            note(&format!("{topic}: {overrun} messages came faster than they can be printed"));
        }
    }
}
