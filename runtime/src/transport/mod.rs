//! The trait that a ROS transport fulfils: names, QoS and CDR bytes in and out, services, the graph.
//!
//! Names are fully qualified here (`/ns/topic`); expanding and remapping is done before.

mod graph;
#[cfg(feature = "zenoh")]
pub mod zenoh;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use graph::{Endpoint, EndpointKind, Graph, GraphNode};

use crate::qos::Qos;

/// Why the transport could not do something.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The network could not be joined.
    #[error("cannot open the transport: {0}")]
    Open(String),
    /// A name or type that can't be used.
    #[error("cannot create {what} {name}: {why}")]
    Create {
        /// Publisher, subscription, …
        what: &'static str,
        /// Topic or service.
        name: String,
        /// What the transport says.
        why: String,
    },
    /// A sample could not be sent.
    #[error("cannot send on {name}: {why}")]
    Send {
        /// Topic or service.
        name: String,
        /// What the transport says.
        why: String,
    },
}

/// Why a service call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No server appeared, or none answered in time.
    #[error("no answer from {service} within {timeout:?}: is its node running? (`atlas service list`)")]
    Timeout {
        /// Full name of the service.
        service: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// The server refused, or its answer does not decode.
    #[error("{service} failed: {why}")]
    Failed {
        /// Full name of the service.
        service: String,
        /// What went wrong.
        why: String,
    },
}

/// Name and hash of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeRef {
    /// Full name, e.g. `std_msgs/msg/String`.
    pub name: String,
    /// RIHS01 hash.
    pub hash: String,
}

impl TypeRef {
    /// Of a message type.
    pub fn message<M: msgs::Message>() -> Self {
        Self { name: M::TYPE_NAME.into(), hash: M::TYPE_HASH.into() }
    }

    /// Of a service type.
    pub fn service<S: msgs::Service>() -> Self {
        Self { name: S::TYPE_NAME.into(), hash: S::TYPE_HASH.into() }
    }
}

/// Unique id of an endpoint.
pub type Gid = [u8; 16];

/// A message as it came in.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// CDR bytes with their header.
    pub payload: Bytes,
    /// When the publisher sent it, ns since the epoch on its clock.
    pub source_time_ns: i64,
    /// Number of the sample, counted by its publisher.
    pub sequence: i64,
    /// The publisher.
    pub source: Gid,
}

/// A service request as it came in.
pub struct Request {
    /// CDR bytes with their header.
    pub payload: Bytes,
    /// The client.
    pub client: Gid,
    /// Number of the request, counted by its client.
    pub sequence: i64,
    /// Sends the answer; dropping it unanswered tells the client that there will be none.
    pub answer: Box<dyn FnOnce(Bytes) + Send>,
}

/// What a subscription calls with each sample; must return soon, as the transport waits for it.
pub type OnSample = Box<dyn Fn(Sample) + Send + Sync>;
/// What a server calls with each request; must return soon.
pub type OnRequest = Box<dyn Fn(Request) + Send + Sync>;
/// What a client calls once with the answer.
pub type OnAnswer = Box<dyn FnOnce(Result<Bytes, CallError>) + Send>;
/// Ends a subscription, server or node when dropped.
pub type Guard = Box<dyn Any + Send + Sync>;

/// A way to other nodes.
pub trait Transport: Send + Sync {
    /// Announces a node. It disappears when the last handle to it is dropped.
    fn node(&self, namespace: &str, name: &str) -> Result<Arc<dyn TransportNode>, TransportError>;
    /// What is known of all nodes.
    fn graph(&self) -> &Arc<Graph>;
    /// Waits until what other nodes have announced so far is in the graph, at most `timeout`.
    fn sync_graph(&self, timeout: Duration);
}

/// A node on a transport.
pub trait TransportNode: Send + Sync {
    /// Creates a publisher.
    fn publisher(&self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<Arc<dyn Publish>, TransportError>;
    /// Creates a subscription.
    fn subscribe(
        &self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        on_sample: OnSample,
    ) -> Result<Guard, TransportError>;
    /// Creates a service server.
    fn serve(&self, service: &str, ty: &TypeRef, on_request: OnRequest) -> Result<Guard, TransportError>;
    /// Creates a service client.
    fn client(&self, service: &str, ty: &TypeRef) -> Result<Arc<dyn Call>, TransportError>;
}

/// A publisher.
pub trait Publish: Send + Sync {
    /// Sends CDR bytes with their header. Takes at most a few milliseconds, whatever the subscribers do.
    fn publish(&self, payload: Bytes) -> Result<(), TransportError>;
    /// Its id.
    fn gid(&self) -> Gid;
}

/// A service client.
pub trait Call: Send + Sync {
    /// Sends a request; `on_answer` is called exactly once, at the latest after `timeout`.
    fn call(&self, payload: Bytes, timeout: Duration, on_answer: OnAnswer) -> Result<(), TransportError>;
}
