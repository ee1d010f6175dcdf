//! `/diagnostics`: once a second, what each node says of itself and how its loop keeps time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use msgs::Message;
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::diagnostics::{PERIOD, Reported, TOPIC, value};
use crate::ports::Level;
use crate::qos::Qos;
use crate::rt::{LoopSnapshot, LoopState, LoopStats, StatsWindow};
use crate::transport::{Publish, TransportError, TransportNode, TypeRef};

/// What is to be reported of a node.
pub struct Watched {
    reported: Reported,
    clock: Arc<Clock>,
    publisher: Arc<dyn Publish>,
}

impl Watched {
    pub fn new(
        reported: Reported,
        clock: Arc<Clock>,
        node: &dyn TransportNode,
    ) -> Result<Self, TransportError> {
        let ty = TypeRef::message::<DiagnosticArray>();
        let publisher = node.publisher(TOPIC, &ty, &Qos::default())?;
        Ok(Self { reported, clock, publisher })
    }
}

struct Entry {
    watched: Watched,
    window: StatsWindow,
    realtime: bool,
}

/// The thread that reports.
pub struct Diagnostics {
    entries: Arc<Mutex<Vec<Entry>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Diagnostics {
    pub fn start() -> Self {
        let entries: Arc<Mutex<Vec<Entry>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let body = {
            let (entries, stop) = (Arc::clone(&entries), Arc::clone(&stop));
            move || {
                let mut due = Instant::now() + PERIOD;
                while !stop.load(Ordering::Acquire) {
                    match due.checked_duration_since(Instant::now()) {
                        Some(wait) => thread::park_timeout(wait),
                        None => {
                            entries.lock().iter_mut().for_each(Entry::report);
                            due += PERIOD;
                        }
                    }
                }
            }
        };
        let thread = thread::Builder::new()
            .name("diagnostics".into())
            .spawn(body)
            .inspect_err(|error| tracing::error!(%error, "no thread for diagnostics"))
            .ok();
        Self { entries, stop, thread }
    }

    pub fn watch(&self, watched: Watched, stats: &Arc<LoopStats>, realtime: bool) {
        self.entries.lock().push(Entry { watched, window: stats.window(), realtime });
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Entry {
    fn report(&mut self) {
        let what = if self.realtime { "control_loop_latency" } else { "loop" };
        let status = loop_status(&self.window.take());
        let Watched { reported, clock, publisher } = &mut self.watched;
        match reported.report(clock.now(), what, status).encode(1024) {
            Ok(bytes) => drop(publisher.publish(bytes)),
            Err(error) => tracing::error!(%error, "diagnostics are not sent"),
        }
    }
}

/// How a loop kept time in the last second.
fn loop_status(window: &LoopSnapshot) -> DiagnosticStatus {
    let (wakeup, execution) = (window.wakeup.summary(), window.execution.summary());
    let missed = window.missed_deadlines();
    let (level, message) = match (window.state, missed) {
        (LoopState::Panicked, _) => (Level::Error, "the node panicked".into()),
        (LoopState::Ended, _) => (Level::Stale, "the loop has ended".into()),
        (LoopState::Running, 0) => (Level::Ok, "on time".into()),
        (LoopState::Running, n) => (Level::Warn, format!("{n} deadlines missed in the last second")),
    };
    let us = |ns: u64| format!("{:.1}", ns as f64 / 1e3);
    let mut values = vec![value("steps", execution.count), value("missed_deadlines", missed)];
    for (kind, s) in [("wakeup_latency", wakeup), ("execution_time", execution)] {
        for (quantile, ns) in [("p50", s.p50_ns), ("p99", s.p99_ns), ("p99.9", s.p999_ns), ("max", s.max_ns)]
        {
            values.push(value(&format!("{kind}_{quantile}_us"), us(ns)));
        }
    }
    DiagnosticStatus { level: level as u8, message, values, ..DiagnosticStatus::default() }
}
