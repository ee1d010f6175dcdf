//! Tables of emergency stops and the evidence of their steps.

use serde::Serialize;
use sqlx::{FromRow, SqlitePool};
use utoipa::ToSchema;

use crate::db::Tx;
use crate::time::Time;

/// The step that a person's agreement to release is.
pub const APPROVED: &str = "release_approved";

/// Where a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An operator asked for it.
    Requested,
    /// The vehicle acknowledged it.
    Delivered,
    /// The vehicle's own state shows that it stops.
    Confirmed,
    /// The vehicle stands.
    Standing,
    /// One of two people agreed to release it.
    ReleasePending,
    /// It may drive again.
    Released,
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Requested,
        Self::Delivered,
        Self::Confirmed,
        Self::Standing,
        Self::ReleasePending,
        Self::Released,
    ];

    /// As in API and database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Delivered => "delivered",
            Self::Confirmed => "confirmed",
            Self::Standing => "standing",
            Self::ReleasePending => "release_pending",
            Self::Released => "released",
        }
    }
}

/// An emergency stop.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Stop {
    /// Its id.
    pub stop_id: String,
    #[serde(skip)]
    #[allow(missing_docs)]
    pub tenant_id: String,
    /// Which vehicle.
    pub vehicle_id: String,
    /// `requested`, `delivered`, `confirmed`, `standing`, `release_pending` or `released`.
    pub status: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Time,
    /// The incident that was opened for it.
    pub incident_id: String,
    #[serde(skip)]
    #[allow(missing_docs)]
    pub traceparent: String,
}

impl Stop {
    /// Where it is.
    pub fn status(&self) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == self.status)
    }
}

/// Evidence of one step.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Step {
    /// e.g. `requested`, `delivered`, `standing`, `release_approved`.
    pub step: String,
    /// When.
    pub at: Time,
    /// Who or what.
    pub actor: String,
    /// In words.
    pub detail: String,
}

const COLUMNS: &str =
    "stop_id, tenant_id, vehicle_id, status, reason, requested_by, requested_at, incident_id, traceparent";

pub async fn insert(tx: &mut Tx, stop: &Stop) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO emergency_stops (stop_id, tenant_id, vehicle_id, status, reason, requested_by, requested_at, \
         incident_id, traceparent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&stop.stop_id)
    .bind(&stop.tenant_id)
    .bind(&stop.vehicle_id)
    .bind(&stop.status)
    .bind(&stop.reason)
    .bind(&stop.requested_by)
    .bind(stop.requested_at)
    .bind(&stop.incident_id)
    .bind(&stop.traceparent)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The stop of a vehicle that is not released.
pub async fn active(tx: &mut Tx, tenant_id: &str, vehicle_id: &str) -> sqlx::Result<Option<Stop>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM emergency_stops WHERE tenant_id = $1 AND vehicle_id = $2 AND status <> 'released' \
         ORDER BY requested_at DESC LIMIT 1"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(vehicle_id).fetch_optional(&mut **tx).await
}

/// Stops whose vehicle does not stand yet, of all tenants.
pub async fn undelivered(db: &SqlitePool) -> sqlx::Result<Vec<Stop>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM emergency_stops WHERE status IN ('requested', 'delivered', 'confirmed')"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(db).await
}

/// Stops of a vehicle, newest first.
pub async fn of_vehicle(db: &SqlitePool, tenant_id: &str, vehicle_id: &str) -> sqlx::Result<Vec<Stop>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM emergency_stops WHERE tenant_id = $1 AND vehicle_id = $2 \
         ORDER BY requested_at DESC LIMIT 100"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(vehicle_id).fetch_all(db).await
}

pub async fn set_status(tx: &mut Tx, stop_id: &str, status: Status) -> sqlx::Result<()> {
    sqlx::query("UPDATE emergency_stops SET status = $2 WHERE stop_id = $1")
        .bind(stop_id)
        .bind(status.name())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub async fn add_step(tx: &mut Tx, stop_id: &str, step: &str, actor: &str, detail: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO emergency_stop_steps (stop_id, ordinal, step, at, actor, detail) \
         SELECT $1, COALESCE(MAX(ordinal), 0) + 1, $2, $3, $4, $5 FROM emergency_stop_steps WHERE stop_id = $1",
    )
    .bind(stop_id)
    .bind(step)
    .bind(Time::now())
    .bind(actor)
    .bind(detail)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The steps of a stop in order.
pub async fn steps(db: &SqlitePool, stop_id: &str) -> sqlx::Result<Vec<Step>> {
    sqlx::query_as(
        "SELECT step, at, actor, detail FROM emergency_stop_steps WHERE stop_id = $1 ORDER BY ordinal",
    )
    .bind(stop_id)
    .fetch_all(db)
    .await
}

/// Who agreed to release it since a moment, each once.
pub async fn approvals(tx: &mut Tx, stop_id: &str, since: Time) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT DISTINCT actor FROM emergency_stop_steps WHERE stop_id = $1 AND step = $2 AND at >= $3 ORDER BY actor",
    )
    .bind(stop_id)
    .bind(APPROVED)
    .bind(since)
    .fetch_all(&mut **tx)
    .await
}
