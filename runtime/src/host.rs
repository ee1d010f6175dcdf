//! A node with what every executor does around its steps: parameters, transitions, the count of steps.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::names::Remaps;
use crate::node::{Node, NodeError, Step, Transition};
use crate::params::{
    ListResult, Overrides, ParamDescriptor, ParamStore, ParamValue, Parameters, SetResult, UnknownParameter,
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

    /// Makes a transition, with new parameters first.
    pub fn transition(&mut self, transition: Transition) -> bool {
        if self.params.refresh() {
            self.node.set_params(self.params.get());
        }
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
    /// Values that were given for parameters it does not have, perhaps for another node.
    pub ignored: Vec<UnknownParameter>,
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
        let ignored = store.ignored().to_vec();
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
            ignored,
        })
    }
}

/// Which clock a node has is settled when it starts.
const SETTLED_AT_START: &str = "use_sim_time";

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
        self.store.lock().0.descriptor(name).cloned().map(settled)
    }

    fn descriptors(&self) -> Vec<ParamDescriptor> {
        self.store.lock().0.descriptors().cloned().map(settled).collect()
    }

    fn set(&self, changes: &[(String, ParamValue)], atomically: bool) -> Vec<SetResult> {
        let mut locked = self.store.lock();
        let (store, writer) = &mut *locked;
        let mut set = |changes: &[(String, ParamValue)]| match unsettling(changes) {
            Some(refusal) => refusal,
            None => store.set_atomically(changes),
        };
        let results = if atomically {
            vec![set(changes)]
        } else {
            changes.iter().map(|change| set(std::slice::from_ref(change))).collect()
        };
        if results.iter().any(|r| r.successful) {
            writer.write(store.node().clone());
            drop(locked);
            self.waker.wake();
        }
        results
    }
}

fn settled(mut descriptor: ParamDescriptor) -> ParamDescriptor {
    descriptor.read_only |= descriptor.name == SETTLED_AT_START;
    descriptor
}

/// Refuses a change of what is settled at the start, in the words of `rclcpp`.
fn unsettling(changes: &[(String, ParamValue)]) -> Option<SetResult> {
    let (name, _) = changes.iter().find(|(name, _)| name == SETTLED_AT_START)?;
    let reason =
        format!("parameter '{name}' cannot be set because it is read-only: give it when the node starts");
    Some(SetResult { successful: false, reason })
}

/// Whether a managed node is active, and the transitions that it is to make.
#[derive(Default)]
pub(crate) struct Gate {
    active: AtomicBool,
    requests: Mutex<Requests>,
    waker: Waker,
}

#[derive(Default)]
struct Requests {
    waiting: VecDeque<(Transition, Done)>,
    closed: bool,
}

/// Is told whether the node accepted a transition; dropped without a word if the node has ended.
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
        let mut requests = self.requests.lock();
        if requests.closed {
            drop(requests);
            return;
        }
        requests.waiting.push_back((transition, done));
        drop(requests);
        self.waker.nudge();
    }

    /// The next transition that was asked for.
    pub fn next(&self) -> Option<(Transition, Done)> {
        self.requests.lock().waiting.pop_front()
    }

    /// The node has ended: what was asked for and what will be is dropped.
    pub fn close(&self) {
        let left = {
            let mut requests = self.requests.lock();
            requests.closed = true;
            std::mem::take(&mut requests.waiting)
        };
        drop(left);
    }
}
