//! HTTP: emergency stop and release.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Step, Stop};
use super::{Release, release, request};
use crate::App;
use crate::fleet;
use crate::gateway::body::OptionalBody;
use crate::gateway::problem::{Problem, Result};
use crate::identity::{Caller, Permission};

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stop)).routes(routes!(release_stop)).routes(routes!(list))
}

#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
struct StopOrder {
    #[serde(default)]
    #[schema(max_length = 500, example = "obstacle_detected")]
    reason: Option<String>,
    /// Asks that two people have to release it, which is always so. It does not count as the second one.
    #[serde(default)]
    #[allow(dead_code, reason = "accepted and documented, and deliberately without effect")]
    dual_auth: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct StopView {
    #[serde(flatten)]
    stop: Stop,
    /// Evidence of each step, in order.
    steps: Vec<Step>,
    /// What is needed to drive on.
    way_out: &'static str,
}

async fn view(app: &App, stop: Stop) -> Result<StopView> {
    let steps = store::steps(app.db.reader(), &stop.stop_id).await?;
    let way_out = match stop.status() {
        Some(store::Status::Released) => "released",
        Some(store::Status::ReleasePending) => "a second person has to POST …/release within 10 minutes",
        Some(store::Status::Standing) => "two different people have to POST …/release",
        _ => "wait until the vehicle stands; then two different people have to POST …/release",
    };
    Ok(StopView { stop, steps, way_out })
}

/// Stop a vehicle at once
///
/// It is executed on one operator's word, repeated until the vehicle's own safety state confirms it, and latched there.
#[utoipa::path(post, path = "/api/v1/vehicles/{vehicle_id}/emergency-stop", tag = "safety",
    request_body = Option<StopOrder>,
    responses((status = 202, body = StopView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(vehicle_id): Path<String>,
    OptionalBody(order): OptionalBody<StopOrder>,
) -> Result<(StatusCode, Json<StopView>)> {
    caller.require(&app, Permission::StopVehicles, &format!("vehicle:{vehicle_id}")).await?;
    fleet::api::known(&app, &caller, &vehicle_id).await?;
    let reason = reason(order.reason.as_deref(), "operator")?;
    let stop = request(&app, &caller, &vehicle_id, &reason).await?;
    Ok((StatusCode::ACCEPTED, Json(view(&app, stop).await?)))
}

fn reason(given: Option<&str>, default: &str) -> Result<String> {
    let reason = given.map(str::trim).filter(|reason| !reason.is_empty()).unwrap_or(default);
    if reason.chars().count() > 500 {
        return Err(Problem::unprocessable("invalid-field", "reason: at most 500 characters"));
    }
    Ok(reason.to_owned())
}

#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseOrder {
    #[serde(default)]
    #[schema(max_length = 500, example = "road is clear")]
    reason: Option<String>,
}

/// Agree that a stopped vehicle drives again: two different people have to
#[utoipa::path(post, path = "/api/v1/vehicles/{vehicle_id}/release", tag = "safety",
    request_body = Option<ReleaseOrder>,
    responses((status = 200, body = StopView), (status = 202, body = StopView, description = "A second person has to agree"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn release_stop(
    State(app): State<App>,
    caller: Caller,
    Path(vehicle_id): Path<String>,
    OptionalBody(order): OptionalBody<ReleaseOrder>,
) -> Result<(StatusCode, Json<StopView>)> {
    caller.require(&app, Permission::ReleaseVehicles, &format!("vehicle:{vehicle_id}")).await?;
    caller.require_person()?;
    fleet::api::known(&app, &caller, &vehicle_id).await?;
    let reason = reason(order.reason.as_deref(), "no reason given")?;
    match release(&app, &caller, &vehicle_id, &reason).await? {
        Release::Pending(stop) => Ok((StatusCode::ACCEPTED, Json(view(&app, stop).await?))),
        Release::Released(stop) => Ok((StatusCode::OK, Json(view(&app, stop).await?))),
    }
}

/// Emergency stops of a vehicle with their evidence, newest first
#[utoipa::path(get, path = "/api/v1/vehicles/{vehicle_id}/emergency-stops", tag = "safety",
    responses((status = 200, body = Vec<StopView>), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(vehicle_id): Path<String>,
) -> Result<Json<Vec<StopView>>> {
    caller.require(&app, Permission::View, "vehicles").await?;
    fleet::api::known(&app, &caller, &vehicle_id).await?;
    let mut views = vec![];
    for stop in store::of_vehicle(app.db.reader(), &caller.tenant_id, &vehicle_id).await? {
        views.push(view(&app, stop).await?);
    }
    Ok(Json(views))
}
