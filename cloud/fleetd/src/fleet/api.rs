//! HTTP: vehicles.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Vehicle, store};
use crate::App;
use crate::events::{self, NewEvent};
use crate::gateway::body::Body;
use crate::gateway::problem::{Problem, Result};
use crate::identity::audit::{self, Outcome};
use crate::identity::{Caller, Permission};
use crate::time::Time;
use crate::vehicles::live::LiveVehicle;

/// A vehicle that has said nothing for so long is shown as offline.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(5);

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, register)).routes(routes!(get))
}

/// A vehicle with its newest state.
#[derive(Serialize, ToSchema)]
pub struct VehicleView {
    #[serde(flatten)]
    vehicle: Vehicle,
    /// Whether it said something in the last 5 s.
    online: bool,
    /// What it said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<LiveVehicle>,
}

impl VehicleView {
    fn of(app: &App, caller: &Caller, vehicle: Vehicle) -> Self {
        let state = app.live.get(&caller.tenant_id, &vehicle.vehicle_id);
        let online = state.as_ref().is_some_and(|state| Time::now().since(state.received_at) < OFFLINE_AFTER);
        Self { vehicle, online, state }
    }
}

/// All vehicles
#[utoipa::path(get, path = "/api/v1/vehicles", tag = "vehicles",
    responses((status = 200, body = Vec<VehicleView>), (status = 401, body = Problem)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<VehicleView>>> {
    caller.require(&app, Permission::View, "vehicles").await?;
    let vehicles = store::vehicles(app.db.reader(), &caller.tenant_id).await?;
    Ok(Json(vehicles.into_iter().map(|vehicle| VehicleView::of(&app, &caller, vehicle)).collect()))
}

/// One vehicle
#[utoipa::path(get, path = "/api/v1/vehicles/{vehicle_id}", tag = "vehicles",
    responses((status = 200, body = VehicleView), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(vehicle_id): Path<String>,
) -> Result<Json<VehicleView>> {
    caller.require(&app, Permission::View, "vehicles").await?;
    let vehicle = known(&app, &caller, &vehicle_id).await?;
    Ok(Json(VehicleView::of(&app, &caller, vehicle)))
}

/// The vehicle, or the answer that there is none.
pub async fn known(app: &App, caller: &Caller, vehicle_id: &str) -> Result<Vehicle> {
    store::vehicle(app.db.reader(), &caller.tenant_id, vehicle_id).await?.ok_or_else(|| {
        let vehicle_id: String = vehicle_id.chars().take(64).collect();
        Problem::not_found(
            "vehicle",
            format!("there is no vehicle {vehicle_id:?}; GET /api/v1/vehicles lists them"),
        )
    })
}

/// Add a vehicle, or change it
#[utoipa::path(post, path = "/api/v1/vehicles", tag = "vehicles", request_body = Vehicle,
    responses((status = 201, body = VehicleView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn register(
    State(app): State<App>,
    caller: Caller,
    Body(vehicle): Body<Vehicle>,
) -> Result<(StatusCode, Json<VehicleView>)> {
    caller.require(&app, Permission::ManageVehicles, "vehicles").await?;
    check(&app, &vehicle)?;
    let entity = format!("vehicle:{}", vehicle.vehicle_id);
    let mut tx = app.db.begin().await?;
    store::put(&mut tx, &caller.tenant_id, &vehicle).await?;
    let data = serde_json::to_value(&vehicle).unwrap_or_default();
    let event = NewEvent {
        tenant_id: &caller.tenant_id,
        kind: "vehicle.registered",
        entity: &entity,
        actor: &caller.user_id,
        data,
    };
    events::write(&mut tx, event).await?;
    audit::write_in(&mut tx, &caller, "vehicle.register", &entity, Outcome::Done, "").await?;
    tx.commit().await?;
    app.announce();
    app.vehicles.registered();
    Ok((StatusCode::CREATED, Json(VehicleView::of(&app, &caller, vehicle))))
}

/// Refuses a vehicle that can't be.
pub fn check(app: &App, vehicle: &Vehicle) -> Result<()> {
    let invalid = |detail: String| Problem::unprocessable("invalid-field", detail);
    bridge_proto::Scope::new("any", &vehicle.vehicle_id).map_err(|error| invalid(error.to_string()))?;
    if app.routing.graph(&vehicle.area).is_none() {
        let areas: Vec<&str> = app.routing.graphs().iter().map(|graph| graph.name()).collect();
        let detail = format!("area: there is no area {:?}; there are {}", vehicle.area, areas.join(", "));
        return Err(invalid(detail));
    }
    if !(0..=200).contains(&vehicle.seats) {
        return Err(invalid("seats: 0 to 200".into()));
    }
    if !(1.0..=2000.0).contains(&vehicle.range_km) {
        return Err(invalid("range_km: 1 to 2000".into()));
    }
    Ok(())
}
