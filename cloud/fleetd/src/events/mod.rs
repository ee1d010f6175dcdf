//! The outbox: facts that domains announce, in one order per tenant.

pub mod api;
mod ws;

pub use ws::{StreamStats, Streams};

use serde::Serialize;
use sqlx::{FromRow, SqlitePool};
use utoipa::ToSchema;

use crate::db::Tx;
use crate::gateway::trace;
use crate::time::Time;

/// A fact to announce.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// Whose.
    pub tenant_id: &'a str,
    /// e.g. `trip.assigned`.
    pub kind: &'a str,
    /// What it is about, e.g. `trip:trip_01…`.
    pub entity: &'a str,
    /// Who or what did it: a user id, `vehicle:AV-001`, or `dispatch`.
    pub actor: &'a str,
    /// Details.
    pub data: serde_json::Value,
}

/// An announced fact.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Grows with every event of the service; resume after it.
    pub sequence: i64,
    /// When it was written.
    pub at: Time,
    /// e.g. `trip.assigned`.
    pub kind: String,
    /// What it is about, e.g. `trip:trip_01…`.
    pub entity: String,
    /// Who or what did it.
    pub actor: String,
    /// Trace in which it happened.
    pub trace_id: String,
    /// Details.
    pub data: serde_json::Value,
}

#[derive(FromRow)]
struct Row {
    sequence: i64,
    at: Time,
    kind: String,
    entity: String,
    actor: String,
    trace_id: String,
    data: String,
}

impl From<Row> for Event {
    fn from(row: Row) -> Self {
        Self {
            sequence: row.sequence,
            at: row.at,
            kind: row.kind,
            entity: row.entity,
            actor: row.actor,
            trace_id: row.trace_id,
            data: serde_json::from_str(&row.data).unwrap_or_default(),
        }
    }
}

/// Writes a fact into the transaction that makes it true. Call [`crate::App::announce`] after the commit.
pub async fn write(tx: &mut Tx, event: NewEvent<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO events (tenant_id, at, kind, entity, actor, trace_id, data) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.tenant_id)
    .bind(Time::now())
    .bind(event.kind)
    .bind(event.entity)
    .bind(event.actor)
    .bind(trace::current().map(trace::Trace::trace_id).unwrap_or_default())
    .bind(event.data.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Events after a sequence number in order, at most `limit`; of one entity where given.
pub async fn after(
    db: &SqlitePool,
    tenant_id: &str,
    entity: Option<&str>,
    sequence: i64,
    limit: u32,
) -> sqlx::Result<Vec<Event>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT sequence, at, kind, entity, actor, trace_id, data FROM events \
         WHERE tenant_id = $1 AND sequence > $2 AND ($3 IS NULL OR entity = $3) ORDER BY sequence LIMIT $4",
    )
    .bind(tenant_id)
    .bind(sequence)
    .bind(entity)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// The newest sequence number; 0 without events.
pub async fn newest(db: &SqlitePool) -> sqlx::Result<i64> {
    let (newest,): (Option<i64>,) = sqlx::query_as("SELECT MAX(sequence) FROM events").fetch_one(db).await?;
    Ok(newest.unwrap_or(0))
}
