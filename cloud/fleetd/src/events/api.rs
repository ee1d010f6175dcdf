//! HTTP and WebSocket: events in order.

use axum::Json;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Event, StreamStats, ws};
use crate::App;
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::identity::{Caller, Permission};

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(stream)).routes(routes!(stats))
}

#[derive(Deserialize, IntoParams)]
struct EventQuery {
    /// Only events after this sequence number
    #[serde(default)]
    after: Option<i64>,
    /// Only of this entity, e.g. vehicle:AV-001
    #[serde(default)]
    entity: Option<String>,
    /// At most so many, 1 to 1000
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct EventPage {
    /// Oldest first.
    events: Vec<Event>,
    /// What to ask with next as `after`.
    next_after: i64,
}

/// Events in order
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = EventPage), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>> {
    caller.require(&app, Permission::View, "events").await?;
    let after = query.after.unwrap_or(0);
    let limit = query.limit.unwrap_or(100).clamp(1, 1000);
    let events =
        super::after(app.db.reader(), &caller.tenant_id, query.entity.as_deref(), after, limit).await?;
    let next_after = events.last().map_or(after, |event| event.sequence);
    Ok(Json(EventPage { events, next_after }))
}

#[derive(Deserialize, IntoParams)]
struct StreamQuery {
    /// Resume after this sequence number; only what is new, where left out
    #[serde(default)]
    after: Option<i64>,
}

/// Events and positions as they come, over a WebSocket
///
/// Frames are JSON objects with a `type`: `event` (in order, resume with `after`), `vehicles` (newest states, at most one
/// frame per 200 ms), `heartbeat` (every 3 s, with the newest `sequence`). Browsers send the token as the subprotocol
/// `bearer.TOKEN` beside `atlasmesh.v1`. A client that does not read is closed with 1013 and may resume.
#[utoipa::path(get, path = "/api/v1/stream", tag = "events", params(StreamQuery),
    responses((status = 101), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn stream(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<StreamQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response> {
    caller.require(&app, Permission::View, "events").await?;
    let newest = super::newest(app.db.reader()).await?;
    // A client that is ahead has seen another database.
    let after = query.after.unwrap_or(newest).min(newest);
    let upgrade = upgrade.protocols(["atlasmesh.v1"]).max_message_size(16 * 1024);
    Ok(upgrade.on_upgrade(move |socket| ws::serve(app, caller.tenant_id, after, socket)))
}

/// How many WebSocket clients there are
#[utoipa::path(get, path = "/websocket/stats", tag = "events",
    responses((status = 200, body = StreamStats), (status = 401, body = Problem)))]
async fn stats(State(app): State<App>, caller: Caller) -> Result<Json<StreamStats>> {
    caller.require(&app, Permission::View, "events").await?;
    Ok(Json(app.streams.counts()))
}
