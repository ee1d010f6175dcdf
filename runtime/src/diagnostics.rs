//! What is reported of a node on `/diagnostics`, whichever executor runs it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};

use crate::ports::{Deliver, Level, Status};
use crate::rt::Reader;
use crate::time::Time;

pub(crate) const TOPIC: &str = "/diagnostics";

/// Time between two reports.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);

/// A node's own diagnostics, and its inputs.
pub(crate) struct Reported {
    name: String,
    inboxes: Vec<Arc<dyn Deliver>>,
    statuses: Vec<(String, Reader<Status>)>,
    /// Of the inputs, when last reported.
    deadlines_missed: u64,
}

impl Reported {
    pub fn new(
        name: String,
        inboxes: Vec<Arc<dyn Deliver>>,
        statuses: Vec<(String, Reader<Status>)>,
    ) -> Self {
        Self { name, inboxes, statuses, deadlines_missed: 0 }
    }

    /// The report: how its loop keeps time, called `loop_name`, with its inputs; then its own diagnostics.
    pub fn report(&mut self, now: Time, loop_name: &str, mut status: DiagnosticStatus) -> DiagnosticArray {
        let mut array = DiagnosticArray::default();
        array.header.stamp = now.to_msg();
        let name = &self.name;
        status.name = format!("{name}: {loop_name}");
        status.hardware_id = name.clone();
        let missed: u64 = self.inboxes.iter().map(|i| i.counts().deadline_missed(now)).sum();
        if missed > self.deadlines_missed && status.level == Level::Ok as u8 {
            status.level = Level::Warn as u8;
            status.message = "an input misses the deadline of its QoS".into();
        }
        self.deadlines_missed = missed;
        status.values.push(value("input_deadlines_missed", missed));
        status.values.extend(input_values(&self.inboxes));
        array.status.push(status);
        for (what, reader) in &mut self.statuses {
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
        array
    }
}

pub(crate) fn value(key: &str, value: impl ToString) -> KeyValue {
    KeyValue { key: key.into(), value: value.to_string() }
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
