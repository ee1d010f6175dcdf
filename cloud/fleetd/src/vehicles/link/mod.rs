//! The cloud's end of the vehicle link: a Zenoh router in this process that vehicles connect to over QUIC, and the
//! protocol of `bridge/PROTOCOL.md` on it.
//!
//! Access is given per certificate and enforced by the router, so what arrives here under a vehicle's key was sent by a
//! holder of that vehicle's certificate. Zenoh takes access rules only when a router starts: [`Link::set_holders`]
//! starts it anew, and vehicles come back by themselves.

mod order;
mod router;
mod serve;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridge_proto::v1::{Command, CommandAck, EventAck, EventUpload, Hello, Telemetry, Welcome};
use bridge_proto::{Holder, PROTOCOL_VERSION, Scope, Suffix};
use pki::{PkiDir, PkiError};
use prost::Message as _;
use zenoh::Session;
use zenoh::qos::{CongestionControl, Priority};
use zenoh::query::{ConsolidationMode, QueryTarget};

use super::lease::SessionId;
use crate::time::Time;
pub use order::{Fresh, fresh};
use router::Router;

/// What an [`Inbound`] answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes what vehicles send.
pub trait Inbound: Send + Sync + 'static {
    /// A session says hello, in any version of the protocol: both it and the length of the session id are to be checked.
    fn hello(&self, scope: Scope, hello: Hello) -> BoxFuture<'_, Welcome>;
    /// A live report. Called in order from one task: it must not wait.
    fn telemetry(&self, scope: Scope, telemetry: Telemetry);
    /// A live report came faster than they are taken, and was dropped.
    fn overrun(&self);
    /// Something that is not of this protocol arrived under a key of a vehicle that may send it.
    fn undecodable(&self, key: &str, payload: &[u8], why: String);
    /// Durable events; to be stored before this answers. See [`fresh`] for what is new among them.
    fn events(&self, scope: Scope, upload: EventUpload) -> BoxFuture<'_, EventAck>;
}

/// Where to listen and for whom.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Zenoh endpoints, e.g. `quic/0.0.0.0:7447`; port 0 takes a free one.
    pub listen: Vec<String>,
    /// Certificates: `ca.crt`, `cloud.crt`, `cloud.key`.
    pub pki: PkiDir,
    /// Who may connect.
    pub holders: Vec<Holder>,
}

/// Why the link does not work.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Certificates are missing.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The router does not start.
    #[error("the vehicle link cannot listen on {endpoints}: {why}")]
    Listen {
        /// Where.
        endpoints: String,
        /// What Zenoh says.
        why: String,
    },
    /// The router is being started anew, or could not be.
    #[error("the vehicle link is closed")]
    Closed,
    /// The vehicle's session is not connected.
    #[error("{0} is not connected")]
    Unreachable(Scope),
    /// No acknowledgement came. The command may have been executed: send it again with the same id to find out.
    #[error("{scope} did not acknowledge the command within {timeout:?}")]
    NoAnswer {
        /// Which vehicle.
        scope: Scope,
        /// How long was waited.
        timeout: Duration,
    },
    /// The vehicle answered with something else.
    #[error("{0} answered with something that is no acknowledgement of the command")]
    BadAnswer(Scope),
}

/// The open link.
pub struct Link {
    inbound: Arc<dyn Inbound>,
    config: tokio::sync::Mutex<LinkConfig>,
    router: Mutex<Option<Router>>,
    /// Highest sequence used per vehicle.
    sequences: Mutex<HashMap<Scope, u64>>,
}

impl Link {
    /// Listens, and hands what arrives to `inbound`. To be called within a Tokio runtime.
    pub async fn open(config: LinkConfig, inbound: Arc<dyn Inbound>) -> Result<Self, LinkError> {
        let router = Router::open(&config, &inbound).await?;
        // A port that was free once stays ours over a new start.
        let any_port = config.listen.iter().any(|endpoint| endpoint.ends_with(":0"));
        let listen = if any_port { router.endpoints().to_vec() } else { config.listen };
        let config = LinkConfig { listen, ..config };
        Ok(Self {
            inbound,
            config: tokio::sync::Mutex::new(config),
            router: Mutex::new(Some(router)),
            sequences: Mutex::default(),
        })
    }

    /// Where it listens, with the ports taken.
    pub async fn endpoints(&self) -> Vec<String> {
        self.config.lock().await.listen.clone()
    }

    /// Changes who may connect. All vehicles are cut off and come back within about a second; nothing durable is lost.
    pub async fn set_holders(&self, mut holders: Vec<Holder>) -> Result<(), LinkError> {
        holders.sort();
        holders.dedup();
        let mut config = self.config.lock().await;
        let running = lock(&self.router).is_some();
        if running && holders == config.holders {
            return Ok(());
        }
        config.holders = holders;
        let old = lock(&self.router).take();
        if let Some(old) = old {
            old.close().await;
        }
        let router = Router::open(&config, &self.inbound).await?;
        *lock(&self.router) = Some(router);
        Ok(())
    }

    /// Sends a command to a session of a vehicle and waits for its acknowledgement. Fields that belong to the link are
    /// set here: version, session and sequence. To send it again, keep its `command_id`: it is executed once.
    pub async fn command(
        &self,
        scope: &Scope,
        session_id: SessionId,
        command: &Command,
        timeout: Duration,
    ) -> Result<CommandAck, LinkError> {
        let session = lock(&self.router).as_ref().map(Router::session).ok_or(LinkError::Closed)?;
        let replies = self.send(&session, scope, session_id, command, timeout)?;
        let started = tokio::time::Instant::now();
        let mut bad = false;
        // Several where the vehicle is connected over several paths: all are the same.
        while let Ok(reply) = replies.recv_async().await {
            let Ok(sample) = reply.result() else { continue };
            match CommandAck::decode(&*sample.payload().to_bytes()) {
                Ok(ack) if ack.command_id == command.command_id => return Ok(ack),
                _ => bad = true,
            }
        }
        Err(match () {
            () if bad => LinkError::BadAnswer(scope.clone()),
            () if started.elapsed() < timeout => LinkError::Unreachable(scope.clone()),
            () => LinkError::NoAnswer { scope: scope.clone(), timeout },
        })
    }

    fn send(
        &self,
        session: &Session,
        scope: &Scope,
        session_id: SessionId,
        command: &Command,
        timeout: Duration,
    ) -> Result<zenoh::handlers::FifoChannelHandler<zenoh::query::Reply>, LinkError> {
        // Held until it is sent, so that commands leave in the order of their sequences.
        let mut sequences = lock(&self.sequences);
        let sequence = sequences.entry(scope.clone()).or_default();
        *sequence = u64::try_from(Time::now().as_micros()).unwrap_or(0).max(*sequence + 1);
        let command = Command {
            protocol_version: PROTOCOL_VERSION,
            session_id: session_id.to_vec(),
            sequence: *sequence,
            ..command.clone()
        };
        let query = session
            .get(scope.key(Suffix::Command(session_id)))
            .payload(command.encode_to_vec())
            .target(QueryTarget::All)
            .consolidation(ConsolidationMode::None)
            // Never waits here for a link that is stuck: the command would come too late anyway.
            .congestion_control(CongestionControl::Drop)
            .priority(Priority::RealTime)
            .express(true)
            .timeout(timeout);
        zenoh::Wait::wait(query).map_err(|_| LinkError::Closed)
    }

    /// Cuts all vehicles off; commands fail from here on.
    pub async fn close(&self) {
        let router = lock(&self.router).take();
        if let Some(router) = router {
            router.close().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
