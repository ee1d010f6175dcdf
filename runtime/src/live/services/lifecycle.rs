//! The services of a managed node, as `rclcpp_lifecycle` offers them. The node makes its transitions on its own thread,
//! between two steps.

mod machine;

use std::collections::VecDeque;
use std::sync::Arc;

use msgs::lifecycle_msgs::msg::{
    State as StateMsg, Transition as TransitionMsg, TransitionDescription, TransitionEvent,
};
use msgs::lifecycle_msgs::srv::{
    ChangeState, ChangeStateResponse, GetAvailableStates, GetAvailableStatesResponse,
    GetAvailableTransitions, GetAvailableTransitionsResponse, GetState, GetStateResponse,
};
use parking_lot::Mutex;

use super::{ServiceHost, publish};
use crate::clock::Clock;
use crate::host::Gate;
use crate::node::NodeError;
use crate::qos::Qos;
use crate::transport::{Guard, Publish};
use machine::{Edge, GRAPH, Machine, Outcome, State};

/// Wishes that wait for the one under way; more are refused.
const MAX_WAITING: usize = 64;

/// Offers the services and, with `autostart`, brings the node to its active state.
pub fn offer(host: &ServiceHost<'_>, gate: &Arc<Gate>, autostart: bool) -> Result<Vec<Guard>, NodeError> {
    let lifecycle = Arc::new(Lifecycle {
        progress: Mutex::new(Progress { machine: Machine::new(), busy: false, waiting: VecDeque::new() }),
        gate: Arc::clone(gate),
        events: host.publisher::<TransitionEvent>("~/transition_event", &Qos::default())?,
        clock: Arc::clone(host.clock),
    });
    let change = host.serve_later::<ChangeState>("~/change_state", {
        let lifecycle = Arc::clone(&lifecycle);
        move |request, reply| {
            let done = Box::new(move |success| reply.send(&ChangeStateResponse { success }));
            lifecycle.wish(Wish { id: request.transition.id, label: request.transition.label, done });
        }
    })?;
    let state = host.serve::<GetState>("~/get_state", {
        let lifecycle = Arc::clone(&lifecycle);
        move |_| GetStateResponse { current_state: state_msg(lifecycle.progress.lock().machine.state()) }
    })?;
    let states = host.serve::<GetAvailableStates>("~/get_available_states", |_| {
        GetAvailableStatesResponse { available_states: State::ALL.into_iter().map(state_msg).collect() }
    })?;
    let available = host.serve::<GetAvailableTransitions>("~/get_available_transitions", {
        let lifecycle = Arc::clone(&lifecycle);
        move |_| GetAvailableTransitionsResponse {
            available_transitions: lifecycle.progress.lock().machine.available().map(description).collect(),
        }
    })?;
    let graph = host.serve::<GetAvailableTransitions>("~/get_transition_graph", |_| {
        GetAvailableTransitionsResponse { available_transitions: GRAPH.iter().map(description).collect() }
    })?;
    if autostart {
        for label in ["configure", "activate"] {
            let done = move |accepted: bool| {
                if !accepted {
                    tracing::error!("autostart: the node does not {label}");
                }
            };
            lifecycle.wish(Wish { id: 0, label: label.into(), done: Box::new(done) });
        }
    }
    Ok(vec![change, state, states, available, graph])
}

/// A transition that somebody asked for.
struct Wish {
    id: u8,
    label: String,
    /// Is told how it went.
    done: Box<dyn FnOnce(bool) + Send>,
}

struct Progress {
    machine: Machine,
    /// Whether a transition is under way, until all has been told of it.
    busy: bool,
    waiting: VecDeque<Wish>,
}

/// The lifecycle of one node.
struct Lifecycle {
    progress: Mutex<Progress>,
    gate: Arc<Gate>,
    events: Arc<dyn Publish>,
    clock: Arc<Clock>,
}

impl Lifecycle {
    /// Fulfils a wish once those before it are.
    fn wish(self: &Arc<Self>, wish: Wish) {
        let mut progress = self.progress.lock();
        if progress.waiting.len() >= MAX_WAITING {
            drop(progress);
            tracing::warn!("more than {MAX_WAITING} transitions are waiting; one more is refused");
            (wish.done)(false);
            return;
        }
        progress.waiting.push_back(wish);
        drop(progress);
        self.advance();
    }

    /// Begins the next transition unless one is under way.
    fn advance(self: &Arc<Self>) {
        loop {
            let mut progress = self.progress.lock();
            if progress.busy {
                return;
            }
            let Some(wish) = progress.waiting.pop_front() else { return };
            let state = progress.machine.state();
            let begun = progress.machine.begin(wish.id, &wish.label);
            progress.busy = begun.is_some();
            drop(progress);
            match begun {
                None => {
                    let Wish { id, label, .. } = &wish;
                    tracing::warn!("there is no transition {id} `{label}` from state {}", state.label());
                    (wish.done)(false);
                }
                Some((edge, transition)) => {
                    self.tell(edge);
                    let under_way = UnderWay { lifecycle: Arc::clone(self), done: Some(wish.done) };
                    self.gate.request(transition, Box::new(move |accepted| under_way.end(accepted)));
                }
            }
        }
    }

    /// Ends the transition under way; on the node's thread, so that it is not stepped in between.
    fn finish(self: &Arc<Self>, outcome: Outcome, done: Box<dyn FnOnce(bool) + Send>) {
        let (taken, state) = {
            let mut progress = self.progress.lock();
            (progress.machine.end(outcome), progress.machine.state())
        };
        self.gate.set_active(state == State::Active);
        taken.into_iter().for_each(|edge| self.tell(edge));
        match outcome {
            Outcome::Success => tracing::info!("now {}", state.label()),
            Outcome::Failure => tracing::warn!("transition refused, now {}", state.label()),
            Outcome::Error => tracing::error!("transition failed, now {}", state.label()),
        }
        done(outcome == Outcome::Success);
        self.progress.lock().busy = false;
        self.advance();
    }

    fn tell(&self, edge: &'static Edge) {
        let TransitionDescription { transition, start_state, goal_state } = description(edge);
        let timestamp = u64::try_from(self.clock.now().as_ns()).unwrap_or_default();
        publish(&*self.events, &TransitionEvent { timestamp, transition, start_state, goal_state });
    }
}

/// A transition that the node was asked to make. Dropped before its end, the node is gone: an error.
struct UnderWay {
    lifecycle: Arc<Lifecycle>,
    done: Option<Box<dyn FnOnce(bool) + Send>>,
}

impl UnderWay {
    fn end(mut self, accepted: bool) {
        if let Some(done) = self.done.take() {
            self.lifecycle.finish(if accepted { Outcome::Success } else { Outcome::Failure }, done);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            self.lifecycle.finish(Outcome::Error, done);
        }
    }
}

fn state_msg(state: State) -> StateMsg {
    StateMsg { id: state as u8, label: state.label().into() }
}

fn description(edge: &Edge) -> TransitionDescription {
    TransitionDescription {
        transition: TransitionMsg { id: edge.id, label: edge.label.into() },
        start_state: state_msg(edge.start),
        goal_state: state_msg(edge.goal),
    }
}
