//! Trips from the order to the end. Playbook service: mission-management.

pub mod api;
pub mod orders;
pub mod status;
pub mod store;

use bridge_proto::Scope;
use bridge_proto::v1::TripProgress;

pub use api::TripView;
use status::TripStatus;
use store::{NewTrip, StoredStatus, Transition, Trip};

use crate::App;
use crate::db::Tx;
use crate::events::{self, NewEvent};
use crate::gateway::problem::{Problem, Result};
use crate::gateway::trace;
use crate::id;
use crate::identity::Caller;
use crate::identity::audit::{self, Outcome};
use crate::routing::{Place, RouteSummary};
use crate::time::Time;

/// An order for a trip.
pub struct Order {
    /// Where the passengers wait.
    pub pickup: Place,
    /// Where they want to.
    pub destination: Place,
    /// How many they are.
    pub passenger_count: u32,
    /// A second order with the same key is the first one.
    pub idempotency_key: Option<String>,
}

/// Takes an order, if there is a route.
pub async fn create(app: &App, caller: &Caller, order: Order) -> Result<Trip> {
    if let Some(key) = &order.idempotency_key
        && let Some(trip) = store::by_key(app.db.reader(), &caller.tenant_id, key).await?
    {
        return Ok(trip);
    }
    let (routing_app, tenant_id) = (app.clone(), caller.tenant_id.clone());
    let find = move || routing_app.routing.route(&tenant_id, order.pickup, order.destination);
    let found = tokio::task::spawn_blocking(find).await.map_err(|error| Problem::internal(&error))??;
    let route = serde_json::to_string(&RouteSummary::from(&found.route))
        .map_err(|error| Problem::internal(&error))?;
    let trip_id = id::new("trip");
    let traceparent = trace::current().map(trace::Trace::traceparent).unwrap_or_default();
    let new = NewTrip {
        trip_id: &trip_id,
        tenant_id: &caller.tenant_id,
        area: &found.area,
        pickup: order.pickup,
        destination: order.destination,
        passenger_count: order.passenger_count,
        route: &route,
        idempotency_key: order.idempotency_key.as_deref(),
        created_by: &caller.user_id,
        traceparent: &traceparent,
    };
    let mut tx = app.db.begin().await?;
    if !store::insert(&mut tx, &new).await? {
        // Somebody was quicker with the same key.
        drop(tx);
        let key = order.idempotency_key.unwrap_or_default();
        let trip = store::by_key(app.db.reader(), &caller.tenant_id, &key).await?;
        return trip.ok_or_else(|| Problem::internal(&"a trip that was there is gone"));
    }
    let trip = known_in(&mut tx, &caller.tenant_id, &trip_id).await?;
    record(&mut tx, &trip, &caller.user_id, "ordered").await?;
    audit::write_in(&mut tx, caller, "trip.create", &trip.entity(), Outcome::Done, "").await?;
    tx.commit().await?;
    app.announce();
    app.wake_dispatch();
    Ok(trip)
}

/// Calls a trip off.
pub async fn cancel(app: &App, caller: &Caller, trip_id: &str, reason: &str) -> Result<Trip> {
    let mut tx = app.db.begin().await?;
    let mut trip = known_in(&mut tx, &caller.tenant_id, trip_id).await?;
    if trip.status() == TripStatus::Cancelled {
        return Ok(trip);
    }
    if !advance(&mut tx, &mut trip, TripStatus::Cancelled, &caller.user_id, reason).await? {
        return Err(Problem::conflict("trip-ended", format!("the trip is {} already", trip.status())));
    }
    audit::write_in(&mut tx, caller, "trip.cancel", &trip.entity(), Outcome::Done, reason).await?;
    tx.commit().await?;
    app.announce();
    app.wake_dispatch();
    Ok(trip)
}

/// Routes a trip again with what is blocked now; the vehicle gets the new way.
pub async fn recalculate(app: &App, caller: &Caller, trip_id: &str) -> Result<TripView> {
    let mut tx = app.db.begin().await?;
    let mut trip = known_in(&mut tx, &caller.tenant_id, trip_id).await?;
    if trip.status().is_final() {
        return Err(Problem::conflict("trip-ended", format!("the trip is {} already", trip.status())));
    }
    let route = app.routing.route_in(&trip.tenant_id, &trip.area, trip.pickup(), trip.destination())?;
    trip.route =
        serde_json::to_string(&RouteSummary::from(&route)).map_err(|error| Problem::internal(&error))?;
    if trip.status().has_vehicle() {
        trip.revision += 1;
    }
    store::update(&mut tx, &trip).await?;
    announce_in(&mut tx, &trip, "trip.rerouted", &caller.user_id, "recalculated").await?;
    audit::write_in(&mut tx, caller, "trip.recalculate", &trip.entity(), Outcome::Done, "").await?;
    tx.commit().await?;
    app.announce();
    app.wake_dispatch();
    api::view(app, trip).await
}

