//! `atlas bag record`

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Zoned;
use parking_lot::RwLock;
use runtime::clock::wall_time_ns;
use runtime::qos::Qos;
use runtime::recording::{Compression, Layout, Recorder, RecorderOptions, RecorderStats, TopicInfo};
use runtime::transport::{Endpoint, EndpointKind, Guard, Sample};

use super::qos::to_entry;
use super::selection::Selection;
use crate::commands::Global;
use crate::graph_names::is_hidden;
use crate::output::{Out, err, log};
use crate::qos_args::adapted;
use crate::session::Session;
use crate::types::of_endpoints;

const LOGGER: &str = "rosbag2_recorder";
/// How often new topics are looked for at the latest, and Ctrl-C is heard.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the status line is written.
const STATUS_EVERY: Duration = Duration::from_millis(500);

/// Records topics as they appear, until Ctrl-C.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas bag record -a -o drive\n  atlas bag record /sensors/imu /tf\n  \
                        atlas bag record --regex '^/sensors/' --exclude-regex camera\n  \
                        atlas bag record -a --compression-mode none")]
pub struct Record {
    /// Topics to record
    #[arg(value_name = "TOPIC")]
    topics_positional: Vec<String>,
    /// Topics to record
    #[arg(long, value_name = "TOPIC", num_args = 1..)]
    topics: Vec<String>,
    /// Record all topics
    #[arg(short, long, visible_alias = "all-topics")]
    all: bool,
    /// Record topics that match this expression
    #[arg(short = 'e', long)]
    regex: Option<String>,
    /// Do not record these topics
    #[arg(long, value_name = "TOPIC", num_args = 1..)]
    exclude_topics: Vec<String>,
    /// Do not record topics that match this expression
    #[arg(short = 'x', long, visible_alias = "exclude")]
    exclude_regex: Option<String>,
    /// Record hidden topics, too
    #[arg(long)]
    include_hidden_topics: bool,
    /// Record only topics that are there now
    #[arg(long)]
    no_discovery: bool,
    /// Folder to create; else one named after the time. A name that ends in .mcap is a file instead
    #[arg(short, long, value_name = "NAME")]
    output: Option<PathBuf>,
    /// How to compress; MCAP compresses in chunks, so `file` and `message` mean that, too
    #[arg(long, value_enum, default_value = "chunk")]
    compression_mode: CompressionMode,
    /// With what to compress
    #[arg(long, value_enum, default_value = "zstd")]
    compression_format: CompressionFormat,
    /// Memory for messages that wait for the disk, bytes; what does not fit is dropped and counted
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    max_cache_size: u64,
    /// Storage of the bag
    #[arg(short, long, value_parser = ["mcap"], default_value = "mcap", hide = true)]
    storage: String,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum CompressionMode {
    None,
    Chunk,
    File,
    Message,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressionFormat {
    Zstd,
    Lz4,
}

impl Record {
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let names = [&self.topics_positional[..], &self.topics[..]].concat();
        if !self.all && names.is_empty() && self.regex.is_none() {
            bail!("nothing to record: name topics, or give --all or --regex");
        }
        let (names, regex) = if self.all { (vec![], None) } else { (names, self.regex.as_deref()) };
        let selection = Selection::new(&names, regex, &self.exclude_topics, self.exclude_regex.as_deref())?;
        let session = Session::open(global)?;
        let path = self.path();
        let recorder = Recorder::create(&path, self.options(&path))?;
        log("INFO", LOGGER, &format!("Recording to {}", path.display()));
        let mut recording = Recording {
            session: &session,
            recorder: Arc::new(RwLock::new(Some(recorder))),
            subscriptions: BTreeMap::new(),
            status: Status::new(),
        };
        let result = recording.run(
            |name| {
                let named = selection.names().iter().any(|n| n == name);
                selection.wants(name) && (self.include_hidden_topics || named || !is_hidden(name))
            },
            self.no_discovery,
        );
        // Whatever happened, what is recorded is finished.
        let stats = recording.finish();
        result?;
        let stats = stats?;
        log("INFO", LOGGER, "Recording stopped");
        for topic in stats.topics.iter().filter(|t| t.dropped > 0) {
            log(
                "WARN",
                LOGGER,
                &format!("{}: {} messages dropped: the disk is too slow", topic.name, topic.dropped),
            );
        }
        for name in selection.names().iter().filter(|n| !stats.topics.iter().any(|t| t.name == **n)) {
            log("WARN", LOGGER, &format!("{name} was never published"));
        }
        if out.json {
            return out.json_document(&stats);
        }
        let lost = stats.dropped;
        out.line(&format!(
            "{}: {} topics, {} messages, {}, {lost} dropped",
            path.display(),
            stats.topics.len(),
            stats.messages,
            megabytes(stats.file_bytes as f64)
        ))
    }

    fn path(&self) -> PathBuf {
        let by_time = || PathBuf::from(Zoned::now().strftime("rosbag2_%Y_%m_%d-%H_%M_%S").to_string());
        self.output.clone().unwrap_or_else(by_time)
    }

    fn options(&self, path: &std::path::Path) -> RecorderOptions {
        let is_file = path.extension().is_some_and(|e| e == "mcap");
        RecorderOptions {
            layout: if is_file { Layout::File } else { Layout::Directory },
            compression: match (self.compression_mode, self.compression_format) {
                (CompressionMode::None, _) => Compression::None,
                (_, CompressionFormat::Zstd) => Compression::Zstd { level: 1 },
                (_, CompressionFormat::Lz4) => Compression::Lz4,
            },
            queue_bytes: self.max_cache_size,
            ..RecorderOptions::default()
        }
    }
}

/// Empty once the recording is finished.
type Shared = Arc<RwLock<Option<Recorder>>>;

struct Recording<'a> {
    session: &'a Session,
    recorder: Shared,
    /// By topic; `None` where it could not be subscribed to.
    subscriptions: BTreeMap<String, Option<Guard>>,
    status: Status,
}

