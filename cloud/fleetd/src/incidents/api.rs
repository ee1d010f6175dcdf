//! HTTP: incidents.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Incident, Note};
use crate::App;
use crate::events::{self, NewEvent};
use crate::gateway::body::Body;
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::identity::audit::{self, Outcome};
use crate::identity::{Caller, Permission};

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(change))
}

#[derive(Deserialize, Clone, Copy, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Acknowledged,
    Resolved,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

#[derive(Deserialize, IntoParams)]
struct IncidentQuery {
    /// Only in this status
    #[serde(default)]
    status: Option<Status>,
}

/// Incidents, newest first, at most 200
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(IncidentQuery),
    responses((status = 200, body = Vec<Incident>), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<IncidentQuery>,
) -> Result<Json<Vec<Incident>>> {
    caller.require(&app, Permission::View, "incidents").await?;
    let status = query.status.map(Status::name);
    Ok(Json(store::incidents(app.db.reader(), &caller.tenant_id, status, 200).await?))
}

#[derive(Serialize, ToSchema)]
struct IncidentView {
    #[serde(flatten)]
    incident: Incident,
    /// Oldest first.
    notes: Vec<Note>,
}

/// One incident with its notes
#[utoipa::path(get, path = "/api/v1/incidents/{incident_id}", tag = "incidents",
    responses((status = 200, body = IncidentView), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(incident_id): Path<String>,
) -> Result<Json<IncidentView>> {
    caller.require(&app, Permission::View, "incidents").await?;
    view(&app, &caller, &incident_id).await
}

async fn view(app: &App, caller: &Caller, incident_id: &str) -> Result<Json<IncidentView>> {
    let incident = store::incident(app.db.reader(), &caller.tenant_id, incident_id).await?;
    let incident = incident.ok_or_else(|| no_incident(incident_id))?;
    let notes = store::notes(app.db.reader(), incident_id).await?;
    Ok(Json(IncidentView { incident, notes }))
}

fn no_incident(incident_id: &str) -> Problem {
    let incident_id: String = incident_id.chars().take(64).collect();
    Problem::not_found(
        "incident",
        format!("there is no incident {incident_id:?}; GET /api/v1/incidents lists them"),
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    #[schema(max_length = 4000, example = "obstacle was a plastic bag")]
    note: Option<String>,
}

/// Acknowledge or resolve an incident, or write a note to it
#[utoipa::path(post, path = "/api/v1/incidents/{incident_id}", tag = "incidents", request_body = Change,
    responses((status = 200, body = IncidentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(incident_id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<IncidentView>> {
    let entity = format!("incident:{incident_id}");
    caller.require(&app, Permission::HandleIncidents, &entity).await?;
    if change.note.as_ref().is_some_and(|note| note.chars().count() > 4000) {
        return Err(Problem::unprocessable("invalid-field", "note: at most 4000 characters"));
    }
    store::incident(app.db.reader(), &caller.tenant_id, &incident_id)
        .await?
        .ok_or_else(|| no_incident(&incident_id))?;
    let mut tx = app.db.begin().await?;
    if let Some(note) = &change.note {
        store::add_note(&mut tx, &incident_id, &caller.user_id, note).await?;
    }
    if let Some(status) = change.status.map(Status::name)
        && store::set_status(&mut tx, &caller.tenant_id, &incident_id, status).await?
    {
        let kind = format!("incident.{status}");
        let data = serde_json::json!({ "incident_id": incident_id, "status": status });
        let event = NewEvent {
            tenant_id: &caller.tenant_id,
            kind: &kind,
            entity: &entity,
            actor: &caller.user_id,
            data,
        };
        events::write(&mut tx, event).await?;
        audit::write_in(&mut tx, &caller, &kind, &entity, Outcome::Done, "").await?;
    }
    tx.commit().await?;
    app.announce();
    view(&app, &caller, &incident_id).await
}
