//! Emergency stops: at once on one operator's word, delivered again and again until the vehicle's own gate says that it
//! stops, and released only by two people.

pub mod api;
pub mod store;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge_proto::Scope;
use bridge_proto::v1::{EmergencyStop, SafetyMode, SafetyReset, Telemetry, command::Body, command_ack};
use tokio::sync::watch;
use tokio::time::timeout;

use store::{Status, Stop};

use crate::App;
use crate::events::{self, NewEvent};
use crate::gateway::problem::{Problem, Result};
use crate::gateway::trace::{self, Trace};
use crate::id;
use crate::identity::Caller;
use crate::identity::audit::{self, Outcome};
use crate::incidents::{self, NewIncident};
use crate::time::Time;
use crate::vehicles::CommandError;

/// One attempt to deliver a stop.
const ATTEMPT: Duration = Duration::from_millis(500);
/// How long the gate may take to show that it stops before it is told again.
const CONFIRM: Duration = Duration::from_millis(1000);
/// Slower is standing, m/s.
const STANDING_MPS: f32 = 0.05;
/// An approval counts for so long.
const APPROVAL: Duration = Duration::from_secs(600);

/// What the vehicle shows while it is being stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Observed {
    stopping: bool,
    standing: bool,
}

/// Stops under way, each waiting to see its vehicle stand.
#[derive(Default)]
pub struct Stops(Mutex<HashMap<Scope, watch::Sender<Observed>>>);

impl Stops {
    fn watch(&self, scope: &Scope) -> Option<watch::Receiver<Observed>> {
        let mut stops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stops.contains_key(scope) {
            return None;
        }
        let (sender, receiver) = watch::channel(Observed::default());
        stops.insert(scope.clone(), sender);
        Some(receiver)
    }

    fn end(&self, scope: &Scope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }
}

/// Looks at each report for vehicles that are being stopped.
pub fn observe(app: &App, scope: &Scope, report: &Telemetry) {
    let stops = app.stops.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(sender) = stops.get(scope) else { return };
    let safety = report.safety.clone().unwrap_or_default();
    let stopping = safety.latched && matches!(safety.mode(), SafetyMode::EmergencyStop | SafetyMode::Stopped);
    let speed_mps = report.state.as_ref().map_or(f32::INFINITY, |state| state.speed_mps);
    let observed = Observed { stopping, standing: stopping && speed_mps.abs() < STANDING_MPS };
    sender.send_if_modified(|known| std::mem::replace(known, observed) != observed);
}

/// Stops a vehicle: writes it down with its incident, and begins to deliver it.
pub async fn request(app: &App, caller: &Caller, vehicle_id: &str, reason: &str) -> Result<Stop> {
    let trace = trace::current().unwrap_or_else(Trace::random);
    let entity = format!("vehicle:{vehicle_id}");
    let trip_id = app.live.get(&caller.tenant_id, vehicle_id).and_then(|live| live.trip_id);
    let mut tx = app.db.begin().await?;
    if let Some(stop) = store::active(&mut tx, &caller.tenant_id, vehicle_id).await? {
        let detail = format!("asked for again: {reason}");
        store::add_step(&mut tx, &stop.stop_id, "requested", &caller.user_id, &detail).await?;
        audit::write_in(&mut tx, caller, "vehicle.emergency-stop", &entity, Outcome::Done, reason).await?;
        tx.commit().await?;
        begin(app, stop.clone());
        return Ok(stop);
    }
    let title = format!("Emergency stop of {vehicle_id}: {reason}");
    let incident = NewIncident {
        tenant_id: &caller.tenant_id,
        kind: "emergency_stop",
        severity: "sev1",
        title: &title,
        vehicle_id: Some(vehicle_id),
        trip_id: trip_id.as_deref(),
        opened_by: &caller.user_id,
    };
    let incident_id = incidents::open(&mut tx, incident).await?;
    let stop = Stop {
        stop_id: id::new("stop"),
        tenant_id: caller.tenant_id.clone(),
        vehicle_id: vehicle_id.into(),
        status: Status::Requested.name().into(),
        reason: reason.into(),
        requested_by: caller.user_id.clone(),
        requested_at: Time::now(),
        incident_id,
        traceparent: trace.traceparent(),
    };
    store::insert(&mut tx, &stop).await?;
    store::add_step(&mut tx, &stop.stop_id, "requested", &caller.user_id, reason).await?;
    announce_in(&mut tx, &stop, "requested", &caller.user_id).await?;
    audit::write_in(&mut tx, caller, "vehicle.emergency-stop", &entity, Outcome::Done, reason).await?;
    tx.commit().await?;
    app.announce();
    begin(app, stop.clone());
    Ok(stop)
}

