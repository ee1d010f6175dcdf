//! ROS 2 over Zenoh as `rmw_zenoh` speaks it (<https://github.com/ros2/rmw_zenoh/blob/jazzy/docs/design.md>): a topic
//! is a key `domain/topic/type/hash`, a service a queryable, and every node and endpoint a liveliness token.

mod attachment;
#[cfg(test)]
mod mutation;
mod node;
mod options;
mod payload;
mod rendezvous;
mod service;
mod tokens;

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub use attachment::Attachment;
use hiroz_protocol::{EndpointEntity, KeyExprFormat, NodeEntity};
pub use options::ZenohOptions;
use zenoh::key_expr::KeyExpr;
use zenoh::liveliness::LivelinessToken;
use zenoh::sample::SampleKind;
use zenoh::{Session, Wait};

use super::{Graph, Transport, TransportError, TransportNode};
use node::ZenohNode;
use rendezvous::Entry;

/// A Zenoh session that speaks ROS 2.
pub struct ZenohTransport {
    inner: Arc<Inner>,
    graph: Arc<Graph>,
    _graph_subscription: zenoh::pubsub::Subscriber<()>,
    _entry: Option<Entry>,
    _presence: Option<LivelinessToken>,
    /// Presence keys of the processes of this host that were there before us.
    expected_peers: Vec<String>,
    /// Of the endpoints to connect to, those where somebody listened.
    expected_routers: usize,
}

/// What nodes and endpoints share.
struct Inner {
    session: Session,
    domain_id: usize,
    next_id: AtomicUsize,
}

impl Inner {
    fn new_id(&self) -> usize {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn declare_token(&self, key: &str) -> Result<LivelinessToken, zenoh::Error> {
        self.session.liveliness().declare_token(key.to_string()).wait()
    }
}

/// Whether somebody listens at a TCP endpoint, e.g. the router that may or may not be there.
fn is_reachable(endpoint: &str) -> bool {
    let address = endpoint.strip_prefix("tcp/").map(|a| a.split(['?', '#']).next().unwrap_or(a));
    let resolved = address.and_then(|a| a.to_socket_addrs().ok());
    resolved.is_some_and(|mut all| {
        all.any(|a| TcpStream::connect_timeout(&a, Duration::from_millis(100)).is_ok())
    })
}

impl ZenohTransport {
    /// Joins the network.
    pub fn open(options: &ZenohOptions) -> Result<Self, TransportError> {
        let open = |e: zenoh::Error| TransportError::Open(e.to_string());
        let entry = match (&options.rendezvous, options.config_file.is_none() && options.listen.is_empty()) {
            (Some(folder), true) => {
                let folder = folder.join(options.domain_id.to_string());
                let entry = Entry::announce(&folder)
                    .map_err(|e| TransportError::Open(format!("{}: {e}", folder.display())))?;
                Some(entry)
            }
            _ => None,
        };
        let (listen, peers) = match &entry {
            // On TCP too, for the peers of a router that do not use the folder.
            Some(entry) => {
                let listen = vec![entry.endpoint(), "tcp/127.0.0.1:0".into()];
                (listen, entry.others().unwrap_or_default())
            }
            None if options.listen.is_empty() => (vec!["tcp/127.0.0.1:0".into()], vec![]),
            None => (options.listen.clone(), vec![]),
        };
        let session = zenoh::open(options.config(&listen, &peers)?).wait().map_err(open)?;
        let graph = Arc::new(Graph::default());
        let subscription = session
            .liveliness()
            .declare_subscriber(format!("@ros2_lv/{}/**", options.domain_id))
            .history(true)
            .callback({
                let graph = Arc::clone(&graph);
                move |sample| match sample.kind() {
                    SampleKind::Put => tokens::add(&graph, sample.key_expr()),
                    SampleKind::Delete => graph.remove(sample.key_expr()),
                }
            })
            .wait()
            .map_err(open)?;
        let presence = match &entry {
            Some(entry) => {
                let key = presence_key(options.domain_id, &entry.endpoint());
                Some(session.liveliness().declare_token(key).wait().map_err(open)?)
            }
            None => None,
        };
        let inner = Inner { session, domain_id: options.domain_id, next_id: AtomicUsize::new(0) };
        Ok(Self {
            inner: Arc::new(inner),
            graph,
            _graph_subscription: subscription,
            _entry: entry,
            _presence: presence,
            expected_peers: peers.iter().map(|p| presence_key(options.domain_id, p)).collect(),
            expected_routers: options.connect.iter().filter(|e| is_reachable(e)).count(),
        })
    }

