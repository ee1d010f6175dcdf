//! What one process or node does must not hurt the others: stopped, killed, slow, and twelve at once.
//!
//! The other processes are this test binary again, with a role in its environment. Times here are generous: they tell
//! "held up" from "not held up", the figures are in `tests/perf/transport`.

#![allow(clippy::unwrap_used)] // the helpers are test code too

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use msgs::std_msgs::msg::UInt8MultiArray as Blob;
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Graph, Transport, TypeRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LONG: Duration = Duration::from_secs(20);
const ROLE: &str = "ATLAS_FAULTS_ROLE";
const FOLDER: &str = "ATLAS_FAULTS_FOLDER";

fn options(folder: &Path) -> ZenohOptions {
    ZenohOptions { connect: vec![], rendezvous: Some(folder.into()), ..ZenohOptions::default() }
}

/// This test binary in a role of [`role`]; killed when dropped.
struct Peer {
    child: Child,
    out: BufReader<ChildStdout>,
    _stdin: Option<ChildStdin>,
}

impl Peer {
    fn start(role: &str, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["role", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let stdin = child.stdin.take();
        Self { child, out, _stdin: stdin }
    }

    /// Waits for a line with that word.
    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "a peer ended before it said `{word}`");
        }
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test but what the other processes do; without a role nothing.
#[test]
fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let transport = ZenohTransport::open(&options(&folder)).unwrap();
    let ty = TypeRef::message::<Blob>();
    let stdin_ends = || std::io::stdin().lines().for_each(drop);
    match role.split_once(' ').unwrap_or((&role, "")) {
        // Says so at the first message and at every 50th.
        ("subscriber", _) => {
            let node = transport.node("/", &format!("subscriber_{}", std::process::id())).unwrap();
            let count = AtomicU64::new(0);
            let on_sample = Box::new(move |_| {
                if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(50) {
                    println!("heard");
                }
            });
            let _guard = node.subscribe("/stream", &ty, &Qos::default(), on_sample).unwrap();
            stdin_ends();
        }
        ("member", rest) => {
            let (index, count) = rest.split_once(' ').unwrap();
            let count: usize = count.parse().unwrap();
            let node = transport.node("/", &format!("member_{index}")).unwrap();
            let _own = node.publisher(&format!("/topic_{index}"), &ty, &Qos::default()).unwrap();
            let all = |g: &Graph| {
                g.nodes().len() == count
                    && g.topics().keys().filter(|t| t.starts_with("/topic_")).count() == count
            };
            if transport.graph().wait_until(LONG, all) {
                println!("complete");
            } else {
                println!("has {:?}", transport.graph().nodes());
            }
            stdin_ends();
        }
        other => panic!("no such role: {other:?}"),
    }
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn subscribers(graph: &Graph) -> usize {
    graph.count(|e| e.kind == EndpointKind::Subscription && e.name == "/stream")
}

/// Publishes at 100 Hz for that time; gives the longest `publish()`.
fn publish_for(time: Duration, publisher: &dyn runtime::transport::Publish, size: usize) -> Duration {
    let (begin, mut longest) = (Instant::now(), Duration::ZERO);
    while begin.elapsed() < time {
        let payload = Bytes::from(vec![7; size]);
        let start = Instant::now();
        publisher.publish(payload).unwrap();
        longest = longest.max(start.elapsed());
        std::thread::park_timeout(Duration::from_millis(10));
    }
    longest
}

#[test]
fn a_stopped_subscriber_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let transport = ZenohTransport::open(&options(folder.path())).unwrap();
    let node = transport.node("/", "publisher").unwrap();
    let ty = TypeRef::message::<Blob>();
    let publisher = node.publisher("/stream", &ty, &Qos::default()).unwrap();
    let mut good = Peer::start("subscriber", folder.path());
    let mut stopped = Peer::start("subscriber", folder.path());
    assert!(transport.graph().wait_until(LONG, |g| subscribers(g) == 2));
    publish_for(Duration::from_secs(1), &*publisher, 65_536);
    good.wait_for("heard");
    stopped.wait_for("heard");
    let before = rss_kib();
    stopped.signal("-STOP");
    // The median of a few, so that a busy machine's single pause is not taken for a publisher that waits.
    let mut longest: Vec<_> =
        (0..5).map(|_| publish_for(Duration::from_millis(600), &*publisher, 65_536)).collect();
    longest.sort();
    let grown = rss_kib().saturating_sub(before);
    assert!(longest[2] <= Duration::from_millis(50), "publish() took {longest:?}");
    assert!(grown <= 64 << 10, "{grown} KiB more");
    good.wait_for("heard");
    good.wait_for("heard");
    stopped.signal("-CONT");
    // What waited in the socket is heard first; then, with more published, what is new.
    publish_for(Duration::from_secs(2), &*publisher, 65_536);
    stopped.wait_for("heard");
    stopped.wait_for("heard");
}

