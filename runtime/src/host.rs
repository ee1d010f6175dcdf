//! A node with what every executor does around its steps: parameters, transitions, the count of steps.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::names::Remaps;
use crate::node::{Node, NodeError, Step, Transition};
use crate::params::{
    ListResult, Overrides, ParamDescriptor, ParamStore, ParamValue, Parameters, RuntimeParams, SetResult,
};
use crate::ports::{Deliver, NodeName, Ports, Pump, Status, Waker, Wiring};
use crate::rt;
use crate::time::Time;

/// A node that can be stepped.
pub(crate) struct Host<N: Node> {
    node: N,
    params: rt::Reader<N::Params>,
    steps: u64,
}

impl<N: Node> Host<N> {
    /// Steps the node, with new parameters first. Allocates nothing of its own.
    pub fn step(&mut self, now: Time, due: bool) {
        if self.params.refresh() {
            self.node.set_params(self.params.get());
        }
        self.node.step(Step { now, index: self.steps, due });
        self.steps += 1;
    }

    pub fn transition(&mut self, transition: Transition) -> bool {
        self.node.transition(transition)
    }
}

/// What goes with a host.
pub(crate) struct Hosted<N: Node> {
    pub host: Host<N>,
    pub name: NodeName,
    pub period: Option<Duration>,
    pub waker: Waker,
    pub params: Arc<SharedParams<N::Params>>,
    pub pumps: Vec<Pump>,
    pub diagnostics: Vec<(String, rt::Reader<Status>)>,
    pub inboxes: Vec<Arc<dyn Deliver>>,
}

/// How a node is to be made.
pub(crate) struct Setup<'a> {
    pub name: NodeName,
    pub remaps: &'a Remaps,
    pub overrides: &'a Overrides,
    pub realtime: bool,
}

impl Setup<'_> {
    /// Makes a node with its ports connected to `wiring`.
    pub fn make<N: Node>(self, wiring: &mut dyn Wiring) -> Result<Hosted<N>, NodeError> {
        let store = ParamStore::<N::Params>::new(&self.name.full(), self.overrides)?;
        let initial: N::Params = store.node().clone();
        let (writer, params) = rt::mailbox(|| initial.clone());
        let waker = Waker::new();
        let mut ports = Ports {
            node: self.name,
            remaps: self.remaps,
            wiring,
            waker: waker.clone(),
            period: None,
            realtime: self.realtime,
            pumps: vec![],
            diagnostics: vec![],
            inboxes: vec![],
        };
        let node = N::new(&initial, &mut ports)?;
        let Ports { node: name, period, pumps, diagnostics, inboxes, .. } = ports;
        let shared = SharedParams { store: Mutex::new((store, writer)), waker: waker.clone() };
        Ok(Hosted {
            host: Host { node, params, steps: 0 },
            name,
            period,
            waker,
            params: Arc::new(shared),
            pumps,
            diagnostics,
            inboxes,
        })
    }
}

/// A node's parameters, for the node and for others.
pub(crate) struct SharedParams<P> {
    store: Mutex<(ParamStore<P>, rt::Writer<P>)>,
    waker: Waker,
}

/// A node's parameters by name.
pub(crate) trait ParamAccess: Send + Sync {
    fn list(&self, prefixes: &[String], depth: u64) -> ListResult;
    fn get(&self, name: &str) -> Option<ParamValue>;
    fn descriptor(&self, name: &str) -> Option<ParamDescriptor>;
    fn descriptors(&self) -> Vec<ParamDescriptor>;
    fn runtime(&self) -> RuntimeParams;
    /// Sets each by itself, or all or none.
    fn set(&self, changes: &[(String, ParamValue)], atomically: bool) -> Vec<SetResult>;
}

impl<P: Parameters> ParamAccess for SharedParams<P> {
    fn list(&self, prefixes: &[String], depth: u64) -> ListResult {
        self.store.lock().0.list(prefixes, depth)
    }

    fn get(&self, name: &str) -> Option<ParamValue> {
        self.store.lock().0.get(name)
    }

    fn descriptor(&self, name: &str) -> Option<ParamDescriptor> {
        self.store.lock().0.descriptor(name).cloned()
    }

    fn descriptors(&self) -> Vec<ParamDescriptor> {
        self.store.lock().0.descriptors().cloned().collect()
    }

    fn runtime(&self) -> RuntimeParams {
        self.store.lock().0.runtime().clone()
    }

    fn set(&self, changes: &[(String, ParamValue)], atomically: bool) -> Vec<SetResult> {
        let mut locked = self.store.lock();
        let (store, writer) = &mut *locked;
        let results = if atomically { vec![store.set_atomically(changes)] } else { store.set(changes) };
        if results.iter().any(|r| r.successful) {
            writer.write(store.node().clone());
            drop(locked);
            self.waker.wake();
        }
        results
    }
}

/// Whether a managed node is active, and the transitions that it is to make.
#[derive(Default)]
pub(crate) struct Gate {
    active: AtomicBool,
    requests: Mutex<VecDeque<(Transition, Done)>>,
    waker: Waker,
}

/// Is told whether the node accepted a transition.
pub(crate) type Done = Box<dyn FnOnce(bool) + Send>;

impl Gate {
    pub fn new(active: bool, waker: Waker) -> Self {
        Self { active: active.into(), requests: Mutex::default(), waker }
    }

    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    pub fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
    }

    /// Asks the node to make a transition between two steps.
    pub fn request(&self, transition: Transition, done: Done) {
        self.requests.lock().push_back((transition, done));
        self.waker.wake();
    }

    /// The next transition that was asked for.
    pub fn next(&self) -> Option<(Transition, Done)> {
        self.requests.lock().pop_front()
    }
}
