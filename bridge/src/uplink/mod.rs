//! The vehicle's end of the link: hello and lease, live reports, durable events, commands. Knows no ROS.

mod commands;
mod path;
mod session;
mod upload;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_proto::v1::command::Body as CommandBody;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body as EventBody;
use bridge_proto::v1::{Event, SafetyState, Telemetry, VehicleState};
use bridge_proto::{PROTOCOL_VERSION, Scope, Suffix};
use parking_lot::Mutex;
use prost::Message as _;
use runtime::clock::wall_time_ns;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use zenoh::Session;
use zenoh::config::ZenohId;
use zenoh::pubsub::Publisher;
use zenoh::qos::{CongestionControl, Priority};

use crate::cloud_clock::CloudClock;
use crate::spool::{Spool, SpoolError};
use commands::Inbox;
pub use path::{Path, PathConfig, PathError};

/// Events that wait to be written.
const EVENT_QUEUE: usize = 1024;

/// What an [`Execute`] answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a command went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What comes of it.
    pub result: AckResult,
    /// For people; explains a refusal.
    pub message: String,
}

impl Outcome {
    /// With a message.
    pub fn new(result: AckResult, message: impl Into<String>) -> Self {
        Self { result, message: message.into() }
    }
}

/// Executes commands. Each is called once; several may be under way at a time.
pub trait Execute: Send + Sync + 'static {
    /// Executes one, within a span that has its trace.
    fn execute<'a>(&'a self, command: &'a CommandBody, traceparent: &'a str) -> BoxFuture<'a, Outcome>;
}

/// What the vehicle says of itself.
#[derive(Clone, Debug)]
pub struct UplinkConfig {
    /// Which vehicle.
    pub scope: Scope,
    /// e.g. `0.1.0`.
    pub software_version: String,
    /// e.g. `shuttle`.
    pub vehicle_model: String,
    /// Lane map that it drives on; empty without one.
    pub map_id: String,
    /// Least time between two live reports.
    pub report_period: Duration,
}

/// Newest states, to be reported.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Of the vehicle.
    pub state: Option<VehicleState>,
    /// Of its gate.
    pub safety: Option<SafetyState>,
    /// Trip that it is on, with its revision.
    pub trip: Option<(String, u32)>,
}

/// How the link is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Until when this session holds the vehicle.
    pub leased_until: Option<Instant>,
    /// Why the cloud refuses it.
    pub refused: Option<String>,
}

impl LinkState {
    /// Whether the cloud takes what we send.
    pub fn is_leased(&self) -> bool {
        self.leased_until.is_some_and(|until| Instant::now() < until)
    }
}

/// What the tasks of an uplink share.
struct Shared {
    config: UplinkConfig,
    session_id: [u8; 16],
    paths: Vec<PathState>,
    spool: Arc<Mutex<Spool>>,
    clock: Mutex<CloudClock>,
    inbox: Mutex<Inbox>,
    execute: Arc<dyn Execute>,
    link: watch::Sender<LinkState>,
    report: watch::Sender<Report>,
    events: mpsc::Sender<Event>,
    /// Events have been written, or a lease has been given.
    upload_due: Notify,
}

struct PathState {
    path: Arc<Path>,
    /// When a hello was answered on it last.
    answered: Mutex<Option<Instant>>,
}

/// The link of one vehicle. Ends when dropped.
pub struct Uplink {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Uplink {
    /// Starts it on one or several paths, the best first. To be called within a Tokio runtime.
    pub fn start(
        config: UplinkConfig,
        paths: Vec<Arc<Path>>,
        spool: Arc<Mutex<Spool>>,
        execute: Arc<dyn Execute>,
    ) -> Self {
        let session_id = rand::random();
        let (events, written) = mpsc::channel(EVENT_QUEUE);
        let paths = paths.into_iter().map(|path| PathState { path, answered: Mutex::default() }).collect();
        let shared = Arc::new(Shared {
            config,
            session_id,
            paths,
            spool,
            clock: Mutex::new(CloudClock::new(Instant::now())),
            inbox: Mutex::new(Inbox::new(session_id)),
            execute,
            link: watch::Sender::default(),
            report: watch::Sender::default(),
            events,
            upload_due: Notify::new(),
        });
        let mut tasks = JoinSet::new();
        for index in 0..shared.paths.len() {
            tasks.spawn(session::keep(Arc::clone(&shared), index));
        }
        tasks.spawn(report(Arc::clone(&shared)));
        tasks.spawn(upload::write(Arc::clone(&shared), written));
        tasks.spawn(upload::upload(Arc::clone(&shared)));
        Self { shared, _tasks: tasks }
    }

