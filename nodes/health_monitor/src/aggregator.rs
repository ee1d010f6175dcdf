//! The tree of statuses and what it adds up to.

use std::collections::BTreeMap;
use std::time::Duration;

use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use runtime::ports::Level;
use runtime::time::Time;

use crate::text::{MAX_NAME, MAX_TEXT, bounded, cut, level_of, split_name};

/// Most nodes that are kept apart, the expected ones included.
pub const MAX_NODES: usize = 64;
/// Most statuses of one node.
pub const MAX_STATUSES: usize = 64;

/// A stale status of a node that is not expected is forgotten after this time.
const FORGET: Duration = Duration::from_secs(60);
const ROOT: &str = "/vehicle";

/// Collects the statuses of all nodes.
pub struct Aggregator {
    stale_timeout: Duration,
    startup_time: Duration,
    started: Time,
    nodes: BTreeMap<String, NodeStatuses>,
    /// Statuses that found no room since the last summary, and in all.
    left_out: (u64, u64),
}

#[derive(Default)]
struct NodeStatuses {
    expected: bool,
    statuses: BTreeMap<String, Entry>,
}

struct Entry {
    status: DiagnosticStatus,
    seen: Time,
    /// Level at the last summary, to notice what gets worse.
    told: Option<Level>,
}

impl Aggregator {
    /// Begins at `now`. Nodes in `expected` count as STALE until they report, from `startup_time` on.
    pub fn new(stale_timeout: Duration, startup_time: Duration, expected: &[String], now: Time) -> Self {
        let names = expected.iter().take(MAX_NODES).map(|name| split_name(name).0);
        let nodes = names.map(|n| (n, NodeStatuses { expected: true, ..NodeStatuses::default() })).collect();
        Self { stale_timeout, startup_time, started: now, nodes, left_out: (0, 0) }
    }

    /// Changes the time after which a status is stale.
    pub fn set_stale_timeout(&mut self, stale_timeout: Duration) {
        self.stale_timeout = stale_timeout;
    }

    /// Takes a message that arrived at `now`. True if a status got worse since the last summary.
    pub fn update(&mut self, array: &DiagnosticArray, now: Time) -> bool {
        // All are taken, not only those up to the first that got worse.
        let worse = array.status.iter().filter(|status| self.update_one(status, now));
        worse.count() > 0
    }

    fn update_one(&mut self, status: &DiagnosticStatus, now: Time) -> bool {
        let (node, name) = split_name(&status.name);
        let room = self.nodes.len() < MAX_NODES;
        let known = self.nodes.contains_key(&node);
        if !room && !known {
            return self.leave_out();
        }
        let statuses = &mut self.nodes.entry(node).or_default().statuses;
        if statuses.len() >= MAX_STATUSES && !statuses.contains_key(&name) {
            return self.leave_out();
        }
        let status = bounded(status);
        let level = level_of(status.level);
        let told = statuses.get(&name).and_then(|entry| entry.told);
        statuses.insert(name, Entry { status, seen: now, told });
        level > told.unwrap_or(Level::Ok)
    }

    fn leave_out(&mut self) -> bool {
        self.left_out.0 += 1;
        self.left_out.1 += 1;
        self.left_out.0 == 1
    }

    /// Forgets what has been stale for long. True if something became stale since the last summary.
    pub fn expire(&mut self, now: Time) -> bool {
        let timeout = self.stale_timeout;
        let mut worse = false;
        for node in self.nodes.values_mut() {
            if !node.expected {
                node.statuses.retain(|_, e| now.since(e.seen) <= timeout + FORGET);
            }
            for entry in node.statuses.values() {
                worse |= entry.level(now, timeout) > entry.told.unwrap_or(Level::Stale);
            }
        }
        self.nodes.retain(|_, node| node.expected || !node.statuses.is_empty());
        worse
    }

