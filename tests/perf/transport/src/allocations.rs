//! Heap allocations per message.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::bail;
use runtime::qos::Qos;
use runtime::transport::{Transport, TypeRef};
use serde::Serialize;

use crate::process::{self, Peer, pause};
use crate::{heap, ours, theirs};

#[derive(clap::Args)]
pub struct Options {
    /// Sizes of the messages, bytes.
    #[arg(long, value_delimiter = ',', default_value = "64,1024")]
    sizes: Vec<usize>,
    /// Messages counted.
    #[arg(long, default_value_t = 2000)]
    count: u64,
}

#[derive(Serialize)]
struct Row {
    size: usize,
    what: &'static str,
    per_publish: f64,
    per_message_in_publishing_process: f64,
    per_message_in_receiving_process: f64,
}

const PERIOD: Duration = Duration::from_millis(1);

/// Counts and prints.
pub fn run(options: &Options, json: bool) -> anyhow::Result<()> {
    let mut rows = vec![];
    for &size in &options.sizes {
        for what in ["nodes", "transport", "hiroz"] {
            let endpoint = process::free_endpoint()?;
            let mut receiver = Peer::ready(&["peer-receive", what, &endpoint])?;
            let mut sender = Peer::ready(&["peer-send", what, &endpoint, &size.to_string()])?;
            sender.ask("200")?;
            let before: (u64, u64) = receiver.ask_json("count")?;
            let (publish, process): (f64, f64) = sender.ask_json(&options.count.to_string())?;
            let after: (u64, u64) = receiver.ask_json("count")?;
            rows.push(Row {
                size,
                what,
                per_publish: publish,
                per_message_in_publishing_process: process,
                per_message_in_receiving_process: (after.1 - before.1) as f64 / (after.0 - before.0) as f64,
            });
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("heap allocations per message");
    println!(
        "{:>8} {:12}{:>14}{:>20}{:>20}",
        "bytes", "", "in publish()", "publishing process", "receiving process"
    );
    for row in &rows {
        println!(
            "{:>8} {:12}{:>14.2}{:>20.2}{:>20.2}",
            row.size,
            row.what,
            row.per_publish,
            row.per_message_in_publishing_process,
            row.per_message_in_receiving_process
        );
    }
    Ok(())
}

/// The receiving process.
pub fn peer_receive(what: &str, endpoint: &str) -> anyhow::Result<()> {
    let listen = [endpoint];
    let _alive: Box<dyn std::any::Any> = match what {
        "nodes" => {
            let mut live = ours::live(ours::transport(&[], &listen, true)?, &[])?;
            live.spawn::<ours::Receiver>()?;
            Box::new(live)
        }
        "transport" => {
            let transport = ours::transport(&[], &listen, true)?;
            let node = transport.node("/", "receiver")?;
            let ty = TypeRef::message::<msgs::std_msgs::msg::UInt8MultiArray>();
            let on_sample = Box::new(|_| {
                ours::RECEIVED.fetch_add(1, Relaxed);
            });
            let guard = node.subscribe("/ping", &ty, &Qos::default(), on_sample)?;
            Box::new((transport, node, guard))
        }
        _ => {
            let context = theirs::context(&[], &listen, false)?;
            Box::new((theirs::count(&context, &ours::RECEIVED)?, context))
        }
    };
    heap::of_process();
    process::serve(|_| format!("[{},{}]", ours::RECEIVED.load(Relaxed), heap::of_process()))
}

/// The publishing process: sends as many as each line says.
pub fn peer_send(what: &str, endpoint: &str, size: usize) -> anyhow::Result<()> {
    let connect = [endpoint];
    heap::of_process();
    if what == "nodes" {
        let args = ["-p", &format!("size:={size}"), "-p", &format!("period_us:={}", PERIOD.as_micros())];
        let transport = ours::transport(&connect, &[], true)?;
        wait_for_subscriber(&*transport)?;
        let mut live = ours::live(transport, &args)?;
        live.spawn::<ours::Sender>()?;
        return process::serve(|line| {
            let count: u64 = line.parse().unwrap_or(1);
            let read =
                || (ours::SENT.load(Relaxed), ours::SEND_ALLOCATIONS.load(Relaxed), heap::of_process());
            let before = read();
            while ours::SENT.load(Relaxed) < before.0 + count {
                pause(PERIOD);
            }
            let after = read();
            let per = |n: u64| n as f64 / (after.0 - before.0) as f64;
            format!("[{},{}]", per(after.1 - before.1), per(after.2 - before.2))
        });
    }
    let mut publish: Box<dyn FnMut()> = if what == "transport" {
        use msgs::Message;
        let transport = ours::transport(&connect, &[], true)?;
        wait_for_subscriber(&*transport)?;
        let node = transport.node("/", "sender")?;
        let ty = TypeRef::message::<msgs::std_msgs::msg::UInt8MultiArray>();
        let publisher = node.publisher("/ping", &ty, &Qos::default())?;
        // The bytes are there already: what remains is the transport's.
        let payload = ours::blob(size).encode(0)?;
        Box::new(move || {
            let _ = (&transport, &node, publisher.publish(payload.clone()));
        })
    } else {
        let context = theirs::context(&connect, &[], false)?;
        let (results, _) = std::sync::mpsc::sync_channel(1);
        let pinger = theirs::Pinger::new(&context, size, results)?;
        Box::new(move || drop((&context, pinger.publish())))
    };
    process::serve(|line| {
        let count: u64 = line.parse().unwrap_or(1);
        let mut inside = 0;
        let before = heap::of_process();
        for _ in 0..count {
            let thread = heap::of_thread();
            publish();
            inside += heap::of_thread() - thread;
            pause(PERIOD);
        }
        let process = heap::of_process() - before;
        format!("[{},{}]", inside as f64 / count as f64, process as f64 / count as f64)
    })
}

fn wait_for_subscriber(transport: &dyn Transport) -> anyhow::Result<()> {
    if !transport.graph().wait_until(Duration::from_secs(10), |g| !g.topics().is_empty()) {
        bail!("the receiver does not appear");
    }
    Ok(())
}
