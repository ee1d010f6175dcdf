//! The queue between whoever delivers messages and the writer thread: bounded in bytes, never waited for by the
//! delivering side.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::{
    error::RecordError,
    recorder::WriteOutcome,
    stats::TopicStats,
    topic::{TopicId, TopicInfo},
};

/// Bytes that are worth waking the writer for before its next round. Above what a round brings: a wake-up costs
/// the delivering side a system call, and now and then its time slice.
const BATCH_BYTES: u64 = 8 << 20;
/// Time between two rounds of a busy writer: one wake-up serves many messages.
const ROUND: Duration = Duration::from_millis(5);

/// What waits in the queue.
pub(super) enum Item {
    /// A topic; it comes before its first message.
    Topic(Arc<TopicInfo>),
    /// A message.
    Message(QueuedMessage),
}

pub(super) struct QueuedMessage {
    pub topic: TopicId,
    pub sequence: u32,
    pub log_time_ns: u64,
    pub publish_time_ns: u64,
    pub data: Bytes,
}

impl QueuedMessage {
    /// Memory it stands for in bytes: small messages must not outgrow the limit by their envelopes.
    fn held_bytes(&self) -> u64 {
        (self.data.len() + size_of::<Item>()) as u64
    }
}

pub(super) struct Queue {
    limit_bytes: u64,
    batch_bytes: u64,
    /// Memory of messages not yet written, including those the writer has taken.
    held_bytes: AtomicU64,
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    items: Vec<Item>,
    /// Bytes of `items` alone.
    waiting_bytes: u64,
    high_water_bytes: u64,
    topics: Vec<Topic>,
    ids: HashMap<String, TopicId>,
    dropped: u64,
    closed: bool,
    failure: Option<String>,
    /// Bytes of `items` at which the sleeping writer is woken.
    wake_at_bytes: u64,
}

struct Topic {
    info: Arc<TopicInfo>,
    accepted: u64,
    dropped: u64,
}

/// What a look at the queue's books shows.
pub(super) struct QueueStats {
    pub held_bytes: u64,
    pub high_water_bytes: u64,
    pub dropped: u64,
    pub failure: Option<String>,
    pub topics: Vec<TopicStats>,
}

