//! How the real-time loops keep time, as they say themselves in `/diagnostics`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use parking_lot::Mutex;
use runtime::qos::Qos;
use runtime::transport::Guard;
use serde::Serialize;

use crate::vehicle::{Vehicle, subscribe};

/// A loop over the whole time.
#[derive(Clone, Default, Serialize)]
pub struct Loop {
    pub node: String,
    pub ticks: u64,
    pub missed: u64,
    pub on_time_percent: f64,
    /// Of all seconds the worst.
    pub worst_wakeup_p99_us: f64,
    pub worst_execution_p99_us: f64,
}

/// Adds up.
pub struct Watch {
    loops: Arc<Mutex<BTreeMap<String, Loop>>>,
    _guard: Guard,
}

impl Watch {
    pub fn start(vehicle: &Vehicle) -> Result<Self> {
        let loops: Arc<Mutex<BTreeMap<String, Loop>>> = Arc::default();
        let adding = Arc::clone(&loops);
        let qos = Qos::default().depth(100);
        let guard = subscribe::<DiagnosticArray>(vehicle.node(), "/diagnostics", &qos, move |array| {
            for status in array.status.iter().filter(|s| s.name.ends_with(": control_loop_latency")) {
                add(adding.lock().entry(status.hardware_id.clone()).or_default(), status);
            }
        })?;
        Ok(Self { loops, _guard: guard })
    }

    pub fn reset(&self) {
        self.loops.lock().clear();
    }

    pub fn take(self) -> Vec<Loop> {
        self.loops
            .lock()
            .iter()
            .map(|(node, l)| {
                let on_time = 100.0 * (1.0 - l.missed as f64 / l.ticks.max(1) as f64);
                Loop { node: node.clone(), on_time_percent: on_time, ..l.clone() }
            })
            .collect()
    }
}

fn add(sum: &mut Loop, status: &DiagnosticStatus) {
    let value = |key: &str| {
        let found = status.values.iter().find(|v| v.key == key);
        found.and_then(|v| v.value.parse::<f64>().ok()).unwrap_or_default()
    };
    sum.ticks += value("steps") as u64;
    sum.missed += value("missed_deadlines") as u64;
    sum.worst_wakeup_p99_us = sum.worst_wakeup_p99_us.max(value("wakeup_latency_p99_us"));
    sum.worst_execution_p99_us = sum.worst_execution_p99_us.max(value("execution_time_p99_us"));
}
