//! The cloud's end: the real [`Link`] with an [`Inbound`] that keeps everything in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bridge_proto::v1::command::Body;
use bridge_proto::v1::{
    Command, EmergencyStop, Event, EventAck, EventUpload, Hello, Telemetry, Welcome, event_ack, welcome,
};
use bridge_proto::{Holder, Scope};
use fleetd::lease::{Claim, LEASE, Leases};
use fleetd::link::{BoxFuture, Inbound, Link, LinkConfig, fresh};
use parking_lot::Mutex;

use crate::Files;

type Streams = HashMap<(Scope, Vec<u8>), Vec<Event>>;

/// What the cloud knows. It outlives its links, as a database does.
#[derive(Default)]
pub struct Cloud {
    leases: Mutex<Leases>,
    /// By vehicle and stream.
    streams: Mutex<Streams>,
    hellos: Mutex<HashMap<Scope, Hello>>,
    /// Reports of sessions that hold their vehicle.
    pub reports: AtomicU64,
    /// What could not be decoded.
    pub undecodable: Mutex<Vec<String>>,
    /// Reports that came faster than they were taken.
    pub overrun: AtomicU64,
    /// Reports by vehicle.
    pub telemetry: Mutex<HashMap<Scope, Telemetry>>,
    /// Events that the vehicle was told too few or too many of.
    pub missing: AtomicU64,
    /// Uploads that are stored but whose acknowledgement is then withheld.
    pub forgets_to_acknowledge: AtomicBool,
    /// How far its clock is off, s.
    pub clock_off_s: AtomicI64,
}

impl Cloud {
    /// Opens a link for holders on an endpoint.
    pub async fn open(self: &Arc<Self>, files: &Files, listen: &str, holders: &[Holder]) -> Link {
        let config = LinkConfig { listen: vec![listen.into()], pki: files.pki(), holders: holders.to_vec() };
        Link::open(config, Arc::clone(self) as _).await.unwrap()
    }

    /// Its clock, ns since the epoch.
    #[allow(clippy::disallowed_methods)]
    pub fn now_unix_ns(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
        (now + self.clock_off_s.load(Ordering::Relaxed) * 1_000_000_000) as u64
    }

    /// The session that holds a vehicle.
    pub fn session(&self, scope: &Scope) -> Option<[u8; 16]> {
        self.leases.lock().holder(scope, Instant::now())
    }

    /// Forgets who holds what, as a restart does.
    pub fn forget_leases(&self) {
        *self.leases.lock() = Leases::default();
    }

    /// All events of a vehicle, by stream.
    pub fn events(&self, scope: &Scope) -> Vec<Vec<Event>> {
        self.streams
            .lock()
            .iter()
            .filter(|((s, _), _)| s == scope)
            .map(|(_, events)| events.clone())
            .collect()
    }

    /// How many events of a vehicle it has.
    pub fn event_count(&self, scope: &Scope) -> usize {
        self.events(scope).iter().map(Vec::len).sum()
    }

    /// The newest hello of a vehicle.
    pub fn hello_of(&self, scope: &Scope) -> Option<Hello> {
        self.hellos.lock().get(scope).cloned()
    }
}

impl Inbound for Cloud {
    fn hello(&self, scope: Scope, hello: Hello) -> BoxFuture<'_, Welcome> {
        Box::pin(async move {
            let session = hello.session_id.as_slice().try_into().unwrap();
            let claim = self.leases.lock().hello(&scope, session, Instant::now());
            let result = match claim {
                Claim::HeldByOther => welcome::Result::HeldByOther,
                Claim::Taken | Claim::Renewed => welcome::Result::Accepted,
            };
            if claim != Claim::HeldByOther {
                self.hellos.lock().insert(scope, hello);
            }
            Welcome {
                result: result.into(),
                message: String::new(),
                cloud_time_unix_ns: self.now_unix_ns(),
                lease_ms: LEASE.as_millis() as u32,
            }
        })
    }

    fn telemetry(&self, scope: Scope, telemetry: Telemetry) {
        if self.leases.lock().holds(&scope, &telemetry.session_id, Instant::now()) {
            self.reports.fetch_add(1, Ordering::Relaxed);
            self.telemetry.lock().insert(scope, telemetry);
        }
    }

    fn overrun(&self) {
        self.overrun.fetch_add(1, Ordering::Relaxed);
    }

    fn undecodable(&self, key: &str, _: &[u8], why: String) {
        self.undecodable.lock().push(format!("{key}: {why}"));
    }

    fn events(&self, scope: Scope, upload: EventUpload) -> BoxFuture<'_, EventAck> {
        Box::pin(async move {
            let ack = |result: event_ack::Result, stored_up_to| EventAck {
                result: result.into(),
                stream_id: upload.stream_id.clone(),
                stored_up_to,
                message: String::new(),
            };
            if !self.leases.lock().holds(&scope, &upload.session_id, Instant::now()) {
                return ack(event_ack::Result::NoLease, 0);
            }
            let mut streams = self.streams.lock();
            let stored = streams.entry((scope, upload.stream_id.clone())).or_default();
            let stored_up_to = stored.last().map_or(0, |last| last.sequence);
            let fresh = fresh(stored_up_to, &upload).unwrap();
            self.missing.fetch_add(fresh.missing, Ordering::Relaxed);
            stored.extend_from_slice(fresh.events);
            if self.forgets_to_acknowledge.load(Ordering::Relaxed) {
                return ack(event_ack::Result::Busy, 0);
            }
            ack(event_ack::Result::Stored, fresh.stored_up_to)
        })
    }
}

/// A new command, issued now on the cloud's clock.
pub fn command(cloud: &Cloud, ttl: Duration, body: Body) -> Command {
    Command {
        command_id: rand::random::<[u8; 16]>().to_vec(),
        issued_at_unix_ns: cloud.now_unix_ns(),
        ttl_ms: ttl.as_millis() as u32,
        body: Some(body),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        ..Command::default()
    }
}

/// Stops.
pub fn emergency_stop() -> Body {
    Body::EmergencyStop(EmergencyStop { reason: "test".into() })
}
