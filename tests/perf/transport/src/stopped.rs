//! One publisher, two subscribers in other processes, one of them stopped (SIGSTOP) and continued later.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use runtime::clock::wall_time_ns;
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Transport, TypeRef};
use serde::{Deserialize, Serialize};

use crate::figures::{Latencies, Summary};
use crate::process::{self, Peer, pause};

#[derive(clap::Args)]
pub struct Options {
    /// How long the subscriber is stopped, s.
    #[arg(long, default_value_t = 12)]
    seconds: u64,
    /// Which streams, size in bytes × rate in Hz.
    #[arg(long, value_delimiter = ',', default_value = "1024x1000,65536x100,1048576x10")]
    streams: Vec<String>,
}

/// What a subscriber saw since it was asked last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Seen {
    received: u64,
    lost: u64,
    latency: Summary,
}

#[derive(Serialize)]
struct Row {
    size: usize,
    rate_hz: u64,
    shm: bool,
    /// Longest `publish()` before, while stopped, and after, µs.
    publish_max_us: [f64; 3],
    /// p99 of `publish()` while stopped, µs.
    publish_p99_us: f64,
    /// The other subscriber before, meanwhile and after.
    other: [Seen; 3],
    /// Memory of the publisher before the stop, and the most until the end, KiB.
    rss_kib: [u64; 2],
    /// How long after SIGCONT the first fresh message arrived there, ms.
    recovered_ms: Option<f64>,
    /// What it saw in the last second.
    stopped_one_at_the_end: Seen,
}

