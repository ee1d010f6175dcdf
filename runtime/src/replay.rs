//! The replay executor: one node, stepped as a recording of a lockstep run says, its outputs compared with the
//! recorded ones to the bit.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use msgs::Message;
use msgs::atlasmesh_msgs::msg::StepRecord;
use msgs::rcl_interfaces::msg::ParameterEvent;
use parking_lot::Mutex;

use crate::host::{Hosted, ParamAccess, Setup};
use crate::lockstep::{Ids, PARAMETER_EVENTS_TOPIC, STEPS_TOPIC};
use crate::names::Remaps;
use crate::node::{Kind, Node, NodeError, Transition};
use crate::params::Overrides;
use crate::params::convert::value_from_msg;
use crate::ports::{Ask, Deliver, Emit, EventInfo, NodeName, OnCall, OnReply, ServiceTypes, Wiring};
use crate::qos::Qos;
use crate::recording::{Bag, BagError, MessageFilter, ReadOrder};
use crate::time::Time;
use crate::transport::{Gid, Sample, TransportError, TypeRef};

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Steps made.
    pub steps: u64,
    /// Messages and requests that the node got.
    pub inputs: u64,
    /// Messages, requests and answers of the node that were compared.
    pub outputs: u64,
    /// Where the node first did something else than in the recording.
    pub difference: Option<Difference>,
}

/// Where a replay differs from its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When.
    pub time: Time,
    /// Number of the node's step.
    pub step: u64,
    /// Topic or service.
    pub name: String,
    /// What is different.
    pub what: String,
}

/// Why a recording can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording can't be read.
    #[error(transparent)]
    Bag(#[from] BagError),
    /// The node can't be made.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The recording says nothing of the node.
    #[error("{bag} has no steps of {node}: was it recorded in lockstep, and with this node?")]
    NoSteps {
        /// The recording.
        bag: String,
        /// Full name of the node.
        node: String,
    },
}

/// Replays a node from a recording. Parameters and remappings must be those of the recorded run.
pub fn replay<N: Node>(
    bag: &Path,
    remaps: &Remaps,
    overrides: &Overrides,
) -> Result<ReplayReport, ReplayError> {
    let (name, namespace) = remaps.node(N::NAME, "/").map_err(NodeError::from)?;
    let name = NodeName { namespace, name };
    let full_name = name.full();
    let state: Arc<Mutex<State>> = Arc::default();
    let mut wiring = ReplayWiring { state: Arc::clone(&state), ids: Ids::new(&name) };
    let setup = Setup { name, remaps, overrides, realtime: false };
    let mut hosted: Hosted<N> = setup.make(&mut wiring)?;
    if matches!(N::KIND, Kind::Managed { .. }) {
        hosted.host.transition(Transition::Configure);
        hosted.host.transition(Transition::Activate);
    }
    // What it sent before its first step is not part of a step.
    state.lock().sent.clear();
    let mut report = ReplayReport::default();
    let mut ours = false;
    let filter = MessageFilter { order: ReadOrder::File, ..MessageFilter::default() };
    for message in Bag::open(bag)?.messages(filter) {
        let message = message?;
        let now = Time::from_ns(i64::try_from(message.log_time_ns).unwrap_or(i64::MAX));
        let topic = message.topic.info.name.as_str();
        if topic == STEPS_TOPIC {
            report.check_nothing_left(now, &state, ours);
            let Ok(record) = StepRecord::decode(&message.data) else { continue };
            ours = record.node == full_name;
            if ours {
                hosted.host.step(Time::from(&record.stamp), record.due);
                report.steps += 1;
            }
        } else if topic == PARAMETER_EVENTS_TOPIC
            && change_parameters(&*hosted.params, &full_name, &message.data)
        {
            report.inputs += 1;
        } else if !report.service_event(now, &state, topic, &message.data) {
            if ours {
                report.compare_next(now, &state, topic, &message.data);
            }
            let inboxes = state.lock().inputs.get(topic).cloned().unwrap_or_default();
            for inbox in inboxes {
                report.inputs += 1;
                let sequence = i64::from(message.sequence);
                let sample = Sample {
                    payload: message.data.clone(),
                    source_time_ns: now.as_ns(),
                    sequence,
                    source: Gid::default(),
                };
                inbox.deliver(sample, now);
            }
        }
        if report.difference.is_some() {
            return Ok(report);
        }
    }
    if report.steps == 0 {
        return Err(ReplayError::NoSteps { bag: bag.display().to_string(), node: full_name });
    }
    Ok(report)
}

/// Sets the parameters that an event says were changed; false if it is not of this node.
fn change_parameters(params: &dyn ParamAccess, node: &str, event: &Bytes) -> bool {
    let Ok(event) = ParameterEvent::decode(event) else { return false };
    if event.node != node {
        return false;
    }
    let changes: Vec<_> = event
        .changed_parameters
        .iter()
        .filter_map(|p| Some((p.name.clone(), value_from_msg(&p.value).ok()?)))
        .collect();
    params.set(&changes, false);
    true
}

impl ReplayReport {
    fn differ(&mut self, time: Time, name: &str, what: String) {
        let step = self.steps.saturating_sub(1);
        self.difference.get_or_insert(Difference { time, step, name: name.into(), what });
    }

    fn compare(&mut self, time: Time, name: &str, recorded: &Bytes, replayed: &Bytes) {
        self.outputs += 1;
        if recorded != replayed {
            let at = recorded.iter().zip(replayed).position(|(a, b)| a != b);
            let at = at.unwrap_or(recorded.len().min(replayed.len()));
            let lengths = format!("{} bytes recorded, {} replayed", recorded.len(), replayed.len());
            self.differ(time, name, format!("differs from byte {at} on ({lengths})"));
        }
    }

