//! The aggregator as a node.

use std::time::Duration;

use msgs::diagnostic_msgs::msg::DiagnosticArray;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aggregator::Aggregator;

/// How often staleness is looked at, and the shortest time between two summaries.
const TICK: Duration = Duration::from_millis(100);
const PERIOD: Duration = Duration::from_secs(1);
/// Messages that wait at most; ten nodes report once a second each.
const DEPTH: usize = 64;

/// Parameters of the health monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HealthMonitorParams {
    /// A status that is not repeated for this long is STALE, s.
    #[schemars(range(min = 0.2, max = 3600.0))]
    pub stale_timeout_s: f64,
    /// An expected node that has not reported this long after the start is STALE, s.
    #[schemars(range(min = 0.0, max = 3600.0), extend("readOnly" = true))]
    pub startup_time_s: f64,
    /// Nodes that must report, by name.
    #[schemars(length(max = 64), extend("readOnly" = true))]
    pub expected_nodes: Vec<String>,
}

impl Default for HealthMonitorParams {
    fn default() -> Self {
        let nodes =
            ["sensor_hal", "actuation", "localization", "perception", "planning", "control", "decision"];
        Self {
            stale_timeout_s: 3.0,
            startup_time_s: 10.0,
            expected_nodes: nodes.map(|n| format!("{n}_node")).into(),
        }
    }
}

/// Aggregates `/diagnostics` into `/diagnostics_agg`.
pub struct HealthMonitorNode {
    diagnostics: Queue<DiagnosticArray>,
    summary: Output<DiagnosticArray>,
    params: HealthMonitorParams,
    /// Made in the first step, which is the first to know the time.
    aggregator: Option<Aggregator>,
    published: Option<Time>,
    worse: bool,
}

impl Node for HealthMonitorNode {
    const NAME: &'static str = "health_monitor_node";
    type Params = HealthMonitorParams;

    fn new(params: &HealthMonitorParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(TICK);
        Ok(Self {
            diagnostics: ports.trigger("/diagnostics", Qos::default().depth(DEPTH))?,
            summary: ports.output("/diagnostics_agg", Qos::default())?,
            params: params.clone(),
            aggregator: None,
            published: None,
            worse: false,
        })
    }

    fn set_params(&mut self, params: &HealthMonitorParams) {
        self.params.clone_from(params);
        if let Some(aggregator) = &mut self.aggregator {
            aggregator.set_stale_timeout(Duration::from_secs_f64(params.stale_timeout_s));
        }
    }

    fn step(&mut self, Step { now, .. }: Step) {
        let aggregator = self.aggregator.get_or_insert_with(|| {
            let seconds = Duration::from_secs_f64;
            let HealthMonitorParams { stale_timeout_s, startup_time_s, expected_nodes } = &self.params;
            Aggregator::new(seconds(*stale_timeout_s), seconds(*startup_time_s), expected_nodes, now)
        });
        while let Some(array) = self.diagnostics.next() {
            self.worse |= aggregator.update(&array.message, now);
        }
        self.worse |= aggregator.expire(now);
        let due = |least: Duration| self.published.is_none_or(|t| now.since(t) >= least);
        if due(PERIOD) || (self.worse && due(TICK)) {
            self.summary.send(aggregator.summary(now));
            (self.published, self.worse) = (Some(now), false);
        }
    }
}