impl Queue {
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            batch_bytes: BATCH_BYTES.min(limit_bytes / 4),
            held_bytes: AtomicU64::new(0),
            state: Mutex::default(),
            ready: Condvar::new(),
        }
    }

    /// Registers a topic, or finds it again.
    pub fn add_topic(&self, info: TopicInfo) -> Result<TopicId, RecordError> {
        let mut state = self.state.lock();
        if let Some(&id) = state.ids.get(&info.name) {
            let recorded = &state.topics[usize::from(id.0)].info;
            if recorded.type_name == info.type_name {
                return Ok(id);
            }
            return Err(RecordError::TypeConflict {
                topic: info.name,
                recorded: recorded.type_name.clone(),
                offered: info.type_name,
            });
        }
        let id = match u16::try_from(state.topics.len()) {
            // Channel ids start at 1 and end at 65,534.
            Ok(id) if id < u16::MAX - 1 => TopicId(id),
            _ => return Err(RecordError::TooManyTopics { topic: info.name }),
        };
        let info = Arc::new(info);
        state.ids.insert(info.name.clone(), id);
        state.topics.push(Topic { info: Arc::clone(&info), accepted: 0, dropped: 0 });
        state.items.push(Item::Topic(info));
        Ok(id)
    }

    /// Takes a message, or drops and counts it.
    pub fn push(&self, message: QueuedMessage) -> WriteOutcome {
        let bytes = message.held_bytes();
        let mut state = self.state.lock();
        let held_bytes = self.held_bytes.load(Ordering::Relaxed) + bytes;
        let stopped = state.closed || state.failure.is_some();
        let Some(topic) = state.topics.get_mut(usize::from(message.topic.0)) else {
            state.dropped += 1;
            return WriteOutcome::UnknownTopic;
        };
        if stopped || held_bytes > self.limit_bytes {
            topic.dropped += 1;
            state.dropped += 1;
            return if stopped { WriteOutcome::Stopped } else { WriteOutcome::QueueFull };
        }
        topic.accepted += 1;
        self.held_bytes.fetch_add(bytes, Ordering::Relaxed);
        state.high_water_bytes = state.high_water_bytes.max(held_bytes);
        state.waiting_bytes += bytes;
        state.items.push(Item::Message(message));
        let wake = state.waiting_bytes >= state.wake_at_bytes;
        if wake {
            // Once is enough: nobody else need call until the writer sleeps again.
            state.wake_at_bytes = u64::MAX;
        }
        drop(state);
        if wake {
            self.ready.notify_one();
        }
        WriteOutcome::Queued
    }

    /// Moves what waits into `batch`, which is empty. Comes back when there is something, at `deadline`, or when
    /// the queue is closed; `false` means closed and empty.
    ///
    /// A writer that finds the queue empty sleeps for one round and then until the first message: at a high rate
    /// one wake-up serves many messages, at a low rate none is late.
    pub fn take(&self, batch: &mut Vec<Item>, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        if state.waiting_bytes < self.batch_bytes && !state.closed {
            state.wake_at_bytes = self.batch_bytes;
            self.ready.wait_for(&mut state, ROUND);
        }
        while state.items.is_empty() && !state.closed {
            state.wake_at_bytes = 0;
            match deadline {
                None => self.ready.wait(&mut state),
                Some(deadline) => {
                    if self.ready.wait_until(&mut state, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        state.wake_at_bytes = u64::MAX;
        state.waiting_bytes = 0;
        mem::swap(&mut state.items, batch);
        !(batch.is_empty() && state.closed)
    }

    /// The writer is done with a message it took.
    pub fn release(&self, message: &QueuedMessage) {
        self.held_bytes.fetch_sub(message.held_bytes(), Ordering::Relaxed);
    }

    /// No more messages.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_one();
    }

    /// Recording has failed: what waits, what the writer still held (`lost`), and all that comes is dropped.
    pub fn fail(&self, reason: &str, lost: &[Item]) {
        let mut state = self.state.lock();
        state.failure.get_or_insert_with(|| reason.to_owned());
        let waiting = mem::take(&mut state.items);
        state.waiting_bytes = 0;
        for item in lost.iter().chain(&waiting) {
            if let Item::Message(message) = item {
                self.release(message);
                state.dropped += 1;
                if let Some(topic) = state.topics.get_mut(usize::from(message.topic.0)) {
                    topic.accepted -= 1;
                    topic.dropped += 1;
                }
            }
        }
    }

    /// Messages lost so far.
    pub fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }

    pub fn stats(&self) -> QueueStats {
        let state = self.state.lock();
        let topics = state.topics.iter().map(|topic| TopicStats {
            name: topic.info.name.clone(),
            accepted: topic.accepted,
            dropped: topic.dropped,
        });
        QueueStats {
            held_bytes: self.held_bytes.load(Ordering::Relaxed),
            high_water_bytes: state.high_water_bytes,
            dropped: state.dropped,
            failure: state.failure.clone(),
            topics: topics.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: TopicId, bytes: usize) -> QueuedMessage {
        QueuedMessage { topic, sequence: 0, log_time_ns: 0, publish_time_ns: 0, data: vec![0; bytes].into() }
    }

    fn topic(name: &str, type_name: &str) -> TopicInfo {
        TopicInfo { name: name.into(), type_name: type_name.into(), ..TopicInfo::default() }
    }

    #[test]
    fn full_queue_drops_and_counts_per_topic() {
        let queue = Queue::new(1500);
        let a = queue.add_topic(topic("/a", "t")).unwrap();
        let b = queue.add_topic(topic("/b", "t")).unwrap();
        assert_eq!(queue.push(message(a, 1000)), WriteOutcome::Queued);
        assert_eq!(queue.push(message(b, 1000)), WriteOutcome::QueueFull);
        assert_eq!(queue.push(message(TopicId(9), 1)), WriteOutcome::UnknownTopic);

        let mut batch = Vec::new();
        assert!(queue.take(&mut batch, None));
        assert_eq!(queue.push(message(b, 1000)), WriteOutcome::QueueFull, "taken is not yet written");
        for item in batch.drain(..) {
            if let Item::Message(message) = item {
                queue.release(&message);
            }
        }
        assert_eq!(queue.push(message(b, 1000)), WriteOutcome::Queued);
        let stats = queue.stats();
        assert_eq!((stats.dropped, stats.topics[0].dropped, stats.topics[1].dropped), (3, 0, 2));
        assert_eq!((stats.topics[0].accepted, stats.topics[1].accepted), (1, 1));
    }

    #[test]
    fn closed_queue_gives_the_rest_and_then_ends() {
        let queue = Queue::new(10_000);
        let a = queue.add_topic(topic("/a", "t")).unwrap();
        queue.push(message(a, 1));
        queue.close();
        assert_eq!(queue.push(message(a, 1)), WriteOutcome::Stopped);
        let mut batch = Vec::new();
        assert!(queue.take(&mut batch, None));
        assert_eq!(batch.len(), 2);
        batch.clear();
        assert!(!queue.take(&mut batch, None));
    }

    #[test]
    fn failure_drops_everything() {
        let queue = Queue::new(10_000);
        let a = queue.add_topic(topic("/a", "t")).unwrap();
        queue.push(message(a, 1));
        let mut taken = Vec::new();
        queue.take(&mut taken, None);
        queue.push(message(a, 1));
        queue.fail("disk full", &taken);
        assert_eq!(queue.push(message(a, 1)), WriteOutcome::Stopped);
        let stats = queue.stats();
        assert_eq!((stats.dropped, stats.held_bytes, stats.topics[0].accepted), (3, 0, 0));
        assert_eq!(stats.failure.as_deref(), Some("disk full"));
    }

    #[test]
    fn a_topic_has_one_type() {
        let queue = Queue::new(0);
        let id = queue.add_topic(topic("/a", "t")).unwrap();
        assert_eq!(queue.add_topic(topic("/a", "t")).unwrap(), id);
        assert!(matches!(queue.add_topic(topic("/a", "u")), Err(RecordError::TypeConflict { .. })));
    }

    #[test]
    fn idle_take_comes_back_at_its_deadline() {
        let queue = Queue::new(0);
        let mut batch = Vec::new();
        assert!(queue.take(&mut batch, Some(Instant::now() + Duration::from_millis(1))));
        assert!(batch.is_empty());
    }
}