    fn compare_next(&mut self, time: Time, state: &Mutex<State>, topic: &str, recorded: &Bytes) {
        let sent = state.lock().sent.pop_front();
        match sent {
            Some((name, payload)) if *name == *topic => self.compare(time, topic, recorded, &payload),
            Some((name, _)) => {
                self.differ(time, topic, format!("a message was sent on {name} instead"));
            }
            None => self.differ(time, topic, "a recorded message was not sent".into()),
        }
    }

    fn check_nothing_left(&mut self, time: Time, state: &Mutex<State>, ours: bool) {
        if ours && let Some((name, _)) = state.lock().sent.front() {
            self.differ(time, name, "a message was sent that is not in the recording".into());
        }
    }

    /// Deals with a request or an answer; false if the topic is not of a service of this node's.
    fn service_event(&mut self, time: Time, state: &Mutex<State>, topic: &str, event: &Bytes) -> bool {
        let Some(service) = topic.strip_suffix("/_service_event") else { return false };
        let (server, client) = {
            let state = state.lock();
            (state.servers.get(service).cloned(), state.clients.get(service).cloned())
        };
        let types = server.as_ref().map(|s| &s.types).or(client.as_ref().map(|c| &c.types));
        let Some((info, request, answer)) = types.and_then(|t| (t.decode_event)(event)) else { return true };
        if let (Some(server), Some(request)) = (&server, &request) {
            self.inputs += 1;
            let answers = Arc::clone(&server.answers);
            (server.on_call)(request.clone(), Box::new(move |payload| answers.lock().push_back(payload)));
        }
        if let (Some(server), Some(answer)) = (&server, &answer) {
            let replayed = server.answers.lock().pop_front();
            match replayed {
                Some(replayed) => self.compare(time, service, answer, &replayed),
                None => self.differ(time, service, "a recorded answer was not given".into()),
            }
        }
        if let Some(client) = client.filter(|c| c.id == info.client) {
            self.client_event(time, service, &client, &info, request, answer);
        }
        true
    }

    fn client_event(
        &mut self,
        time: Time,
        service: &str,
        client: &ReplayClient,
        info: &EventInfo,
        request: Option<Bytes>,
        answer: Option<Bytes>,
    ) {
        let mut asked = client.asked.lock();
        if let Some(request) = request {
            match asked.iter_mut().find(|a| a.sequence.is_none()) {
                Some(open) => {
                    open.sequence = Some(info.sequence);
                    let replayed = open.request.clone();
                    self.compare(time, service, &request, &replayed);
                }
                None => self.differ(time, service, "a recorded request was not made".into()),
            }
        }
        if let Some(answer) = answer
            && let Some(index) = asked.iter().position(|a| a.sequence == Some(info.sequence))
            && let Some(open) = asked.remove(index)
        {
            drop(asked);
            self.inputs += 1;
            (open.on_reply)(Ok(answer));
        }
    }
}

/// What the node is connected to.
#[derive(Default)]
struct State {
    inputs: BTreeMap<String, Vec<Arc<dyn Deliver>>>,
    servers: BTreeMap<String, Arc<ReplayServer>>,
    clients: BTreeMap<String, Arc<ReplayClient>>,
    sent: VecDeque<(Arc<str>, Bytes)>,
}

struct ReplayServer {
    types: ServiceTypes,
    on_call: OnCall,
    answers: Arc<Mutex<VecDeque<Bytes>>>,
}

struct ReplayClient {
    types: ServiceTypes,
    id: Gid,
    asked: Mutex<VecDeque<Asked>>,
}

/// A request that the node made and that has no answer yet.
struct Asked {
    request: Bytes,
    on_reply: OnReply,
    /// Its number in the recording.
    sequence: Option<i64>,
}

struct ReplayWiring {
    state: Arc<Mutex<State>>,
    ids: Ids,
}

impl Wiring for ReplayWiring {
    fn input(
        &mut self,
        topic: &str,
        _ty: &TypeRef,
        _qos: &Qos,
        inbox: Arc<dyn Deliver>,
    ) -> Result<(), TransportError> {
        self.state.lock().inputs.entry(topic.into()).or_default().push(inbox);
        Ok(())
    }

    fn output(&mut self, topic: &str, _ty: &TypeRef, _qos: &Qos) -> Result<Arc<dyn Emit>, TransportError> {
        self.ids.next();
        Ok(Arc::new(ReplayOutput { state: Arc::clone(&self.state), topic: topic.into() }))
    }

    fn server(&mut self, service: &str, types: &ServiceTypes, on_call: OnCall) -> Result<(), TransportError> {
        let server = ReplayServer { types: types.clone(), on_call, answers: Arc::default() };
        self.state.lock().servers.insert(service.into(), Arc::new(server));
        Ok(())
    }

    fn client(&mut self, service: &str, types: &ServiceTypes) -> Result<Arc<dyn Ask>, TransportError> {
        let client =
            Arc::new(ReplayClient { types: types.clone(), id: self.ids.next(), asked: Mutex::default() });
        self.state.lock().clients.insert(service.into(), Arc::clone(&client));
        Ok(client)
    }
}

struct ReplayOutput {
    state: Arc<Mutex<State>>,
    topic: Arc<str>,
}

impl Emit for ReplayOutput {
    fn emit(&self, payload: Bytes) {
        self.state.lock().sent.push_back((Arc::clone(&self.topic), payload));
    }
}

impl Ask for ReplayClient {
    fn ask(&self, request: Bytes, _timeout: Duration, on_reply: OnReply) {
        self.asked.lock().push_back(Asked { request, on_reply, sequence: None });
    }
}
