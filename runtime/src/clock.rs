//! The only place that reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::ports::Waker;
use crate::time::Time;

/// ns since the epoch; 0 before 1970, which a clock that was never set may show.
#[allow(clippy::disallowed_methods)] // this is the place
pub fn wall_time_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_nanos()).ok())
        .unwrap_or_default()
}

/// The time of live nodes: that of the wall, or of `/clock`.
pub enum Clock {
    /// The machine's.
    Wall,
    /// What `/clock` says; zero until it says anything.
    Sim(SimTime),
}

/// Time from `/clock`.
#[derive(Default)]
pub struct SimTime {
    now_ns: AtomicI64,
    wakers: Mutex<Vec<Waker>>,
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Time {
        Time::from_ns(match self {
            Self::Wall => wall_time_ns(),
            Self::Sim(sim) => sim.now_ns.load(Ordering::Acquire),
        })
    }
}

impl SimTime {
    /// Sets the time and steps the nodes whose timers are due.
    pub(crate) fn set(&self, now: Time) {
        self.now_ns.store(now.as_ns(), Ordering::Release);
        self.wakers.lock().iter().for_each(Waker::nudge);
    }

    /// A node to be woken when the time changes.
    pub(crate) fn add(&self, waker: Waker) {
        self.wakers.lock().push(waker);
    }
}