/// Gives a waiting trip to a vehicle; false if it does not wait any more.
pub async fn assign(
    app: &App,
    tenant_id: &str,
    trip_id: &str,
    vehicle_id: &str,
    reason: &str,
) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let mut trip = known_in(&mut tx, tenant_id, trip_id).await?;
    if trip.status() != TripStatus::Created {
        return Ok(false);
    }
    trip.vehicle_id = Some(vehicle_id.to_owned());
    trip.revision += 1;
    advance(&mut tx, &mut trip, TripStatus::Assigned, "dispatch", reason).await?;
    tx.commit().await?;
    app.announce();
    Ok(true)
}

/// Takes a trip from a vehicle that was lost before the pickup, so that another one gets it; later it fails.
pub async fn vehicle_lost(app: &App, trip: &Trip, reason: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut trip = known_in(&mut tx, &trip.tenant_id, &trip.trip_id).await?;
    let next = if trip.status().steps_to(TripStatus::Created).is_some() {
        TripStatus::Created
    } else {
        TripStatus::Failed
    };
    if next == TripStatus::Created {
        trip.vehicle_id = None;
    }
    advance(&mut tx, &mut trip, next, "dispatch", reason).await?;
    tx.commit().await?;
    app.announce();
    app.wake_dispatch();
    Ok(())
}

/// Takes over what a vehicle reports of its trip, in the transaction that stores the report.
///
/// What does not fit is left out: the trip has ended or another vehicle has it by now, or the report is of an older order.
pub async fn progress(tx: &mut Tx, scope: &Scope, report: &TripProgress) -> sqlx::Result<()> {
    let Some(status) = TripStatus::of_progress(report.state(), report.stop_index) else { return Ok(()) };
    let Some(mut trip) = store::trip_in(tx, scope.tenant(), &report.trip_id).await? else { return Ok(()) };
    if trip.vehicle_id.as_deref() != Some(scope.vehicle()) {
        return Ok(());
    }
    let actor = format!("vehicle:{}", scope.vehicle());
    let reason = if report.reason.is_empty() { "reported by the vehicle" } else { &report.reason };
    if advance(tx, &mut trip, status, &actor, reason).await? && status.is_final() {
        // It is the vehicle that ended it: it need not be told.
        store::acked(tx, &trip.trip_id, trip.revision).await?;
    }
    Ok(())
}

/// Goes to a status through those between; false if that can't be.
async fn advance(
    tx: &mut Tx,
    trip: &mut Trip,
    to: TripStatus,
    actor: &str,
    reason: &str,
) -> sqlx::Result<bool> {
    let Some(steps) = trip.status().steps_to(to) else { return Ok(false) };
    if matches!(to, TripStatus::Cancelled | TripStatus::Failed | TripStatus::Created) {
        // The vehicle has to hear of it.
        trip.revision += 1;
    }
    for status in steps {
        trip.status = StoredStatus(status);
        let reason = if status == to { reason } else { "the vehicle's report of this step did not arrive" };
        record(tx, trip, actor, reason).await?;
    }
    store::update(tx, trip).await?;
    Ok(true)
}

/// Writes the step and its event.
async fn record(tx: &mut Tx, trip: &Trip, actor: &str, reason: &str) -> sqlx::Result<()> {
    let transition = Transition {
        status: trip.status().name().into(),
        at: Time::now(),
        actor: actor.into(),
        reason: reason.into(),
        trace_id: trace::current().map(trace::Trace::trace_id).unwrap_or_default(),
    };
    store::add_transition(tx, &trip.trip_id, &transition).await?;
    announce_in(tx, trip, &format!("trip.{}", trip.status()), actor, reason).await
}

async fn announce_in(tx: &mut Tx, trip: &Trip, kind: &str, actor: &str, reason: &str) -> sqlx::Result<()> {
    let data = serde_json::json!({
        "trip_id": trip.trip_id, "status": trip.status(), "vehicle_id": trip.vehicle_id, "reason": reason,
    });
    let entity = trip.entity();
    events::write(tx, NewEvent { tenant_id: &trip.tenant_id, kind, entity: &entity, actor, data }).await
}

async fn known_in(tx: &mut Tx, tenant_id: &str, trip_id: &str) -> Result<Trip> {
    store::trip_in(tx, tenant_id, trip_id).await?.ok_or_else(|| no_trip(trip_id))
}

fn no_trip(trip_id: &str) -> Problem {
    let trip_id: String = trip_id.chars().take(64).collect();
    Problem::not_found("trip", format!("there is no trip {trip_id:?}; GET /api/v1/trips lists them"))
}
