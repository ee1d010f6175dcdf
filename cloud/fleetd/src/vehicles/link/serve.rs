//! Takes what arrives off Zenoh's threads, which must not be held up, and hands it on.

use std::sync::Arc;

use bridge_proto::v1::{EventAck, EventUpload, Hello, Telemetry, event_ack};
use bridge_proto::{Key, PROTOCOL_VERSION, Scope, Suffix};
use prost::Message;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use zenoh::Session;
use zenoh::pubsub::Subscriber;
use zenoh::query::{Query, Queryable};

use super::{BoxFuture, Inbound};

/// Reports that wait; what comes when they are full is dropped, as a newer one follows.
const TELEMETRY_QUEUE: usize = 16_384;
/// Hellos answered at a time; the vehicle asks again.
const HELLOS: usize = 1_024;
/// Uploads answered at a time; others are told to come back later.
const UPLOADS: usize = 256;

/// Ends what it declared when dropped.
pub struct Served {
    _queryables: [Queryable<()>; 2],
    _telemetry: Subscriber<()>,
}

impl Served {
    pub async fn declare(session: &Session, inbound: &Arc<dyn Inbound>) -> Result<Self, zenoh::Error> {
        let hello = Asked { limit: Arc::new(Semaphore::new(HELLOS)), ..Asked::new(inbound, hello, |_| None) };
        let upload = Asked { limit: Arc::new(Semaphore::new(UPLOADS)), ..Asked::new(inbound, upload, busy) };
        let hellos =
            session.declare_queryable(Suffix::Hello.of_all()).callback(move |q| hello.take(q)).await?;
        let uploads =
            session.declare_queryable(Suffix::EventUpload.of_all()).callback(move |q| upload.take(q)).await?;
        let (send, receive) = mpsc::channel(TELEMETRY_QUEUE);
        tokio::spawn(reports(receive, Arc::clone(inbound)));
        let inbound = Arc::clone(inbound);
        let telemetry = session
            .declare_subscriber(Suffix::Telemetry.of_all())
            .callback(move |sample| {
                if send.try_send(sample).is_err() {
                    inbound.overrun();
                }
            })
            .await?;
        Ok(Self { _queryables: [hellos, uploads], _telemetry: telemetry })
    }
}

async fn reports(mut samples: mpsc::Receiver<zenoh::sample::Sample>, inbound: Arc<dyn Inbound>) {
    while let Some(sample) = samples.recv().await {
        let payload = sample.payload().to_bytes();
        let key = sample.key_expr().as_str();
        match decoded::<Telemetry>(key, &payload, |t| t.protocol_version) {
            Ok((scope, telemetry)) => inbound.telemetry(scope, telemetry),
            Err(why) => inbound.undecodable(key, &payload, why),
        }
    }
}

type Answer = for<'a> fn(&'a dyn Inbound, &'a str, &'a [u8]) -> BoxFuture<'a, Option<Vec<u8>>>;

/// One kind of question.
struct Asked {
    inbound: Arc<dyn Inbound>,
    limit: Arc<Semaphore>,
    handle: Handle,
    answer: Answer,
    /// What to say when too many ask.
    busy: fn(&[u8]) -> Option<Vec<u8>>,
}

impl Asked {
    fn new(inbound: &Arc<dyn Inbound>, answer: Answer, busy: fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        let limit = Arc::new(Semaphore::new(0));
        Self { inbound: Arc::clone(inbound), limit, handle: Handle::current(), answer, busy }
    }

    fn take(&self, query: Query) {
        let payload = query.payload().map(|p| p.to_bytes().into_owned()).unwrap_or_default();
        let Ok(permit) = Arc::clone(&self.limit).try_acquire_owned() else {
            if let Some(busy) = (self.busy)(&payload) {
                self.handle.spawn(reply(query, busy));
            }
            return;
        };
        let (inbound, answer) = (Arc::clone(&self.inbound), self.answer);
        self.handle.spawn(async move {
            let key = query.key_expr().as_str().to_owned();
            if let Some(bytes) = answer(&*inbound, &key, &payload).await {
                reply(query, bytes).await;
            }
            drop(permit);
        });
    }
}

async fn reply(query: Query, bytes: Vec<u8>) {
    let key = query.key_expr().clone();
    // The vehicle has gone: it asks again.
    if let Err(error) = query.reply(&key, bytes).await {
        tracing::debug!(%key, %error, "no answer could be sent");
    }
}

fn hello<'a>(inbound: &'a dyn Inbound, key: &'a str, payload: &'a [u8]) -> BoxFuture<'a, Option<Vec<u8>>> {
    Box::pin(async move {
        // Of any version: the answer says which one is spoken here.
        match decoded::<Hello>(key, payload, |_| PROTOCOL_VERSION) {
            Ok((scope, hello)) => Some(inbound.hello(scope, hello).await.encode_to_vec()),
            Err(why) => {
                inbound.undecodable(key, payload, why);
                None
            }
        }
    })
}

fn upload<'a>(inbound: &'a dyn Inbound, key: &'a str, payload: &'a [u8]) -> BoxFuture<'a, Option<Vec<u8>>> {
    Box::pin(async move {
        match decoded::<EventUpload>(key, payload, |u| u.protocol_version) {
            Ok((scope, upload)) => Some(inbound.events(scope, upload).await.encode_to_vec()),
            Err(why) => {
                inbound.undecodable(key, payload, why);
                None
            }
        }
    })
}

fn busy(payload: &[u8]) -> Option<Vec<u8>> {
    let stream_id = EventUpload::decode(payload).ok()?.stream_id;
    let message = "too many uploads at once".into();
    Some(
        EventAck { result: event_ack::Result::Busy.into(), stream_id, message, ..EventAck::default() }
            .encode_to_vec(),
    )
}

fn decoded<M: Message + Default>(
    key: &str,
    payload: &[u8],
    version: fn(&M) -> u32,
) -> Result<(Scope, M), String> {
    let scope = Key::parse(key).map_err(|error| error.to_string())?.scope;
    let message = M::decode(payload).map_err(|error| error.to_string())?;
    match version(&message) {
        PROTOCOL_VERSION => Ok((scope, message)),
        other => Err(format!("version {other} of the protocol; this cloud speaks {PROTOCOL_VERSION}")),
    }
}
