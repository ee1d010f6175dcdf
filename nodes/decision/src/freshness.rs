//! How old an input is.

use std::time::Duration;

use runtime::time::Time;

/// Clocks of publishers may be ahead by this much.
pub const CLOCK_TOLERANCE: Duration = Duration::from_millis(20);

/// Follows the messages of one input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Freshness {
    last: Option<(Time, Time)>,
}

impl Freshness {
    /// Takes a message of this stamp that arrived at `received`, unless it is not newer than the last one or of the
    /// future; says whether it did.
    pub fn accept(&mut self, stamp: Time, received: Time, now: Time) -> bool {
        // After time jumped back, the last stamp means nothing.
        let newer = self.last.is_none_or(|(last, _)| stamp > last || last > now + CLOCK_TOLERANCE);
        let counts = newer && stamp <= now + CLOCK_TOLERANCE;
        if counts {
            self.last = Some((stamp, received));
        }
        counts
    }

    /// Whether a message came yet.
    pub fn seen(&self) -> bool {
        self.last.is_some()
    }

    /// Stamp of the last message.
    pub fn stamp(&self) -> Option<Time> {
        self.last.map(|(stamp, _)| stamp)
    }

    /// Age of the last message: since it was stamped or since it arrived, whichever is longer; endless before the first, and
    /// when time has jumped back behind it.
    pub fn age(&self, now: Time) -> Duration {
        match self.last {
            Some((stamp, received)) if stamp <= now + CLOCK_TOLERANCE => {
                now.since(stamp).max(now.since(received))
            }
            _ => Duration::MAX,
        }
    }

    /// Whether there was a message and it is older than `limit_ms`.
    pub fn timed_out(&self, limit_ms: u64, now: Time) -> bool {
        self.seen() && self.age(now) > Duration::from_millis(limit_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_ns(1_000_000_000_000 + ms * 1_000_000)
    }

    #[test]
    fn age_is_the_longer_of_both() {
        let mut f = Freshness::default();
        assert!(!f.seen() && !f.timed_out(1, at(0)) && f.age(at(0)) == Duration::MAX);
        assert!(f.accept(at(0), at(50), at(50)));
        assert_eq!(f.age(at(60)), Duration::from_millis(60));
        assert!(f.accept(at(65), at(60), at(60)), "a clock a little ahead");
        assert_eq!(f.age(at(80)), Duration::from_millis(20));
        assert!(f.timed_out(19, at(80)) && !f.timed_out(20, at(80)));
    }

    #[test]
    fn old_doubled_and_future_messages_do_not_count() {
        let mut f = Freshness::default();
        assert!(!f.accept(at(21), at(0), at(0)));
        assert!(!f.seen());
        assert!(f.accept(at(0), at(0), at(0)));
        assert!(!f.accept(at(0), at(10), at(10)));
        assert!(!f.accept(at(-10), at(10), at(10)));
        assert_eq!(f.age(at(10)), Duration::from_millis(10));
    }

    #[test]
    fn time_that_jumps_back_makes_it_old_until_the_next_message() {
        let mut f = Freshness::default();
        assert!(f.accept(at(10_000), at(10_000), at(10_000)));
        assert!(f.timed_out(1000, at(0)));
        assert!(f.accept(at(0), at(0), at(0)));
        assert!(!f.timed_out(1000, at(0)));
    }
}