/// Goes on with the stops that were under way when the service ended.
pub async fn resume(app: &App) -> sqlx::Result<()> {
    for stop in store::undelivered(app.db.reader()).await? {
        begin(app, stop);
    }
    Ok(())
}

fn begin(app: &App, stop: Stop) {
    let Ok(scope) = Scope::new(&stop.tenant_id, &stop.vehicle_id) else { return };
    let Some(observed) = app.stops.watch(&scope) else { return };
    let app = app.clone();
    let trace = Trace::parse(&stop.traceparent).unwrap_or_else(Trace::random);
    tokio::spawn(async move {
        let work = trace::within(trace, deliver(&app, &stop, observed));
        tokio::select! {
            done = work => if let Err(error) = done {
                tracing::error!(cause = %error, stop_id = stop.stop_id, "an emergency stop could not be written down");
            },
            () = app.ended() => {}
        }
        app.stops.end(&scope);
    });
}

/// Tells the vehicle until its own state shows that it stops, then waits until it stands.
async fn deliver(app: &App, stop: &Stop, mut observed: watch::Receiver<Observed>) -> sqlx::Result<()> {
    let mut told = false;
    let mut missed = 0_u32;
    loop {
        let body = Body::EmergencyStop(EmergencyStop { reason: stop.reason.clone() });
        let sent = app.vehicles.command(&stop.tenant_id, &stop.vehicle_id, body, ATTEMPT).await;
        let executed = matches!(&sent, Ok(ack) if ack.result() == command_ack::Result::Executed);
        if executed && !told {
            told = true;
            step(app, stop, Status::Delivered, "the vehicle's gate took it").await?;
        }
        if !executed {
            missed += 1;
            // Each power of two, so that a vehicle that stays away does not fill the evidence.
            if missed.is_power_of_two() {
                let why = match sent {
                    Ok(ack) => format!("{}: {}", ack.result().as_str_name(), ack.message),
                    Err(error) => error.to_string(),
                };
                let mut tx = app.db.begin().await?;
                let detail = format!("attempt {missed}: {why}");
                store::add_step(&mut tx, &stop.stop_id, "not_delivered", "fleetd", &detail).await?;
                tx.commit().await?;
                tracing::warn!(
                    entity_id = format!("vehicle:{}", stop.vehicle_id),
                    detail,
                    "emergency stop not delivered"
                );
            }
        }
        // Not connected fails at once: the same pace then.
        if timeout(CONFIRM, observed.wait_for(|seen| seen.stopping)).await.is_ok_and(|seen| seen.is_ok()) {
            break;
        }
    }
    step(app, stop, Status::Confirmed, "the vehicle reports that it stops").await?;
    // The sender lives as long as this does.
    if observed.wait_for(|seen| seen.standing).await.is_ok() {
        step(app, stop, Status::Standing, "the vehicle reports that it stands").await?;
    }
    Ok(())
}

async fn step(app: &App, stop: &Stop, status: Status, detail: &str) -> sqlx::Result<()> {
    let actor = format!("vehicle:{}", stop.vehicle_id);
    let mut tx = app.db.begin().await?;
    store::set_status(&mut tx, &stop.stop_id, status).await?;
    store::add_step(&mut tx, &stop.stop_id, status.name(), &actor, detail).await?;
    announce_in(&mut tx, stop, status.name(), &actor).await?;
    tx.commit().await?;
    app.announce();
    Ok(())
}