#[test]
fn a_killed_peer_is_forgotten_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let transport = ZenohTransport::open(&options(folder.path())).unwrap();
    let node = transport.node("/", "publisher").unwrap();
    let publisher = node.publisher("/stream", &TypeRef::message::<Blob>(), &Qos::default()).unwrap();
    let mut good = Peer::start("subscriber", folder.path());
    let killed = Peer::start("subscriber", folder.path());
    assert!(transport.graph().wait_until(LONG, |g| subscribers(g) == 2 && g.nodes().len() == 3));
    // Large ones go through shared memory, which the killed one can't give back.
    publish_for(Duration::from_millis(300), &*publisher, 1 << 20);
    good.wait_for("heard");
    drop(killed); // SIGKILL
    assert!(transport.graph().wait_until(LONG, |g| subscribers(g) == 1 && g.nodes().len() == 2));
    publish_for(Duration::from_secs(2), &*publisher, 1 << 20);
    good.wait_for("heard");
}

#[test]
fn twelve_processes_that_start_at_once_see_each_other() {
    const COUNT: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut peers: Vec<_> =
        (0..COUNT).map(|i| Peer::start(&format!("member {i} {COUNT}"), folder.path())).collect();
    for peer in &mut peers {
        peer.wait_for("complete");
    }
    // Who goes is missed by all, who comes is seen by all.
    peers.truncate(COUNT - 1);
    Peer::start(&format!("member {} {COUNT}", COUNT - 1), folder.path()).wait_for("complete");
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NoParams {}

/// Sends 100 times a second to both.
struct Source(Output<Blob>);

impl Node for Source {
    const NAME: &'static str = "source";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        Ok(Self(ports.output("/stream", Qos::default())?))
    }
    fn step(&mut self, step: Step) {
        self.0.send_with(|m| m.layout.data_offset = step.index as u32);
    }
}

static QUICK_STEPS: AtomicU64 = AtomicU64::new(0);
static SLOW_GATE: Mutex<()> = Mutex::new(());
static SLOW_WAITS: AtomicU64 = AtomicU64::new(0);

/// Its step ends when the test lets it.
struct Slow(Queue<Blob>);

impl Node for Slow {
    const NAME: &'static str = "slow";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.trigger("/stream", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        while self.0.next().is_some() {
            SLOW_WAITS.fetch_add(1, Ordering::SeqCst);
            drop(SLOW_GATE.lock().unwrap());
        }
    }
}

/// Counts.
struct Quick(Queue<Blob>);

impl Node for Quick {
    const NAME: &'static str = "quick";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.trigger("/stream", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        while self.0.next().is_some() {
            QUICK_STEPS.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < end, "it does not happen");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_step_that_does_not_end_delays_no_other_node() {
    let folder = tempfile::tempdir().unwrap();
    let transport = Arc::new(ZenohTransport::open(&options(folder.path())).unwrap());
    let args = RosArgs::parse(["test"].map(std::ffi::OsString::from)).unwrap();
    let mut live = Live::new(transport, args).unwrap();
    let gate = SLOW_GATE.lock().unwrap();
    live.spawn::<Slow>().unwrap();
    live.spawn::<Quick>().unwrap();
    live.spawn::<Source>().unwrap();
    wait_until(|| SLOW_WAITS.load(Ordering::SeqCst) == 1);
    let before = QUICK_STEPS.load(Ordering::SeqCst);
    wait_until(|| QUICK_STEPS.load(Ordering::SeqCst) >= before + 100);
    assert_eq!(SLOW_WAITS.load(Ordering::SeqCst), 1, "the slow one is still in its step");
    drop(gate);
    // It goes on with what its queue kept.
    wait_until(|| SLOW_WAITS.load(Ordering::SeqCst) > 10);
}
