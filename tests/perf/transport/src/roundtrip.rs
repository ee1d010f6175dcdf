//! Round trips between two processes, ours beside `hiroz`, in turns.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;
use msgs::Message;
use msgs::std_msgs::msg::UInt8MultiArray as OurBlob;
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Publish, Transport, TypeRef};
use serde::{Deserialize, Serialize};

use crate::figures::{Latencies, Summary, median, median_summary};
use crate::process::{self, Peer, pause};
use crate::theirs::parking::Slot;
use crate::{ours, theirs};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Our nodes with ports in the live executor; shared memory on, as by default.
    Nodes,
    /// The same over TCP only.
    NodesTcp,
    /// The same over a Unix socket, shared memory on.
    NodesUnix,
    /// Our transport without nodes, answering in the callback; shared memory on.
    Transport,
    /// The same over TCP only.
    TransportTcp,
    /// `hiroz` nodes as they are by default: TCP, shared memory off.
    Hiroz,
    /// `hiroz` nodes with shared memory.
    HirozShm,
}

impl Variant {
    fn shm(self) -> bool {
        matches!(self, Self::Nodes | Self::NodesUnix | Self::Transport | Self::HirozShm)
    }

    fn name(self) -> String {
        self.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(clap::Args)]
pub struct Options {
    /// Sizes of the messages, bytes.
    #[arg(long, value_delimiter = ',', default_value = "1024,1048576")]
    sizes: Vec<usize>,
    /// Messages per run, for small ones; large ones are a tenth.
    #[arg(long, default_value_t = 5000)]
    count: usize,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Pause between looking whether the next can be sent, µs, for small ones; ten times as long for large ones.
    #[arg(long, default_value_t = 500)]
    period_us: u32,
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Variant>,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    latency: Summary,
    lost: u64,
    cpu_us_per_message: f64,
}

/// What the pinging process says.
#[derive(Serialize, Deserialize)]
struct Pinged {
    latency: Summary,
    lost: u64,
    cpu_us: u64,
}

#[derive(Serialize)]
struct Cell {
    size: usize,
    variant: Variant,
    median: Run,
    runs: Vec<Run>,
}

/// Measures and prints.
pub fn run(options: &Options, json: bool) -> anyhow::Result<()> {
    let mut variants = options.only.clone();
    if variants.is_empty() {
        variants = Variant::value_variants().to_vec();
    }
    let mut cells = vec![];
    let load = process::load();
    for &size in &options.sizes {
        let mut runs = vec![vec![]; variants.len()];
        for repeat in 0..options.repeats {
            for turn in 0..variants.len() {
                // Another one begins each time.
                let index = (turn + repeat) % variants.len();
                let run = measure(variants[index], size, options)
                    .with_context(|| format!("{size} bytes, {:?}", variants[index]))?;
                eprintln!("{repeat} {size:8} {:14}{}", variants[index].name(), run.latency);
                runs[index].push(run);
            }
        }
        for (variant, runs) in variants.iter().zip(runs) {
            let median = Run {
                latency: median_summary(&runs.iter().map(|r| r.latency).collect::<Vec<_>>()),
                lost: runs.iter().map(|r| r.lost).sum(),
                cpu_us_per_message: median(runs.iter().map(|r| r.cpu_us_per_message)),
            };
            cells.push(Cell { size, variant: *variant, median, runs });
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&cells)?);
    } else {
        print(&cells, options.repeats, load);
    }
    Ok(())
}

fn print(cells: &[Cell], repeats: usize, load: f64) {
    println!(
        "round trip, µs: medians of {repeats} runs each; load of the machine {load:.1} before, {:.1} after",
        process::load()
    );
    println!(
        "{:>8} {:14}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{:>7}{:>6}",
        "bytes", "", "p50", "p99", "p99.9", "max", "CPU/msg", "p50 ×", "p99 ×", "lost"
    );
    for cell in cells {
        let base = cells.iter().find(|c| c.size == cell.size && c.variant == Variant::Hiroz);
        let ratio = |figure: fn(&Summary) -> f64| {
            base.map_or(f64::NAN, |b| figure(&cell.median.latency) / figure(&b.median.latency))
        };
        println!(
            "{:>8} {:14}{}{:>9.0}{:>7.2}{:>7.2}{:>6}",
            cell.size,
            cell.variant.name(),
            cell.median.latency,
            cell.median.cpu_us_per_message,
            ratio(|s| s.p50_us),
            ratio(|s| s.p99_us),
            cell.median.lost
        );
    }
}

fn measure(variant: Variant, size: usize, options: &Options) -> anyhow::Result<Run> {
    let scale = if size > 65_536 { 10 } else { 1 };
    let folder = tempfile::tempdir()?;
    let endpoint = if variant == Variant::NodesUnix {
        format!("unixsock-stream/{}", folder.path().join("s").display())
    } else {
        process::free_endpoint()?
    };
    let name = variant.name();
    let mut echo = Peer::ready(&["peer-echo", &name, &endpoint])?;
    let (size_arg, period) = (size.to_string(), (options.period_us as usize * scale).to_string());
    let mut ping = Peer::ready(&["peer-ping", &name, &endpoint, &size_arg, &period])?;
    let count = options.count / scale;
    ping.ask(&format!("{}", count / 5))?;
    let before: u64 = echo.ask("cpu")?.parse()?;
    let pinged: Pinged = ping.ask_json(&count.to_string())?;
    let after: u64 = echo.ask("cpu")?.parse()?;
    let messages = 2 * pinged.latency.count;
    let cpu_us_per_message = (after - before + pinged.cpu_us) as f64 / messages as f64;
    Ok(Run { latency: pinged.latency, lost: pinged.lost, cpu_us_per_message })
}

