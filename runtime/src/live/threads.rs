//! The threads that live nodes run in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::host::{Gate, Hosted};
use crate::logging;
use crate::node::{Node, NodeError};
use crate::ports::{Pump, Waker};
use crate::rt::{LoopHandle, LoopState, LoopStats};
use crate::time::Time;
use crate::transport::{Guard, TransportNode};

/// A node that runs; stops when dropped.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    realtime: Option<LoopHandle>,
    // Services and publishers end before the node's announcement does.
    _guards: Vec<Guard>,
    _node: Option<Arc<dyn TransportNode>>,
}

impl Running {
    /// A node on an ordinary thread.
    pub fn plain<N: Node>(
        hosted: Hosted<N>,
        clock: Arc<Clock>,
        gate: Arc<Gate>,
    ) -> Result<(Self, Arc<LoopStats>), NodeError> {
        let stats = Arc::new(LoopStats::default());
        let stop = Arc::new(AtomicBool::new(false));
        let body = {
            let (stats, stop) = (Arc::clone(&stats), Arc::clone(&stop));
            move || run(hosted, &clock, &gate, &stats, &stop)
        };
        let thread = thread::Builder::new()
            .name(N::NAME.into())
            .spawn(body)
            .map_err(|e| NodeError::Refused(format!("no thread for {}: {e}", N::NAME)))?;
        Ok((Self { stop, thread: Some(thread), realtime: None, _guards: vec![], _node: None }, stats))
    }

    /// A real-time loop with the thread that does its I/O.
    pub fn real_time(
        handle: LoopHandle,
        mut pumps: Vec<Pump>,
        name: &str,
        logger: Arc<str>,
    ) -> Result<Self, NodeError> {
        // The loop makes no system call, so it can't wake this thread: it looks.
        const LOOK: Duration = Duration::from_micros(500);
        let stop = Arc::new(AtomicBool::new(false));
        let body = {
            let stop = Arc::clone(&stop);
            move || {
                logging::set_thread_logger(logger);
                while !stop.load(Ordering::Acquire) {
                    pumps.iter_mut().for_each(|pump| pump());
                    thread::park_timeout(LOOK);
                }
            }
        };
        let thread = thread::Builder::new()
            .name(format!("{name}-io"))
            .spawn(body)
            .map_err(|e| NodeError::Refused(format!("no thread for {name}: {e}")))?;
        Ok(Self { stop, thread: Some(thread), realtime: Some(handle), _guards: vec![], _node: None })
    }

    /// Keeps what belongs to the node until it stops.
    pub fn with_guards(mut self, guards: Vec<Guard>, node: Arc<dyn TransportNode>) -> Self {
        self._guards = guards;
        self._node = Some(node);
        self
    }

    /// Whether it ended although nobody stopped it.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
            || self.realtime.as_ref().is_some_and(|r| r.stats().state() != LoopState::Running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a node ended with a panic");
            }
        }
    }
}

/// When a timer is due, on the machine's steady clock or on `/clock`.
enum Timer {
    None,
    Wall { due: Instant, period: Duration },
    Sim { due: Option<Time>, period: Duration },
}

impl Timer {
    fn new(period: Option<Duration>, clock: &Clock) -> Self {
        match (period, clock) {
            (None, _) => Self::None,
            (Some(period), Clock::Wall) => Self::Wall { due: Instant::now() + period, period },
            (Some(period), Clock::Sim(_)) => Self::Sim { due: None, period },
        }
    }

    /// Whether it is due; then it is set to its next time on the grid, with how late it is and how many were left out.
    fn take(&mut self, clock: &Clock) -> Option<(Duration, u64)> {
        match self {
            Self::None => None,
            Self::Wall { due, period } => {
                let late = Instant::now().checked_duration_since(*due)?;
                let skipped = (late.as_nanos() / period.as_nanos().max(1)) as u64;
                *due += *period * u32::try_from(skipped + 1).unwrap_or(u32::MAX);
                Some((late, skipped))
            }
            Self::Sim { due, period } => {
                let now = clock.now();
                if now == Time::default() {
                    return None;
                }
                // The grid begins with the first time that is known, and anew when time jumps back.
                let at = due.get_or_insert(now + *period);
                if now + *period < *at {
                    *at = now + *period;
                }
                if now < *at {
                    return None;
                }
                let late = now.since(*at);
                let skipped = (late.as_nanos() / period.as_nanos().max(1)) as u64;
                *at = *at + *period * u32::try_from(skipped + 1).unwrap_or(u32::MAX);
                Some((late, skipped))
            }
        }
    }

    /// How long to wait at most.
    fn wait(&self) -> Duration {
        const LONG: Duration = Duration::from_secs(1);
        match self {
            Self::Wall { due, .. } => due.saturating_duration_since(Instant::now()),
            // A change of the time wakes the thread.
            _ => LONG,
        }
    }
}

fn run<N: Node>(hosted: Hosted<N>, clock: &Clock, gate: &Gate, stats: &LoopStats, stop: &AtomicBool) {
    let Hosted { mut host, name, period, waker, .. } = hosted;
    logging::set_thread_logger(logging::logger_of_node(&name.full()));
    let _closing = Closing(gate);
    attach(&waker, clock);
    let mut timer = Timer::new(period, clock);
    while !stop.load(Ordering::Acquire) {
        let mut woken = false;
        while let Some((transition, done)) = gate.next() {
            done(host.transition(transition));
            // What arrived while it was not active is waiting.
            woken = true;
        }
        woken |= waker.take();
        let due = timer.take(clock);
        if gate.is_active() && (woken || due.is_some()) {
            let start = Instant::now();
            host.step(clock.now(), due.is_some());
            let (late, skipped) = due.unwrap_or_default();
            let execution = start.elapsed();
            let over = period.is_some_and(|p| late + execution > p);
            stats.record(late.as_nanos() as u64, execution.as_nanos() as u64, over, skipped);
        } else {
            thread::park_timeout(timer.wait());
        }
    }
}

/// Lets go of those who wait for a transition when the node ends, also by a panic.
struct Closing<'a>(&'a Gate);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn attach(waker: &Waker, clock: &Clock) {
    waker.attach(thread::current());
    if let Clock::Sim(sim) = clock {
        sim.add(waker.clone());
    }
}
