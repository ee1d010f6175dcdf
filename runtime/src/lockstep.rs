//! The lockstep executor: all nodes in one thread on virtual time. Deterministic, and as fast as the machine.
//!
//! At each moment the nodes whose timers are due are stepped in the order in which they were added; what a node
//! sends is delivered at once, so that a later node of the same moment sees it. Then nodes that messages, requests
//! or answers woke are stepped, again in order, until none is left. Delivery takes no time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use msgs::atlasmesh_msgs::msg::StepRecord;
use msgs::{Message, Service};
use parking_lot::Mutex;

use crate::host::{Host, Hosted, ParamAccess, Setup};
use crate::names::Remaps;
use crate::node::{Node, NodeError, Transition};
use crate::params::{Overrides, ParamValue, SetResult};
use crate::ports::{Ask, Deliver, Emit, EventInfo, NodeName, OnCall, OnReply, ServiceTypes, Waker, Wiring};
use crate::qos::{Durability, Qos};
use crate::recording::{QosEntry, RecordError, Recorder, RecorderStats, TopicId, TopicInfo, WriteOutcome};
use crate::time::Time;
use crate::transport::{CallError, Gid, Sample, TransportError, TypeRef};

/// Name of the topic that says in a recording which node was stepped when.
pub const STEPS_TOPIC: &str = "/_steps";

/// A message, as a recording has it.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// When it was sent.
    pub time: Time,
    /// Topic, fully qualified.
    pub topic: &'a str,
    /// Its type.
    pub ty: &'a TypeRef,
    /// QoS of its publisher.
    pub qos: &'a Qos,
    /// CDR bytes with their header.
    pub payload: &'a Bytes,
    /// Its number, counted by its publisher from 1.
    pub sequence: i64,
}

