//! HTTP: history of vehicles, counts of the ingestion.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Counts;
use super::store::{self, Kept};
use crate::App;
use crate::duration;
use crate::fleet;
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::identity::{Caller, Permission};
use crate::time::Time;

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(history))
}

/// Paths of telemetry-ingest in the playbook.
pub fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ingestion))
}

#[derive(Deserialize, IntoParams)]
struct HistoryQuery {
    /// How far back, e.g. 10m, 2h
    #[serde(default)]
    #[param(example = "10m")]
    timerange: Option<String>,
    /// At most so many, 1 to 10000
    #[serde(default)]
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// Where a vehicle was, oldest first
#[utoipa::path(get, path = "/api/v1/vehicles/{vehicle_id}/telemetry", tag = "vehicles", params(HistoryQuery),
    responses((status = 200, body = Vec<Kept>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(vehicle_id): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Vec<Kept>>> {
    caller.require(&app, Permission::View, "vehicles").await?;
    fleet::api::known(&app, &caller, &vehicle_id).await?;
    let range = match &query.timerange {
        Some(text) => {
            duration::parse(text).map_err(|error| Problem::bad_request(format!("timerange: {error}")))?
        }
        None => Duration::from_secs(600),
    };
    let now = Time::now();
    let limit = query.limit.unwrap_or(10_000).clamp(1, 10_000);
    // A vehicle's clock may run ahead.
    let to = now.after(Duration::from_secs(60));
    let kept =
        store::history(app.db.reader(), &caller.tenant_id, &vehicle_id, now.before(range), to, limit).await?;
    Ok(Json(kept))
}

#[derive(Serialize, ToSchema)]
struct Ingestion {
    /// Vehicles connected now.
    connected_vehicles: usize,
    #[serde(flatten)]
    counts: Counts,
}

/// How the ingestion does
#[utoipa::path(get, path = "/metrics/ingestion", tag = "telemetry-ingest",
    responses((status = 200, body = Ingestion), (status = 401, body = Problem)))]
async fn ingestion(State(app): State<App>, caller: Caller) -> Result<Json<Ingestion>> {
    caller.require(&app, Permission::View, "telemetry").await?;
    Ok(Json(Ingestion { connected_vehicles: app.vehicles.connected(), counts: app.telemetry.counts() }))
}
