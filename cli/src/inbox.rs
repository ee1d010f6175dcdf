//! Samples on their way from the transport's threads to the command's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Instant;

use runtime::clock::wall_time_ns;
use runtime::transport::{OnSample, Sample};

use crate::stop::Stop;

/// More samples than this do not wait.
const CAPACITY: usize = 10_000;

/// A sample and when it came in.
pub struct Received {
    /// The sample.
    pub sample: Sample,
    /// ns since the epoch.
    pub time_ns: i64,
}

/// What the inbox has.
pub enum Next {
    /// A sample.
    Sample(Received),
    /// Nothing until the deadline.
    Timeout,
    /// The command is to end.
    Stopped,
}

enum Event {
    Sample(Received),
    Stop,
}

/// The receiving end.
pub struct Inbox {
    events: Receiver<Event>,
    stop: Stop,
    lost: Arc<AtomicU64>,
}

impl Inbox {
    /// An inbox, and what fills it.
    pub fn new(stop: &Stop) -> (Self, OnSample) {
        let (send, events) = sync_channel(CAPACITY);
        let lost = Arc::new(AtomicU64::new(0));
        stop.on_stop({
            let send = send.clone();
            // Full means that nobody waits; `next` looks at `stop` anyway.
            move || drop(send.try_send(Event::Stop))
        });
        let inbox = Self { events, stop: stop.clone(), lost: Arc::clone(&lost) };
        let on_sample = move |sample| {
            if send.try_send(Event::Sample(Received { sample, time_ns: wall_time_ns() })).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        };
        (inbox, Box::new(on_sample))
    }

    /// Waits for the next sample.
    pub fn next(&self, deadline: Option<Instant>) -> Next {
        if self.stop.is_set() {
            return Next::Stopped;
        }
        let event = match deadline {
            None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match event {
            Ok(Event::Sample(received)) => Next::Sample(received),
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => Next::Stopped,
            Err(RecvTimeoutError::Timeout) => Next::Timeout,
        }
    }

    /// How many samples found no room since the last call: the command is too slow.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}