/// Sees every message of a lockstep run, in order.
pub type Observer = Box<dyn FnMut(&Event<'_>)>;

/// Why a lockstep run can't go on.
#[derive(Debug, thiserror::Error)]
pub enum LockstepError {
    /// Nodes wake each other without end.
    #[error("at {time}: nodes still wake each other after {rounds} rounds; the last was {node}")]
    Livelock {
        /// The moment.
        time: Time,
        /// How many rounds were tried.
        rounds: usize,
        /// A node that was woken in the last round.
        node: String,
    },
}

/// Rounds of woken nodes in one moment.
const MAX_ROUNDS: usize = 1000;

/// Nodes on virtual time.
pub struct Lockstep {
    hub: Arc<Mutex<Hub>>,
    nodes: Vec<Box<dyn Stepped>>,
    observer: Option<Observer>,
    recording: Option<Recording>,
    remaps: Remaps,
    overrides: Overrides,
    now: Time,
    records: i64,
}

impl Lockstep {
    /// No nodes, at `start`.
    pub fn new(start: Time) -> Self {
        Self {
            hub: Arc::default(),
            nodes: vec![],
            observer: None,
            recording: None,
            remaps: Remaps::default(),
            overrides: Overrides::default(),
            now: start,
            records: 0,
        }
    }

    /// With parameters and remappings, as from `--ros-args`, for nodes that are added later.
    pub fn with_args(mut self, remaps: Remaps, overrides: Overrides) -> Self {
        (self.remaps, self.overrides) = (remaps, overrides);
        self
    }

    /// Adds a node. Its timer begins one period from now.
    pub fn add<N: Node>(&mut self) -> Result<(), NodeError> {
        self.add_named::<N>(N::NAME, "/")
    }

    /// Adds a node under another name.
    pub fn add_named<N: Node>(&mut self, name: &str, namespace: &str) -> Result<(), NodeError> {
        let (name, namespace) = (name.to_string(), namespace.to_string());
        let name = NodeName { namespace, name };
        let mut wiring = LockstepWiring { hub: Arc::clone(&self.hub), ids: Ids::new(&name) };
        let setup = Setup { name, remaps: &self.remaps, overrides: &self.overrides, realtime: false };
        let hosted: Hosted<N> = setup.make(&mut wiring)?;
        let mut node = SteppedNode {
            name: hosted.name.full(),
            host: hosted.host,
            due: hosted.period.map(|p| self.now + p),
            period: hosted.period.unwrap_or_default(),
            waker: hosted.waker,
            params: hosted.params,
            steps: 0,
        };
        if matches!(N::KIND, crate::node::Kind::Managed { .. }) {
            for transition in [Transition::Configure, Transition::Activate] {
                if !node.host.transition(transition) {
                    return Err(NodeError::Refused(format!("{} refuses {transition:?}", node.name)));
                }
            }
        }
        self.nodes.push(Box::new(node));
        // What it sends before its first step counts as from outside.
        self.boundary();
        self.route();
        Ok(())
    }

    /// Sees every message from now on.
    pub fn observe(&mut self, observer: impl FnMut(&Event<'_>) + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// Records every message from now on, together with the steps, so that [`crate::replay::replay`] can repeat the
    /// run. Waits for the disk where need be, so that nothing is dropped. The recording is whole when the run is
    /// dropped, or with [`Self::finish_recording`].
    pub fn record(&mut self, recorder: Recorder) {
        self.recording = Some(Recording { recorder, topics: BTreeMap::new() });
    }

    /// Ends the recording.
    pub fn finish_recording(&mut self) -> Result<Option<RecorderStats>, RecordError> {
        self.recording.take().map(|r| r.recorder.finish()).transpose()
    }

    fn is_observed(&self) -> bool {
        self.observer.is_some() || self.recording.is_some()
    }

    fn show(&mut self, event: &Event<'_>) {
        if let Some(recording) = &mut self.recording {
            recording.write(event);
        }
        if let Some(observer) = &mut self.observer {
            observer(event);
        }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Sends a message as if from a node outside.
    pub fn publish<M: Message>(&mut self, topic: &str, message: &M) -> Result<(), msgs::CdrError> {
        let payload = message.encode(0)?;
        let out = Out::Message {
            port: Arc::new(OutPort::new(topic, TypeRef::message::<M>(), Qos::default(), [0xff; 16])),
            payload,
            sequence: 1,
        };
        self.hub.lock().out.push_back(out);
        self.boundary();
        self.route();
        Ok(())
    }

    /// Calls a service as if from a node outside; the answer comes in a later [`Self::run_until`].
    pub fn call<S: Service>(
        &mut self,
        service: &str,
        request: &S::Request,
        on_answer: impl FnOnce(Result<S::Response, CallError>) + Send + 'static,
    ) -> Result<(), msgs::CdrError> {
        let request = request.encode(0)?;
        let name = service.to_string();
        let on_reply: OnReply = Box::new(move |reply| {
            on_answer(reply.and_then(|bytes| {
                S::Response::decode(&bytes)
                    .map_err(|e| CallError::Failed { service: name, why: e.to_string() })
            }));
        });
        let client = Gid::default();
        self.hub.lock().out.push_back(Out::Call { service: service.into(), client, request, on_reply });
        self.boundary();
        self.route();
        Ok(())
    }

    /// Sets a parameter of a node; `None` if there is no such node.
    pub fn set_parameter(&mut self, node: &str, name: &str, value: ParamValue) -> Option<SetResult> {
        let node = self.nodes.iter().find(|n| n.name() == node)?;
        node.params().set(&[(name.into(), value)], false).pop()
    }

    /// Runs up to `end`, moments at `end` included.
    pub fn run_until(&mut self, end: Time) -> Result<(), LockstepError> {
        self.settle()?;
        while let Some(next) = self.nodes.iter().filter_map(|n| n.due()).min().filter(|t| *t <= end) {
            self.now = next;
            for index in 0..self.nodes.len() {
                if self.nodes[index].due() == Some(next) {
                    self.step(index, true);
                }
            }
            self.settle()?;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    /// Runs for that time.
    pub fn run_for(&mut self, duration: Duration) -> Result<(), LockstepError> {
        self.run_until(self.now + duration)
    }

    /// Steps woken nodes until none is left.
    fn settle(&mut self) -> Result<(), LockstepError> {
        for _ in 0..MAX_ROUNDS {
            let mut quiet = true;
            for index in 0..self.nodes.len() {
                if self.nodes[index].take_woken() {
                    quiet = false;
                    self.step(index, false);
                }
            }
            if quiet {
                return Ok(());
            }
        }
        let woken = self.nodes.iter().find(|n| n.take_woken());
        let node = woken.map(|n| n.name().to_string()).unwrap_or_default();
        Err(LockstepError::Livelock { time: self.now, rounds: MAX_ROUNDS, node })
    }

    fn step(&mut self, index: usize, due: bool) {
        let node = &self.nodes[index];
        let (name, steps) = (node.name().to_string(), node.steps());
        self.observe_step(&name, steps, due);
        self.nodes[index].step(self.now, due);
        self.route();
    }

    /// Says that what follows comes from outside.
    fn boundary(&mut self) {
        self.observe_step("", 0, false);
    }

    fn observe_step(&mut self, node: &str, index: u64, due: bool) {
        if !self.is_observed() {
            return;
        }
        let record = StepRecord { stamp: self.now.to_msg(), node: node.into(), index, due };
        if let Ok(payload) = record.encode(128) {
            self.records += 1;
            let (time, sequence) = (self.now, self.records);
            let (ty, qos) = (TypeRef::message::<StepRecord>(), Qos::default());
            self.show(&Event { time, topic: STEPS_TOPIC, ty: &ty, qos: &qos, payload: &payload, sequence });
        }
    }

    /// Delivers what was sent.
    fn route(&mut self) {
        loop {
            let next = self.hub.lock().out.pop_front();
            match next {
                None => return,
                Some(Out::Message { port, payload, sequence }) => self.deliver(&port, &payload, sequence),
                Some(Out::Call { service, client, request, on_reply }) => {
                    self.start_call(&service, client, request, on_reply);
                }
                Some(Out::Reply { server, info, payload, on_reply }) => {
                    self.observe_event(&server, &info, None, Some(&payload));
                    on_reply(Ok(payload));
                }
                Some(Out::NoReply { service, on_reply }) => {
                    on_reply(Err(CallError::Timeout { service, timeout: Duration::ZERO }));
                }
            }
        }
    }

    fn deliver(&mut self, port: &OutPort, payload: &Bytes, sequence: i64) {
        let OutPort { topic, ty, qos, .. } = port;
        self.show(&Event { time: self.now, topic, ty, qos, payload, sequence });
        let sample =
            Sample { payload: payload.clone(), source_time_ns: self.now.as_ns(), sequence, source: port.gid };
        let subscribers = {
            let mut hub = self.hub.lock();
            let topic = hub.topics.entry((port.topic.clone(), port.ty.clone())).or_default();
            if port.qos.durability == Durability::TransientLocal {
                topic.last.push_back(sample.clone());
                while topic.last.len() > port.qos.kept() {
                    topic.last.pop_front();
                }
            }
            topic.subscribers.clone()
        };
        for subscriber in subscribers {
            subscriber.deliver(sample.clone(), self.now);
        }
    }

    fn start_call(&mut self, service: &str, client: Gid, request: Bytes, on_reply: OnReply) {
        let server = self.hub.lock().servers.get(service).cloned();
        let Some(server) = server else {
            on_reply(Err(CallError::Timeout { service: service.into(), timeout: Duration::ZERO }));
            return;
        };
        let sequence = {
            let mut hub = self.hub.lock();
            hub.calls += 1;
            hub.calls
        };
        let info = EventInfo { time: self.now, client, sequence };
        self.observe_event(&server, &info, Some(&request), None);
        let answer =
            PendingAnswer { hub: Arc::clone(&self.hub), open: Some((Arc::clone(&server), info, on_reply)) };
        (server.on_call)(request, Box::new(move |payload| answer.send(payload)));
    }

    /// Shows a request or an answer, as service introspection would publish it.
    fn observe_event(
        &mut self,
        server: &HubServer,
        info: &EventInfo,
        request: Option<&Bytes>,
        answer: Option<&Bytes>,
    ) {
        if self.is_observed()
            && let Some(payload) = (server.types.encode_event)(info, request, answer)
        {
            let (time, topic, ty) = (self.now, &server.event_topic, &server.types.event);
            let qos = Qos::default();
            self.show(&Event { time, topic, ty, qos: &qos, payload: &payload, sequence: 0 });
        }
    }
}

/// A recording under way.
struct Recording {
    recorder: Recorder,
    topics: BTreeMap<(String, String), TopicId>,
}

impl Recording {
    fn write(&mut self, event: &Event<'_>) {
        let key = (event.topic.to_string(), event.ty.name.clone());
        let topic = match self.topics.get(&key) {
            Some(topic) => *topic,
            None => {
                let info = TopicInfo {
                    name: key.0.clone(),
                    type_name: key.1.clone(),
                    type_hash: event.ty.hash.clone(),
                    definition: msgs::types().definition(&key.1).unwrap_or_default(),
                    offered_qos: vec![QosEntry::from(event.qos)],
                };
                match self.recorder.add_topic(info) {
                    Ok(topic) => *self.topics.entry(key).or_insert(topic),
                    Err(error) => return tracing::error!(%error, topic = event.topic, "not recorded"),
                }
            }
        };
        let time_ns = u64::try_from(event.time.as_ns()).unwrap_or_default();
        let sequence = event.sequence as u32; // MCAP counts in 32 bits, modulo
        let write = || self.recorder.write(topic, time_ns, time_ns, sequence, event.payload.clone());
        while write() == WriteOutcome::QueueFull {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// What connects the nodes of a run.
#[derive(Default)]
struct Hub {
    out: VecDeque<Out>,
    topics: BTreeMap<(String, TypeRef), Topic>,
    servers: BTreeMap<String, Arc<HubServer>>,
    calls: i64,
}

#[derive(Default)]
struct Topic {
    subscribers: Vec<Arc<dyn Deliver>>,
    /// For subscribers that come later.
    last: VecDeque<Sample>,
}

struct HubServer {
    types: ServiceTypes,
    event_topic: String,
    on_call: OnCall,
}

/// What a node sent and is not delivered yet.
enum Out {
    Message { port: Arc<OutPort>, payload: Bytes, sequence: i64 },
    Call { service: String, client: Gid, request: Bytes, on_reply: OnReply },
    Reply { server: Arc<HubServer>, info: EventInfo, payload: Bytes, on_reply: OnReply },
    NoReply { service: String, on_reply: OnReply },
}

struct OutPort {
    topic: String,
    ty: TypeRef,
    qos: Qos,
    gid: Gid,
}

impl OutPort {
    fn new(topic: &str, ty: TypeRef, qos: Qos, gid: Gid) -> Self {
        Self { topic: topic.into(), ty, qos, gid }
    }
}

/// Turns into an answer, or into none if the server drops it.
struct PendingAnswer {
    hub: Arc<Mutex<Hub>>,
    open: Option<(Arc<HubServer>, EventInfo, OnReply)>,
}

impl PendingAnswer {
    fn send(mut self, payload: Bytes) {
        if let Some((server, info, on_reply)) = self.open.take() {
            self.hub.lock().out.push_back(Out::Reply { server, info, payload, on_reply });
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if let Some((server, _, on_reply)) = self.open.take() {
            let service = server.types.service.name.clone();
            self.hub.lock().out.push_back(Out::NoReply { service, on_reply });
        }
    }
}

/// Ids of a node's ports: the same in every run and in replay.
pub(crate) struct Ids {
    node: String,
    ports: u64,
}

impl Ids {
    pub fn new(node: &NodeName) -> Self {
        Self { node: node.full(), ports: 0 }
    }

    pub fn next(&mut self) -> Gid {
        self.ports += 1;
        xxhash_rust::xxh3::xxh3_128(format!("{}#{}", self.node, self.ports).as_bytes()).to_le_bytes()
    }
}

struct LockstepWiring {
    hub: Arc<Mutex<Hub>>,
    ids: Ids,
}

impl Wiring for LockstepWiring {
    fn input(
        &mut self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        inbox: Arc<dyn Deliver>,
    ) -> Result<(), TransportError> {
        let mut hub = self.hub.lock();
        let topic = hub.topics.entry((topic.into(), ty.clone())).or_default();
        if qos.durability == Durability::TransientLocal {
            for sample in &topic.last {
                inbox.deliver(sample.clone(), Time::from_ns(sample.source_time_ns));
            }
        }
        topic.subscribers.push(inbox);
        Ok(())
    }

    fn output(&mut self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<Arc<dyn Emit>, TransportError> {
        let port = Arc::new(OutPort::new(topic, ty.clone(), *qos, self.ids.next()));
        Ok(Arc::new(LockstepOutput { hub: Arc::clone(&self.hub), port, sent: Mutex::new(0) }))
    }

    fn server(&mut self, service: &str, types: &ServiceTypes, on_call: OnCall) -> Result<(), TransportError> {
        let server =
            HubServer { types: types.clone(), event_topic: format!("{service}/_service_event"), on_call };
        self.hub.lock().servers.insert(service.into(), Arc::new(server));
        Ok(())
    }

    fn client(&mut self, service: &str, _types: &ServiceTypes) -> Result<Arc<dyn Ask>, TransportError> {
        let client = self.ids.next();
        Ok(Arc::new(LockstepClient { hub: Arc::clone(&self.hub), service: service.into(), client }))
    }
}

struct LockstepOutput {
    hub: Arc<Mutex<Hub>>,
    port: Arc<OutPort>,
    sent: Mutex<i64>,
}

impl Emit for LockstepOutput {
    fn emit(&self, payload: Bytes) {
        let mut sent = self.sent.lock();
        *sent += 1;
        let out = Out::Message { port: Arc::clone(&self.port), payload, sequence: *sent };
        self.hub.lock().out.push_back(out);
    }
}

struct LockstepClient {
    hub: Arc<Mutex<Hub>>,
    service: String,
    client: Gid,
}

impl Ask for LockstepClient {
    fn ask(&self, request: Bytes, _timeout: Duration, on_reply: OnReply) {
        let (service, client) = (self.service.clone(), self.client);
        self.hub.lock().out.push_back(Out::Call { service, client, request, on_reply });
    }
}

/// A node of any type.
trait Stepped {
    fn name(&self) -> &str;
    fn steps(&self) -> u64;
    fn due(&self) -> Option<Time>;
    fn take_woken(&self) -> bool;
    fn step(&mut self, now: Time, due: bool);
    fn params(&self) -> &dyn ParamAccess;
}

struct SteppedNode<N: Node> {
    name: String,
    host: Host<N>,
    due: Option<Time>,
    period: Duration,
    waker: Waker,
    params: Arc<crate::host::SharedParams<N::Params>>,
    steps: u64,
}

impl<N: Node> Stepped for SteppedNode<N> {
    fn name(&self) -> &str {
        &self.name
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn due(&self) -> Option<Time> {
        self.due
    }

    fn take_woken(&self) -> bool {
        self.waker.take()
    }

    fn step(&mut self, now: Time, due: bool) {
        // What woke it is dealt with in this step.
        self.waker.take();
        if due {
            self.due = self.due.map(|d| d + self.period);
        }
        self.host.step(now, due);
        self.steps += 1;
    }

    fn params(&self) -> &dyn ParamAccess {
        &*self.params
    }
}
