//! The far end of an input: where an executor delivers samples.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::time::Time;
use crate::transport::Sample;

/// Where samples are delivered.
pub trait Deliver: Send + Sync {
    /// Takes a sample that arrived at `received`.
    fn deliver(&self, sample: Sample, received: Time);
    /// What became of the samples.
    fn counts(&self) -> &Counts;
}

/// What became of samples.
#[derive(Default)]
pub struct Counts {
    /// Longest time between two samples that the QoS promises.
    deadline: Option<Duration>,
    /// When the last one came, ns; 0 before the first.
    last_ns: AtomicI64,
    /// Times between two samples that were longer than that.
    deadline_missed: AtomicU64,
    /// Delivered.
    pub received: AtomicU64,
    /// Given up because newer ones came before they were read.
    pub overrun: AtomicU64,
    /// Not a message of the input's type.
    pub undecodable: AtomicU64,
}

impl Counts {
    pub fn new(deadline: Option<Duration>) -> Self {
        Self { deadline, ..Self::default() }
    }

    /// Counts a sample.
    pub fn received(&self, now: Time) {
        self.received.fetch_add(1, Ordering::Relaxed);
        let last = self.last_ns.swap(now.as_ns(), Ordering::Relaxed);
        if last != 0 && self.deadline.is_some_and(|d| now.since(Time::from_ns(last)) > d) {
            self.deadline_missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the deadline was missed, a sample that is overdue at `now` included.
    pub fn deadline_missed(&self, now: Time) -> u64 {
        let last = self.last_ns.load(Ordering::Relaxed);
        let overdue = last != 0 && self.deadline.is_some_and(|d| now.since(Time::from_ns(last)) > d);
        self.deadline_missed.load(Ordering::Relaxed) + u64::from(overdue)
    }

    /// Counts and, the first time, says so.
    pub fn undecodable(&self, topic: &str, error: &msgs::CdrError) {
        if self.undecodable.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(topic, %error, "message does not decode and is dropped (reported once)");
        }
    }
}

/// Bytes that wait to be read, at most `depth`; the oldest make room.
pub struct ByteInbox {
    pub topic: String,
    depth: usize,
    samples: Mutex<VecDeque<(Sample, Time)>>,
    waker: Waker,
    counts: Counts,
}

impl ByteInbox {
    pub fn new(topic: &str, depth: usize, deadline: Option<Duration>, waker: Waker) -> Self {
        Self {
            topic: topic.into(),
            depth,
            samples: Mutex::new(VecDeque::with_capacity(depth.min(64))),
            waker,
            counts: Counts::new(deadline),
        }
    }

    pub fn take(&self) -> Option<(Sample, Time)> {
        self.samples.lock().pop_front()
    }
}

impl Deliver for ByteInbox {
    fn deliver(&self, sample: Sample, received: Time) {
        self.counts.received(received);
        // What makes room is freed after the lock is.
        let _overrun = {
            let mut samples = self.samples.lock();
            let overrun = (samples.len() >= self.depth).then(|| samples.pop_front());
            samples.push_back((sample, received));
            overrun.inspect(|_| {
                self.counts.overrun.fetch_add(1, Ordering::Relaxed);
            })
        };
        self.waker.wake();
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Steps a node soon.
#[derive(Clone, Default)]
pub struct Waker(Option<Arc<Wake>>);

#[derive(Default)]
struct Wake {
    woken: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Waker {
    /// One that can be waited for; the default one does nothing.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Names the thread that is to be unparked.
    pub fn attach(&self, thread: Thread) {
        if let Some(wake) = &self.0 {
            *wake.thread.lock() = Some(thread);
        }
    }

    /// Asks for a step.
    pub fn wake(&self) {
        if let Some(wake) = &self.0
            && !wake.woken.swap(true, Ordering::AcqRel)
            && let Some(thread) = &*wake.thread.lock()
        {
            thread.unpark();
        }
    }

    /// Makes the thread look at the time, without asking for a step.
    pub fn nudge(&self) {
        if let Some(wake) = &self.0
            && let Some(thread) = &*wake.thread.lock()
        {
            thread.unpark();
        }
    }

    /// Whether a step was asked for since the last call.
    pub fn take(&self) -> bool {
        self.0.as_ref().is_some_and(|w| w.woken.swap(false, Ordering::AcqRel))
    }
}
