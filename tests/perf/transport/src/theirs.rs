//! The other side: full `hiroz` nodes, publisher and callback subscriber, as its guide recommends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use anyhow::anyhow;
use hiroz::Builder;
use hiroz::context::{ZContext, ZContextBuilder};
use hiroz_msgs::std_msgs::UInt8MultiArray as Blob;
use parking::Slot;

/// A context between two explicit endpoints.
pub fn context(connect: &[&str], listen: &[&str], shm: bool) -> anyhow::Result<ZContext> {
    let own = |list: &[&str]| list.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>();
    let mut builder = ZContextBuilder::default()
        .with_mode("peer")
        .with_connect_endpoints(own(connect))
        .with_listen_endpoints(own(listen))
        .disable_multicast_scouting();
    if shm {
        builder = builder.with_shm_enabled().map_err(|e| anyhow!("{e}"))?;
    }
    builder.build().map_err(|e| anyhow!("{e}"))
}

/// A message of that many bytes.
pub fn blob(size: usize) -> Blob {
    Blob { data: hiroz::ZBuf::from(vec![0xaa_u8; size]), ..Blob::default() }
}

/// Answers in the callback. Lives as long as what it returns.
pub fn echo(context: &ZContext) -> anyhow::Result<impl Sized + use<>> {
    let node = context.create_node("echo").build().map_err(|e| anyhow!("{e}"))?;
    let publisher = node.create_pub::<Blob>("/pong").build().map_err(|e| anyhow!("{e}"))?;
    let subscriber = node
        .create_sub::<Blob>("/ping")
        .build_with_callback(move |message: Blob| drop(publisher.publish(&message)))
        .map_err(|e| anyhow!("{e}"))?;
    Ok((node, subscriber))
}

/// Counts what comes. Lives as long as what it returns.
pub fn count(context: &ZContext, counter: &'static AtomicU64) -> anyhow::Result<impl Sized + use<>> {
    let node = context.create_node("receiver").build().map_err(|e| anyhow!("{e}"))?;
    let subscriber = node
        .create_sub::<Blob>("/ping")
        .build_with_callback(move |_: Blob| {
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .map_err(|e| anyhow!("{e}"))?;
    Ok((node, subscriber))
}

/// The pinging side: publishes with a number, measures in the callback.
pub struct Pinger {
    publisher: hiroz::pubsub::ZPub<Blob, <Blob as hiroz::msg::ZMessage>::Serdes>,
    sent: Arc<Slot>,
    message: Blob,
    _alive: Box<dyn std::any::Any>,
}

impl Pinger {
    /// Sends the times of its round trips to `results`.
    pub fn new(
        context: &ZContext,
        size: usize,
        results: SyncSender<std::time::Duration>,
    ) -> anyhow::Result<Self> {
        let node = context.create_node("ping").build().map_err(|e| anyhow!("{e}"))?;
        let publisher = node.create_pub::<Blob>("/ping").build().map_err(|e| anyhow!("{e}"))?;
        let sent: Arc<Slot> = Arc::default();
        let slot = Arc::clone(&sent);
        let subscriber = node
            .create_sub::<Blob>("/pong")
            .build_with_callback(move |message: Blob| {
                if let Some(sent) = slot.take(message.layout.data_offset) {
                    let _ = results.try_send(sent.elapsed());
                }
            })
            .map_err(|e| anyhow!("{e}"))?;
        Ok(Self { publisher, sent, message: blob(size), _alive: Box::new((node, subscriber)) })
    }

    /// Sends the next one, if the last is back or lost.
    pub fn tick(&mut self) -> anyhow::Result<()> {
        if self.sent.is_free() {
            self.message.layout.data_offset += 1;
            self.sent.put(self.message.layout.data_offset, Instant::now());
            self.publish()?;
        }
        Ok(())
    }

    /// Sends.
    pub fn publish(&self) -> anyhow::Result<()> {
        self.publisher.publish(&self.message).map_err(|e| anyhow!("{e}"))
    }
}

/// The message that is under way.
pub mod parking {
    use std::sync::{Mutex, PoisonError};
    use std::time::Instant;

    /// Its number and when it was sent.
    #[derive(Default)]
    pub struct Slot(Mutex<Option<(u32, Instant)>>);

    impl Slot {
        /// Notes one.
        pub fn put(&self, number: u32, sent: Instant) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, sent));
        }

        /// Takes it if it has that number.
        pub fn take(&self, number: u32) -> Option<Instant> {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.take_if(|(n, _)| *n == number).map(|(_, sent)| sent)
        }

        /// Whether none is under way, or it is lost.
        pub fn is_free(&self) -> bool {
            let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.is_none_or(|(_, sent)| sent.elapsed() > crate::ours::LOST)
        }
    }
}