impl Recording<'_> {
    fn run(&mut self, wants: impl Fn(&str) -> bool, only_once: bool) -> Result<()> {
        self.status.log("INFO", "Listening for topics... (Ctrl-C ends)");
        let graph = self.session.graph();
        let mut seen = None;
        while !self.session.stop.is_set() {
            let version = graph.version();
            if seen != Some(version) && !(only_once && seen.is_some()) {
                seen = Some(version);
                self.subscribe_new(&wants)?;
            }
            graph.wait_until(LOOK_EVERY, |g| g.version() != version);
            let Some(stats) = self.recorder.read().as_ref().map(Recorder::stats) else { return Ok(()) };
            if let Some(failure) = stats.failure {
                bail!("recording ended by itself: {failure}");
            }
            self.status.show(&stats);
        }
        Ok(())
    }

    fn subscribe_new(&mut self, wants: &impl Fn(&str) -> bool) -> Result<()> {
        let published =
            self.session.graph().endpoints(|e| e.kind == EndpointKind::Publisher && wants(&e.name));
        let mut topics: BTreeMap<String, Vec<Endpoint>> = BTreeMap::new();
        for endpoint in published {
            if !self.subscriptions.contains_key(&endpoint.name) {
                topics.entry(endpoint.name.clone()).or_default().push(endpoint);
            }
        }
        // Types that must be asked for come last, so that they hold nothing up.
        let mut topics: Vec<_> = topics.into_iter().collect();
        topics.sort_by_key(|(_, publishers)| msgs::interface(&publishers[0].ty.name).is_none());
        for (topic, publishers) in topics {
            let subscribed = self.subscribe(&topic, &publishers);
            match &subscribed {
                Ok(_) => self.status.log("INFO", &format!("Subscribed to topic '{topic}'")),
                Err(e) => self.status.log("ERROR", &format!("{topic} is not recorded: {e:#}")),
            }
            self.subscriptions.insert(topic, subscribed.ok());
        }
        Ok(())
    }

    fn subscribe(&mut self, topic: &str, publishers: &[Endpoint]) -> Result<Guard> {
        let ty = &publishers.first().context("no publisher")?.ty;
        if let Some(other) = publishers.iter().find(|p| p.ty != *ty) {
            self.status.log("WARN", &format!("{topic}: only {} is recorded, not {}", ty.name, other.ty.name));
        }
        let definition = of_endpoints(self.session, ty, publishers)
            .and_then(|known| Ok(known.types.definition(&known.ty.name)?))
            .unwrap_or_else(|e| {
                self.status
                    .log("WARN", &format!("{topic} is recorded without the definition of its type: {e:#}"));
                String::new()
            });
        let info = TopicInfo {
            name: topic.into(),
            type_name: ty.name.clone(),
            type_hash: ty.hash.clone(),
            definition,
            offered_qos: publishers.iter().map(|p| to_entry(&p.qos)).collect(),
        };
        let id = self.recorder.read().as_ref().context("finished")?.add_topic(info)?;
        let qos = adapted(topic, Qos::default().depth(1000), publishers);
        let recorder = Arc::clone(&self.recorder);
        let on_sample = move |sample: Sample| {
            if let Some(recorder) = recorder.read().as_ref() {
                let ns = |t: i64| u64::try_from(t).unwrap_or_default();
                let now = ns(wall_time_ns());
                // Publishers without an attachment give no time.
                let published = if sample.source_time_ns > 0 { ns(sample.source_time_ns) } else { now };
                // Counts what it drops.
                let _ = recorder.write(id, now, published, sample.sequence as u32, sample.payload);
            }
        };
        Ok(self.session.node.subscribe(topic, ty, &qos, Box::new(on_sample))?)
    }

    fn finish(&mut self) -> Result<RecorderStats> {
        self.subscriptions.clear();
        self.status.clear();
        let recorder = self.recorder.write().take();
        Ok(recorder.context("finished already")?.finish()?)
    }
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// One line on a terminal that is written over.
struct Status {
    is_terminal: bool,
    begin: Instant,
    shown: Option<Instant>,
    bytes: u64,
}

impl Status {
    fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), begin: Instant::now(), shown: None, bytes: 0 }
    }

    fn show(&mut self, stats: &RecorderStats) {
        let now = Instant::now();
        let since = self.shown.map_or(STATUS_EVERY, |at| now - at);
        if !self.is_terminal || since < STATUS_EVERY {
            return;
        }
        let rate = stats.payload_bytes.saturating_sub(self.bytes) as f64 / since.as_secs_f64();
        let seconds = self.begin.elapsed().as_secs();
        let dropped = if stats.dropped > 0 {
            format!(" \x1b[31m{} DROPPED\x1b[0m", stats.dropped)
        } else {
            String::new()
        };
        err(&format!(
            "\r\x1b[K{:02}:{:02}:{:02}  {} topics  {} messages  {} ({} on disk)  {}/s{dropped}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            stats.topics.len(),
            stats.messages,
            megabytes(stats.payload_bytes as f64),
            megabytes(stats.file_bytes as f64),
            megabytes(rate)
        ));
        (self.shown, self.bytes) = (Some(now), stats.payload_bytes);
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            err("\r\x1b[K");
        }
    }

    fn log(&mut self, level: &str, text: &str) {
        self.clear();
        log(level, LOGGER, text);
    }
}
