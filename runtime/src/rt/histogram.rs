//! A histogram of durations that a real-time thread fills and any other thread reads, without locks.
//!
//! Log-linear buckets as in HdrHistogram: 64 per power of two, so that a value read back is at most 1/64
//! (1.6 %) above the recorded one. Below 128 ns it is exact; above 34 s durations share the last bucket.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

const SUB_BITS: u32 = 6;
const SUB_BUCKETS: usize = 1 << SUB_BITS;
/// Exponent of the highest power of two with buckets of its own: 2^34 ns = 17.2 s.
const TOP_EXPONENT: u32 = 34;
const BUCKETS: usize = SUB_BUCKETS * (TOP_EXPONENT - SUB_BITS + 2) as usize;

/// Durations in ns, counted in fixed memory (15 KiB).
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
    min_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum_ns: AtomicU64::new(0),
            min_ns: AtomicU64::new(u64::MAX),
            max_ns: AtomicU64::new(0),
        }
    }

    /// Counts one duration. Never allocates, locks or waits.
    pub fn record(&self, duration_ns: u64) {
        self.buckets[bucket_of(duration_ns)].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(duration_ns, Relaxed);
        self.min_ns.fetch_min(duration_ns, Relaxed);
        self.max_ns.fetch_max(duration_ns, Relaxed);
    }

    /// The state at this moment. A duration recorded meanwhile may be counted in part: in the mean but not in
    /// the count, say.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            buckets: self.buckets.iter().map(|count| count.load(Relaxed)).collect(),
            sum_ns: self.sum_ns.load(Relaxed),
            min_ns: self.min_ns.load(Relaxed),
            max_ns: self.max_ns.load(Relaxed),
        }
    }
}

/// What a [`Histogram`] held at one moment. All results are 0 if it held nothing.
#[derive(Clone, Debug)]
pub struct HistogramSnapshot {
    buckets: Box<[u64]>,
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
}

impl HistogramSnapshot {
    /// Number of recorded durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The shortest duration, ns. Exact, but after [`Self::since`] only to 1.6 %.
    #[must_use]
    pub fn min_ns(&self) -> u64 {
        self.min_ns.min(self.max_ns)
    }

    /// The longest duration, ns. Exact, but after [`Self::since`] only to 1.6 %.
    #[must_use]
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The arithmetic mean, ns.
    #[must_use]
    pub fn mean_ns(&self) -> u64 {
        self.sum_ns.checked_div(self.count()).unwrap_or(0)
    }

    /// The duration, ns, that a fraction `quantile` (0 to 1) of all durations does not exceed.
    #[must_use]
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        let rank = (quantile.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        bucket.map_or(0, |bucket| highest_of(bucket).clamp(self.min_ns(), self.max_ns))
    }

    /// What was recorded after `earlier`, a snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let buckets: Box<[u64]> =
            self.buckets.iter().zip(&earlier.buckets).map(|(now, then)| now.saturating_sub(*then)).collect();
        let first = buckets.iter().position(|count| *count > 0);
        let last = buckets.iter().rposition(|count| *count > 0);
        Self {
            sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns),
            min_ns: first.map_or(u64::MAX, |bucket| lowest_of(bucket).max(self.min_ns)),
            max_ns: last.map_or(0, |bucket| highest_of(bucket).min(self.max_ns)),
            buckets,
        }
    }

    /// The figures that one looks at.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            min_ns: self.min_ns(),
            mean_ns: self.mean_ns(),
            p50_ns: self.quantile_ns(0.5),
            p99_ns: self.quantile_ns(0.99),
            p999_ns: self.quantile_ns(0.999),
            max_ns: self.max_ns(),
        }
    }
}

/// The usual figures of a distribution of durations, ns; all 0 if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Number of durations.
    pub count: u64,
    /// Shortest, ns.
    pub min_ns: u64,
    /// Arithmetic mean, ns.
    pub mean_ns: u64,
    /// Median, ns.
    pub p50_ns: u64,
    /// 99 % are not longer, ns.
    pub p99_ns: u64,
    /// 99.9 % are not longer, ns.
    pub p999_ns: u64,
    /// Longest, ns.
    pub max_ns: u64,
}

fn bucket_of(ns: u64) -> usize {
    if ns < SUB_BUCKETS as u64 {
        return ns as usize;
    }
    let exponent = ns.ilog2();
    if exponent > TOP_EXPONENT {
        return BUCKETS - 1;
    }
    let shift = exponent - SUB_BITS;
    (shift as usize + 1) * SUB_BUCKETS + (ns >> shift) as usize % SUB_BUCKETS
}

/// The lowest duration in a bucket, ns.
fn lowest_of(bucket: usize) -> u64 {
    match (bucket / SUB_BUCKETS).checked_sub(1) {
        None => bucket as u64,
        Some(shift) => ((SUB_BUCKETS + bucket % SUB_BUCKETS) as u64) << shift,
    }
}

/// The highest duration in a bucket, ns.
fn highest_of(bucket: usize) -> u64 {
    if bucket == BUCKETS - 1 { u64::MAX } else { lowest_of(bucket + 1) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_every_duration_without_gaps_to_one_64th() {
        for bucket in 0..BUCKETS {
            let (low, high) = (lowest_of(bucket), highest_of(bucket));
            assert_eq!((bucket_of(low), bucket_of(high)), (bucket, bucket));
            if bucket < BUCKETS - 1 {
                assert!((high - low) * 64 <= low, "bucket {bucket} is wider than 1/64 of {low} ns");
                assert_eq!(lowest_of(bucket + 1), high + 1);
            }
        }
        assert!(lowest_of(BUCKETS - 1) > 34_000_000_000);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_durations() {
        let histogram = Histogram::new();
        let mut durations: Vec<u64> = (0..10_000_u64).map(|i| (i * 7_919) % 10_007 * i).collect();
        durations.iter().for_each(|ns| histogram.record(*ns));
        durations.sort_unstable();
        let snapshot = histogram.snapshot();
        for quantile in [0.001, 0.5, 0.9, 0.99, 0.999] {
            let exact = durations[(quantile * 10_000.0) as usize - 1];
            let read = snapshot.quantile_ns(quantile);
            assert!(read >= exact && read <= exact + exact / 64, "{quantile}: {read} for {exact}");
        }
        assert_eq!(snapshot.quantile_ns(1.0), durations[9_999]);
        assert_eq!((snapshot.min_ns(), snapshot.max_ns()), (durations[0], durations[9_999]));
        assert_eq!(snapshot.mean_ns(), durations.iter().sum::<u64>() / 10_000);
    }

    #[test]
    fn a_window_holds_only_what_came_after() {
        let histogram = Histogram::new();
        histogram.record(1_000_000);
        let earlier = histogram.snapshot();
        histogram.record(500);
        histogram.record(700);
        let window = histogram.snapshot().since(&earlier).summary();
        assert_eq!((window.count, window.mean_ns), (2, 600));
        assert!(window.min_ns <= 500 && window.min_ns > 490);
        assert!(window.max_ns >= 700 && window.max_ns < 711);
    }

    #[test]
    fn empty_and_saturated() {
        let histogram = Histogram::new();
        assert_eq!(histogram.snapshot().summary(), Summary::default());
        let empty = histogram.snapshot();
        assert_eq!(empty.since(&empty).summary(), Summary::default());
        histogram.record(60_000_000_000);
        assert_eq!(histogram.snapshot().quantile_ns(0.5), 60_000_000_000);
    }
}
