//! The cloud's clock as the vehicle knows it, on the vehicle's monotonic clock: setting the vehicle's wall clock, or its
//! being wrong, does not matter.

use std::collections::VecDeque;
use std::time::Instant;

/// Of so many answers the one that took least is believed, as NTP's clock filter does (RFC 5905, section 10).
const SAMPLES: usize = 8;

/// Estimates the cloud's clock from the answers to hellos.
#[derive(Clone, Debug)]
pub struct CloudClock {
    start: Instant,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    round_trip_ns: u64,
    /// The cloud's clock at `start`, ns since the epoch.
    at_start_unix_ns: i128,
}

impl CloudClock {
    /// Knows nothing yet. `now` is any moment before the first question.
    pub fn new(now: Instant) -> Self {
        Self { start: now, samples: VecDeque::with_capacity(SAMPLES) }
    }

    /// The cloud's clock showed `cloud_unix_ns` at some moment between a question and its answer.
    pub fn answered(&mut self, asked: Instant, received: Instant, cloud_unix_ns: u64) {
        let round_trip_ns = received.saturating_duration_since(asked).as_nanos();
        // In the middle, as far as anybody knows.
        let middle_ns = asked.saturating_duration_since(self.start).as_nanos() + round_trip_ns / 2;
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            round_trip_ns: u64::try_from(round_trip_ns).unwrap_or(u64::MAX),
            at_start_unix_ns: i128::from(cloud_unix_ns) - i128::try_from(middle_ns).unwrap_or(i128::MAX),
        });
    }

    /// What the cloud's clock shows, ns since the epoch, right to half of the quickest round trip; none before the first
    /// answer.
    pub fn at(&self, moment: Instant) -> Option<u64> {
        let best = self.samples.iter().min_by_key(|sample| sample.round_trip_ns)?;
        let since =
            i128::try_from(moment.saturating_duration_since(self.start).as_nanos()).unwrap_or(i128::MAX);
        u64::try_from(best.at_start_unix_ns.saturating_add(since)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_quickest_answer_counts() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let at = |t| start + ms(t);
        let cloud = |t: u64| 1_000_000_000_000 + t * 1_000_000;
        let mut clock = CloudClock::new(start);
        assert_eq!(clock.at(start), None);
        // Slow, and all of it on the way back: wrong by 400 ms.
        clock.answered(at(0), at(800), cloud(0));
        assert_eq!(clock.at(at(1_000)), Some(cloud(600)));
        clock.answered(at(2_000), at(2_010), cloud(2_005));
        assert_eq!(clock.at(at(10_000)), Some(cloud(10_000)));
        // Slow ones later do not spoil it until it is old.
        (0..7).for_each(|i| clock.answered(at(4_000 + 1_000 * i), at(4_900 + 1_000 * i), cloud(0)));
        assert_eq!(clock.at(at(11_000)), Some(cloud(11_000)));
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let start = Instant::now();
        let mut clock = CloudClock::new(start);
        clock.answered(start, start, 5_000_000_000);
        (0..SAMPLES).for_each(|_| clock.answered(start, start, 9_000_000_000));
        assert_eq!(clock.at(start), Some(9_000_000_000));
    }
}