async fn announce_in(tx: &mut crate::db::Tx, stop: &Stop, step: &str, actor: &str) -> sqlx::Result<()> {
    let data = serde_json::json!({
        "stop_id": stop.stop_id, "vehicle_id": stop.vehicle_id, "status": step, "reason": stop.reason,
        "incident_id": stop.incident_id,
    });
    let (kind, entity) = (format!("emergency_stop.{step}"), format!("vehicle:{}", stop.vehicle_id));
    events::write(tx, NewEvent { tenant_id: &stop.tenant_id, kind: &kind, entity: &entity, actor, data })
        .await
}

/// What came of an approval to release.
pub enum Release {
    /// Another person has to agree.
    Pending(Stop),
    /// The vehicle may drive.
    Released(Stop),
}

/// One person agrees that a stopped vehicle drives again; the second one releases it.
pub async fn release(app: &App, caller: &Caller, vehicle_id: &str, reason: &str) -> Result<Release> {
    let entity = format!("vehicle:{vehicle_id}");
    let mut tx = app.db.begin().await?;
    let Some(mut stop) = store::active(&mut tx, &caller.tenant_id, vehicle_id).await? else {
        return Err(Problem::conflict("not-stopped", format!("{vehicle_id} is not under an emergency stop")));
    };
    if !matches!(stop.status(), Some(Status::Standing | Status::ReleasePending)) {
        let detail =
            format!("{vehicle_id} does not stand yet (the stop is {}); wait until it does", stop.status);
        return Err(Problem::conflict("not-standing", detail));
    }
    let since = Time::now().before(APPROVAL);
    let approvals = store::approvals(&mut tx, &stop.stop_id, since).await?;
    let others: Vec<String> = approvals.into_iter().filter(|user| *user != caller.user_id).collect();
    store::add_step(&mut tx, &stop.stop_id, store::APPROVED, &caller.user_id, reason).await?;
    audit::write_in(&mut tx, caller, "vehicle.release-approve", &entity, Outcome::Done, reason).await?;
    if others.is_empty() {
        store::set_status(&mut tx, &stop.stop_id, Status::ReleasePending).await?;
        announce_in(&mut tx, &stop, Status::ReleasePending.name(), &caller.user_id).await?;
        tx.commit().await?;
        app.announce();
        stop.status = Status::ReleasePending.name().into();
        return Ok(Release::Pending(stop));
    }
    tx.commit().await?;
    let mut approved_by = others;
    approved_by.push(caller.user_id.clone());
    let body = Body::SafetyReset(SafetyReset { approved_by: approved_by.clone() });
    let ack = match app.vehicles.command(&stop.tenant_id, vehicle_id, body, Duration::from_secs(2)).await {
        Ok(ack) => ack,
        Err(error @ (CommandError::NotConnected | CommandError::NoAnswer(_))) => {
            return Err(Problem::conflict(
                "vehicle-not-reached",
                format!("{error}; both approvals stay valid: try again"),
            ));
        }
    };
    if ack.result() != command_ack::Result::Executed {
        let detail = format!("the vehicle refuses: {}; both approvals stay valid: try again", ack.message);
        return Err(Problem::conflict("vehicle-refuses", detail));
    }
    let mut tx = app.db.begin().await?;
    store::set_status(&mut tx, &stop.stop_id, Status::Released).await?;
    store::add_step(
        &mut tx,
        &stop.stop_id,
        Status::Released.name(),
        &caller.user_id,
        &approved_by.join(" and "),
    )
    .await?;
    announce_in(&mut tx, &stop, Status::Released.name(), &caller.user_id).await?;
    audit::write_in(&mut tx, caller, "vehicle.release", &entity, Outcome::Done, &approved_by.join(" and "))
        .await?;
    tx.commit().await?;
    app.announce();
    stop.status = Status::Released.name().into();
    Ok(Release::Released(stop))
}
