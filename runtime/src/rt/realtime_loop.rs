//! A periodic loop in hard real time.

use std::{
    any::Any,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use super::{
    clock::{monotonic_ns, sleep_until, wall_ns},
    loop_stats::{LoopSnapshot, LoopState, LoopStats},
    no_alloc::NoAllocGuard,
    thread::{RtWarning, ShallowIdle, lock_memory, make_realtime},
};

/// A stop takes up to one period.
const MAX_PERIOD: Duration = Duration::from_secs(10);

/// How a loop is to run.
#[derive(Clone, Debug)]
pub struct LoopConfig {
    /// Name of the thread; the kernel shows its first 15 bytes.
    pub name: String,
    /// Time from one tick to the next.
    pub period: Duration,
    /// SCHED_FIFO priority, 1 to 99. Keep below 90, where some kernels run their interrupt threads.
    pub priority: u8,
    /// CPU to stay on, counted from 0; any if `None`.
    pub cpu: Option<usize>,
    /// Time from the scheduled start of a tick by which its step is to have ended.
    pub deadline: Duration,
    /// Keeps all CPUs of the machine out of deep idle states while the loop runs: earlier wake-ups for more
    /// electric power. As cyclictest does.
    pub shallow_idle: bool,
}

impl LoopConfig {
    /// A loop with priority 80 on any CPU, whose steps have the whole period to end.
    #[must_use]
    pub fn new(name: impl Into<String>, period: Duration) -> Self {
        Self { name: name.into(), period, priority: 80, cpu: None, deadline: period, shallow_idle: false }
    }

    fn check(&self) -> Result<(), LoopError> {
        let refuse = |problem| Err(LoopError::Config { name: self.name.clone(), problem });
        if self.period.is_zero() || self.period > MAX_PERIOD {
            return refuse("`period` must be over 0 and at most 10 s");
        }
        if self.deadline.is_zero() || self.deadline > self.period {
            return refuse("`deadline` must be over 0 and at most the period");
        }
        if !(1..=99).contains(&self.priority) {
            return refuse("`priority` must be 1 to 99");
        }
        if self.name.is_empty() || self.name.contains('\0') {
            return refuse("`name` must not be empty nor contain a NUL byte");
        }
        Ok(())
    }
}

/// What a step is told about the time. It reads no clock itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Number of periods since the loop began; jumps over those left out after an overrun.
    pub index: u64,
    /// When this tick was due, ns of CLOCK_MONOTONIC.
    pub scheduled_ns: u64,
    /// When the thread woke up for it, ns of CLOCK_MONOTONIC.
    pub monotonic_ns: u64,
    /// The same moment as ns since the Unix epoch, for message stamps. May jump when the clock is set.
    pub wall_ns: u64,
}

/// Why a loop did not start, or how it ended.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// A value of [`LoopConfig`] is out of its range.
    #[error("real-time loop \"{name}\": {problem}")]
    Config {
        /// Name of the loop.
        name: String,
        /// The rule that was broken.
        problem: &'static str,
    },
    /// The system gave no thread.
    #[error("real-time loop \"{name}\": no thread could be started; check `ulimit -u` and the memory limit")]
    Spawn {
        /// Name of the loop.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The step panicked and the loop ended with it.
    #[error("real-time loop \"{name}\" ended: its step panicked: {message}")]
    StepPanicked {
        /// Name of the loop.
        name: String,
        /// Text of the panic.
        message: String,
    },
}

/// The loop itself: see [`RealtimeLoop::spawn`].
pub struct RealtimeLoop;

/// What the thread leaves behind, for another one to free: its step, and the payload of a panic.
type Remains = (Box<dyn Send>, Result<(), Box<dyn Any + Send>>);

impl RealtimeLoop {
    /// Starts a thread that calls `step` once per period, on a grid that begins one period from now.
    ///
    /// The thread runs SCHED_FIFO with all memory of the process locked. Where the system denies something
    /// the loop runs all the same, and the caller is to report [`LoopHandle::warnings`]. It sleeps until the
    /// absolute time of each tick. A tick that is over after the next was due leaves that one out and
    /// goes on with the first still ahead.
    ///
    /// `step` must not allocate, free, lock, log or block (see [`CheckedAllocator`](super::CheckedAllocator));
    /// it ends the loop with `ControlFlow::Break`. It is dropped by the thread that drops the handle.
    ///
    /// # Errors
    /// If a value of `config` is out of range, or no thread can be started.
    pub fn spawn(
        config: LoopConfig,
        step: impl FnMut(Tick) -> ControlFlow<()> + Send + 'static,
    ) -> Result<LoopHandle, LoopError> {
        config.check()?;
        let mut warnings = Vec::new();
        let idle = if config.shallow_idle {
            ShallowIdle::hold().map_err(|warning| warnings.push(warning)).ok()
        } else {
            None
        };
        warnings.extend(lock_memory().err());

        let stats = Arc::new(LoopStats::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, became_ready) = mpsc::sync_channel(1);
        let body = {
            let (stats, stop) = (Arc::clone(&stats), Arc::clone(&stop));
            let (priority, cpu) = (config.priority, config.cpu);
            let grid = Grid::new(&config);
            let mut step = Box::new(step);
            move || -> Remains {
                // Fails only if the spawner is gone, and then it has no handle to tell.
                let _ = ready.send(make_realtime(priority, cpu));
                let result = catch_unwind(AssertUnwindSafe(|| run(&grid, &mut *step, &stats, &stop)));
                stats.set_state(if result.is_ok() { LoopState::Ended } else { LoopState::Panicked });
                (step, result)
            }
        };
        let name = config.name;
        let thread = match Builder::new().name(name.clone()).spawn(body) {
            Ok(thread) => thread,
            Err(source) => return Err(LoopError::Spawn { name, source }),
        };
        warnings.extend(became_ready.recv().unwrap_or_default());
        Ok(LoopHandle { name, warnings, stats, stop, thread: Some(thread), _idle: idle })
    }
}

