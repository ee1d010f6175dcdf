//! HTTP: trips.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::status::TripStatus;
use super::store::{self, Transition, Trip};
use super::{Order, no_trip};
use crate::App;
use crate::dispatch;
use crate::gateway::body::{Body, OptionalBody};
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::identity::{Caller, Permission};
use crate::routing::{Place, RouteSummary};
use crate::time::Time;

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get)).routes(routes!(cancel))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTrip {
    /// Where the passengers wait.
    pickup: Place,
    /// Where they want to.
    destination: Place,
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1, example = 2)]
    passenger_count: u32,
}

fn one() -> u32 {
    1
}

/// A trip.
#[derive(Serialize, ToSchema)]
pub struct TripView {
    trip_id: String,
    status: TripStatus,
    /// That has it.
    vehicle_id: Option<String>,
    /// Why no vehicle has it yet, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_because: Option<String>,
    pickup: Place,
    destination: Place,
    passenger_count: i64,
    /// Name of the road graph that it is on.
    area: String,
    /// From pickup to destination.
    route: RouteSummary,
    created_by: String,
    created_at: Time,
    updated_at: Time,
    /// Every step of its life.
    transitions: Vec<Transition>,
}

/// A trip as lists show it.
#[derive(Serialize, ToSchema)]
struct TripItem {
    trip_id: String,
    status: TripStatus,
    vehicle_id: Option<String>,
    pickup: Place,
    destination: Place,
    passenger_count: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<Trip> for TripItem {
    fn from(trip: Trip) -> Self {
        Self {
            status: trip.status(),
            pickup: trip.pickup(),
            destination: trip.destination(),
            trip_id: trip.trip_id,
            vehicle_id: trip.vehicle_id,
            passenger_count: trip.passenger_count,
            created_at: trip.created_at,
            updated_at: trip.updated_at,
        }
    }
}

/// The trip with its route and its steps.
pub async fn view(app: &App, trip: Trip) -> Result<TripView> {
    let transitions = store::transitions(app.db.reader(), &trip.trip_id).await?;
    let waiting_because = match trip.status() {
        // Before that dispatch may just not have looked.
        TripStatus::Created if Time::now().since(trip.created_at) > 2 * dispatch::EVERY => {
            Some(dispatch::why_waiting(app, &trip).await?)
        }
        _ => None,
    };
    Ok(TripView {
        waiting_because,
        status: trip.status(),
        pickup: trip.pickup(),
        destination: trip.destination(),
        route: serde_json::from_str(&trip.route).map_err(|error| Problem::internal(&error))?,
        trip_id: trip.trip_id,
        vehicle_id: trip.vehicle_id,
        passenger_count: trip.passenger_count,
        area: trip.area,
        created_by: trip.created_by,
        created_at: trip.created_at,
        updated_at: trip.updated_at,
        transitions,
    })
}

/// Order a trip
///
/// With the header `Idempotency-Key` the same order sent again is the same trip.
#[utoipa::path(post, path = "/api/v1/trips", tag = "trips", request_body = NewTrip,
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 128 characters")),
    responses((status = 201, body = TripView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<NewTrip>,
) -> Result<(StatusCode, Json<TripView>)> {
    caller.require(&app, Permission::OperateTrips, "trips").await?;
    let invalid = |detail| Problem::unprocessable("invalid-field", detail);
    for (name, place) in [("pickup", body.pickup), ("destination", body.destination)] {
        if !(place.lat.abs() <= 90.0 && place.lng.abs() <= 180.0) {
            return Err(invalid(format!("{name}: latitude is within ±90°, longitude within ±180°")));
        }
    }
    if !(1..=100).contains(&body.passenger_count) {
        return Err(invalid("passenger_count: 1 to 100".into()));
    }
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 128) {
        return Err(invalid("Idempotency-Key: 1 to 128 visible characters".into()));
    }
    let order = Order {
        pickup: body.pickup,
        destination: body.destination,
        passenger_count: body.passenger_count,
        idempotency_key: key,
    };
    let trip = super::create(&app, &caller, order).await?;
    Ok((StatusCode::CREATED, Json(view(&app, trip).await?)))
}

/// One trip
#[utoipa::path(get, path = "/api/v1/trips/{trip_id}", tag = "trips",
    responses((status = 200, body = TripView), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn get(State(app): State<App>, caller: Caller, Path(trip_id): Path<String>) -> Result<Json<TripView>> {
    caller.require(&app, Permission::View, "trips").await?;
    let trip = store::trip(app.db.reader(), &caller.tenant_id, &trip_id).await?;
    let trip = trip.ok_or_else(|| no_trip(&trip_id))?;
    Ok(Json(view(&app, trip).await?))
}

#[derive(Deserialize, IntoParams)]
struct TripQuery {
    /// Only in this status
    #[serde(default)]
    status: Option<TripStatus>,
    /// Only those created before this moment: the `created_at` of the last one on the page before
    #[serde(default)]
    before: Option<Time>,
    /// At most so many, 1 to 500
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Trips, newest first
#[utoipa::path(get, path = "/api/v1/trips", tag = "trips", params(TripQuery),
    responses((status = 200, body = Vec<TripItem>), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TripQuery>,
) -> Result<Json<Vec<TripItem>>> {
    caller.require(&app, Permission::View, "trips").await?;
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let trips = store::trips(app.db.reader(), &caller.tenant_id, query.status, query.before, limit).await?;
    Ok(Json(trips.into_iter().map(TripItem::from).collect()))
}

#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
struct Cancel {
    #[serde(default)]
    #[schema(example = "passenger did not come")]
    reason: Option<String>,
}

/// Call a trip off; the vehicle stops comfortably
#[utoipa::path(post, path = "/api/v1/trips/{trip_id}/cancel", tag = "trips", request_body = Option<Cancel>,
    responses((status = 200, body = TripView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(trip_id): Path<String>,
    OptionalBody(body): OptionalBody<Cancel>,
) -> Result<Json<TripView>> {
    caller.require(&app, Permission::OperateTrips, &format!("trip:{trip_id}")).await?;
    let reason = body.reason.unwrap_or_else(|| "called off by the operator".into());
    let trip = super::cancel(&app, &caller, &trip_id, &reason).await?;
    Ok(Json(view(&app, trip).await?))
}
