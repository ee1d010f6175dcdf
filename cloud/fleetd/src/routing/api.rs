//! HTTP: diagnose routes, block segments, route trips again.

use axum::Json;
use axum::extract::{Path, State};
use maps::road::{Explanation, Query as RouteQuery, WayId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, BlockedRow};
use super::{Place, RouteSummary};
use crate::App;
use crate::duration;
use crate::events::{self, NewEvent};
use crate::gateway::body::Body;
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::identity::audit::{self, Outcome};
use crate::identity::{Caller, Permission};
use crate::time::Time;
use crate::trips::{self, TripView};

/// Paths of routing-service in the playbook.
pub fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(diagnose))
        .routes(routes!(blacklist, list_blacklist))
        .routes(routes!(unblock))
        .routes(routes!(recalculate))
}

#[derive(Deserialize, IntoParams)]
struct DiagnoseQuery {
    /// Start, LAT,LON
    #[param(value_type = Option<String>, example = "24.4539,54.3773")]
    from: Option<String>,
    /// Goal, LAT,LON
    #[param(value_type = Option<String>, example = "25.2048,55.2708")]
    to: Option<String>,
    /// With what was in the way, and the route without that
    #[serde(default)]
    explain: bool,
}

#[derive(Serialize, ToSchema)]
struct Diagnosis {
    /// Road graph that the route lies in.
    area: String,
    route: RouteSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explained>,
}

/// Why the route is as it is.
#[derive(Serialize, ToSchema)]
struct Explained {
    /// Distance from the start asked for to the road, m.
    start_snapped_m: f64,
    /// Distance from the goal asked for to the road, m.
    goal_snapped_m: f64,
    /// Steps of the search.
    expanded: usize,
    /// Blocked segments that the search came to.
    blocked_met: Vec<String>,
    /// What it would be if nothing were blocked, s.
    duration_without_blocks_s: f64,
    /// The same, m.
    length_without_blocks_m: f64,
}

impl From<&Explanation> for Explained {
    fn from(explanation: &Explanation) -> Self {
        let route = &explanation.route;
        Self {
            start_snapped_m: route.from.distance_m,
            goal_snapped_m: route.to.distance_m,
            expanded: route.expanded,
            blocked_met: explanation.blocked.iter().map(WayId::to_string).collect(),
            duration_without_blocks_s: explanation.without_changes.duration_s,
            length_without_blocks_m: explanation.without_changes.length_m,
        }
    }
}

/// The route between two places, and why it is that
#[utoipa::path(get, path = "/route/diagnose", tag = "routing-service", params(DiagnoseQuery),
    responses((status = 200, body = Diagnosis), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
async fn diagnose(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DiagnoseQuery>,
) -> Result<Json<Diagnosis>> {
    caller.require(&app, Permission::View, "routes").await?;
    let (from, to) = (place("from", query.from.as_deref())?, place("to", query.to.as_deref())?);
    // A search on a large graph takes milliseconds of CPU: beside the requests.
    let work = move || {
        let overlay = app.routing.overlay(&caller.tenant_id);
        if query.explain {
            let find = |graph: &maps::road::RoadGraph, query: &RouteQuery| graph.explain(query, &overlay);
            let (area, explanation) = app.routing.in_areas(from, to, find)?;
            let explained = Some(Explained::from(&explanation));
            return Ok(Diagnosis { area, route: (&explanation.route).into(), explanation: explained });
        }
        let found = app.routing.route(&caller.tenant_id, from, to)?;
        Ok(Diagnosis { area: found.area, route: (&found.route).into(), explanation: None })
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))?.map(Json)
}

fn place(name: &str, text: Option<&str>) -> Result<Place> {
    let Some(text) = text else {
        return Err(Problem::bad_request(format!(
            "{name} is missing; quote the address, or the shell cuts it at &: curl '…/route/diagnose?from=LAT,LON&to=LAT,LON'"
        )));
    };
    let wrong = || {
        let text: String = text.chars().take(60).collect();
        Problem::bad_request(format!(
            "{name}: {text:?} is no place; write LAT,LON in degrees, e.g. 24.4539,54.3773"
        ))
    };
    let (lat, lng) = text.split_once(',').ok_or_else(wrong)?;
    let number =
        |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong);
    let place = Place { lat: number(lat)?, lng: number(lng)? };
    if place.lat.abs() > 90.0 || place.lng.abs() > 180.0 { Err(wrong()) } else { Ok(place) }
}

/// Segments to block: one, or several.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Blacklist {
    #[serde(default)]
    #[schema(example = "way_100123")]
    segment_id: Option<String>,
    #[serde(default)]
    segments: Vec<String>,
    #[schema(example = "construction")]
    reason: String,
    /// e.g. 2h; until it is lifted, where left out.
    #[serde(default)]
    #[schema(example = "2h")]
    ttl: Option<String>,
}

/// A segment that is blocked.
#[derive(Serialize, ToSchema)]
struct Blocked {
    segment_id: String,
    reason: String,
    blocked_by: String,
    blocked_at: Time,
    /// Until it is lifted, where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
}

