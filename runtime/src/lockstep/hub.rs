//! What connects the nodes of a lockstep run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::ports::{Ask, Deliver, Emit, EventInfo, NodeName, OnCall, OnReply, ServiceTypes, Wiring};
use crate::qos::{Durability, Qos};
use crate::time::Time;
use crate::transport::{Gid, Sample, TransportError, TypeRef};

/// What connects the nodes of a run.
#[derive(Default)]
pub struct Hub {
    pub out: VecDeque<Out>,
    pub topics: BTreeMap<(String, TypeRef), Topic>,
    pub servers: BTreeMap<String, Arc<HubServer>>,
    pub calls: i64,
}

#[derive(Default)]
pub struct Topic {
    pub subscribers: Vec<Arc<dyn Deliver>>,
    /// For subscribers that come later.
    pub last: VecDeque<Sample>,
}

pub struct HubServer {
    pub types: ServiceTypes,
    pub event_topic: String,
    pub on_call: OnCall,
}

/// What a node sent and is not delivered yet.
pub enum Out {
    Message { port: Arc<OutPort>, payload: Bytes, sequence: i64 },
    Call { service: String, client: Gid, request: Bytes, on_reply: OnReply },
    Reply { server: Arc<HubServer>, info: EventInfo, payload: Bytes, on_reply: OnReply },
    NoReply { service: String, on_reply: OnReply },
}

pub struct OutPort {
    pub topic: String,
    pub ty: TypeRef,
    pub qos: Qos,
    pub gid: Gid,
}

impl OutPort {
    pub fn new(topic: &str, ty: TypeRef, qos: Qos, gid: Gid) -> Self {
        Self { topic: topic.into(), ty, qos, gid }
    }
}

/// Turns into an answer, or into none if the server drops it.
pub struct PendingAnswer {
    pub hub: Arc<Mutex<Hub>>,
    pub open: Option<(Arc<HubServer>, EventInfo, OnReply)>,
}

impl PendingAnswer {
    pub fn send(mut self, payload: Bytes) {
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
pub struct Ids {
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

pub struct LockstepWiring {
    pub hub: Arc<Mutex<Hub>>,
    pub ids: Ids,
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

pub struct LockstepOutput {
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

pub struct LockstepClient {
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
