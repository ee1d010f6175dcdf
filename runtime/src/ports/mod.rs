//! Ports: what connects a node with others. A node declares them once and then uses them in its steps; what stands
//! behind them (a transport, other nodes in lockstep, a recording) it can't tell.

mod diagnostic;
mod inbox;
mod input;
mod output;
mod service;

use std::sync::Arc;
use std::time::Duration;

pub use diagnostic::{Diagnostic, Level, Status};
pub use input::{Latest, Queue, Received};
use msgs::{Message, Service};
pub use output::Output;
pub use service::{Client, Server};

pub(crate) use inbox::{Deliver, Waker};
pub(crate) use output::Emit;
pub(crate) use service::{Ask, EventInfo, OnCall, OnReply, ServiceTypes};

use crate::names::{NameError, Remaps};
use crate::node::NodeError;
use crate::qos::Qos;
use crate::rt;
use crate::transport::{TransportError, TypeRef};

/// Name of a node, after remapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// `/` or `/a/b`.
    pub namespace: String,
    /// Without namespace.
    pub name: String,
}

impl NodeName {
    /// E.g. `/a/b/name`.
    pub fn full(&self) -> String {
        crate::names::node_fqn(&self.namespace, &self.name)
    }
}

/// What an executor connects ports to. Names are fully qualified and remapped.
pub(crate) trait Wiring {
    fn input(
        &mut self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        inbox: Arc<dyn Deliver>,
    ) -> Result<(), TransportError>;
    fn output(&mut self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<Arc<dyn Emit>, TransportError>;
    fn server(&mut self, service: &str, types: &ServiceTypes, on_call: OnCall) -> Result<(), TransportError>;
    fn client(&mut self, service: &str, types: &ServiceTypes) -> Result<Arc<dyn Ask>, TransportError>;
}

/// Work that an I/O thread does for a real-time node, again and again.
pub(crate) type Pump = Box<dyn FnMut() + Send>;

/// What a node declares its ports with.
pub struct Ports<'a> {
    pub(crate) node: NodeName,
    pub(crate) remaps: &'a Remaps,
    pub(crate) wiring: &'a mut dyn Wiring,
    pub(crate) waker: Waker,
    pub(crate) period: Option<Duration>,
    pub(crate) realtime: bool,
    pub(crate) pumps: Vec<Pump>,
    pub(crate) diagnostics: Vec<(String, rt::Reader<Status>)>,
    pub(crate) inboxes: Vec<Arc<dyn Deliver>>,
}

impl Ports<'_> {
    /// Steps the node at this period. Without it only messages step the node.
    pub fn every(&mut self, period: Duration) {
        self.period = Some(period);
    }

    /// Full name of the node.
    pub fn node_name(&self) -> String {
        self.node.full()
    }

    fn topic(&self, name: &str) -> Result<String, NameError> {
        self.remaps.topic(&self.node.name, &self.node.namespace, name)
    }

    fn service(&self, name: &str) -> Result<String, NameError> {
        self.remaps.service(&self.node.name, &self.node.namespace, name)
    }

    fn connect<M: Message>(
        &mut self,
        topic: &str,
        qos: &Qos,
        inbox: Arc<dyn Deliver>,
    ) -> Result<(), NodeError> {
        let topic = self.topic(topic)?;
        self.inboxes.push(Arc::clone(&inbox));
        Ok(self.wiring.input(&topic, &TypeRef::message::<M>(), qos, inbox)?)
    }

    /// An input that gives the latest message, however often it is asked.
    pub fn latest<M: Message>(&mut self, topic: &str, qos: Qos) -> Result<Latest<M>, NodeError> {
        let (latest, inbox) = Latest::new(self.realtime, topic, &qos);
        self.connect::<M>(topic, &qos, inbox)?;
        Ok(latest)
    }

    /// An input that gives each message once, in order; of more than the QoS keeps the oldest are lost.
    pub fn queue<M: Message>(&mut self, topic: &str, qos: Qos) -> Result<Queue<M>, NodeError> {
        let (queue, inbox) = Queue::new(self.realtime, topic, &qos, Waker::default());
        self.connect::<M>(topic, &qos, inbox)?;
        Ok(queue)
    }

    /// A queue whose messages step the node as they arrive. A real-time node is stepped by its timer all the same.
    pub fn trigger<M: Message>(&mut self, topic: &str, qos: Qos) -> Result<Queue<M>, NodeError> {
        let (queue, inbox) = Queue::new(self.realtime, topic, &qos, self.waker.clone());
        self.connect::<M>(topic, &qos, inbox)?;
        Ok(queue)
    }

    /// An output.
    pub fn output<M: Message>(&mut self, topic: &str, qos: Qos) -> Result<Output<M>, NodeError> {
        self.output_like(topic, qos, M::default())
    }

    /// An output whose messages begin as copies of `prototype`. A real-time node gives one whose strings and
    /// sequences are as long as they ever get, so that [`Output::send_with`] never allocates.
    pub fn output_like<M: Message>(
        &mut self,
        topic: &str,
        qos: Qos,
        prototype: M,
    ) -> Result<Output<M>, NodeError> {
        let topic = self.topic(topic)?;
        let emit = self.wiring.output(&topic, &TypeRef::message::<M>(), &qos)?;
        let (output, pump) = Output::new(self.realtime, emit, prototype, qos.kept());
        self.pumps.extend(pump);
        Ok(output)
    }

    /// A service that this node offers; requests step it.
    pub fn server<S: Service>(&mut self, service: &str) -> Result<Server<S>, NodeError> {
        self.server_like(service, S::Response::default())
    }

    /// A service whose responses begin, in a real-time node, as copies of `prototype`: one whose strings and sequences
    /// are as long as they ever get, so that filling them in never allocates.
    pub fn server_like<S: Service>(
        &mut self,
        service: &str,
        prototype: S::Response,
    ) -> Result<Server<S>, NodeError> {
        let service = self.service(service)?;
        let (server, on_call, pump) = Server::new(self.realtime, self.waker.clone(), prototype);
        self.wiring.server(&service, &ServiceTypes::of::<S>(), on_call)?;
        self.pumps.extend(pump);
        Ok(server)
    }

    /// A service of another node; answers step this one. Not for real-time nodes.
    pub fn client<S: Service>(&mut self, service: &str) -> Result<Client<S>, NodeError> {
        if self.realtime {
            return Err(NodeError::Refused("a real-time node can't call services".into()));
        }
        let service = self.service(service)?;
        let ask = self.wiring.client(&service, &ServiceTypes::of::<S>())?;
        Ok(Client::new(ask, self.waker.clone()))
    }

    /// A diagnostic that this node reports once a second on `/diagnostics`, as `<node>: <name>`.
    pub fn diagnostic(&mut self, name: &str) -> Diagnostic {
        let (writer, reader) = rt::mailbox(Status::default);
        self.diagnostics.push((name.into(), reader));
        Diagnostic::new(writer)
    }
}