    /// Connects with what the environment says.
    pub fn from_env() -> Result<Self, TransportError> {
        Self::open(&ZenohOptions::from_env()?)
    }

    /// The session, for what goes beyond ROS (the bridge's own keys).
    pub fn session(&self) -> &Session {
        &self.inner.session
    }
}

impl Transport for ZenohTransport {
    fn node(&self, namespace: &str, name: &str) -> Result<Arc<dyn TransportNode>, TransportError> {
        let inner = Arc::clone(&self.inner);
        let entity = NodeEntity {
            domain_id: inner.domain_id,
            z_id: inner.session.zid(),
            id: inner.new_id(),
            name: name.into(),
            // As `rmw_zenoh` writes it: the root namespace is empty.
            namespace: if namespace == "/" { String::new() } else { namespace.into() },
            enclave: String::new(),
        };
        let error = |e: zenoh::Error| TransportError::Create {
            what: "node",
            name: format!("{}/{name}", namespace.trim_end_matches('/')),
            why: e.to_string(),
        };
        let key = KeyExprFormat::default().node_liveliness_key_expr(&entity).map_err(error)?;
        let token = inner.declare_token(key.as_str()).map_err(error)?;
        Ok(Arc::new(ZenohNode { inner, entity, _token: token }))
    }

    fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    fn sync_graph(&self, timeout: Duration) {
        let end = Instant::now() + timeout;
        let info = self.inner.session.info();
        let connected = || info.peers_zid().wait().count() + info.routers_zid().wait().count();
        let expected = self.expected_peers.len() + self.expected_routers;
        while (connected() < expected || !self.all_present(end)) && Instant::now() < end {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        let tokens = format!("@ros2_lv/{}/**", self.inner.domain_id);
        let add_all = || self.tokens(&tokens, end).iter().for_each(|key| tokens::add(&self.graph, key));
        add_all();
        if self.expected_routers > 0 {
            // A link counts as connected a moment before tokens can be asked for through it, and a router has no
            // presence of its own to wait for.
            std::thread::park_timeout(Duration::from_millis(20));
            add_all();
        }
    }
}

impl ZenohTransport {
    /// Whether the tokens of all processes that were there before us can be asked for.
    fn all_present(&self, end: Instant) -> bool {
        if self.expected_peers.is_empty() {
            return true;
        }
        let present = self.tokens(&presence_key(self.inner.domain_id, "*"), end);
        self.expected_peers.iter().all(|expected| present.iter().any(|key| key.as_str() == expected))
    }

    /// The keys of all tokens that match.
    fn tokens(&self, key: &str, end: Instant) -> Vec<KeyExpr<'static>> {
        let remaining = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
        let Ok(replies) = self.inner.session.liveliness().get(key).timeout(remaining).wait() else {
            return vec![];
        };
        let mut keys = vec![];
        while let Ok(reply) = replies.recv() {
            if let Ok(sample) = reply.result() {
                keys.push(sample.key_expr().clone());
            }
        }
        keys
    }
}

/// Key of the token by which a process of this host shows that its other tokens can be asked for.
fn presence_key(domain_id: usize, endpoint: &str) -> String {
    format!("@atlasmesh_present/{domain_id}/{}", endpoint.rsplit('/').next().unwrap_or_default())
}

fn topic_key(entity: &EndpointEntity) -> Result<String, zenoh::Error> {
    Ok(KeyExprFormat::default().topic_key_expr(entity)?.to_string())
}
