//! What a real-time loop tells about itself, readable by any thread at any time.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

use serde::Serialize;

use super::histogram::{Histogram, HistogramSnapshot};

/// Whether a loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopState {
    /// It steps.
    Running,
    /// It was stopped, or its step asked for the end.
    Ended,
    /// Its step panicked.
    Panicked,
}

/// The figures a loop keeps: written by its thread, read by others, without locks.
#[derive(Default)]
pub struct LoopStats {
    wakeup: Histogram,
    execution: Histogram,
    late: AtomicU64,
    skipped: AtomicU64,
    /// A `LoopState` as a number.
    state: AtomicU8,
}

impl LoopStats {
    /// Counts one tick; `skipped` is the number of periods after it that are left out.
    pub(crate) fn record(&self, wakeup_ns: u64, execution_ns: u64, late: bool, skipped: u64) {
        self.wakeup.record(wakeup_ns);
        self.execution.record(execution_ns);
        if late {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        if skipped > 0 {
            self.skipped.fetch_add(skipped, Ordering::Relaxed);
        }
    }

    pub(super) fn set_state(&self, state: LoopState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Whether the loop runs.
    #[must_use]
    pub fn state(&self) -> LoopState {
        match self.state.load(Ordering::Acquire) {
            0 => LoopState::Running,
            1 => LoopState::Ended,
            _ => LoopState::Panicked,
        }
    }

    /// The figures since the loop began. Allocates; not for the loop's own thread.
    #[must_use]
    pub fn snapshot(&self) -> LoopSnapshot {
        LoopSnapshot {
            state: self.state(),
            wakeup: self.wakeup.snapshot(),
            execution: self.execution.snapshot(),
            late_ticks: self.late.load(Ordering::Relaxed),
            skipped_ticks: self.skipped.load(Ordering::Relaxed),
        }
    }

    /// Begins a series of reports that each tell about the time since the one before.
    #[must_use]
    pub fn window(self: &Arc<Self>) -> StatsWindow {
        StatsWindow { stats: Arc::clone(self), reported: self.snapshot() }
    }
}

/// The figures of a loop over its life or over a window.
#[derive(Clone, Debug)]
pub struct LoopSnapshot {
    /// Whether the loop ran when the snapshot was taken.
    pub state: LoopState,
    /// From the scheduled time of each tick to the time the thread ran, ns.
    pub wakeup: HistogramSnapshot,
    /// From there to the end of the step, ns.
    pub execution: HistogramSnapshot,
    /// Ticks whose step ended after its deadline.
    pub late_ticks: u64,
    /// Ticks left out because the one before had not ended by then.
    pub skipped_ticks: u64,
}

impl LoopSnapshot {
    /// Ticks that did not do their work in time: late or left out.
    #[must_use]
    pub fn missed_deadlines(&self) -> u64 {
        self.late_ticks + self.skipped_ticks
    }

    /// What happened after `earlier`, a snapshot of the same loop.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            state: self.state,
            wakeup: self.wakeup.since(&earlier.wakeup),
            execution: self.execution.since(&earlier.execution),
            late_ticks: self.late_ticks.saturating_sub(earlier.late_ticks),
            skipped_ticks: self.skipped_ticks.saturating_sub(earlier.skipped_ticks),
        }
    }
}

/// Periodic reports about a loop, for `/diagnostics`. Any number of them may watch one loop.
pub struct StatsWindow {
    stats: Arc<LoopStats>,
    reported: LoopSnapshot,
}

impl StatsWindow {
    /// The figures since the last call, or since the window began.
    pub fn take(&mut self) -> LoopSnapshot {
        let now = self.stats.snapshot();
        let window = now.since(&self.reported);
        self.reported = now;
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_reports_once() {
        let stats = Arc::new(LoopStats::default());
        stats.record(10, 100, true, 2);
        let mut window = stats.window();
        stats.record(20, 200, false, 0);
        stats.record(30, 300, true, 1);
        let first = window.take();
        assert_eq!((first.wakeup.count(), first.wakeup.max_ns()), (2, 30));
        assert_eq!((first.late_ticks, first.skipped_ticks, first.missed_deadlines()), (1, 1, 2));
        let second = window.take();
        assert_eq!((second.execution.count(), second.missed_deadlines()), (0, 0));
        assert_eq!(stats.snapshot().missed_deadlines(), 5);
    }

    #[test]
    fn states_survive_the_way_through_the_atomic() {
        let stats = LoopStats::default();
        assert_eq!(stats.state(), LoopState::Running);
        for state in [LoopState::Ended, LoopState::Panicked, LoopState::Running] {
            stats.set_state(state);
            assert_eq!(stats.state(), state);
        }
    }
}
