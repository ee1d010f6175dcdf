//! When a recorded message is due.

use std::time::{Duration, Instant};

/// Recorded time → time now, and back.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Recorded time that `start` stands for, ns.
    first_ns: u64,
    start: Instant,
    rate: f64,
}

impl Schedule {
    /// Recorded time `first_ns` is at `start`; recorded time goes by `rate` times as fast as ours.
    pub fn new(first_ns: u64, start: Instant, rate: f64) -> Self {
        Self { first_ns, start, rate }
    }

    /// When that recorded time is; what lies before the first is at the start.
    pub fn instant_of(&self, recorded_ns: u64) -> Instant {
        let since = Duration::from_nanos(recorded_ns.saturating_sub(self.first_ns));
        self.start + since.div_f64(self.rate)
    }

    /// Which recorded time it is then.
    pub fn recorded_at(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.start).mul_f64(self.rate);
        self.first_ns.saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_fast() {
        let start = Instant::now();
        let schedule = Schedule::new(1_000, start, 2.0);
        assert_eq!(schedule.instant_of(1_000 + 4_000_000), start + Duration::from_millis(2));
        assert_eq!(schedule.instant_of(5), start);
        assert_eq!(schedule.recorded_at(start + Duration::from_millis(2)), 1_000 + 4_000_000);
    }
}
