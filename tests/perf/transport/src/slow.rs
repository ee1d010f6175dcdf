//! A node with a slow step beside a quick one in the same process: the quick one must not notice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use msgs::std_msgs::msg::UInt8MultiArray as Blob;
use runtime::clock::wall_time_ns;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use serde::Serialize;

use crate::figures::{Latencies, Summary, median_summary};
use crate::ours::{self, Params};
use crate::process::{self, Peer, pause};

#[derive(clap::Args)]
pub struct Options {
    /// Length of each run, s.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often with and without.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
}

/// How long a slow step takes.
const SLOW: Duration = Duration::from_millis(100);
static SLOW_STEPS: AtomicU64 = AtomicU64::new(0);
static LATENCIES: Mutex<Vec<u64>> = Mutex::new(vec![]);

/// Takes 100 ms for each message, as a blocked disk would make it.
struct Slow(Queue<Blob>);

impl Node for Slow {
    const NAME: &'static str = "slow";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.trigger("/slow", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        while self.0.next().is_some() {
            pause(SLOW);
            SLOW_STEPS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Measures how old messages are when its step sees them.
struct Quick(Queue<Blob>);

impl Node for Quick {
    const NAME: &'static str = "quick";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.trigger("/quick", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        while let Some(message) = self.0.next() {
            let age = wall_time_ns() - message.source_time.as_ns();
            let mut latencies = LATENCIES.lock().unwrap_or_else(PoisonError::into_inner);
            latencies.push(u64::try_from(age).unwrap_or_default());
        }
    }
}

/// Sends on both topics.
struct Source {
    slow: Output<Blob>,
    quick: Output<Blob>,
}

impl Node for Source {
    const NAME: &'static str = "source";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(5));
        Ok(Self {
            slow: ports.output_like("/slow", Qos::default(), ours::blob(1024))?,
            quick: ports.output_like("/quick", Qos::default(), ours::blob(1024))?,
        })
    }
    fn step(&mut self, step: Step) {
        // 50 Hz to a node that manages 10.
        if step.index.is_multiple_of(4) {
            self.slow.send_with(|_| ());
        }
        self.quick.send_with(|_| ());
    }
}

#[derive(Serialize)]
struct Report {
    alone: Summary,
    beside_slow: Summary,
    slow_steps: u64,
}

/// Measures and prints.
pub fn run(options: &Options, json: bool) -> anyhow::Result<()> {
    let (mut alone, mut beside) = (vec![], vec![]);
    for _ in 0..options.repeats {
        alone.push(measure(false, options.seconds)?);
        beside.push(measure(true, options.seconds)?);
    }
    let report = Report {
        alone: median_summary(&alone),
        beside_slow: median_summary(&beside),
        slow_steps: SLOW_STEPS.load(Ordering::Relaxed),
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("publisher to step of the quick node, 200 Hz, µs; load {:.1}", process::load());
    println!("{:28}{:>9}{:>9}{:>9}{:>9}", "", "p50", "p99", "p99.9", "max");
    println!("{:28}{}", "alone in its process", report.alone);
    println!("{:28}{}", "beside a node that takes 100 ms", report.beside_slow);
    println!("slow steps meanwhile: {}", report.slow_steps);
    Ok(())
}

fn measure(with_slow: bool, seconds: u64) -> anyhow::Result<Summary> {
    let endpoint = process::free_endpoint()?;
    let mut live = ours::live(ours::transport(&[], &[&endpoint], true)?, &[])?;
    if with_slow {
        live.spawn::<Slow>()?;
    }
    live.spawn::<Quick>()?;
    let _source = Peer::ready(&["peer-source", &endpoint])?;
    pause(Duration::from_secs(1));
    let lock = || LATENCIES.lock().unwrap_or_else(PoisonError::into_inner);
    lock().clear();
    let start = Instant::now();
    pause(Duration::from_secs(seconds).saturating_sub(start.elapsed()));
    let mut latencies = Latencies::new()?;
    lock().drain(..).for_each(|ns| latencies.add(Duration::from_nanos(ns)));
    Ok(latencies.summary())
}

/// The sending process.
pub fn peer_source(endpoint: &str) -> anyhow::Result<()> {
    let mut live = ours::live(ours::transport(&[endpoint], &[], true)?, &[])?;
    live.spawn::<Source>()?;
    process::serve(|_| String::new())
}
