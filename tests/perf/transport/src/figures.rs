//! Latencies in figures.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies, counted in ns.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet; up to 100 s each.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_max(100_000_000_000, 3)?))
    }

    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// In figures.
    pub fn summary(&self) -> Summary {
        let us = |ns: u64| (ns as f64) / 1e3;
        Summary {
            count: self.0.len(),
            p50_us: us(self.0.value_at_quantile(0.5)),
            p99_us: us(self.0.value_at_quantile(0.99)),
            p999_us: us(self.0.value_at_quantile(0.999)),
            max_us: us(self.0.max()),
        }
    }
}

/// Latencies in figures, µs.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// Half took at most so long.
    pub p50_us: f64,
    /// 99 % took at most so long.
    pub p99_us: f64,
    /// 99.9 % took at most so long.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { p50_us, p99_us, p999_us, max_us, .. } = self;
        write!(f, "{p50_us:>9.0}{p99_us:>9.0}{p999_us:>9.0}{max_us:>9.0}")
    }
}

/// The middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n => (values[(n - 1) / 2] + values[n / 2]) / 2.0,
    }
}

/// The median of each figure over several runs.
pub fn median_summary(runs: &[Summary]) -> Summary {
    let of = |figure: fn(&Summary) -> f64| median(runs.iter().map(figure));
    Summary {
        count: runs.iter().map(|r| r.count).sum(),
        p50_us: of(|r| r.p50_us),
        p99_us: of(|r| r.p99_us),
        p999_us: of(|r| r.p999_us),
        max_us: of(|r| r.max_us),
    }
}