/// A running loop. Dropping it stops the loop and waits for its end.
pub struct LoopHandle {
    name: String,
    warnings: Vec<RtWarning>,
    stats: Arc<LoopStats>,
    stop: Arc<AtomicBool>,
    /// Some until joined.
    thread: Option<JoinHandle<Remains>>,
    _idle: Option<ShallowIdle>,
}

impl LoopHandle {
    /// What the system denied. To be reported once, loudly, by whoever started the loop.
    #[must_use]
    pub fn warnings(&self) -> &[RtWarning] {
        &self.warnings
    }

    /// The figures of the loop; they outlive it.
    #[must_use]
    pub fn stats(&self) -> &Arc<LoopStats> {
        &self.stats
    }

    /// Stops the loop before its next step, waits for its end (up to one period and one step) and returns its
    /// figures.
    ///
    /// # Errors
    /// If the step had panicked.
    pub fn stop(self) -> Result<LoopSnapshot, LoopError> {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits until the step ends the loop, and returns its figures.
    ///
    /// # Errors
    /// If the step panicked.
    pub fn join(mut self) -> Result<LoopSnapshot, LoopError> {
        match self.end() {
            Ok(()) => Ok(self.stats.snapshot()),
            Err(payload) => Err(LoopError::StepPanicked {
                name: std::mem::take(&mut self.name),
                message: panic_text(payload.as_ref()),
            }),
        }
    }

    /// Joins the thread and drops the step, both on the calling thread.
    fn end(&mut self) -> Result<(), Box<dyn Any + Send>> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let (step, result) = thread.join()?;
        drop(step);
        result
    }
}

impl Drop for LoopHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic was printed when it happened, and stays in the stats as `LoopState::Panicked`.
        let _ = self.end();
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text").to_owned()
}

/// The body of the thread. The sleep is its only system call.
fn run(grid: &Grid, step: &mut impl FnMut(Tick) -> ControlFlow<()>, stats: &LoopStats, stop: &AtomicBool) {
    let _no_alloc = NoAllocGuard::enter();
    let begin_ns = monotonic_ns() + grid.period_ns;
    let mut index = 0;
    loop {
        let scheduled_ns = begin_ns + index * grid.period_ns;
        sleep_until(scheduled_ns);
        let woken_ns = monotonic_ns();
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let flow = step(Tick { index, scheduled_ns, monotonic_ns: woken_ns, wall_ns: wall_ns() });
        let ended_ns = monotonic_ns();

        let next = grid.index_after(index, ended_ns - begin_ns);
        let late = ended_ns - scheduled_ns > grid.deadline_ns;
        stats.record(woken_ns.saturating_sub(scheduled_ns), ended_ns - woken_ns, late, next - index - 1);
        if flow.is_break() {
            return;
        }
        index = next;
    }
}

struct Grid {
    period_ns: u64,
    deadline_ns: u64,
}

impl Grid {
    fn new(config: &LoopConfig) -> Self {
        // At most `MAX_PERIOD`, see `LoopConfig::check`.
        Self { period_ns: config.period.as_nanos() as u64, deadline_ns: config.deadline.as_nanos() as u64 }
    }

    /// The tick to run after tick `index` ended `elapsed_ns` after the first was due: the first still ahead.
    fn index_after(&self, index: u64, elapsed_ns: u64) -> u64 {
        elapsed_ns.div_ceil(self.period_ns).max(index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_periods_are_left_out_and_the_grid_is_kept() {
        let grid = Grid::new(&LoopConfig::new("test", Duration::from_nanos(100)));
        assert_eq!(grid.index_after(0, 1), 1, "in time");
        assert_eq!(grid.index_after(0, 100), 1, "just in time");
        assert_eq!(grid.index_after(0, 101), 2, "one left out");
        assert_eq!(grid.index_after(5, 950), 10, "four left out");
    }

    #[test]
    fn values_out_of_range_are_refused_with_the_rule() {
        let good = LoopConfig::new("test", Duration::from_millis(1));
        let bad = [
            (LoopConfig { period: Duration::ZERO, ..good.clone() }, "period"),
            (LoopConfig { deadline: Duration::ZERO, ..good.clone() }, "deadline"),
            (LoopConfig { deadline: Duration::from_millis(2), ..good.clone() }, "deadline"),
            (LoopConfig { priority: 0, ..good.clone() }, "priority"),
            (LoopConfig { priority: 100, ..good.clone() }, "priority"),
            (LoopConfig { name: String::new(), ..good.clone() }, "name"),
        ];
        for (config, named) in bad {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(good.check().is_ok());
    }
}
