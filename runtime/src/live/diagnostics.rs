//! `/diagnostics`: once a second, what each node says of itself and how its loop keeps time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use msgs::Message;
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::ports::{Deliver, Level, Status};
use crate::qos::Qos;
use crate::rt::{LoopSnapshot, LoopState, LoopStats, Reader, StatsWindow};
use crate::transport::{Publish, TransportError, TransportNode, TypeRef};

const PERIOD: Duration = Duration::from_secs(1);

/// What is to be reported of a node.
pub struct Watched {
    name: String,
    clock: Arc<Clock>,
    publisher: Arc<dyn Publish>,
    inboxes: Vec<Arc<dyn Deliver>>,
    statuses: Vec<(String, Reader<Status>)>,
}

impl Watched {
    pub fn new(
        name: String,
        clock: Arc<Clock>,
        node: &dyn TransportNode,
        inboxes: Vec<Arc<dyn Deliver>>,
        statuses: Vec<(String, Reader<Status>)>,
    ) -> Result<Self, TransportError> {
        let ty = TypeRef::message::<DiagnosticArray>();
        let publisher = node.publisher("/diagnostics", &ty, &Qos::default())?;
        Ok(Self { name, clock, publisher, inboxes, statuses })
    }
}

struct Entry {
    watched: Watched,
    window: StatsWindow,
    realtime: bool,
    /// Of the inputs, when last reported.
    deadlines_missed: u64,
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
        self.entries.lock().push(Entry { watched, window: stats.window(), realtime, deadlines_missed: 0 });
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
        let mut array = DiagnosticArray::default();
        array.header.stamp = self.watched.clock.now().to_msg();
        let name = &self.watched.name;
        let what = if self.realtime { "control_loop_latency" } else { "loop" };
        let mut status = loop_status(&self.window.take());
        status.name = format!("{name}: {what}");
        status.hardware_id = name.clone();
        let now = self.watched.clock.now();
        let missed: u64 = self.watched.inboxes.iter().map(|i| i.counts().deadline_missed(now)).sum();
        if missed > self.deadlines_missed && status.level == Level::Ok as u8 {
            status.level = Level::Warn as u8;
            status.message = "an input misses the deadline of its QoS".into();
        }
        self.deadlines_missed = missed;
        status.values.push(value("input_deadlines_missed", missed));
        status.values.extend(input_values(&self.watched.inboxes));
        array.status.push(status);
        for (what, reader) in &mut self.watched.statuses {
            reader.refresh();
            let status = reader.get();
            array.status.push(DiagnosticStatus {
                level: status.level as u8,
                name: format!("{name}: {what}"),
                message: status.message.into(),
                hardware_id: name.clone(),
                values: status.values().iter().map(|(k, v)| value(k, v)).collect(),
            });
        }
        match array.encode(1024) {
            Ok(bytes) => drop(self.watched.publisher.publish(bytes)),
            Err(error) => tracing::error!(%error, "diagnostics are not sent"),
        }
    }
}

fn value(key: &str, value: impl ToString) -> KeyValue {
    KeyValue { key: key.into(), value: value.to_string() }
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

/// How many messages were lost on the way into the node.
fn input_values(inboxes: &[Arc<dyn Deliver>]) -> [KeyValue; 3] {
    let sum = |f: fn(&dyn Deliver) -> u64| inboxes.iter().map(|i| f(&**i)).sum::<u64>();
    [
        value("messages_received", sum(|i| i.counts().received.load(Ordering::Relaxed))),
        value("messages_overrun", sum(|i| i.counts().overrun.load(Ordering::Relaxed))),
        value("messages_undecodable", sum(|i| i.counts().undecodable.load(Ordering::Relaxed))),
    ]
}
