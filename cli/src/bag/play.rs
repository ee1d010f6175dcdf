//! `atlas bag play`

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use msgs::Message;
use msgs::builtin_interfaces::msg::Time;
use msgs::rosgraph_msgs::msg::Clock;
use rosidl::TypeSet;
use runtime::qos::Qos;
use runtime::recording::{Bag, BagError, BagMessage, BagTopic, MessageFilter};
use runtime::transport::{Publish, TypeRef};
use serde_json::json;

use super::qos::offer;
use super::schedule::Schedule;
use super::selection::Selection;
use crate::commands::Global;
use crate::graph_names::absolute;
use crate::output::{Out, log, note};
use crate::qos_args::parse_seconds;
use crate::session::Session;
use crate::types::full_name;

const LOGGER: &str = "rosbag2_player";
/// Messages that are read ahead.
const READ_AHEAD: usize = 100;
/// How long to stay after the last message, so that it leaves.
const KEEP_ALIVE: Duration = Duration::from_millis(100);

/// Publishes a bag's messages with the spacing and the QoS of the recording.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas bag play scenarios/scenario_001.bag\n  atlas bag play drive -r 2 --loop\n  \
                        atlas bag play drive --topics /sensors/imu /tf --clock\n  \
                        atlas bag play drive --remap /sensors/imu:=/imu --start-offset 12.5"
)]
pub struct Play {
    /// A bag: a directory or an MCAP file, whatever it is called
    bag_path: PathBuf,
    /// How many times as fast as recorded
    #[arg(short, long, default_value_t = 1.0, value_parser = parse_seconds)]
    rate: f64,
    /// Begin again at the end
    #[arg(short, long)]
    r#loop: bool,
    /// Publish /clock at this rate, Hz; 40 if no rate is given
    #[arg(long, value_name = "HZ", num_args = 0..=1, default_missing_value = "40", value_parser = parse_seconds)]
    clock: Option<f64>,
    /// Play only these topics
    #[arg(long, value_name = "TOPIC", num_args = 1..)]
    topics: Vec<String>,
    /// Play only topics that match this expression
    #[arg(short = 'e', long)]
    regex: Option<String>,
    /// Do not play these topics
    #[arg(long, value_name = "TOPIC", num_args = 1.., visible_alias = "exclude")]
    exclude_topics: Vec<String>,
    /// Do not play topics that match this expression
    #[arg(short = 'x', long)]
    exclude_regex: Option<String>,
    /// Publish a topic under another name: old:=new
    #[arg(short = 'm', long, value_name = "OLD:=NEW", num_args = 1..)]
    remap: Vec<String>,
    /// Begin this far into the bag, s
    #[arg(long, value_name = "S", default_value_t = 0.0, hide_default_value = true)]
    start_offset: f64,
    /// Wait before playing, s
    #[arg(short, long, value_name = "S", value_parser = parse_seconds)]
    delay: Option<f64>,
    /// Play only so much of the bag, s
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    playback_duration: Option<f64>,
}

type Publishers = HashMap<String, Arc<dyn Publish>>;

