//! The lockstep executor: all nodes in one thread on virtual time. Deterministic, and as fast as the machine.
//!
//! At each moment the nodes whose timers are due are stepped in the order in which they were added; what a node
//! sends is delivered at once, so that a later node of the same moment sees it. Then nodes that messages, requests
//! or answers woke are stepped, again in order, until none is left. Delivery takes no time. Once a second, before the
//! nodes of that moment, their diagnostics are published as from outside.

mod hub;
mod recording;
mod stepped;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use msgs::atlasmesh_msgs::msg::StepRecord;
use msgs::rcl_interfaces::msg::{Parameter, ParameterEvent};
use msgs::{Message, Service};
use parking_lot::Mutex;

use crate::diagnostics::{self, Reported};
use crate::host::{Hosted, Setup};
use crate::names::Remaps;
use crate::node::{Node, NodeError, Transition};
use crate::params::convert::value_to_msg;
use crate::params::{Overrides, ParamValue, SetResult};
use crate::ports::{EventInfo, NodeName, OnReply};
use crate::qos::{Durability, Qos};
use crate::recording::{RecordError, Recorder, RecorderStats};
use crate::time::Time;
use crate::transport::{CallError, Gid, Sample, TypeRef};
pub(crate) use hub::Ids;
use hub::{Hub, HubServer, LockstepWiring, Out, OutPort, PendingAnswer};
use recording::Recording;
use stepped::{Stepped, SteppedNode};

/// Name of the topic that says in a recording which node was stepped when.
pub const STEPS_TOPIC: &str = "/_steps";

/// Where changes of parameters are told, as in ROS.
pub(crate) const PARAMETER_EVENTS_TOPIC: &str = "/parameter_events";

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
    /// When diagnostics are published next.
    report_due: Time,
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
            report_due: start + diagnostics::PERIOD,
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
            reported: Reported::new(hosted.name.full(), hosted.inboxes, hosted.diagnostics),
            steps: 0,
        };
        if matches!(N::KIND, crate::node::Kind::Managed { .. }) {
            for transition in [Transition::Configure, Transition::Activate] {
                if !node.host.transition(transition) {
                    return Err(NodeError::Refused(format!("{} refuses {transition:?}", node.name)));
                }
            }
        }
        if self.nodes.is_empty() {
            self.report_due = self.now + diagnostics::PERIOD;
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
        self.recording = Some(Recording::new(recorder));
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

    /// Sets a parameter of a node and, as a live node would, tells it on `/parameter_events`; `None` if there is no such
    /// node.
    pub fn set_parameter(&mut self, node: &str, name: &str, value: ParamValue) -> Option<SetResult> {
        let params = self.nodes.iter().find(|n| n.name() == node)?.params();
        let result = params.set(&[(name.into(), value)], false).pop()?;
        if result.successful {
            let value = params.get(name).map(|v| value_to_msg(&v)).unwrap_or_default();
            let event = ParameterEvent {
                stamp: self.now.to_msg(),
                node: node.into(),
                changed_parameters: vec![Parameter { name: name.into(), value }],
                ..ParameterEvent::default()
            };
            // It has no bounded fields, so it always encodes.
            let _ = self.publish(PARAMETER_EVENTS_TOPIC, &event);
        }
        Some(result)
    }

    /// Runs up to `end`, moments at `end` included.
    pub fn run_until(&mut self, end: Time) -> Result<(), LockstepError> {
        self.settle()?;
        while let Some(next) = self.next_moment().filter(|t| *t <= end) {
            self.now = next;
            if next == self.report_due {
                self.report();
            }
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

    /// The next moment in which something is due.
    fn next_moment(&self) -> Option<Time> {
        let report = (!self.nodes.is_empty()).then_some(self.report_due);
        self.nodes.iter().filter_map(|n| n.due()).chain(report).min()
    }

    /// Publishes what the nodes say of themselves, as the live executor does.
    fn report(&mut self) {
        self.report_due = self.now + diagnostics::PERIOD;
        let reports: Vec<_> = self.nodes.iter_mut().map(|n| n.report(self.now)).collect();
        for report in reports {
            // It has no bounded fields, so it always encodes.
            let _ = self.publish(diagnostics::TOPIC, &report);
        }
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
