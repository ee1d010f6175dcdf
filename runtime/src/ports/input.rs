//! Inputs.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use msgs::Message;
use parking_lot::Mutex;

use super::inbox::{ByteInbox, Counts, Deliver, Waker};
use crate::qos::Qos;
use crate::rt;
use crate::time::Time;
use crate::transport::{Gid, Sample};

/// A message and how it came. Dereferences to the message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received<M> {
    /// The message.
    pub message: M,
    /// When its publisher sent it, on that one's clock.
    pub source_time: Time,
    /// When it arrived here.
    pub received: Time,
    /// Its number, counted by the publisher.
    pub sequence: i64,
    /// The publisher.
    pub source: Gid,
}

impl<M: Message> Received<M> {
    fn decode(sample: &Sample, received: Time) -> Result<Self, msgs::CdrError> {
        Ok(Self {
            message: M::decode(&sample.payload)?,
            source_time: Time::from_ns(sample.source_time_ns),
            received,
            sequence: sample.sequence,
            source: sample.source,
        })
    }

    /// Time since it arrived.
    pub fn age(&self, now: Time) -> Duration {
        now.since(self.received)
    }
}

impl<M> Deref for Received<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.message
    }
}

/// The far end of a real-time node's input: messages are decoded here, not in the loop.
struct RtInbox<P> {
    topic: String,
    producer: Mutex<P>,
    counts: Counts,
}

impl<M: Message> Deliver for RtInbox<rt::Writer<Option<Received<M>>>> {
    fn deliver(&self, sample: Sample, received: Time) {
        self.counts.received(received);
        match Received::decode(&sample, received) {
            Ok(value) => self.producer.lock().write(Some(value)),
            Err(error) => self.counts.undecodable(&self.topic, &error),
        }
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl<M: Message> Deliver for RtInbox<rt::Producer<Option<Received<M>>>> {
    fn deliver(&self, sample: Sample, received: Time) {
        self.counts.received(received);
        match Received::decode(&sample, received) {
            Ok(value) => {
                if self.producer.lock().push(Some(value)).is_err() {
                    self.counts.overrun.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) => self.counts.undecodable(&self.topic, &error),
        }
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// An input that gives the latest message.
pub struct Latest<M>(LatestSource<M>);

enum LatestSource<M> {
    Plain { inbox: Arc<ByteInbox>, value: Option<Received<M>> },
    RealTime(rt::Reader<Option<Received<M>>>),
}

impl<M: Message> Latest<M> {
    pub(super) fn new(realtime: bool, topic: &str, qos: &Qos) -> (Self, Arc<dyn Deliver>) {
        if realtime {
            let (writer, reader) = rt::mailbox(|| None);
            let inbox = RtInbox {
                topic: topic.into(),
                producer: Mutex::new(writer),
                counts: Counts::new(qos.deadline),
            };
            (Self(LatestSource::RealTime(reader)), Arc::new(inbox))
        } else {
            let inbox = Arc::new(ByteInbox::new(topic, 1, qos.deadline, Waker::default()));
            (Self(LatestSource::Plain { inbox: Arc::clone(&inbox), value: None }), inbox)
        }
    }

    /// The latest message; `None` before the first one.
    pub fn get(&mut self) -> Option<&Received<M>> {
        self.refresh();
        match &self.0 {
            LatestSource::Plain { value, .. } => value.as_ref(),
            LatestSource::RealTime(reader) => reader.get().as_ref(),
        }
    }

    /// The latest message if it came since the last call of this or of [`Self::get`].
    pub fn new_value(&mut self) -> Option<&Received<M>> {
        if self.refresh() { self.get() } else { None }
    }

    /// The latest message unless it is older than `limit`.
    pub fn younger_than(&mut self, limit: Duration, now: Time) -> Option<&Received<M>> {
        self.get().filter(|m| m.age(now) <= limit)
    }

    fn refresh(&mut self) -> bool {
        match &mut self.0 {
            LatestSource::RealTime(reader) => reader.refresh(),
            LatestSource::Plain { inbox, value } => {
                let Some((sample, received)) = inbox.take() else { return false };
                match Received::decode(&sample, received) {
                    Ok(new) => *value = Some(new),
                    Err(error) => {
                        inbox.counts().undecodable(&inbox.topic, &error);
                        return false;
                    }
                }
                true
            }
        }
    }
}

/// An input that gives each message once, in order.
pub struct Queue<M>(QueueSource<M>);

enum QueueSource<M> {
    Plain { inbox: Arc<ByteInbox>, current: Option<Received<M>> },
    RealTime { consumer: rt::Consumer<Option<Received<M>>>, taken: bool },
}

impl<M: Message> Queue<M> {
    pub(super) fn new(realtime: bool, topic: &str, qos: &Qos, waker: Waker) -> (Self, Arc<dyn Deliver>) {
        let depth = qos.kept();
        if realtime {
            let (producer, consumer) = rt::ring(depth.max(2), || None);
            let inbox = RtInbox {
                topic: topic.into(),
                producer: Mutex::new(producer),
                counts: Counts::new(qos.deadline),
            };
            (Self(QueueSource::RealTime { consumer, taken: false }), Arc::new(inbox))
        } else {
            let inbox = Arc::new(ByteInbox::new(topic, depth, qos.deadline, waker));
            (Self(QueueSource::Plain { inbox: Arc::clone(&inbox), current: None }), inbox)
        }
    }

    /// The next message; it stays valid until the next call.
    #[allow(clippy::should_implement_trait)] // an iterator can't lend
    pub fn next(&mut self) -> Option<&Received<M>> {
        match &mut self.0 {
            QueueSource::RealTime { consumer, taken } => {
                if *taken {
                    consumer.pop();
                }
                let next = consumer.front();
                *taken = next.is_some();
                next.and_then(Option::as_ref)
            }
            QueueSource::Plain { inbox, current } => {
                *current = None;
                while let Some((sample, received)) = inbox.take() {
                    match Received::decode(&sample, received) {
                        Ok(message) => return Some(current.insert(message)),
                        Err(error) => inbox.counts().undecodable(&inbox.topic, &error),
                    }
                }
                None
            }
        }
    }
}
