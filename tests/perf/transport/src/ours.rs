//! Our side: the transport by itself, and nodes with ports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use msgs::Message;
use msgs::std_msgs::msg::UInt8MultiArray as Blob;
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{Transport, TypeRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::heap;

/// A transport between two explicit endpoints. To try Zenoh's settings out, `PERF_ZENOH` may hold `key=value;…`.
pub fn transport(connect: &[&str], listen: &[&str], shm: bool) -> anyhow::Result<Arc<ZenohTransport>> {
    let settings = std::env::var("PERF_ZENOH").unwrap_or_default();
    let pairs = settings.split(';').filter_map(|s| s.split_once('='));
    let options = ZenohOptions {
        shared_memory: shm,
        overrides: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        ..ZenohOptions::isolated(connect, listen)
    };
    Ok(Arc::new(ZenohTransport::open(&options)?))
}

/// An executor with arguments such as `-p size:=3`.
pub fn live(transport: Arc<ZenohTransport>, args: &[&str]) -> anyhow::Result<Live> {
    let all = ["perf", "--ros-args"].iter().chain(args).map(std::ffi::OsString::from);
    Ok(Live::new(transport, RosArgs::parse(all)?)?)
}

/// A message of that many bytes, and a number in it.
pub fn blob(size: usize) -> Blob {
    Blob { data: vec![0xaa; size].into(), ..Blob::default() }
}

/// Parameters of all nodes here.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Size of the messages, bytes.
    size: u32,
    /// Period of the messages, µs.
    period_us: u32,
}

impl Params {
    /// The size read as a number of the node.
    pub fn index(&self) -> u32 {
        self.size
    }
}

impl Default for Params {
    fn default() -> Self {
        Self { size: 1024, period_us: 1000 }
    }
}

/// Sends back what comes.
pub struct Echo {
    ping: Queue<Blob>,
    pong: Output<Blob>,
}

impl Node for Echo {
    const NAME: &'static str = "echo";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            ping: ports.trigger("/ping", Qos::default())?,
            pong: ports.output("/pong", Qos::default())?,
        })
    }
    fn step(&mut self, _: Step) {
        while let Some(ping) = self.ping.next() {
            self.pong.send(ping.message.clone());
        }
    }
}

/// Where [`Ping`] sends the times of its round trips; a node can only be given parameters.
pub static ROUND_TRIPS: Mutex<Option<SyncSender<Duration>>> = Mutex::new(None);

/// Sends at its rate whenever the last one is back, and measures until the step that gets the answer.
pub struct Ping {
    ping: Output<Blob>,
    pong: Queue<Blob>,
    number: u32,
    sent: Option<Instant>,
    round_trips: Option<SyncSender<Duration>>,
}

/// After this a message counts as lost.
pub const LOST: Duration = Duration::from_secs(1);

impl Node for Ping {
    const NAME: &'static str = "ping";
    type Params = Params;
    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_micros(params.period_us.into()));
        Ok(Self {
            ping: ports.output_like("/ping", Qos::default(), blob(params.size as usize))?,
            pong: ports.trigger("/pong", Qos::default())?,
            number: 0,
            sent: None,
            round_trips: ROUND_TRIPS.lock().unwrap_or_else(PoisonError::into_inner).take(),
        })
    }
    fn step(&mut self, step: Step) {
        while let Some(pong) = self.pong.next() {
            if pong.layout.data_offset == self.number
                && let (Some(sent), Some(results)) = (self.sent.take(), &self.round_trips)
            {
                let _ = results.try_send(sent.elapsed());
            }
        }
        if step.due && self.sent.is_none_or(|s| s.elapsed() > LOST) {
            self.number += 1;
            self.sent = Some(Instant::now());
            let number = self.number;
            self.ping.send_with(|m| m.layout.data_offset = number);
        }
    }
}

/// What [`Sender`] allocated in `send_with`, and how often.
pub static SENT: AtomicU64 = AtomicU64::new(0);
/// See [`SENT`].
pub static SEND_ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Sends at its rate and counts its allocations.
pub struct Sender(Output<Blob>);

impl Node for Sender {
    const NAME: &'static str = "sender";
    type Params = Params;
    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_micros(params.period_us.into()));
        Ok(Self(ports.output_like("/ping", Qos::default(), blob(params.size as usize))?))
    }
    fn step(&mut self, step: Step) {
        let before = heap::of_thread();
        self.0.send_with(|m| m.layout.data_offset = step.index as u32);
        SEND_ALLOCATIONS.fetch_add(heap::of_thread() - before, Ordering::Relaxed);
        SENT.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many messages [`Receiver`] got.
pub static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// Reads what comes.
pub struct Receiver(Queue<Blob>);

impl Node for Receiver {
    const NAME: &'static str = "receiver";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.trigger("/ping", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        while self.0.next().is_some() {
            RECEIVED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The echo without nodes: answers in the transport's thread. Lives as long as what it returns.
pub fn echo_in_callback(transport: &ZenohTransport) -> anyhow::Result<impl Drop + use<>> {
    let ty = TypeRef::message::<Blob>();
    let node = transport.node("/", "echo")?;
    let publisher = node.publisher("/pong", &ty, &Qos::default())?;
    let on_sample = Box::new(move |sample: runtime::transport::Sample| {
        let Ok(message) = Blob::decode(&sample.payload) else { return };
        if let Ok(payload) = message.encode(sample.payload.len()) {
            let _ = publisher.publish(payload);
        }
    });
    let guard = node.subscribe("/ping", &ty, &Qos::default(), on_sample)?;
    Ok(Keep((node, guard)))
}

/// Keeps something until it is dropped.
pub struct Keep<T>(#[allow(dead_code)] pub T); // held, never read

impl<T> Drop for Keep<T> {
    fn drop(&mut self) {}
}
