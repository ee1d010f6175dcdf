//! How much faster than real time five nodes run in lockstep, with and without recording; and whether two runs and
//! the replay give the same bytes.
//!
//! ```text
//! cargo run --release -p perf-lockstep -- [--seconds 10] [--repeats 5] [--json]
//! ```

mod nodes;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::node::Node;
use runtime::params::Overrides;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

/// How much faster than real time nodes run in lockstep.
#[derive(Parser)]
struct Args {
    /// Virtual time of each run, s.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    virtual_s: u64,
    /// Times faster than real time, each run.
    bare: Vec<f64>,
    hashed: Vec<f64>,
    recorded: Vec<f64>,
    messages: u64,
    bytes: u64,
    bag_bytes: u64,
    hash: String,
    /// Whether all runs gave the same bytes.
    same: bool,
    replays: Vec<Replay>,
}

#[derive(Serialize)]
struct Replay {
    node: &'static str,
    steps: u64,
    outputs: u64,
    same: bool,
    times_real_time: f64,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let time = Duration::from_secs(args.seconds);
    let mut report = Report {
        virtual_s: args.seconds,
        bare: vec![],
        hashed: vec![],
        recorded: vec![],
        messages: 0,
        bytes: 0,
        bag_bytes: 0,
        hash: String::new(),
        same: true,
        replays: vec![],
    };
    let bag = folder.path().join("run.mcap");
    for _ in 0..args.repeats {
        report.bare.push(run(time, false, None)?.times);
        let hashed = run(time, true, None)?;
        report.hashed.push(hashed.times);
        let recorded = run(time, true, Some(&bag))?;
        report.recorded.push(recorded.times);
        if report.hash.is_empty() {
            report.hash.clone_from(&hashed.hash);
        }
        report.same &= report.hash == hashed.hash && report.hash == recorded.hash;
        (report.messages, report.bytes) = (hashed.messages, hashed.bytes);
    }
    report.bag_bytes = std::fs::metadata(&bag)?.len();
    report.replays = vec![
        replayed::<nodes::Lidar>(&bag, time)?,
        replayed::<nodes::Localization>(&bag, time)?,
        replayed::<nodes::Perception>(&bag, time)?,
        replayed::<nodes::Planning>(&bag, time)?,
        replayed::<nodes::Control>(&bag, time)?,
    ];
    print(&report, args.json)
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!(
        "5 nodes, {} s of virtual time, {} messages, {:.1} MB",
        report.virtual_s,
        report.messages,
        report.bytes as f64 / 1e6
    );
    for (what, times) in [
        ("bare", &report.bare),
        ("hash of all bytes", &report.hashed),
        ("hash and recording", &report.recorded),
    ] {
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        println!(
            "  {what:20}{:>8.0} × real time (median; {:.0} to {:.0})",
            sorted[sorted.len() / 2],
            sorted[0],
            sorted[sorted.len() - 1]
        );
    }
    println!("  hash {}, the same in all runs: {}", report.hash, report.same);
    println!("  bag: {:.1} MB", report.bag_bytes as f64 / 1e6);
    for replay in &report.replays {
        println!(
            "  replay of {:14}{:>6} steps{:>6} outputs compared, the same: {}, {:.0} × real time",
            replay.node, replay.steps, replay.outputs, replay.same, replay.times_real_time
        );
    }
    let all = report.same && report.replays.iter().all(|r| r.same);
    anyhow::ensure!(all, "runs differ");
    Ok(())
}

struct Run {
    times: f64,
    hash: String,
    messages: u64,
    bytes: u64,
}

#[derive(Default)]
struct Seen {
    hash: Xxh3,
    messages: u64,
    bytes: u64,
}

fn run(time: Duration, hashed: bool, bag: Option<&Path>) -> anyhow::Result<Run> {
    let mut run = Lockstep::new(Time::from_ns(1_700_000_000_000_000_000));
    run.add::<nodes::Lidar>()?;
    run.add::<nodes::Localization>()?;
    run.add::<nodes::Perception>()?;
    run.add::<nodes::Planning>()?;
    run.add::<nodes::Control>()?;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    if hashed {
        let seen = Arc::clone(&seen);
        run.observe(move |event| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.hash.update(&event.time.as_ns().to_le_bytes());
            seen.hash.update(event.topic.as_bytes());
            seen.hash.update(event.payload);
            seen.messages += 1;
            seen.bytes += event.payload.len() as u64;
        });
    }
    if let Some(bag) = bag {
        let _ = std::fs::remove_file(bag);
        run.record(Recorder::create(bag, RecorderOptions::default())?);
    }
    let start = Instant::now();
    run.run_for(time)?;
    // The recording is only done when it is on disk.
    if let Some(stats) = run.finish_recording()? {
        anyhow::ensure!(stats.dropped == 0, "the recording lost messages");
    }
    let times = time.as_secs_f64() / start.elapsed().as_secs_f64();
    drop(run);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let hash = format!("{:032x}", seen.hash.digest128());
    Ok(Run { times, hash, messages: seen.messages, bytes: seen.bytes })
}

fn replayed<N: Node>(bag: &Path, time: Duration) -> anyhow::Result<Replay> {
    let start = Instant::now();
    let report = replay::<N>(bag, &Remaps::default(), &Overrides::default())?;
    if let Some(difference) = &report.difference {
        eprintln!("{}: {difference:?}", N::NAME);
    }
    Ok(Replay {
        node: N::NAME,
        steps: report.steps,
        outputs: report.outputs,
        same: report.difference.is_none() && report.steps > 0,
        times_real_time: time.as_secs_f64() / start.elapsed().as_secs_f64(),
    })
}
