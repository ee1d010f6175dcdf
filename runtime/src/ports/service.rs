//! Services: servers and clients.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use msgs::service_msgs::msg::ServiceEventInfo;
use msgs::{Cdr, CdrReader, CdrWriter, Message, Service};
use parking_lot::Mutex;

use super::Pump;
use super::inbox::Waker;
use crate::rt;
use crate::time::Time;
use crate::transport::{CallError, Gid, TypeRef};

/// The types of a service, and how its requests and answers look when they are recorded.
#[derive(Clone)]
pub struct ServiceTypes {
    pub service: TypeRef,
    /// `…_Event`, of service introspection.
    pub event: TypeRef,
    /// An event with a request or an answer.
    pub encode_event: fn(&EventInfo, Option<&Bytes>, Option<&Bytes>) -> Option<Bytes>,
    /// The request and the answer in an event.
    pub decode_event: fn(&Bytes) -> Option<DecodedEvent>,
}

/// Whose it is, the request, the answer.
pub type DecodedEvent = (EventInfo, Option<Bytes>, Option<Bytes>);

/// Whose request or answer it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventInfo {
    pub time: Time,
    pub client: Gid,
    pub sequence: i64,
}

impl ServiceTypes {
    pub fn of<S: Service>() -> Self {
        let event = format!("{}_Event", S::TYPE_NAME);
        let hash = msgs::types().hash(&event).unwrap_or_default();
        Self {
            service: TypeRef::service::<S>(),
            event: TypeRef { name: event, hash },
            encode_event: encode_event::<S>,
            decode_event: decode_event::<S>,
        }
    }
}

/// CDR of `…_Event`: the info, then the request and the answer as sequences of at most one.
fn encode_event<S: Service>(
    info: &EventInfo,
    request: Option<&Bytes>,
    answer: Option<&Bytes>,
) -> Option<Bytes> {
    let request = request.map(S::Request::decode).transpose().ok()?;
    let answer = answer.map(S::Response::decode).transpose().ok()?;
    let event_type =
        if request.is_some() { ServiceEventInfo::REQUEST_RECEIVED } else { ServiceEventInfo::RESPONSE_SENT };
    let info = ServiceEventInfo {
        event_type,
        stamp: info.time.to_msg(),
        client_gid: info.client,
        sequence_number: info.sequence,
    };
    let mut writer = CdrWriter::with_capacity(256);
    info.write(&mut writer);
    request.into_iter().collect::<Vec<_>>().write(&mut writer);
    answer.into_iter().collect::<Vec<_>>().write(&mut writer);
    writer.finish().ok().map(Bytes::from)
}

fn decode_event<S: Service>(event: &Bytes) -> Option<DecodedEvent> {
    let mut reader = CdrReader::shared(event).ok()?;
    let info = ServiceEventInfo::read(&mut reader).ok()?;
    let request: Vec<S::Request> = reader.read_bounded("request", 1).ok()?;
    let answer: Vec<S::Response> = reader.read_bounded("response", 1).ok()?;
    let info =
        EventInfo { time: Time::from(&info.stamp), client: info.client_gid, sequence: info.sequence_number };
    let request = request.first().map(|r| r.encode(0)).transpose().ok()?;
    let answer = answer.first().map(|a| a.encode(0)).transpose().ok()?;
    Some((info, request, answer))
}

/// Takes an encoded request and what sends the encoded answer.
pub type OnCall = Box<dyn Fn(Bytes, Answer) + Send + Sync>;
/// Sends an encoded answer.
pub type Answer = Box<dyn FnOnce(Bytes) + Send>;

/// Requests waiting for a node at most; more are turned away unanswered.
const DEPTH: usize = 64;

/// A service that a node offers.
pub struct Server<S: Service>(ServerSource<S>);

type Pending<S> = Arc<Mutex<VecDeque<(<S as Service>::Request, Answer)>>>;

enum ServerSource<S: Service> {
    Plain(Pending<S>),
    RealTime { requests: rt::Consumer<Option<S::Request>>, answers: rt::Producer<S::Response> },
}

impl<S: Service> Server<S> {
    pub(super) fn new(realtime: bool, waker: Waker, prototype: S::Response) -> (Self, OnCall, Option<Pump>) {
        if realtime {
            return Self::real_time(&prototype);
        }
        let pending: Pending<S> = Arc::default();
        let inbox = Arc::clone(&pending);
        let on_call: OnCall = Box::new(move |request, answer| {
            let Some(request) = decode::<S>(&request) else { return };
            let mut pending = inbox.lock();
            if pending.len() < DEPTH {
                pending.push_back((request, answer));
                drop(pending);
                waker.wake();
            }
        });
        (Self(ServerSource::Plain(pending)), on_call, None)
    }

