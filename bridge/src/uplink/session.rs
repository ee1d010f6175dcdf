//! Hello and lease on one path, and the commands that come in on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_proto::v1::{Hello, Welcome, welcome};
use bridge_proto::{PROTOCOL_VERSION, Suffix};
use prost::Message as _;
use zenoh::Session;
use zenoh::qos::{CongestionControl, Priority};
use zenoh::query::ConsolidationMode;

use super::{LinkState, Shared, commands, unix_time_ns};

/// Time between two hellos.
const HELLO_PERIOD: Duration = Duration::from_secs(2);
/// So long is an answer waited for; then the next hello follows at once.
const HELLO_TIMEOUT: Duration = Duration::from_millis(800);
/// Between two hellos of which the first was not even sent.
const RETRY: Duration = Duration::from_millis(200);
/// A path without an answer for so long is not used.
pub const SILENT: Duration = Duration::from_secs(3);

/// Says hello on a path for ever.
pub async fn keep(shared: Arc<Shared>, path: usize) {
    let Some(state) = shared.paths.get(path) else { return };
    let Some(session) = state.path.session().await else { return };
    let _commands = match commands::listen(&shared, &session).await {
        Ok(queryable) => queryable,
        Err(error) => {
            return tracing::error!(%error, "commands can't be received on this path: it is not used");
        }
    };
    loop {
        let asked = Instant::now();
        match hello(&shared, &session).await {
            Some(welcome) => {
                let received = Instant::now();
                *state.answered.lock() = Some(received);
                shared.clock.lock().answered(asked, received, welcome.cloud_time_unix_ns);
                welcomed(&shared, &welcome, received);
                tokio::time::sleep(HELLO_PERIOD).await;
            }
            // A query ends at once where there is no connection.
            None => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn hello(shared: &Shared, session: &Session) -> Option<Welcome> {
    let (trip_id, trip_revision) = shared.report.borrow().trip.clone().unwrap_or_default();
    let hello = Hello {
        protocol_version: PROTOCOL_VERSION,
        session_id: shared.session_id.to_vec(),
        sent_at_unix_ns: unix_time_ns(),
        software_version: shared.config.software_version.clone(),
        vehicle_model: shared.config.vehicle_model.clone(),
        map_id: shared.config.map_id.clone(),
        trip_id,
        trip_revision,
        // The disk may be at work; the number is only for people.
        spooled_events: shared.spool.try_lock().map_or(0, |spool| spool.len() as u64),
    };
    let replies = session
        .get(shared.config.scope.key(Suffix::Hello))
        .payload(hello.encode_to_vec())
        .congestion_control(CongestionControl::Drop)
        .priority(Priority::InteractiveHigh)
        .express(true)
        .consolidation(ConsolidationMode::None)
        .timeout(HELLO_TIMEOUT)
        .await
        .ok()?;
    let reply = replies.recv_async().await.ok()?;
    Welcome::decode(&*reply.result().ok()?.payload().to_bytes()).ok()
}

fn welcomed(shared: &Shared, welcome: &Welcome, now: Instant) {
    let accepted = welcome.result() == welcome::Result::Accepted;
    let was = shared.link.borrow().clone();
    let next = if accepted {
        let lease = Duration::from_millis(welcome.lease_ms.into());
        LinkState { leased_until: Some(now + lease), refused: None }
    } else {
        let reason = match welcome.result() {
            welcome::Result::HeldByOther => "another bridge speaks for this vehicle",
            welcome::Result::UnknownVehicle => "the cloud does not know this vehicle",
            welcome::Result::UnsupportedVersion => "the cloud speaks another version of the protocol",
            _ => "the cloud refuses",
        };
        LinkState { leased_until: None, refused: Some(format!("{reason}: {}", welcome.message)) }
    };
    if was.refused != next.refused {
        match &next.refused {
            Some(reason) => tracing::error!(vehicle = %shared.config.scope, reason, "no lease"),
            None => tracing::info!(vehicle = %shared.config.scope, "the cloud accepts this bridge"),
        }
    }
    if accepted && was.leased_until.is_none() {
        tracing::info!(vehicle = %shared.config.scope, "linked to the cloud");
    }
    shared.link.send_replace(next);
    if accepted {
        shared.upload_due.notify_one();
    }
}
