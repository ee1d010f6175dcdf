//! What vehicles say: hello, telemetry, durable events.

use bridge_proto::Scope;
use bridge_proto::v1::{EventAck, EventUpload, Hello, Telemetry, Welcome, event, event_ack, welcome};

use super::lease::{Claim, LEASE};
use super::link::{BoxFuture, Inbound, fresh};
use crate::App;
use crate::db::Tx;
use crate::events::{self, NewEvent};
use crate::fleet;
use crate::gateway::problem::Problem;
use crate::gateway::trace::{self, Trace};
use crate::time::Time;
use crate::{stops, telemetry, trips};

impl Inbound for App {
    fn hello(&self, scope: Scope, hello: Hello) -> BoxFuture<'_, Welcome> {
        Box::pin(async move { self.on_hello(&scope, &hello).await })
    }

    fn telemetry(&self, scope: Scope, report: Telemetry) {
        if !self.vehicles.holds(&scope, &report.session_id) {
            return self.telemetry.refused(telemetry::Refused::NoLease);
        }
        let received_at = Time::now();
        if !self.live.update(&scope, &report, received_at) {
            return self.telemetry.refused(telemetry::Refused::OldOrInvalid);
        }
        stops::observe(self, &scope, &report);
        self.telemetry.take(scope, report, received_at);
    }

    fn overrun(&self) {
        self.telemetry.overrun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn undecodable(&self, key: &str, payload: &[u8], why: String) {
        self.telemetry.dead_letter(key, payload, why);
    }

    fn events(&self, scope: Scope, upload: EventUpload) -> BoxFuture<'_, EventAck> {
        Box::pin(async move { self.on_events(&scope, &upload).await })
    }
}

impl App {
    /// Answers a session that wants a vehicle, or wants to keep it.
    async fn on_hello(&self, scope: &Scope, hello: &Hello) -> Welcome {
        let answer = |result: welcome::Result, message: &str| Welcome {
            result: result.into(),
            message: message.into(),
            cloud_time_unix_ns: Time::now().as_unix_ns(),
            lease_ms: u32::try_from(LEASE.as_millis()).unwrap_or(u32::MAX),
        };
        let Ok(session_id) = hello.session_id.as_slice().try_into() else {
            return answer(welcome::Result::Unspecified, "session_id has to have 16 bytes");
        };
        match fleet::store::vehicle(self.db.reader(), scope.tenant(), scope.vehicle()).await {
            Ok(Some(_)) => {}
            Ok(None) => return answer(welcome::Result::UnknownVehicle, "register it: POST /api/v1/vehicles"),
            Err(error) => {
                tracing::error!(cause = %error, "a hello can't be answered");
                return answer(welcome::Result::Unspecified, "try again");
            }
        }
        let entity_id = format!("vehicle:{}", scope.vehicle());
        match self.vehicles.hello(scope, session_id) {
            Claim::HeldByOther => {
                tracing::warn!(entity_id, "a second bridge wants this vehicle");
                answer(
                    welcome::Result::HeldByOther,
                    "another bridge holds this vehicle: two have the same id",
                )
            }
            claim => {
                if claim == Claim::Taken {
                    tracing::info!(entity_id, tenant_id = scope.tenant(), "vehicle connected");
                    self.wake_dispatch();
                }
                answer(welcome::Result::Accepted, "")
            }
        }
    }

    /// Stores durable events, each once, before they are acknowledged.
    async fn on_events(&self, scope: &Scope, upload: &EventUpload) -> EventAck {
        let answer = |result: event_ack::Result, stored_up_to, message: &str| EventAck {
            result: result.into(),
            stream_id: upload.stream_id.clone(),
            stored_up_to,
            message: message.into(),
        };
        if !self.vehicles.holds(scope, &upload.session_id) {
            return answer(event_ack::Result::NoLease, 0, "say hello first");
        }
        match self.store_events(scope, upload).await {
            Ok(stored_up_to) => {
                self.announce();
                self.wake_dispatch();
                answer(event_ack::Result::Stored, stored_up_to, "")
            }
            Err(problem) => {
                tracing::error!(?problem, "events can't be stored");
                answer(event_ack::Result::Busy, 0, "try again")
            }
        }
    }

    async fn store_events(&self, scope: &Scope, upload: &EventUpload) -> Result<u64, Problem> {
        let stream_id: String = upload.stream_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tx = self.db.begin().await?;
        let stored = telemetry::store::stored_up_to(&mut tx, scope, &stream_id).await?;
        let fresh = fresh(stored, upload).map_err(|why| Problem::internal(&why))?;
        for event in fresh.events {
            let trace = Trace::parse(&event.traceparent).unwrap_or_else(Trace::random);
            let occurred_at = Time::from_unix_ns(event.occurred_at_unix_ns);
            trace::within(trace, store_one(&mut tx, scope, event.body.as_ref(), occurred_at)).await?;
        }
        if fresh.stored_up_to != stored {
            telemetry::store::set_stored_up_to(&mut tx, scope, &stream_id, fresh.stored_up_to).await?;
        }
        tx.commit().await?;
        Ok(fresh.stored_up_to)
    }
}

async fn store_one(
    tx: &mut Tx,
    scope: &Scope,
    body: Option<&event::Body>,
    occurred_at: Time,
) -> sqlx::Result<()> {
    let (kind, data) = match body {
        Some(event::Body::TripProgress(report)) => return trips::progress(tx, scope, report).await,
        Some(event::Body::SafetyChanged(change)) => {
            let state = change.state.clone().unwrap_or_default();
            let data = serde_json::json!({
                "mode": super::live::safety_mode_name(state.mode()), "latched": state.latched,
                "root_cause": state.root_cause, "active_causes": state.active_causes, "way_out": state.way_out,
                "speed_mps": change.speed_mps, "occurred_at": occurred_at,
            });
            ("vehicle.safety_changed", data)
        }
        Some(event::Body::FaultsChanged(change)) => {
            let level = change.level().as_str_name().trim_start_matches("FAULT_LEVEL_").to_lowercase();
            let data =
                serde_json::json!({ "level": level, "faults": change.faults, "occurred_at": occurred_at });
            ("vehicle.faults_changed", data)
        }
        Some(event::Body::CommandDone(done)) => {
            let ack = done.ack.clone().unwrap_or_default();
            let result = ack.result().as_str_name().trim_start_matches("RESULT_").to_lowercase();
            let data =
                serde_json::json!({ "result": result, "message": ack.message, "occurred_at": occurred_at });
            ("vehicle.command_done", data)
        }
        Some(event::Body::EventsLost(lost)) => {
            ("vehicle.events_lost", serde_json::json!({ "count": lost.count, "occurred_at": occurred_at }))
        }
        // Of a newer vehicle: it counts as stored, or the stream would stop here.
        None => ("vehicle.unknown_event", serde_json::json!({ "occurred_at": occurred_at })),
    };
    let entity = format!("vehicle:{}", scope.vehicle());
    events::write(tx, NewEvent { tenant_id: scope.tenant(), kind, entity: &entity, actor: &entity, data })
        .await
}
