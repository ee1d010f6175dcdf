//! Services: a server is a queryable, a call a query.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hiroz_protocol::EndpointKind;
use parking_lot::Mutex;
use zenoh::Wait;
use zenoh::query::{ConsolidationMode, Query, QueryTarget};

use super::attachment::Attachment;
use super::node::{Announced, ZenohNode};
use super::{Inner, payload};
use crate::clock::wall_time_ns;
use crate::qos::Qos;
use crate::transport::{Call, CallError, Guard, OnAnswer, OnRequest, Request, TransportError, TypeRef};

/// Declares a server.
pub fn serve(
    node: &ZenohNode,
    name: &str,
    ty: &TypeRef,
    on_request: OnRequest,
) -> Result<Guard, zenoh::Error> {
    let entity = super::tokens::entity(0, &node.entity, EndpointKind::Service, name, ty, &Qos::service())?;
    let queryable = node
        .inner
        .session
        .declare_queryable(super::topic_key(&entity)?)
        .complete(true)
        .callback(move |query| {
            let attachment = query.attachment().and_then(|a| Attachment::decode(&a.to_bytes()));
            let payload = query.payload().and_then(payload::incoming);
            let (Some(payload), Some(attachment)) = (payload, attachment) else {
                tracing::warn!(service = %query.key_expr(), "request without payload or attachment ignored");
                return;
            };
            on_request(Request {
                payload,
                client: attachment.source,
                sequence: attachment.sequence,
                answer: Box::new(move |payload| answer(&query, attachment, payload)),
            });
        })
        .wait()?;
    let announced = node.announce(EndpointKind::Service, name, ty, &Qos::service())?;
    Ok(Box::new((queryable, announced)))
}

fn answer(query: &Query, request: Attachment, payload: Bytes) {
    // The client finds its request by its own id and number.
    let attachment = Attachment { source_time_ns: wall_time_ns(), ..request };
    let sent = query.reply(query.key_expr(), payload).attachment(&attachment.encode()[..]).wait();
    if let Err(error) = sent {
        tracing::warn!(service = %query.key_expr(), %error, "answer could not be sent");
    }
}

pub struct ZenohClient {
    inner: Arc<Inner>,
    announced: Announced,
    sequence: AtomicI64,
}

impl ZenohClient {
    pub fn new(node: &ZenohNode, name: &str, ty: &TypeRef) -> Result<Self, zenoh::Error> {
        let announced = node.announce(EndpointKind::Client, name, ty, &Qos::service())?;
        Ok(Self { inner: Arc::clone(&node.inner), announced, sequence: AtomicI64::new(1) })
    }
}

/// Calls back once: with the first answer, or when Zenoh drops it without one.
struct Once {
    on_answer: Mutex<Option<OnAnswer>>,
    service: String,
    timeout: Duration,
}

impl Once {
    fn finish(&self, result: Result<Bytes, CallError>) {
        if let Some(on_answer) = self.on_answer.lock().take() {
            on_answer(result);
        }
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        self.finish(Err(CallError::Timeout { service: self.service.clone(), timeout: self.timeout }));
    }
}

impl Call for ZenohClient {
    fn call(&self, payload: Bytes, timeout: Duration, on_answer: OnAnswer) -> Result<(), TransportError> {
        let service = self.announced.entity.topic.clone();
        let once = Once { on_answer: Mutex::new(Some(on_answer)), service: service.clone(), timeout };
        let attachment = Attachment {
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
            source_time_ns: wall_time_ns(),
            source: self.announced.gid,
        };
        self.inner
            .session
            .get(self.announced.key.as_str())
            .payload(payload)
            .attachment(&attachment.encode()[..])
            .target(QueryTarget::AllComplete)
            .consolidation(ConsolidationMode::None)
            .timeout(timeout)
            .callback(move |reply| match reply.result() {
                Ok(sample) => {
                    once.finish(payload::incoming(sample.payload()).ok_or_else(|| CallError::Failed {
                        service: once.service.clone(),
                        why: "this process was held up and its answer is gone".into(),
                    }))
                }
                // A timeout arrives as an error reply too; the text tells them apart only for people.
                Err(_) => once.finish(Err(CallError::Timeout { service: once.service.clone(), timeout })),
            })
            .wait()
            .map_err(|e| TransportError::Send { name: service, why: e.to_string() })
    }
}