    /// Requests go to the loop in a ring, answers come back in another, in the same order.
    fn real_time(prototype: &S::Response) -> (Self, OnCall, Option<Pump>) {
        let (producer, requests) = rt::ring(DEPTH, || None);
        let (answers, mut answered) = rt::ring(DEPTH, || prototype.clone());
        let producer = Mutex::new(producer);
        let waiting: Arc<Mutex<VecDeque<Answer>>> = Arc::default();
        let open = Arc::clone(&waiting);
        let on_call: OnCall = Box::new(move |request, answer| {
            let Some(request) = decode::<S>(&request) else { return };
            // Both under one lock, so that they stay in the same order.
            let mut producer = producer.lock();
            let mut waiting = waiting.lock();
            if producer.push(Some(request)).is_ok() {
                waiting.push_back(answer);
            }
        });
        let pump = move || {
            while let Some(bytes) = answered.pop_with(|response| response.encode(0)) {
                let Some(answer) = open.lock().pop_front() else { continue };
                send(answer, bytes);
            }
        };
        (Self(ServerSource::RealTime { requests, answers }), on_call, Some(Box::new(pump)))
    }

    /// Answers all waiting requests: `handle` gets a request and fills in a response. The response begins as the
    /// default, in a real-time node as an older response or the prototype: all of it is to be set.
    pub fn serve(&mut self, mut handle: impl FnMut(&S::Request, &mut S::Response)) {
        match &mut self.0 {
            ServerSource::Plain(pending) => loop {
                let next = pending.lock().pop_front();
                let Some((request, answer)) = next else { return };
                let mut response = S::Response::default();
                handle(&request, &mut response);
                send(answer, response.encode(0));
            },
            ServerSource::RealTime { requests, answers } => {
                while let Some(request) = requests.front() {
                    if let Some(request) = request {
                        answers.push_with(|response| handle(request, response));
                    }
                    requests.pop();
                }
            }
        }
    }
}

fn decode<S: Service>(request: &Bytes) -> Option<S::Request> {
    S::Request::decode(request)
        .inspect_err(|error| tracing::warn!(service = S::TYPE_NAME, %error, "request does not decode"))
        .ok()
}

fn send(answer: Answer, response: Result<Bytes, msgs::CdrError>) {
    match response {
        Ok(bytes) => answer(bytes),
        Err(error) => tracing::error!(%error, "answer is not sent"),
    }
}

/// Gets an encoded answer, once.
pub type OnReply = Box<dyn FnOnce(Result<Bytes, CallError>) + Send>;

/// Calls a service.
pub trait Ask: Send + Sync {
    /// Sends an encoded request.
    fn ask(&self, request: Bytes, timeout: Duration, on_reply: OnReply);
}

type Answers<R> = Arc<Mutex<VecDeque<Result<R, CallError>>>>;

/// A service of another node.
pub struct Client<S: Service> {
    ask: Arc<dyn Ask>,
    waker: Waker,
    answers: Answers<S::Response>,
}

impl<S: Service> Client<S> {
    pub(super) fn new(ask: Arc<dyn Ask>, waker: Waker) -> Self {
        Self { ask, waker, answers: Arc::default() }
    }

    /// Sends a request; its answer, or an error after `timeout`, is there in a later step.
    pub fn call(&mut self, request: &S::Request, timeout: Duration) {
        let (answers, waker) = (Arc::clone(&self.answers), self.waker.clone());
        let on_reply = move |reply: Result<Bytes, CallError>| {
            let answer = reply.and_then(|bytes| {
                S::Response::decode(&bytes)
                    .map_err(|e| CallError::Failed { service: S::TYPE_NAME.into(), why: e.to_string() })
            });
            answers.lock().push_back(answer);
            waker.wake();
        };
        match request.encode(0) {
            Ok(bytes) => self.ask.ask(bytes, timeout, Box::new(on_reply)),
            Err(e) => on_reply(Err(CallError::Failed { service: S::TYPE_NAME.into(), why: e.to_string() })),
        }
    }

    /// The next answer that has arrived.
    pub fn answer(&mut self) -> Option<Result<S::Response, CallError>> {
        self.answers.lock().pop_front()
    }
}
