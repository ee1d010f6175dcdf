//! Nodes, publishers and subscriptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use hiroz_protocol::{EndpointEntity, EndpointKind, KeyExprFormat, NodeEntity};
use parking_lot::Mutex;
use zenoh::Wait;
use zenoh::liveliness::LivelinessToken;
use zenoh::qos::CongestionControl;
use zenoh_ext::{
    AdvancedPublisher, AdvancedPublisherBuilderExt, AdvancedSubscriberBuilderExt, CacheConfig, HistoryConfig,
};

use super::attachment::Attachment;
use super::payload::Envelope;
use super::service::{self, ZenohClient};
use super::{Inner, payload, tokens, topic_key};
use crate::clock::wall_time_ns;
use crate::qos::{Durability, Priority, Qos, Reliability};
use crate::transport::{
    Call, Gid, Guard, OnRequest, OnSample, Publish, Sample, TransportError, TransportNode, TypeRef,
};

pub struct ZenohNode {
    pub(super) inner: Arc<Inner>,
    pub(super) entity: NodeEntity,
    pub(super) _token: LivelinessToken,
}

/// An endpoint that was announced.
pub(super) struct Announced {
    pub entity: EndpointEntity,
    pub key: String,
    pub gid: Gid,
    pub _token: LivelinessToken,
}

impl ZenohNode {
    pub(super) fn announce(
        &self,
        kind: EndpointKind,
        name: &str,
        ty: &TypeRef,
        qos: &Qos,
    ) -> Result<Announced, zenoh::Error> {
        let entity = tokens::entity(self.inner.new_id(), &self.entity, kind, name, ty, qos)?;
        let key = topic_key(&entity)?;
        let token_key = KeyExprFormat::default().liveliness_key_expr(&entity, &self.entity.z_id)?;
        let token = self.inner.declare_token(token_key.as_str())?;
        Ok(Announced { entity, key, gid: tokens::gid(token_key.as_str()), _token: token })
    }

    fn create_publisher(&self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<ZenohPublisher, zenoh::Error> {
        let entity = tokens::entity(0, &self.entity, EndpointKind::Publisher, topic, ty, qos)?;
        let builder = self
            .inner
            .session
            .declare_publisher(topic_key(&entity)?)
            // Never block: a subscriber that does not read loses samples, nobody else is held up.
            .congestion_control(CongestionControl::Drop)
            .reliability(match qos.reliability {
                Reliability::Reliable => zenoh::qos::Reliability::Reliable,
                Reliability::BestEffort => zenoh::qos::Reliability::BestEffort,
            })
            .priority(match qos.priority {
                Priority::RealTime => zenoh::qos::Priority::RealTime,
                Priority::High => zenoh::qos::Priority::InteractiveHigh,
                Priority::Data => zenoh::qos::Priority::Data,
                Priority::Background => zenoh::qos::Priority::Background,
            })
            .express(qos.express);
        let publisher = match qos.durability {
            Durability::Volatile => Publisher::Plain(builder.wait()?),
            Durability::TransientLocal => Publisher::Caching(
                builder
                    .advanced()
                    .cache(CacheConfig::default().max_samples(qos.kept()))
                    .publisher_detection()
                    .wait()?,
            ),
        };
        // Announced last: who sees it can rely on it.
        let announced = self.announce(EndpointKind::Publisher, topic, ty, qos)?;
        Ok(ZenohPublisher { publisher, announced, sequence: AtomicI64::new(1), spare: Mutex::default() })
    }

    fn create_subscription(
        &self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        on_sample: OnSample,
    ) -> Result<Guard, zenoh::Error> {
        let entity = tokens::entity(0, &self.entity, EndpointKind::Subscription, topic, ty, qos)?;
        let builder = self.inner.session.declare_subscriber(topic_key(&entity)?).callback(move |sample| {
            let attachment = sample.attachment().and_then(|a| Attachment::decode(&a.to_bytes()));
            let Attachment { sequence, source_time_ns, source } = attachment.unwrap_or_default();
            match payload::incoming(sample.payload()) {
                Some(payload) => on_sample(Sample { payload, source_time_ns, sequence, source }),
                None => {
                    tracing::warn!(key = %sample.key_expr(), sequence, "held up too long: sample dropped")
                }
            }
        });
        Ok(match qos.durability {
            Durability::Volatile => {
                let subscription = builder.wait()?;
                Box::new((subscription, self.announce(EndpointKind::Subscription, topic, ty, qos)?))
            }
            Durability::TransientLocal => {
                let history = HistoryConfig::default().detect_late_publishers().max_samples(qos.kept());
                let subscription = builder.advanced().history(history).subscriber_detection().wait()?;
                Box::new((subscription, self.announce(EndpointKind::Subscription, topic, ty, qos)?))
            }
        })
    }
}

/// Turns what Zenoh says into our error.
pub(super) fn create_error(what: &'static str, name: &str) -> impl FnOnce(zenoh::Error) -> TransportError {
    move |e| TransportError::Create { what, name: name.into(), why: e.to_string() }
}

impl TransportNode for ZenohNode {
    fn publisher(&self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<Arc<dyn Publish>, TransportError> {
        let publisher = self.create_publisher(topic, ty, qos).map_err(create_error("publisher", topic))?;
        Ok(Arc::new(publisher))
    }

    fn subscribe(
        &self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        on_sample: OnSample,
    ) -> Result<Guard, TransportError> {
        self.create_subscription(topic, ty, qos, on_sample).map_err(create_error("subscription", topic))
    }

    fn serve(&self, name: &str, ty: &TypeRef, on_request: OnRequest) -> Result<Guard, TransportError> {
        service::serve(self, name, ty, on_request).map_err(create_error("service", name))
    }

    fn client(&self, name: &str, ty: &TypeRef) -> Result<Arc<dyn Call>, TransportError> {
        let client = ZenohClient::new(self, name, ty).map_err(create_error("client", name))?;
        Ok(Arc::new(client))
    }
}

enum Publisher {
    Plain(zenoh::pubsub::Publisher<'static>),
    Caching(AdvancedPublisher<'static>),
}

struct ZenohPublisher {
    publisher: Publisher,
    announced: Announced,
    sequence: AtomicI64,
    /// Not in use while nobody publishes.
    spare: Mutex<Option<Envelope>>,
}

impl Publish for ZenohPublisher {
    fn publish(&self, payload: Bytes) -> Result<(), TransportError> {
        let attachment = Attachment {
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
            source_time_ns: wall_time_ns(),
            source: self.announced.gid,
        };
        // Not locked while Zenoh is at work, as several threads may publish.
        let mut envelope = self.spare.lock().take().unwrap_or_default();
        let (payload, attachment) = envelope.fill(payload, &attachment);
        let sent = match &self.publisher {
            Publisher::Plain(p) => p.put(payload).attachment(attachment).wait(),
            Publisher::Caching(p) => p.put(payload).attachment(attachment).wait(),
        };
        envelope.empty();
        *self.spare.lock() = Some(envelope);
        sent.map_err(|e| TransportError::Send {
            name: self.announced.entity.topic.clone(),
            why: e.to_string(),
        })
    }

    fn gid(&self) -> Gid {
        self.announced.gid
    }
}
