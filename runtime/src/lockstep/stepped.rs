//! A node in a lockstep run.

use std::sync::Arc;
use std::time::Duration;

use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};

use crate::diagnostics::Reported;
use crate::host::{Host, ParamAccess, SharedParams};
use crate::node::Node;
use crate::ports::Waker;
use crate::time::Time;

/// A node of any type.
pub trait Stepped {
    fn name(&self) -> &str;
    fn steps(&self) -> u64;
    fn due(&self) -> Option<Time>;
    fn take_woken(&self) -> bool;
    fn step(&mut self, now: Time, due: bool);
    fn params(&self) -> &dyn ParamAccess;
    fn report(&mut self, now: Time) -> DiagnosticArray;
}

pub struct SteppedNode<N: Node> {
    pub name: String,
    pub host: Host<N>,
    pub due: Option<Time>,
    pub period: Duration,
    pub waker: Waker,
    pub params: Arc<SharedParams<N::Params>>,
    pub reported: Reported,
    pub steps: u64,
}

impl<N: Node> Stepped for SteppedNode<N> {
    fn name(&self) -> &str {
        &self.name
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn due(&self) -> Option<Time> {
        self.due
    }

    fn take_woken(&self) -> bool {
        self.waker.take()
    }

    fn step(&mut self, now: Time, due: bool) {
        // What woke it is dealt with in this step.
        self.waker.take();
        if due {
            self.due = self.due.map(|d| d + self.period);
        }
        self.host.step(now, due);
        self.steps += 1;
    }

    fn params(&self) -> &dyn ParamAccess {
        &*self.params
    }

    fn report(&mut self, now: Time) -> DiagnosticArray {
        let status =
            DiagnosticStatus { message: "in lockstep: always on time".into(), ..DiagnosticStatus::default() };
        self.reported.report(now, "loop", status)
    }
}