impl From<BlockedRow> for Blocked {
    fn from(row: BlockedRow) -> Self {
        let BlockedRow { segment_id, reason, blocked_by, blocked_at, until } = row;
        Self { segment_id, reason, blocked_by, blocked_at, until }
    }
}

/// Block road segments at once
#[utoipa::path(post, path = "/blacklist", tag = "routing-service", request_body = Blacklist,
    responses((status = 200, body = Vec<Blocked>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn blacklist(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Blacklist>,
) -> Result<Json<Vec<Blocked>>> {
    caller.require(&app, Permission::ManageRoads, "roads").await?;
    let segments: Vec<String> = body.segment_id.into_iter().chain(body.segments).collect();
    if segments.is_empty() || segments.len() > 1000 {
        return Err(Problem::unprocessable("invalid-field", "give segment_id, or 1 to 1000 segments"));
    }
    for segment in &segments {
        known(&app, segment)?;
    }
    let ttl = body.ttl.as_deref().map(duration::parse).transpose();
    let ttl = ttl.map_err(|error| Problem::unprocessable("invalid-field", format!("ttl: {error}")))?;
    let now = Time::now();
    let mut tx = app.db.begin().await?;
    for segment_id in segments {
        let row = BlockedRow {
            segment_id,
            reason: body.reason.clone(),
            blocked_by: caller.user_id.clone(),
            blocked_at: now,
            until: ttl.map(|ttl| now.after(ttl)),
        };
        store::block(&mut tx, &caller.tenant_id, &row).await?;
        changed(&mut tx, &caller, "segment.blocked", &row.segment_id, &row.reason).await?;
    }
    tx.commit().await?;
    in_effect(&app, &caller).await
}

/// Makes a change count for the next route, and tells what is blocked then.
async fn in_effect(app: &App, caller: &Caller) -> Result<Json<Vec<Blocked>>> {
    app.routing.reload(app.db.reader(), &caller.tenant_id).await?;
    app.announce();
    let rows = store::blocked(app.db.reader(), &caller.tenant_id).await?;
    Ok(Json(rows.into_iter().map(Blocked::from).collect()))
}

async fn changed(
    tx: &mut crate::db::Tx,
    caller: &Caller,
    kind: &str,
    segment: &str,
    detail: &str,
) -> Result<()> {
    let entity = format!("segment:{segment}");
    let data = serde_json::json!({ "segment_id": segment, "reason": detail });
    let event =
        NewEvent { tenant_id: &caller.tenant_id, kind, entity: &entity, actor: &caller.user_id, data };
    events::write(tx, event).await?;
    audit::write_in(tx, caller, kind, &entity, Outcome::Done, detail).await?;
    Ok(())
}

/// Segments have to be on one of the road graphs.
fn known(app: &App, segment: &str) -> Result<WayId> {
    let way: WayId = segment
        .parse()
        .map_err(|error| Problem::unprocessable("invalid-field", format!("segment {segment:?}: {error}")))?;
    if app.routing.graphs().iter().any(|graph| graph.way(way).is_some()) {
        return Ok(way);
    }
    Err(Problem::not_found(
        "segment",
        format!("no road graph has a segment {way}; GET /route/diagnose names those of a route"),
    ))
}

/// What is blocked now
#[utoipa::path(get, path = "/blacklist", tag = "routing-service",
    responses((status = 200, body = Vec<Blocked>), (status = 401, body = Problem)))]
async fn list_blacklist(State(app): State<App>, caller: Caller) -> Result<Json<Vec<Blocked>>> {
    caller.require(&app, Permission::View, "roads").await?;
    let rows = store::blocked(app.db.reader(), &caller.tenant_id).await?;
    Ok(Json(rows.into_iter().map(Blocked::from).collect()))
}

/// Open a segment again
#[utoipa::path(delete, path = "/blacklist/{segment_id}", tag = "routing-service",
    responses((status = 200, body = Vec<Blocked>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
async fn unblock(
    State(app): State<App>,
    caller: Caller,
    Path(segment_id): Path<String>,
) -> Result<Json<Vec<Blocked>>> {
    caller.require(&app, Permission::ManageRoads, "roads").await?;
    let mut tx = app.db.begin().await?;
    if !store::unblock(&mut tx, &caller.tenant_id, &segment_id).await? {
        return Err(Problem::not_found(
            "segment",
            "that segment is not blocked; GET /blacklist lists those that are",
        ));
    }
    changed(&mut tx, &caller, "segment.unblocked", &segment_id, "").await?;
    tx.commit().await?;
    in_effect(&app, &caller).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Recalculate {
    trip_id: String,
}

/// Route a trip again with what is blocked now
#[utoipa::path(post, path = "/recalculate", tag = "routing-service", request_body = Recalculate,
    responses((status = 200, body = TripView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn recalculate(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Recalculate>,
) -> Result<Json<TripView>> {
    caller.require(&app, Permission::OperateTrips, &format!("trip:{}", body.trip_id)).await?;
    trips::recalculate(&app, &caller, &body.trip_id).await.map(Json)
}
