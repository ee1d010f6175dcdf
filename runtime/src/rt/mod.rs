//! Hard real time: a periodic loop on a thread of its own, and what it needs to talk to the rest.
//!
//! ```text
//!  transport thread                 loop thread (SCHED_FIFO)               transport thread
//!  ───────────────►  mailbox  ────────►  step(tick)  ────────►  ring  ───────────────────►
//!                  latest value            │                  bounded queue
//!                                          └─► LoopStats ─► any thread, lock-free
//! ```
//!
//! The loop thread never allocates, frees, locks or logs, and its only system call is the sleep.
//! What it is done with is freed on the other side. [`CheckedAllocator`] enforces that in tests,
//! [`check`](check::check) tells whether a machine is fit for it. Linux only.

pub mod check;
mod clock;
pub mod histogram;
pub mod loop_stats;
pub mod mailbox;
pub mod no_alloc;
pub mod realtime_loop;
pub mod ring;
mod sync;
pub mod thread;

pub use check::{CheckOptions, RtReport, check};
pub use histogram::{Histogram, HistogramSnapshot, Summary};
pub use loop_stats::{LoopSnapshot, LoopState, LoopStats, StatsWindow};
pub use mailbox::{Reader, Writer, mailbox};
pub use no_alloc::{CheckedAllocator, NoAllocGuard, count_allocations};
pub use realtime_loop::{LoopConfig, LoopError, LoopHandle, RealtimeLoop, Tick};
pub use ring::{Consumer, Producer, ring};
pub use thread::RtWarning;
