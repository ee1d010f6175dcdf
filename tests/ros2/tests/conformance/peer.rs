//! A node of ours and a node of `hiroz`, connected.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use hiroz::Builder;
use hiroz::context::{ZContext, ZContextBuilder};
use hiroz::node::ZNode;
use hiroz::qos::{QosDurability, QosHistory, QosProfile, QosReliability};
use runtime::qos::{Durability, History, Qos, Reliability};
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{OnSample, Sample, Transport, TransportNode};

/// Longest wait for anything; only a failure takes so long.
pub const LONG: Duration = Duration::from_secs(30);

/// A session and a node on each side.
pub struct Pair {
    /// Our node, `/ours/our_node`.
    pub our_node: Arc<dyn TransportNode>,
    /// Its transport.
    pub ours: ZenohTransport,
    /// The peer's node, `/theirs/their_node`.
    pub their_node: ZNode,
    /// Its context.
    pub theirs: ZContext,
}

impl Pair {
    /// Connected and known to each other.
    pub fn new() -> Self {
        let (ours, endpoint) = our_transport();
        let theirs = their_context(&endpoint);
        let our_node = ours.node("/ours", "our_node").unwrap();
        let their_node = their_node(&theirs, "their_node");
        let pair = Self { our_node, ours, their_node, theirs };
        assert!(
            pair.ours.graph().wait_until(LONG, |g| g.nodes().len() == 2),
            "we do not see the peer's node"
        );
        until("the peer sees our node", || pair.theirs.graph().get_node_names().len() == 2);
        pair
    }
}

/// A session of ours that listens, and where.
pub fn our_transport() -> (ZenohTransport, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("tcp/127.0.0.1:{port}");
    (ZenohTransport::open(&ZenohOptions::isolated(&[], &[&endpoint])).unwrap(), endpoint)
}

/// A session of the peer's that connects to an endpoint, and to nothing else.
pub fn their_context(endpoint: &str) -> ZContext {
    ZContextBuilder::default()
        .with_domain_id(0)
        .with_mode("peer")
        .disable_multicast_scouting()
        .with_connect_endpoints([endpoint])
        .with_listen_endpoints(["tcp/127.0.0.1:0"])
        .build()
        .unwrap()
}

/// A node of the peer's in `/theirs`, without services of its own.
pub fn their_node(context: &ZContext, name: &str) -> ZNode {
    context.create_node(name).with_namespace("/theirs").without_parameters().build().unwrap()
}

/// Our QoS as the peer writes it.
pub fn their_qos(qos: &Qos) -> QosProfile {
    QosProfile {
        reliability: match qos.reliability {
            Reliability::Reliable => QosReliability::Reliable,
            Reliability::BestEffort => QosReliability::BestEffort,
        },
        durability: match qos.durability {
            Durability::Volatile => QosDurability::Volatile,
            Durability::TransientLocal => QosDurability::TransientLocal,
        },
        history: match qos.history {
            History::KeepLast(n) => QosHistory::KeepLast(NonZeroUsize::new(n).unwrap()),
            History::KeepAll => QosHistory::KeepAll,
        },
        deadline: qos.deadline.map(Into::into).unwrap_or_default(),
        lifespan: qos.lifespan.map(Into::into).unwrap_or_default(),
        liveliness_lease_duration: qos.liveliness_lease.map(Into::into).unwrap_or_default(),
        ..QosProfile::default()
    }
}

/// A callback for a subscription of ours, and what it got.
pub fn inbox() -> (OnSample, Receiver<Sample>) {
    let (send, receive) = sync_channel(1000);
    (Box::new(move |s| drop(send.try_send(s))), receive)
}

/// Waits for a condition on the peer's side, which has nothing of its own to wait on.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < end, "not within {LONG:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
