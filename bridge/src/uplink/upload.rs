//! Durable events: onto the disk, and from there to the cloud, one batch at a time.

use std::sync::Arc;
use std::time::Duration;

use bridge_proto::v1::{Event, EventAck, EventUpload, event_ack};
use bridge_proto::{PROTOCOL_VERSION, Suffix};
use prost::Message as _;
use tokio::sync::mpsc;
use zenoh::qos::{CongestionControl, Priority};
use zenoh::query::ConsolidationMode;

use super::Shared;

/// Most events and bytes of a batch.
const BATCH: (usize, usize) = (256, 256 << 10);
/// So long is an acknowledgement waited for.
const ACK_TIMEOUT: Duration = Duration::from_secs(3);
/// First and longest wait after a batch that was not taken.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Between two attempts to write to a disk that fails.
const DISK_RETRY: Duration = Duration::from_secs(1);

/// Writes events to the spool; what came together is synced together.
pub async fn write(shared: Arc<Shared>, mut events: mpsc::Receiver<Event>) {
    let mut waiting = vec![];
    while events.recv_many(&mut waiting, BATCH.0).await > 0 {
        let together = std::mem::take(&mut waiting);
        loop {
            let events = together.clone();
            match shared.with_spool(|spool| spool.append(events)).await {
                Ok(()) => break,
                // They stay in memory, and what comes meanwhile in the queue.
                Err(error) => tracing::error!(%error, "events are not kept yet"),
            }
            tokio::time::sleep(DISK_RETRY).await;
        }
        shared.upload_due.notify_one();
    }
}

/// Sends what waits whenever the cloud takes it.
pub async fn upload(shared: Arc<Shared>) {
    let mut wait = RETRY.0;
    loop {
        shared.upload_due.notified().await;
        while shared.is_leased() {
            let Some((upload, last)) = next(&shared).await else { break };
            match send(&shared, &upload).await {
                Some(ack) if ack.result() == event_ack::Result::Stored && ack.stored_up_to >= last => {
                    wait = RETRY.0;
                    stored(&shared, &upload, ack.stored_up_to).await;
                    continue;
                }
                Some(ack) if ack.result() == event_ack::Result::Stored => {
                    tracing::warn!(
                        stored_up_to = ack.stored_up_to,
                        "the cloud stored a part only; sending the rest"
                    );
                    stored(&shared, &upload, ack.stored_up_to).await;
                }
                Some(ack) => tracing::debug!(result = ?ack.result(), ack.message, "events wait"),
                None => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY.1);
        }
    }
}

async fn next(shared: &Arc<Shared>) -> Option<(EventUpload, u64)> {
    let read = |spool: &mut crate::spool::Spool| Ok((spool.stream_id(), spool.batch(BATCH.0, BATCH.1)));
    let (stream_id, events) = shared.with_spool(read).await.ok()?;
    let last = events.last()?.sequence;
    let upload = EventUpload {
        protocol_version: PROTOCOL_VERSION,
        session_id: shared.session_id.to_vec(),
        stream_id: stream_id.to_vec(),
        events,
    };
    Some((upload, last))
}

async fn send(shared: &Shared, upload: &EventUpload) -> Option<EventAck> {
    let replies = shared
        .best_path()?
        .get(shared.config.scope.key(Suffix::EventUpload))
        .payload(upload.encode_to_vec())
        .congestion_control(CongestionControl::Drop)
        .priority(Priority::Data)
        .consolidation(ConsolidationMode::None)
        .timeout(ACK_TIMEOUT)
        .await
        .ok()?;
    let reply = replies.recv_async().await.ok()?;
    let ack = EventAck::decode(&*reply.result().ok()?.payload().to_bytes()).ok()?;
    (ack.stream_id == upload.stream_id).then_some(ack)
}

async fn stored(shared: &Arc<Shared>, upload: &EventUpload, stored_up_to: u64) {
    let stream_id = upload.stream_id.clone();
    let forget = move |spool: &mut crate::spool::Spool| {
        // Another one has begun meanwhile: the acknowledgement is not about it.
        if spool.stream_id()[..] == stream_id { spool.acknowledge(stored_up_to) } else { Ok(()) }
    };
    if let Err(error) = shared.with_spool(forget).await {
        // They are sent once more, and the cloud knows them.
        tracing::error!(%error, "stored events are not forgotten yet");
    }
}
