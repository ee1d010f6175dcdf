//! What is known of all nodes and their endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{Gid, TypeRef};
use crate::qos::Qos;

/// What an endpoint is.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndpointKind {
    Publisher,
    Subscription,
    Service,
    Client,
}

/// A node somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GraphNode {
    /// Namespace, `/` or `/a/b`.
    pub namespace: String,
    /// Name without namespace.
    pub name: String,
}

impl GraphNode {
    /// E.g. `/ns/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace.trim_end_matches('/'), self.name)
    }
}

/// An endpoint somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// The node that has it.
    pub node: GraphNode,
    /// Topic or service, fully qualified.
    pub name: String,
    /// Its type.
    pub ty: TypeRef,
    /// Its QoS.
    pub qos: Qos,
    /// Its id.
    pub gid: Gid,
}

#[derive(Default)]
struct Entities {
    nodes: BTreeMap<String, GraphNode>,
    endpoints: BTreeMap<String, Endpoint>,
    version: u64,
}

/// Nodes and endpoints, kept current by the transport.
#[derive(Default)]
pub struct Graph {
    entities: Mutex<Entities>,
    changed: Condvar,
}

/// More entities than this are not kept, whatever others announce.
const MAX_ENTITIES: usize = 100_000;

impl Graph {
    /// Adds a node under a key of the transport's.
    pub fn add_node(&self, key: &str, node: GraphNode) {
        self.change(|e| {
            if e.nodes.len() < MAX_ENTITIES {
                e.nodes.insert(key.into(), node);
            }
        });
    }

    /// Adds an endpoint under a key of the transport's.
    pub fn add_endpoint(&self, key: &str, endpoint: Endpoint) {
        self.change(|e| {
            if e.endpoints.len() < MAX_ENTITIES {
                e.endpoints.insert(key.into(), endpoint);
            }
        });
    }

    /// Removes what was added under that key.
    pub fn remove(&self, key: &str) {
        self.change(|e| {
            if e.nodes.remove(key).is_none() {
                e.endpoints.remove(key);
            }
        });
    }

    fn change(&self, f: impl FnOnce(&mut Entities)) {
        let mut entities = self.entities.lock();
        f(&mut entities);
        entities.version += 1;
        drop(entities);
        self.changed.notify_all();
    }

    /// All nodes, sorted; two nodes of one name appear twice.
    pub fn nodes(&self) -> Vec<GraphNode> {
        let mut nodes: Vec<_> = self.entities.lock().nodes.values().cloned().collect();
        nodes.sort();
        nodes
    }

    /// All endpoints that `keep` accepts.
    pub fn endpoints(&self, keep: impl Fn(&Endpoint) -> bool) -> Vec<Endpoint> {
        self.entities.lock().endpoints.values().filter(|e| keep(e)).cloned().collect()
    }

    /// How many endpoints `keep` accepts.
    pub fn count(&self, keep: impl Fn(&Endpoint) -> bool) -> usize {
        self.entities.lock().endpoints.values().filter(|e| keep(e)).count()
    }

    /// Topics (published or subscribed) with their types, sorted.
    pub fn topics(&self) -> BTreeMap<String, BTreeSet<TypeRef>> {
        self.names(|k| matches!(k, EndpointKind::Publisher | EndpointKind::Subscription))
    }

    /// Services that have a server, with their types, sorted.
    pub fn services(&self) -> BTreeMap<String, BTreeSet<TypeRef>> {
        self.names(|k| k == EndpointKind::Service)
    }

    fn names(&self, keep: impl Fn(EndpointKind) -> bool) -> BTreeMap<String, BTreeSet<TypeRef>> {
        let mut names: BTreeMap<String, BTreeSet<TypeRef>> = BTreeMap::new();
        for endpoint in self.endpoints(|e| keep(e.kind)) {
            names.entry(endpoint.name).or_default().insert(endpoint.ty);
        }
        names
    }

    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.entities.lock().version
    }

    /// Waits until `condition` holds; false after `timeout`.
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + timeout;
        loop {
            let version = self.version();
            if condition(self) {
                return true;
            }
            let mut entities = self.entities.lock();
            while entities.version == version {
                if self.changed.wait_until(&mut entities, end).timed_out() {
                    drop(entities);
                    return condition(self);
                }
            }
        }
    }

    /// Waits until a server of that service is there; false after `timeout`.
    pub fn wait_for_service(&self, service: &str, timeout: Duration) -> bool {
        self.wait_until(timeout, |g| g.count(|e| e.kind == EndpointKind::Service && e.name == service) > 0)
    }
}
