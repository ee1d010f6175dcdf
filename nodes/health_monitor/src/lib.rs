//! Aggregates `/diagnostics` of all nodes into `/diagnostics_agg`, in the manner of ROS's `diagnostic_aggregator`.
//!
//! Out come, in one `DiagnosticArray`, `/vehicle` (the whole), `/vehicle/<node>` (one per node) and
//! `/vehicle/<node>/<status>` (what the node said), once a second and at once when anything gets worse. The node is the
//! part of a status's name before the first `:`, as ROS has it. A parent is as bad as its worst child; it is STALE only
//! where all its children are, and ERROR where only some are, as in `diagnostic_aggregator`.
//!
//! | input | reaction |
//! |---|---|
//! | a status that is not repeated within `stale_timeout_s` | STALE; forgotten after a minute if its node is not expected |
//! | an expected node that never reported within `startup_time_s` | `/vehicle/<node>` is STALE |
//! | a level above STALE | ERROR, with the level in the message |
//! | the stamp of a message, whatever it is | ignored: age counts from arrival, so late or doubled messages do no harm |
//! | long names, messages, many values | cut: [`MAX_NAME`], [`MAX_TEXT`], [`MAX_VALUES`] |
//! | many nodes or statuses | the first [`MAX_NODES`] nodes and [`MAX_STATUSES`] statuses of each; what is beyond is counted and makes `/vehicle` WARN |
//! | a status that changes its level all the time | `/diagnostics_agg` at most every 100 ms |

mod aggregator;
mod node;
mod text;

pub use aggregator::{Aggregator, MAX_NODES, MAX_STATUSES};
pub use node::{HealthMonitorNode, HealthMonitorParams};
pub use text::{MAX_NAME, MAX_TEXT, MAX_VALUES};