    /// Changes what is reported; it is sent soon.
    pub fn report(&self, change: impl FnOnce(&mut Report)) {
        self.shared.report.send_modify(change);
    }

    /// Keeps an event until the cloud has it; it is on disk soon after. `traceparent` is that of what caused it.
    pub fn event(&self, body: EventBody, traceparent: &str) {
        self.shared.event(body, traceparent);
    }

    /// How the link is.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// The session that commands have to be sent to.
    pub fn session_id(&self) -> [u8; 16] {
        self.shared.session_id
    }
}

impl Shared {
    fn event(&self, body: EventBody, traceparent: &str) {
        let event = Event {
            occurred_at_unix_ns: unix_time_ns(),
            traceparent: traceparent.into(),
            body: Some(body),
            sequence: 0,
        };
        if let Err(error) = self.events.try_send(event) {
            tracing::error!(%error, "an event is lost: the disk does not keep up");
        }
    }

    fn is_leased(&self) -> bool {
        self.link.borrow().is_leased()
    }

    /// The best path on which the cloud answers.
    fn best_path(&self) -> Option<Session> {
        let answers =
            |path: &&PathState| path.answered.lock().is_some_and(|at| at.elapsed() < session::SILENT);
        self.paths.iter().find(answers).and_then(|path| path.path.opened())
    }

    /// Works on the spool where waiting for the disk holds nobody up.
    async fn with_spool<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Spool) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = Arc::clone(&self.spool);
        let done = tokio::task::spawn_blocking(move || work(&mut spool.lock())).await;
        done.unwrap_or_else(|error| Err(SpoolError::Write(error.to_string())))
    }
}

/// Sends the newest report, never more often than allowed. What can't be sent at once is dropped: a newer one follows.
async fn report(shared: Arc<Shared>) {
    let mut reports = shared.report.subscribe();
    let mut publishers =
        Publishers { key: shared.config.scope.key(Suffix::Telemetry), of_paths: HashMap::new() };
    let mut sequence = 0;
    while reports.changed().await.is_ok() {
        let Report { state, safety, .. } = reports.borrow_and_update().clone();
        let session = shared.is_leased().then(|| shared.best_path()).flatten();
        if let (Some(session), true) = (session, state.is_some()) {
            sequence += 1;
            let telemetry = Telemetry {
                protocol_version: PROTOCOL_VERSION,
                session_id: shared.session_id.to_vec(),
                sequence,
                sent_at_unix_ns: unix_time_ns(),
                state,
                safety,
            };
            if let Err(error) = publishers.send(&session, telemetry.encode_to_vec()).await {
                tracing::debug!(%error, "a report was not sent");
            }
        }
        tokio::time::sleep(shared.config.report_period).await;
    }
}

/// A publisher for each path. The router looks once for who wants what a declared publisher sends; with a bare `put` it
/// would compare each report with all that anybody has declared: with 1,000 vehicles that was all it did.
struct Publishers {
    key: String,
    of_paths: HashMap<ZenohId, Publisher<'static>>,
}

impl Publishers {
    async fn send(&mut self, session: &Session, payload: Vec<u8>) -> Result<(), zenoh::Error> {
        let publisher = match self.of_paths.entry(session.zid()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let publisher = session.declare_publisher(self.key.clone());
                let publisher =
                    publisher.congestion_control(CongestionControl::Drop).priority(Priority::DataLow);
                entry.insert(publisher.await?)
            }
        };
        publisher.put(payload).await
    }
}

fn unix_time_ns() -> u64 {
    u64::try_from(wall_time_ns()).unwrap_or_default()
}