/// Measures and prints.
pub fn run(options: &Options, json: bool) -> anyhow::Result<()> {
    let mut rows = vec![];
    for stream in &options.streams {
        let (size, rate) = stream.split_once('x').context("streams are <bytes>x<hz>")?;
        for shm in [true, false] {
            let row = measure(size.parse()?, rate.parse()?, shm, options)?;
            if !json {
                print(&row, rows.is_empty());
            }
            rows.push(row);
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    Ok(())
}

fn print(row: &Row, first: bool) {
    if first {
        println!(
            "load {:.1}; before / while one subscriber is stopped / after it continues",
            process::load()
        );
    }
    let [before, meanwhile, after] = &row.other;
    println!(
        "{} B × {} Hz, shared memory {}:\n  publish() max {:.0} / {:.0} / {:.0} µs (p99 {:.0})\n  other: lost {} of {} / {} of {} / {} of {}; \
         latency p50 {:.0} / {:.0} / {:.0}, p99 {:.0} / {:.0} / {:.0}, max {:.0} / {:.0} / {:.0} µs\n  \
         RSS {} → {} KiB; fresh message {} ms after SIGCONT; last second there: {} received, {} lost, p99 {:.0} µs",
        row.size,
        row.rate_hz,
        if row.shm { "on" } else { "off" },
        row.publish_max_us[0],
        row.publish_max_us[1],
        row.publish_max_us[2],
        row.publish_p99_us,
        before.lost,
        before.received + before.lost,
        meanwhile.lost,
        meanwhile.received + meanwhile.lost,
        after.lost,
        after.received + after.lost,
        before.latency.p50_us,
        meanwhile.latency.p50_us,
        after.latency.p50_us,
        before.latency.p99_us,
        meanwhile.latency.p99_us,
        after.latency.p99_us,
        before.latency.max_us,
        meanwhile.latency.max_us,
        after.latency.max_us,
        row.rss_kib[0],
        row.rss_kib[1],
        row.recovered_ms.map_or("no".into(), |ms| format!("{ms:.0}")),
        row.stopped_one_at_the_end.received,
        row.stopped_one_at_the_end.lost,
        row.stopped_one_at_the_end.latency.p99_us,
    );
}

fn ty() -> TypeRef {
    TypeRef::message::<msgs::std_msgs::msg::UInt8MultiArray>()
}

fn measure(size: usize, rate_hz: u64, shm: bool, options: &Options) -> anyhow::Result<Row> {
    let folder = tempfile::tempdir()?;
    let options_here = peer_options(&folder.path().to_string_lossy(), shm);
    let transport = runtime::transport::zenoh::ZenohTransport::open(&options_here)?;
    let folder = folder.path().to_string_lossy().into_owned();
    let shm_arg = if shm { "on" } else { "off" };
    let mut other = Peer::ready(&["peer-subscribe", &folder, shm_arg])?;
    let mut victim = Peer::ready(&["peer-subscribe", &folder, shm_arg])?;
    let node = transport.node("/", "publisher")?;
    let publisher = node.publisher("/stream", &ty(), &Qos::default())?;
    let both = |g: &runtime::transport::Graph| g.count(|e| e.kind == EndpointKind::Subscription) == 2;
    anyhow::ensure!(transport.graph().wait_until(Duration::from_secs(10), both), "subscribers are missing");

    let period = Duration::from_secs(1) / u32::try_from(rate_hz)?;
    let payload = Bytes::from(vec![0xaa_u8; size]);
    let mut rss = 0;
    let mut phase = |time: Duration| -> anyhow::Result<Summary> {
        let mut latencies = Latencies::new()?;
        let begin = Instant::now();
        let mut due = begin;
        while begin.elapsed() < time {
            due += period;
            pause(due.saturating_duration_since(Instant::now()));
            let payload = Bytes::copy_from_slice(&payload);
            let start = Instant::now();
            let sent = publisher.publish(payload);
            latencies.add(start.elapsed());
            if let Err(error) = sent {
                eprintln!("publish: {error}");
            }
            rss = rss.max(process::rss_kib());
        }
        Ok(latencies.summary())
    };
    phase(Duration::from_secs(1))?;
    other.ask("report")?;
    let before = phase(Duration::from_secs(3))?;
    let rss_before = process::rss_kib();
    let other_before = other.ask_json("report")?;
    victim.ask("report")?;
    victim.signal(libc::SIGSTOP);
    let meanwhile = phase(Duration::from_secs(options.seconds))?;
    let other_meanwhile = other.ask_json("report")?;
    let continued_ns = wall_time_ns();
    victim.signal(libc::SIGCONT);
    let after = phase(Duration::from_secs(5))?;
    let other_after = other.ask_json("report")?;
    let fresh_ns: i64 = victim.ask(&format!("fresh {continued_ns}"))?.parse()?;
    victim.ask("report")?;
    phase(Duration::from_secs(1))?;
    Ok(Row {
        size,
        rate_hz,
        shm,
        publish_max_us: [before.max_us, meanwhile.max_us, after.max_us],
        publish_p99_us: meanwhile.p99_us,
        other: [other_before, other_meanwhile, other_after],
        rss_kib: [rss_before, rss],
        recovered_ms: (fresh_ns > 0).then(|| (fresh_ns - continued_ns) as f64 / 1e6),
        stopped_one_at_the_end: victim.ask_json("report")?,
    })
}

/// How all find each other.
pub fn peer_options(folder: &str, shared_memory: bool) -> runtime::transport::zenoh::ZenohOptions {
    runtime::transport::zenoh::ZenohOptions {
        connect: vec![],
        rendezvous: Some(folder.into()),
        shared_memory,
        ..Default::default()
    }
}

struct Watch {
    latencies: Latencies,
    lost: u64,
    last: i64,
    /// When samples were sent and came, the last ones.
    recent: std::collections::VecDeque<(i64, i64)>,
}

/// A subscribing process.
pub fn peer_subscribe(folder: &str, shm: bool) -> anyhow::Result<()> {
    let transport = runtime::transport::zenoh::ZenohTransport::open(&peer_options(folder, shm))?;
    let node = transport.node("/", &format!("subscriber_{}", std::process::id()))?;
    let watch =
        Mutex::new(Watch { latencies: Latencies::new()?, lost: 0, last: 0, recent: Default::default() });
    let watch: &'static Mutex<Watch> = Box::leak(Box::new(watch));
    let lock = || watch.lock().unwrap_or_else(PoisonError::into_inner);
    let on_sample = Box::new(move |sample: runtime::transport::Sample| {
        let now = wall_time_ns();
        let mut watch = lock();
        let age = u64::try_from(now - sample.source_time_ns).unwrap_or_default();
        watch.latencies.add(Duration::from_nanos(age));
        if watch.last > 0 {
            watch.lost += u64::try_from(sample.sequence - watch.last - 1).unwrap_or_default();
        }
        watch.last = sample.sequence;
        watch.recent.push_back((sample.source_time_ns, now));
        if watch.recent.len() > 20_000 {
            watch.recent.pop_front();
        }
    });
    let _guard = node.subscribe("/stream", &ty(), &Qos::default(), on_sample)?;
    process::serve(|line| {
        let mut watch = lock();
        if let Some(since) = line.strip_prefix("fresh ") {
            let since: i64 = since.parse().unwrap_or_default();
            let first = watch.recent.iter().find(|(sent, _)| *sent >= since);
            return first.map_or(0, |(_, came)| *came).to_string();
        }
        let seen =
            Seen { received: watch.latencies.count(), lost: watch.lost, latency: watch.latencies.summary() };
        watch.latencies.clear();
        watch.lost = 0;
        serde_json::to_string(&seen).unwrap_or_default()
    })
}
