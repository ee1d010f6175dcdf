//! The services that every ROS 2 node offers, and the topics that go with them.

mod lifecycle;
mod loggers;
mod parameters;
mod type_description;

use std::sync::Arc;

use bytes::Bytes;
use msgs::{Message, Service};

use crate::clock::Clock;
use crate::host::{Gate, ParamAccess};
use crate::logging;
use crate::names::Remaps;
use crate::node::{Kind, NodeError};
use crate::ports::NodeName;
use crate::qos::Qos;
use crate::transport::{Guard, Publish, Request, TransportNode, TypeRef};

/// Gives a node its standard services; they end with the guards.
pub fn attach(
    host: &ServiceHost<'_>,
    params: &Arc<dyn ParamAccess>,
    gate: &Arc<Gate>,
    kind: Kind,
) -> Result<Vec<Guard>, NodeError> {
    let mut guards = parameters::offer(host, params)?;
    guards.extend(type_description::offer(host)?);
    guards.extend(loggers::offer(host)?);
    if let Kind::Managed { autostart } = kind {
        guards.extend(lifecycle::offer(host, gate, autostart)?);
    }
    Ok(guards)
}

/// A node to which services are given.
pub struct ServiceHost<'a> {
    /// The node on the transport.
    pub node: &'a dyn TransportNode,
    /// Its name after remapping.
    pub name: &'a NodeName,
    /// Rules that rename its services.
    pub remaps: &'a Remaps,
    /// Its time.
    pub clock: &'a Arc<Clock>,
}

impl ServiceHost<'_> {
    /// Serves with answers that are there at once.
    fn serve<S: Service>(
        &self,
        name: &str,
        handle: impl Fn(S::Request) -> S::Response + Send + Sync + 'static,
    ) -> Result<Guard, NodeError> {
        self.serve_later::<S>(name, move |request, reply| reply.send(&handle(request)))
    }

    /// Serves with answers that may be sent later.
    fn serve_later<S: Service>(
        &self,
        name: &str,
        handle: impl Fn(S::Request, Reply) + Send + Sync + 'static,
    ) -> Result<Guard, NodeError> {
        let service = self.remaps.service(&self.name.name, &self.name.namespace, name)?;
        let logger = logging::logger_of_node(&self.name.full());
        let on_request = move |request: Request| {
            let _logger = logging::scope(&logger);
            match S::Request::decode(&request.payload) {
                Ok(wish) => handle(wish, Reply(request.answer)),
                Err(error) => tracing::warn!(service = S::TYPE_NAME, %error, "request does not decode"),
            }
        };
        Ok(self.node.serve(&service, &TypeRef::service::<S>(), Box::new(on_request))?)
    }

    fn publisher<M: Message>(&self, topic: &str, qos: &Qos) -> Result<Arc<dyn Publish>, NodeError> {
        let topic = self.remaps.topic(&self.name.name, &self.name.namespace, topic)?;
        Ok(self.node.publisher(&topic, &TypeRef::message::<M>(), qos)?)
    }
}

/// Sends the answer to a request.
struct Reply(Box<dyn FnOnce(Bytes) + Send>);

impl Reply {
    fn send<M: Message>(self, response: &M) {
        match response.encode(0) {
            Ok(bytes) => (self.0)(bytes),
            Err(error) => tracing::error!(type_name = M::TYPE_NAME, %error, "answer is not sent"),
        }
    }
}

/// Publishes a message; what goes wrong is logged.
fn publish<M: Message>(publisher: &dyn Publish, message: &M) {
    match message.encode(0) {
        Ok(bytes) => {
            if let Err(error) = publisher.publish(bytes) {
                tracing::warn!(%error);
            }
        }
        Err(error) => tracing::error!(type_name = M::TYPE_NAME, %error, "message is not sent"),
    }
}
