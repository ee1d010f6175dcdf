//! The vehicles that are connected, and commands to them. Playbook service: vehicle-gateway.

pub mod lease;
pub mod link;
pub mod live;
mod reports;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bridge_proto::v1::{Command, CommandAck, Hello, command};
use bridge_proto::{PROTOCOL_VERSION, Scope};

use crate::gateway::trace;
use crate::time::Time;

/// A session holds its vehicle for so long after it last said hello.
pub const LEASE: Duration = Duration::from_secs(3);

/// What carries commands to vehicles.
pub trait Wire: Send + Sync {
    /// Sends a command to a session of a vehicle and waits for its acknowledgement.
    fn command<'a>(
        &'a self,
        scope: &'a Scope,
        session_id: [u8; 16],
        command: Command,
        timeout: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<CommandAck, CommandError>> + Send + 'a>>;
}

/// Why there is no acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No session holds the vehicle.
    #[error("the vehicle is not connected")]
    NotConnected,
    /// It did not answer in time.
    #[error("the vehicle did not answer: {0}")]
    NoAnswer(String),
}

struct Session {
    id: [u8; 16],
    /// Of the last hello.
    heard: Instant,
    /// Of the last command.
    sequence: u64,
    trip: (String, u32),
}

/// Sessions of all vehicles.
#[derive(Default)]
pub struct Vehicles {
    sessions: Mutex<HashMap<Scope, Session>>,
    wire: OnceLock<Box<dyn Wire>>,
    commands: AtomicU64,
}

impl Vehicles {
    /// Connects with the link; the first one counts.
    pub fn connect(&self, wire: Box<dyn Wire>) {
        // A second link would be a mistake in the start-up, which its test finds.
        let _ = self.wire.set(wire);
    }

    /// Lets a session have its vehicle, unless another one has it.
    fn hello(&self, scope: &Scope, id: [u8; 16], hello: &Hello) -> bool {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let trip = (hello.trip_id.clone(), hello.trip_revision);
        match sessions.get_mut(scope) {
            Some(session) if session.id == id => (session.heard, session.trip) = (Instant::now(), trip),
            Some(session) if session.heard.elapsed() < LEASE => return false,
            _ => {
                sessions.insert(scope.clone(), Session { id, heard: Instant::now(), sequence: 0, trip });
            }
        }
        true
    }

    /// Whether a session holds its vehicle.
    fn holds(&self, scope: &Scope, id: &[u8]) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(scope).is_some_and(|session| session.id == id && session.heard.elapsed() < LEASE)
    }

    /// Whether commands can reach a vehicle.
    pub fn is_connected(&self, tenant_id: &str, vehicle_id: &str) -> bool {
        let Ok(scope) = Scope::new(tenant_id, vehicle_id) else { return false };
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(&scope).is_some_and(|session| session.heard.elapsed() < LEASE)
    }

    /// Trip and revision that a vehicle said it is on.
    pub fn trip(&self, tenant_id: &str, vehicle_id: &str) -> Option<(String, u32)> {
        let scope = Scope::new(tenant_id, vehicle_id).ok()?;
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(&scope).filter(|session| session.heard.elapsed() < LEASE).map(|session| session.trip.clone())
    }

    /// How many vehicles are connected.
    pub fn connected(&self) -> usize {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.heard.elapsed() < LEASE).count()
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
        let (wire, (session_id, sequence)) =
            self.wire.get().zip(self.next(&scope)).ok_or(CommandError::NotConnected)?;
        self.commands.fetch_add(1, Ordering::Relaxed);
        let command = Command {
            protocol_version: PROTOCOL_VERSION,
            command_id: ulid::Ulid::generate().to_bytes().to_vec(),
            session_id: session_id.to_vec(),
            sequence,
            issued_at_unix_ns: Time::now().as_unix_ns(),
            ttl_ms: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            traceparent: trace::current().map(trace::Trace::traceparent).unwrap_or_default(),
            body: Some(body),
        };
        wire.command(&scope, session_id, command, ttl).await
    }

    fn next(&self, scope: &Scope) -> Option<([u8; 16], u64)> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(scope).filter(|session| session.heard.elapsed() < LEASE)?;
        session.sequence += 1;
        Some((session.id, session.sequence))
    }
}