/// The echoing process.
pub fn peer_echo(variant: Variant, endpoint: &str) -> anyhow::Result<()> {
    let _alive: Box<dyn std::any::Any> = match variant {
        Variant::Nodes | Variant::NodesTcp | Variant::NodesUnix => {
            let mut live = ours::live(ours::transport(&[], &[endpoint], variant.shm())?, &[])?;
            live.spawn::<ours::Echo>()?;
            Box::new(live)
        }
        Variant::Transport | Variant::TransportTcp => {
            let transport = ours::transport(&[], &[endpoint], variant.shm())?;
            Box::new((ours::echo_in_callback(&transport)?, transport))
        }
        Variant::Hiroz | Variant::HirozShm => {
            let context = theirs::context(&[], &[endpoint], variant.shm())?;
            Box::new((theirs::echo(&context)?, context))
        }
    };
    process::serve(|_| process::cpu_us().to_string())
}

/// The pinging process: does as many round trips as each line says.
pub fn peer_ping(variant: Variant, endpoint: &str, size: usize, period_us: u32) -> anyhow::Result<()> {
    let (send, results) = sync_channel(100_000);
    let period = Duration::from_micros(period_us.into());
    let connect = [endpoint];
    match variant {
        Variant::Nodes | Variant::NodesTcp | Variant::NodesUnix => {
            *ours::ROUND_TRIPS.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(send);
            let transport = ours::transport(&connect, &[], variant.shm())?;
            wait_for_echo(&*transport)?;
            let args = ["-p", &format!("size:={size}"), "-p", &format!("period_us:={period_us}")];
            let mut live = ours::live(transport, &args)?;
            live.spawn::<ours::Ping>()?;
            // It sends all the time; a round is what comes between two moments.
            process::serve(|line| round(line, &results, || pause(Duration::from_millis(5))))
        }
        Variant::Transport | Variant::TransportTcp => {
            let transport = ours::transport(&connect, &[], variant.shm())?;
            wait_for_echo(&*transport)?;
            let ty = TypeRef::message::<OurBlob>();
            let node = transport.node("/", "ping")?;
            let publisher = node.publisher("/ping", &ty, &Qos::default())?;
            let slot: Arc<Slot> = Arc::default();
            let sent = Arc::clone(&slot);
            let on_sample = Box::new(move |sample: runtime::transport::Sample| {
                if let Ok(message) = OurBlob::decode(&sample.payload)
                    && let Some(sent) = sent.take(message.layout.data_offset)
                {
                    let _ = send.try_send(sent.elapsed());
                }
            });
            let _guard = node.subscribe("/pong", &ty, &Qos::default(), on_sample)?;
            let mut message = ours::blob(size);
            process::serve(|line| {
                round(line, &results, || {
                    pause(period);
                    tick(&slot, &mut message, &*publisher);
                })
            })
        }
        Variant::Hiroz | Variant::HirozShm => {
            let context = theirs::context(&connect, &[], variant.shm())?;
            let mut pinger = theirs::Pinger::new(&context, size, send)?;
            // It is connected by now; a round trip shows that the echo is there.
            while results.try_recv().is_err() {
                pinger.tick()?;
                pause(Duration::from_millis(5));
            }
            process::serve(|line| {
                round(line, &results, || {
                    pause(period);
                    let _ = pinger.tick();
                })
            })
        }
    }
}

fn tick(slot: &Slot, message: &mut OurBlob, publisher: &dyn Publish) {
    if slot.is_free() {
        message.layout.data_offset += 1;
        slot.put(message.layout.data_offset, Instant::now());
        if let Ok(payload) = message.encode(message.data.len() + 64) {
            let _ = publisher.publish(payload);
        }
    }
}

fn wait_for_echo(transport: &dyn Transport) -> anyhow::Result<()> {
    let there = |kind| move |e: &runtime::transport::Endpoint| e.kind == kind;
    let both = |g: &runtime::transport::Graph| {
        g.count(there(EndpointKind::Subscription)) > 0 && g.count(there(EndpointKind::Publisher)) > 0
    };
    if !transport.graph().wait_until(Duration::from_secs(10), both) {
        bail!("the echo does not appear");
    }
    Ok(())
}

/// Collects as many round trips as `line` says, doing `step` again and again.
fn round(line: &str, results: &Receiver<Duration>, mut step: impl FnMut()) -> String {
    let count: u64 = line.parse().unwrap_or_default();
    let Ok(mut latencies) = Latencies::new() else { return String::new() };
    results.try_iter().for_each(drop);
    let cpu = process::cpu_us();
    let (mut lost, mut last) = (0, Instant::now());
    while latencies.count() + lost < count {
        step();
        for latency in results.try_iter() {
            latencies.add(latency);
            last = Instant::now();
        }
        if last.elapsed() > ours::LOST {
            lost += 1;
            last = Instant::now();
        }
    }
    let pinged = Pinged { latency: latencies.summary(), lost, cpu_us: process::cpu_us() - cpu };
    serde_json::to_string(&pinged).unwrap_or_default()
}
