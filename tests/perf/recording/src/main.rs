//! Records many topics at a given rate and reads them back. Prints figures; asserts nothing about time.
//!
//! `cargo run --release -p perf-recording -- --seconds 60`

mod load;
mod process;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use hdrhistogram::Histogram;
use runtime::recording::{
    Bag, Compression, MessageFilter, ReadOrder, Recorder, RecorderOptions, RecorderStats,
};

/// How to load the recorder.
#[derive(Parser)]
struct Args {
    /// Topics that are published in turn.
    #[arg(long, default_value_t = 100)]
    topics: usize,
    /// Payload of all topics together, in 10^6 bytes per second.
    #[arg(long, default_value_t = 100.0)]
    megabytes_per_second: f64,
    /// How long, in seconds.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Payload of a message in bytes.
    #[arg(long, default_value_t = 10_000)]
    message_bytes: usize,
    /// Compression of chunks.
    #[arg(long, value_enum, default_value_t = Codec::Zstd)]
    compression: Codec,
    /// Level of zstd.
    #[arg(long, default_value_t = 1)]
    level: u32,
    /// Size of a chunk before compression, in KiB.
    #[arg(long, default_value_t = 1024)]
    chunk_kib: u64,
    /// Limit of the queue in MiB.
    #[arg(long, default_value_t = 256)]
    queue_mib: u64,
    /// Where the bag is written; it is removed at the end.
    #[arg(long)]
    directory: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Codec {
    None,
    Lz4,
    Zstd,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let parent = args.directory.clone().unwrap_or_else(std::env::temp_dir);
    let temporary = tempfile::tempdir_in(&parent).with_context(|| format!("no directory in {parent:?}"))?;
    let path = temporary.path().join("perf.mcap");
    let sent = record(&args, &path)?;
    for (name, order) in [("by time", ReadOrder::LogTime), ("as written", ReadOrder::File)] {
        read_back(&path, name, order, sent)?;
    }
    open_cut_off(&path)
}

/// Opens the bag as a killed recorder leaves it: without a summary, so that it has to be read through.
fn open_cut_off(path: &PathBuf) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    file.set_len(file.metadata()?.len() * 99 / 100)?;
    let started = Instant::now();
    let info = Bag::open(path)?.info();
    println!(
        "opened cut off      {} messages found in {:.2} s",
        info.message_count,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Records and prints figures. Gives the number of messages sent.
fn record(args: &Args, path: &PathBuf) -> anyhow::Result<u64> {
    let compression = match args.compression {
        Codec::None => Compression::None,
        Codec::Lz4 => Compression::Lz4,
        Codec::Zstd => Compression::Zstd { level: args.level },
    };
    let options = RecorderOptions {
        compression,
        chunk_bytes: args.chunk_kib << 10,
        queue_bytes: args.queue_mib << 20,
        ..RecorderOptions::default()
    };
    let recorder = Recorder::create(path, options)?;
    let messages_per_second = args.megabytes_per_second * 1e6 / args.message_bytes as f64;
    let payloads = load::payloads(args.message_bytes);
    let topics: Vec<_> =
        (0..args.topics).map(|at| recorder.add_topic(load::topic(at))).collect::<Result<_, _>>()?;

    let mut latency_ns = Histogram::<u64>::new_with_max(60_000_000_000, 3)?;
    let started = Instant::now();
    let cpu_before_s = process::cpu_seconds()?;
    let mut sent = 0_u64;
    let mut writer_cpu_s = 0.0;
    while started.elapsed().as_secs_f64() < args.seconds {
        let due = (started.elapsed().as_secs_f64() * messages_per_second) as u64;
        while sent < due {
            // Every message has memory of its own, as one from a transport has.
            let data = bytes::Bytes::copy_from_slice(&payloads[sent as usize % payloads.len()]);
            let topic = topics[sent as usize % topics.len()];
            let time_ns = 1_700_000_000_000_000_000 + (sent as f64 / messages_per_second * 1e9) as u64;
            let before = Instant::now();
            recorder.write(topic, time_ns, time_ns, sent as u32, data);
            latency_ns.saturating_record(before.elapsed().as_nanos() as u64);
            sent += 1;
        }
        writer_cpu_s = process::thread_cpu_seconds("rec-write").unwrap_or(writer_cpu_s);
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let recording_s = started.elapsed().as_secs_f64();
    let cpu_s = process::cpu_seconds()? - cpu_before_s;
    let before_finish = Instant::now();
    let stats = recorder.finish()?;
    let finish_s = before_finish.elapsed().as_secs_f64();
    print_recording(args, &stats, sent);
    println!(
        "CPU                 {:.1} % of one core for the process (generator included)",
        100.0 * cpu_s / recording_s
    );
    println!("  writer thread     {:.1} %", 100.0 * writer_cpu_s / recording_s);
    println!("write() call        {}", quantiles_us(&latency_ns));
    println!("finish()            {finish_s:.2} s");
    Ok(sent)
}

fn print_recording(args: &Args, stats: &RecorderStats, sent: u64) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "recorded            {} topics, {} messages of {} bytes, {:.0} MB in {:.0} s",
        args.topics,
        sent,
        args.message_bytes,
        mb(stats.payload_bytes),
        args.seconds
    );
    println!("dropped             {}", stats.dropped);
    println!("queue high water    {:.1} MB", mb(stats.queue_high_water_bytes));
    let ratio = stats.payload_bytes as f64 / stats.file_bytes as f64;
    println!("file                {:.0} MB, {ratio:.2} : 1, {} chunks", mb(stats.file_bytes), stats.chunks);
}

fn quantiles_us(latency_ns: &Histogram<u64>) -> String {
    let us = |quantile| latency_ns.value_at_quantile(quantile) as f64 / 1e3;
    let max = latency_ns.max() as f64 / 1e3;
    format!("p50 {:.2} us, p99 {:.2} us, p99.9 {:.2} us, max {max:.0} us", us(0.5), us(0.99), us(0.999))
}

fn read_back(path: &PathBuf, name: &str, order: ReadOrder, sent: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    let bag = Bag::open(path)?;
    let opened_s = started.elapsed().as_secs_f64();
    let (mut messages, mut bytes) = (0_u64, 0_u64);
    for message in bag.messages(MessageFilter { order, ..MessageFilter::default() }) {
        messages += 1;
        bytes += message?.data.len() as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = bytes as f64 / 1e6 / seconds;
    println!(
        "read {name:<15}{messages} messages, {rate:.0} MB/s of payload; opened in {:.1} ms",
        opened_s * 1e3
    );
    if messages != sent {
        bail!("{sent} messages were sent, {messages} are in the bag");
    }
    Ok(())
}