impl Play {
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let bag = super::open(&self.bag_path)?;
        let info = bag.info();
        if info.truncated || info.damaged_parts > 0 {
            note("the bag is damaged; playing what can be read (`atlas bag reindex` makes it whole)");
        }
        let filter = self.filter(&bag)?;
        let session = Session::open(global)?;
        let publishers = self.create_publishers(&session, &bag, &filter)?;
        let clock = match self.clock {
            None => None,
            Some(rate) => {
                let qos = Qos::sensor().depth(1);
                let publisher = session.node.publisher("/clock", &TypeRef::message::<Clock>(), &qos)?;
                Some((publisher, Duration::from_secs_f64(1.0 / rate)))
            }
        };
        log("INFO", LOGGER, &format!("Playing {} topics at rate {}", publishers.len(), self.rate));
        let mut played = Played { publishers, clock, messages: 0, skipped: 0, damaged: 0 };
        loop {
            let messages = read_ahead(&bag, filter.clone())?;
            // The time begins when the first message is there, so that reading it makes nothing late.
            let first = messages.recv().ok();
            let begin = Instant::now() + self.delay.map_or(Duration::ZERO, Duration::from_secs_f64);
            let schedule = Schedule::new(filter.start_ns.unwrap_or(0), begin, self.rate);
            let stopped = played.play(&session, first.into_iter().chain(messages), schedule)?;
            if stopped || !self.r#loop || played.messages == 0 {
                break;
            }
        }
        session.stop.wait_until(Instant::now() + KEEP_ALIVE);
        let Played { messages, damaged, .. } = played;
        if out.json {
            return out.json_document(&json!({"messages": messages, "damaged_parts": damaged}));
        }
        log("INFO", LOGGER, &format!("Published {messages} messages"));
        Ok(())
    }

    /// Which part of the bag.
    fn filter(&self, bag: &Bag) -> Result<MessageFilter> {
        let selection = Selection::new(
            &self.topics,
            self.regex.as_deref(),
            &self.exclude_topics,
            self.exclude_regex.as_deref(),
        )?;
        let info = bag.info();
        let recorded: HashSet<_> = info.topics.iter().map(|t| t.name.clone()).collect();
        for missing in selection.names().iter().filter(|n| !recorded.contains(*n)) {
            note(&format!("{missing} is not in the bag"));
        }
        // Two clocks would contradict each other.
        let is_ours = |name: &str| self.clock.is_some() && name == "/clock";
        let topics: HashSet<_> = recorded.into_iter().filter(|n| selection.wants(n) && !is_ours(n)).collect();
        if topics.is_empty() {
            bail!("no topic of {} is to be played (`atlas bag info`)", self.bag_path.display());
        }
        if !(0.0..1e9).contains(&self.start_offset) {
            bail!("--start-offset must be 0 or more seconds");
        }
        let ns = |s: f64| (s * 1e9) as u64;
        let start_ns = info.start_ns.saturating_add(ns(self.start_offset));
        let end_ns = self.playback_duration.map(|s| start_ns.saturating_add(ns(s)));
        Ok(MessageFilter {
            topics: Some(topics),
            start_ns: Some(start_ns),
            end_ns,
            ..MessageFilter::default()
        })
    }

    fn create_publishers(&self, session: &Session, bag: &Bag, filter: &MessageFilter) -> Result<Publishers> {
        let remap = self.remap_rules()?;
        let mut publishers = Publishers::new();
        for topic in bag.topics() {
            let name = &topic.info.name;
            if !filter.topics.as_ref().is_some_and(|t| t.contains(name)) || publishers.contains_key(name) {
                continue;
            }
            let ty = match type_of(&topic) {
                Ok(ty) => ty,
                Err(e) => {
                    note(&format!("{name} is not played: {e:#}"));
                    continue;
                }
            };
            let qos = offer(name, &topic.info.offered_qos);
            let publisher = session.node.publisher(remap.get(name).unwrap_or(name), &ty, &qos)?;
            publishers.insert(name.clone(), publisher);
        }
        Ok(publishers)
    }

    fn remap_rules(&self) -> Result<BTreeMap<String, String>> {
        let rule = |rule: &String| {
            let (old, new) =
                rule.split_once(":=").with_context(|| format!("--remap: `{rule}` is not `old:=new`"))?;
            Ok((absolute(old)?, absolute(new)?))
        };
        self.remap.iter().map(rule).collect()
    }
}

/// Name and hash of a recorded topic's type.
fn type_of(topic: &BagTopic) -> Result<TypeRef> {
    let info = &topic.info;
    if topic.serialization_format != "cdr" {
        bail!("it is encoded as {:?}, not as cdr", topic.serialization_format);
    }
    let name = full_name(&info.type_name, "msg")?;
    if info.type_hash.starts_with("RIHS01_") {
        return Ok(TypeRef { name, hash: info.type_hash.clone() });
    }
    let mut types = TypeSet::default();
    let defined = types.add_definition(&name, &info.definition).ok().and_then(|()| types.hash(&name).ok());
    let known = || msgs::interface(&name).map(|i| i.hash.to_string());
    let hash = defined.or_else(known).with_context(|| format!("the bag does not define its type {name}"))?;
    Ok(TypeRef { name, hash })
}

/// What was played so far.
struct Played {
    publishers: Publishers,
    clock: Option<(Arc<dyn Publish>, Duration)>,
    messages: u64,
    skipped: u64,
    damaged: u64,
}

impl Played {
    /// True if it was stopped.
    fn play(
        &mut self,
        session: &Session,
        messages: impl Iterator<Item = Result<BagMessage, BagError>>,
        schedule: Schedule,
    ) -> Result<bool> {
        let mut next_tick = schedule.instant_of(0);
        for message in messages {
            let message = match message {
                Ok(message) => message,
                Err(e) => {
                    self.damaged += 1;
                    note(&e.to_string());
                    continue;
                }
            };
            let due = schedule.instant_of(message.log_time_ns);
            while let Some((clock, period)) = self.clock.as_ref().filter(|_| next_tick <= due) {
                if session.stop.wait_until(next_tick) {
                    return Ok(true);
                }
                clock.publish(clock_message(schedule.recorded_at(next_tick))?)?;
                next_tick += *period;
            }
            if session.stop.wait_until(due) {
                return Ok(true);
            }
            match self.publishers.get(&message.topic.info.name) {
                Some(publisher) => {
                    publisher.publish(message.data)?;
                    self.messages += 1;
                }
                None => self.skipped += 1,
            }
        }
        Ok(session.stop.is_set())
    }
}

/// Reads in a thread of its own, so that decompressing does not delay messages.
fn read_ahead(bag: &Bag, filter: MessageFilter) -> Result<Receiver<Result<BagMessage, BagError>>> {
    let (send, receive) = sync_channel(READ_AHEAD);
    let messages = bag.messages(filter);
    let read = move || {
        for message in messages {
            if send.send(message).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("bag-read".into()).spawn(read).context("cannot start a thread")?;
    Ok(receive)
}

fn clock_message(ns: u64) -> Result<bytes::Bytes> {
    let sec = i32::try_from(ns / 1_000_000_000).unwrap_or(i32::MAX);
    Ok(Clock { clock: Time { sec, nanosec: (ns % 1_000_000_000) as u32 } }.encode(16)?)
}
