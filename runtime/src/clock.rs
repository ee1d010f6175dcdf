//! The only place that reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// ns since the epoch; 0 before 1970, which a clock that was never set may show.
#[allow(clippy::disallowed_methods)] // this is the place
pub fn wall_time_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_nanos()).ok())
        .unwrap_or_default()
}
