//! How soon processes that start at once all know each other; and again after the router was killed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use msgs::std_msgs::msg::UInt8MultiArray as Blob;
use runtime::clock::wall_time_ns;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Graph, Transport};
use serde::Serialize;

use crate::figures::median;
use crate::ours::{self, Params};
use crate::process::{self, Peer, pause};

#[derive(clap::Args)]
pub struct Options {
    /// How many processes.
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    /// How often they are started.
    #[arg(long, default_value_t = 20)]
    repeats: usize,
    /// How often the router is killed.
    #[arg(long, default_value_t = 5)]
    kills: usize,
}

#[derive(Serialize)]
struct Report {
    /// From the start of the first process until the last one knows all, ms.
    without_router_ms: Vec<f64>,
    with_router_ms: Vec<f64>,
    /// From the start of the new router until a newcomer that knows only the router and all old nodes know each
    /// other, and a message of the newcomer has reached all, ms.
    router_restart_ms: Vec<f64>,
}

const PATIENCE: Duration = Duration::from_secs(30);

/// Measures and prints.
pub fn run(options: &Options, json: bool) -> anyhow::Result<()> {
    let mut report = Report { without_router_ms: vec![], with_router_ms: vec![], router_restart_ms: vec![] };
    let load = process::load();
    for _ in 0..options.repeats {
        report.without_router_ms.push(without_router(options.nodes)?);
        report.with_router_ms.push(with_router(options.nodes)?);
    }
    for kill in 0..options.kills {
        // The others look for it at moments that depend on when it went: not always at the same one.
        let away = Duration::from_millis(2000 + 130 * (kill as u64 % 5));
        report.router_restart_ms.push(router_restart(options.nodes, away)?);
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("{} processes, ms; load {load:.1} before, {:.1} after", options.nodes, process::load());
    println!("{:44}{:>8}{:>8}{:>8}{:>6}", "", "median", "min", "max", "runs");
    for (what, times) in [
        ("all know all, no router", &report.without_router_ms),
        ("all know all, by a router", &report.with_router_ms),
        ("router killed and started: newcomer and all", &report.router_restart_ms),
    ] {
        let (min, max) = times.iter().fold((f64::MAX, 0.0_f64), |(a, b), t| (a.min(*t), b.max(*t)));
        println!("{what:44}{:>8.0}{min:>8.0}{max:>8.0}{:>6}", median(times.iter().copied()), times.len());
    }
    Ok(())
}

/// Starts processes at once and waits until each knows all; gives them and the time, ms.
fn start(nodes: usize, how: &str, at: &str) -> anyhow::Result<(Vec<Peer>, f64)> {
    let begin = wall_time_ns();
    let count = nodes.to_string();
    let mut peers = vec![];
    for index in 0..nodes {
        peers.push(Peer::start(&["peer-node", how, at, &index.to_string(), &count])?);
    }
    let mut last = begin;
    for peer in &mut peers {
        last = last.max(peer.read()?.parse()?);
    }
    Ok((peers, (last - begin) as f64 / 1e6))
}

fn without_router(nodes: usize) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    Ok(start(nodes, "rendezvous", &folder.path().to_string_lossy())?.1)
}

fn with_router(nodes: usize) -> anyhow::Result<f64> {
    let endpoint = process::free_endpoint()?;
    let _router = Peer::ready(&["peer-router", &endpoint])?;
    Ok(start(nodes, "router", &endpoint)?.1)
}

fn router_restart(nodes: usize, away: Duration) -> anyhow::Result<f64> {
    let endpoint = process::free_endpoint()?;
    let router = Peer::ready(&["peer-router", &endpoint])?;
    let (mut peers, _) = start(nodes, "router", &endpoint)?;
    // Dropping it is SIGKILL.
    drop(router);
    pause(away);
    let begin = wall_time_ns();
    let _router = Peer::start(&["peer-router", &endpoint])?;
    let all = (nodes + 1).to_string();
    for peer in &mut peers {
        peer.tell(&all)?;
    }
    let mut newcomer = Peer::start(&["peer-node", "router", &endpoint, &nodes.to_string(), &all])?;
    let mut last: i64 = newcomer.read()?.parse()?;
    for peer in &mut peers {
        last = last.max(peer.read()?.parse()?);
    }
    Ok((last - begin) as f64 / 1e6)
}

static HEARD: AtomicU64 = AtomicU64::new(0);

/// Announces itself 20 times a second on a topic of its own and listens to the others on a common one.
struct Member {
    own: Output<Blob>,
    common: Output<Blob>,
    others: Queue<Blob>,
    index: u32,
    heard: u64,
}

impl Node for Member {
    const NAME: &'static str = "member";
    type Params = Params;
    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(50));
        Ok(Self {
            own: ports.output("~/own", Qos::default())?,
            common: ports.output("/common", Qos::default())?,
            others: ports.trigger("/common", Qos::default().depth(100))?,
            index: params.index(),
            heard: 0,
        })
    }
    fn step(&mut self, step: Step) {
        while let Some(other) = self.others.next() {
            self.heard |= 1_u64.checked_shl(other.layout.data_offset).unwrap_or_default();
            HEARD.store(self.heard, Ordering::Relaxed);
        }
        if step.due {
            let index = self.index;
            self.own.send_with(|_| ());
            self.common.send_with(|m| m.layout.data_offset = index);
        }
    }
}

/// A node's process: prints when it knows all.
pub fn peer_node(how: &str, at: &str, index: usize, nodes: usize) -> anyhow::Result<()> {
    let options = match how {
        "router" => ZenohOptions::isolated(&[at], &[]),
        _ => crate::stopped::peer_options(at, true),
    };
    let transport = std::sync::Arc::new(ZenohTransport::open(&options)?);
    let name = format!("__node:=member_{index}");
    let mut live = ours::live(transport.clone(), &["-r", &name, "-p", &format!("size:={index}")])?;
    live.spawn::<Member>()?;
    println!("{}", known_at(transport.graph(), nodes)?);
    for line in std::io::stdin().lines() {
        println!("{}", known_at(transport.graph(), line?.trim_end().parse()?)?);
    }
    Ok(())
}

/// Waits until all nodes with their topics are in the graph and each has been heard; says when, ns since the epoch.
fn known_at(graph: &Graph, nodes: usize) -> anyhow::Result<i64> {
    let end = Instant::now() + PATIENCE;
    let complete = |g: &Graph| {
        let own: BTreeSet<String> = g
            .endpoints(|e| e.kind == EndpointKind::Publisher && e.name.ends_with("/own"))
            .into_iter()
            .map(|e| e.name)
            .collect();
        g.nodes().len() == nodes && own.len() == nodes
    };
    anyhow::ensure!(
        graph.wait_until(PATIENCE, complete),
        "only {} of {nodes} nodes are known",
        graph.nodes().len()
    );
    let newest = 1_u64 << (nodes - 1);
    while HEARD.load(Ordering::Relaxed) & newest == 0 {
        anyhow::ensure!(Instant::now() < end, "no message of node {}", nodes - 1);
        pause(Duration::from_millis(1));
    }
    Ok(wall_time_ns())
}

/// A router's process.
pub fn peer_router(endpoint: &str) -> anyhow::Result<()> {
    let options = ZenohOptions { router: true, ..ZenohOptions::isolated(&[], &[endpoint]) };
    let _router = ZenohTransport::open(&options)?;
    process::serve(|_| String::new())
}
