//! The vehicles that are connected, and commands to them. Playbook service: vehicle-gateway.

pub mod lease;
pub mod link;
pub mod live;
mod reports;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bridge_proto::v1::{Command, CommandAck, command};
use bridge_proto::{Holder, Scope};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use tokio::sync::Notify;

use crate::App;
use crate::fleet;
use crate::gateway::trace::{self, Trace};
use crate::spans::{self, Span};
use crate::time::Time;
use lease::{Claim, Leases, SessionId};
use link::{Link, LinkConfig, LinkError};

/// Vehicles that are registered together are let in together: each time, all are cut off for a moment.
const SETTLE: Duration = Duration::from_millis(500);

/// Why there is no acknowledgement.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No session holds the vehicle.
    #[error("the vehicle is not connected")]
    NotConnected,
    /// It did not answer in time.
    #[error("the vehicle did not answer: {0}")]
    NoAnswer(#[from] LinkError),
}

/// Sessions of all vehicles, and the link to them.
#[derive(Default)]
pub struct Vehicles {
    leases: Mutex<Leases>,
    link: OnceLock<Link>,
    registered: Notify,
}

impl Vehicles {
    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hello(&self, scope: &Scope, session_id: SessionId) -> Claim {
        self.leases().hello(scope, session_id, Instant::now())
    }

    fn holds(&self, scope: &Scope, session_id: &[u8]) -> bool {
        self.leases().holds(scope, session_id, Instant::now())
    }

    fn session(&self, scope: &Scope) -> Option<SessionId> {
        self.leases().holder(scope, Instant::now())
    }

    /// Whether commands can reach a vehicle.
    pub fn is_connected(&self, tenant_id: &str, vehicle_id: &str) -> bool {
        Scope::new(tenant_id, vehicle_id).is_ok_and(|scope| self.session(&scope).is_some())
    }

    /// How many vehicles are connected.
    pub fn connected(&self) -> usize {
        self.leases().count(Instant::now())
    }

    /// A vehicle was registered: it is let in soon.
    pub fn registered(&self) {
        self.registered.notify_one();
    }

    /// Sends a command, within the trace of the caller, and waits for the acknowledgement.
    pub async fn command(
        &self,
        tenant_id: &str,
        vehicle_id: &str,
        body: command::Body,
        ttl: Duration,
    ) -> Result<CommandAck, CommandError> {
        let scope = Scope::new(tenant_id, vehicle_id).map_err(|_| CommandError::NotConnected)?;
        let (link, session_id) =
            self.link.get().zip(self.session(&scope)).ok_or(CommandError::NotConnected)?;
        // Where there is no request, e.g. for what is sent again after a restart, it is a trace of its own.
        let trace = trace::current().map_or_else(Trace::random, Trace::child);
        let (name, started) = (command_name(&body), Time::now());
        let command = Command {
            command_id: ulid::Ulid::generate().to_bytes().to_vec(),
            issued_at_unix_ns: Time::now().as_unix_ns(),
            ttl_ms: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            traceparent: trace.traceparent(),
            body: Some(body),
            // The rest belongs to the link.
            ..Command::default()
        };
        let sent = link.command(&scope, session_id, &command, ttl).await;
        spans::record(|| Span {
            trace,
            name: format!("command {name}"),
            kind: SpanKind::Client,
            started,
            ended: Time::now(),
            attributes: vec![KeyValue::new("vehicle_id", vehicle_id.to_owned())],
            error: sent.as_ref().err().map(ToString::to_string),
        });
        let ack = sent?;
        spans::record(|| Span {
            // The vehicle's own part, by its own clock.
            trace: trace.child(),
            name: format!("vehicle executes {name}"),
            kind: SpanKind::Server,
            started: Time::from_unix_ns(ack.received_at_unix_ns),
            ended: Time::from_unix_ns(ack.executed_at_unix_ns),
            attributes: vec![
                KeyValue::new("vehicle_id", vehicle_id.to_owned()),
                KeyValue::new("result", ack.result().as_str_name()),
            ],
            error: None,
        });
        Ok(ack)
    }

    /// Where vehicles connect, with the ports taken.
    pub async fn endpoints(&self) -> Vec<String> {
        match self.link.get() {
            Some(link) => link.endpoints().await,
            None => vec![],
        }
    }

    /// Cuts all vehicles off.
    pub async fn close(&self) {
        if let Some(link) = self.link.get() {
            link.close().await;
        }
    }
}

/// Lets vehicles connect.
pub async fn open(app: &App) -> anyhow::Result<()> {
    let config = LinkConfig {
        listen: app.config.vehicle_link.clone(),
        pki: app.config.pki(),
        holders: holders(app).await?,
    };
    let link = Link::open(config, Arc::new(app.clone())).await?;
    app.vehicles.link.set(link).map_err(|_| anyhow::anyhow!("the vehicle link is open already"))
}

/// Lets in who is registered, until the service ends.
pub async fn run(app: App) {
    loop {
        tokio::select! {
            () = app.ended() => return,
            () = app.vehicles.registered.notified() => tokio::time::sleep(SETTLE).await,
        }
        let (Some(link), Ok(holders)) = (app.vehicles.link.get(), holders(&app).await) else { continue };
        if let Err(error) = link.set_holders(holders).await {
            tracing::error!(cause = %error, "the vehicle link could not be opened again; trying on");
            app.vehicles.registered();
        }
    }
}

/// Whose certificates are accepted.
async fn holders(app: &App) -> sqlx::Result<Vec<Holder>> {
    let vehicles = fleet::store::all(app.db.reader()).await?;
    let tenants = vehicles.iter().map(|(tenant, _)| tenant.as_str()).chain([app.config.tenant.as_str()]);
    let fleets =
        tenants.filter(|_| app.config.fleet_certificates).filter_map(|tenant| Holder::fleet(tenant).ok());
    let single =
        vehicles.iter().filter_map(|(tenant, vehicle)| Scope::new(tenant, vehicle).ok().map(Holder::Vehicle));
    let mut holders: Vec<Holder> = single.chain(fleets).collect();
    holders.sort();
    holders.dedup();
    Ok(holders)
}

/// For people who look at traces.
fn command_name(body: &command::Body) -> &'static str {
    match body {
        command::Body::TripOrder(_) => "trip order",
        command::Body::EmergencyStop(_) => "emergency stop",
        command::Body::SafetyReset(_) => "safety reset",
    }
}
