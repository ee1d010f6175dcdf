//! Tables of incidents and their notes.

use serde::Serialize;
use sqlx::{FromRow, SqlitePool};
use utoipa::ToSchema;

use super::NewIncident;
use crate::db::Tx;
use crate::time::Time;

/// An incident.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Incident {
    /// Its id.
    pub incident_id: String,
    /// e.g. `emergency_stop`.
    pub kind: String,
    /// `sev1` (act now) to `sev4`.
    pub severity: String,
    /// `open`, `acknowledged` or `resolved`.
    pub status: String,
    /// For people.
    pub title: String,
    /// Which vehicle.
    pub vehicle_id: Option<String>,
    /// On which trip.
    pub trip_id: Option<String>,
    /// Who or what opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: Time,
    /// Of the last change.
    pub updated_at: Time,
}

/// What somebody wrote to it.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Note {
    /// When.
    pub at: Time,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

const COLUMNS: &str =
    "incident_id, kind, severity, status, title, vehicle_id, trip_id, opened_by, opened_at, updated_at";

pub async fn insert(tx: &mut Tx, incident_id: &str, incident: &NewIncident<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO incidents (incident_id, tenant_id, kind, severity, status, title, vehicle_id, trip_id, opened_by, \
         opened_at, updated_at) VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $9)",
    )
    .bind(incident_id)
    .bind(incident.tenant_id)
    .bind(incident.kind)
    .bind(incident.severity)
    .bind(incident.title)
    .bind(incident.vehicle_id)
    .bind(incident.trip_id)
    .bind(incident.opened_by)
    .bind(Time::now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Incidents, newest first.
pub async fn incidents(
    db: &SqlitePool,
    tenant_id: &str,
    status: Option<&str>,
    limit: u32,
) -> sqlx::Result<Vec<Incident>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE tenant_id = $1 AND ($2 IS NULL OR status = $2) \
         ORDER BY opened_at DESC, incident_id DESC LIMIT $3"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(status).bind(limit).fetch_all(db).await
}

/// One incident.
pub async fn incident(db: &SqlitePool, tenant_id: &str, incident_id: &str) -> sqlx::Result<Option<Incident>> {
    let sql = format!("SELECT {COLUMNS} FROM incidents WHERE tenant_id = $1 AND incident_id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(incident_id).fetch_optional(db).await
}

/// Its notes, oldest first.
pub async fn notes(db: &SqlitePool, incident_id: &str) -> sqlx::Result<Vec<Note>> {
    sqlx::query_as("SELECT at, author, text FROM incident_notes WHERE incident_id = $1 ORDER BY ordinal")
        .bind(incident_id)
        .fetch_all(db)
        .await
}

/// Adds a note.
pub async fn add_note(tx: &mut Tx, incident_id: &str, author: &str, text: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO incident_notes (incident_id, ordinal, at, author, text) \
         SELECT $1, COALESCE(MAX(ordinal), 0) + 1, $2, $3, $4 FROM incident_notes WHERE incident_id = $1",
    )
    .bind(incident_id)
    .bind(Time::now())
    .bind(author)
    .bind(text)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes the status; false if it is that already or there is no such incident.
pub async fn set_status(tx: &mut Tx, tenant_id: &str, incident_id: &str, status: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE incidents SET status = $3, updated_at = $4 WHERE tenant_id = $1 AND incident_id = $2 AND status <> $3",
    )
    .bind(tenant_id)
    .bind(incident_id)
    .bind(status)
    .bind(Time::now())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
