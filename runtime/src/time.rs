//! Points in time.

use std::time::Duration;

/// A point in time, ns since the epoch; of the wall clock, of `/clock`, or virtual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// From ns since the epoch.
    pub const fn from_ns(ns: i64) -> Self {
        Self(ns)
    }

    /// ns since the epoch.
    pub const fn as_ns(self) -> i64 {
        self.0
    }

    /// Time since `earlier`; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// As a message has it.
    pub fn to_msg(self) -> msgs::builtin_interfaces::msg::Time {
        const NS_PER_S: i64 = 1_000_000_000;
        msgs::builtin_interfaces::msg::Time {
            sec: i32::try_from(self.0.div_euclid(NS_PER_S)).unwrap_or(i32::MAX),
            nanosec: u32::try_from(self.0.rem_euclid(NS_PER_S)).unwrap_or_default(),
        }
    }
}

impl From<&msgs::builtin_interfaces::msg::Time> for Time {
    fn from(t: &msgs::builtin_interfaces::msg::Time) -> Self {
        Self(i64::from(t.sec) * 1_000_000_000 + i64::from(t.nanosec))
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}", self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000))
    }
}