    /// The whole tree at `now`: `/vehicle`, then each node, followed by its statuses.
    pub fn summary(&mut self, now: Time) -> DiagnosticArray {
        let mut array = DiagnosticArray::default();
        array.header.stamp = now.to_msg();
        array.status.push(DiagnosticStatus::default()); // the root; it is known at the end
        let mut root = Worst::default();
        let mut values = vec![];
        let starting = now.since(self.started) <= self.startup_time;
        for (name, node) in &mut self.nodes {
            let place = array.status.len();
            array.status.push(DiagnosticStatus::default());
            let mut worst = Worst::default();
            for (what, entry) in &mut node.statuses {
                let level = entry.level(now, self.stale_timeout);
                entry.told = Some(level);
                let mut status = entry.status.clone();
                status.name = format!("{ROOT}/{name}/{what}");
                if level != level_of(status.level) {
                    let age = now.since(entry.seen).as_secs_f64();
                    status.message = format!("not repeated for {age:.1} s; was: {}", status.message);
                    status.level = level as u8;
                }
                worst.add(level, what, &status.message);
                array.status.push(status);
            }
            if node.statuses.is_empty() {
                let (level, message) = if starting {
                    (Level::Ok, "starting: has not reported yet")
                } else {
                    (Level::Stale, "has never reported: is the node running?")
                };
                worst.add(level, "", message);
            }
            root.add(worst.level(), name, &worst.message);
            values.push(KeyValue { key: name.clone(), value: word(worst.level()).into() });
            array.status[place] = worst.into_status(format!("{ROOT}/{name}"), vec![]);
        }
        if self.left_out.0 > 0 {
            root.add(Level::Warn, "health_monitor", "statuses beyond the limits are left out");
            values.push(KeyValue { key: "left_out".into(), value: self.left_out.1.to_string() });
            self.left_out.0 = 0;
        }
        array.status[0] = root.into_status(ROOT.into(), values);
        array
    }
}

impl Entry {
    fn level(&self, now: Time, timeout: Duration) -> Level {
        if now.since(self.seen) > timeout { Level::Stale } else { level_of(self.status.level) }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "OK",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Stale => "STALE",
    }
}

/// The worst of several levels, and why.
#[derive(Default)]
struct Worst {
    count: usize,
    stale: usize,
    not_ok: usize,
    worst: Level,
    /// The first of the worst.
    message: String,
}

impl Worst {
    fn add(&mut self, level: Level, what: &str, message: &str) {
        self.count += 1;
        self.stale += usize::from(level == Level::Stale);
        self.not_ok += usize::from(level != Level::Ok);
        if level > self.worst || (self.count == 1 && what.is_empty()) {
            self.worst = level;
            let text = if what.is_empty() { message.to_string() } else { format!("{what}: {message}") };
            self.message = cut(&text, MAX_NAME + MAX_TEXT).to_string();
        }
    }

    fn level(&self) -> Level {
        if self.worst == Level::Stale && self.stale < self.count { Level::Error } else { self.worst }
    }

    fn into_status(self, name: String, values: Vec<KeyValue>) -> DiagnosticStatus {
        let level = self.level() as u8;
        let message = match (self.not_ok, self.message.is_empty()) {
            (0, true) => "all is well".into(),
            (0 | 1, _) => self.message,
            (n, _) => format!("{n} are not OK; {}", self.message),
        };
        DiagnosticStatus { level, name, message, hardware_id: String::new(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `diagnostic_aggregator` has it: STALE if all parts are, ERROR if only some are.
    #[test]
    fn the_whole_is_stale_only_if_all_of_it_is() {
        let second = Duration::from_secs(1);
        let start = Time::from_ns(0);
        let mut aggregator = Aggregator::new(second, second, &[], start);
        let say = |name: &str| DiagnosticArray {
            status: vec![DiagnosticStatus { name: name.into(), ..Default::default() }],
            ..Default::default()
        };
        aggregator.update(&say("a: x"), start);
        aggregator.update(&say("b: x"), start);
        let now = start + 2 * second;
        assert_eq!(aggregator.summary(now).status[0].level, Level::Stale as u8);
        aggregator.update(&say("b: x"), now);
        assert_eq!(aggregator.summary(now).status[0].level, Level::Error as u8);
    }
}
