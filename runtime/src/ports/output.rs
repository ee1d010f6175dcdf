//! Outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use msgs::Message;

use super::Pump;
use crate::rt;

/// Where an output's bytes go.
pub trait Emit: Send + Sync {
    /// Sends a message.
    fn emit(&self, payload: Bytes);
}

/// An output.
pub struct Output<M>(Sink<M>);

enum Sink<M> {
    Plain { emit: Arc<dyn Emit>, draft: M, size: AtomicUsize },
    RealTime(rt::Producer<M>),
}

fn send<M: Message>(emit: &dyn Emit, message: &M, size: &AtomicUsize) {
    // The last size is a good guess of the next.
    match message.encode(size.load(Ordering::Relaxed)) {
        Ok(bytes) => {
            size.store(bytes.len(), Ordering::Relaxed);
            emit.emit(bytes);
        }
        Err(error) => tracing::error!(type_name = M::TYPE_NAME, %error, "message is not sent"),
    }
}

impl<M: Message> Output<M> {
    pub(super) fn new(realtime: bool, emit: Arc<dyn Emit>, prototype: M, depth: usize) -> (Self, Option<Pump>) {
        let size = AtomicUsize::new(0);
        if !realtime {
            return (Self(Sink::Plain { emit, draft: prototype, size }), None);
        }
        let (producer, mut consumer) = rt::ring(depth.max(4), || prototype.clone());
        let pump = move || while consumer.pop_with(|message| send(&*emit, message, &size)).is_some() {};
        (Self(Sink::RealTime(producer)), Some(Box::new(pump)))
    }

    /// Sends a message. Not in a real-time node, where it would free memory: use [`Self::send_with`] there.
    pub fn send(&mut self, message: M) {
        match &mut self.0 {
            Sink::Plain { emit, size, .. } => send(&**emit, &message, size),
            Sink::RealTime(producer) => drop(producer.push(message)),
        }
    }

    /// Sends a message that `fill` writes into an older one or a copy of the prototype: it must set every field
    /// that changes. Allocates nothing in a real-time node as long as nothing grows. A message that finds the way
    /// out full is dropped and counted.
    pub fn send_with(&mut self, fill: impl FnOnce(&mut M)) {
        match &mut self.0 {
            Sink::Plain { emit, draft, size } => {
                fill(draft);
                send(&**emit, draft, size);
            }
            Sink::RealTime(producer) => {
                producer.push_with(fill);
            }
        }
    }
}
