//! Tables of reports, dead letters, and how far durable events are stored.

use bridge_proto::Scope;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder, SqlitePool};
use utoipa::ToSchema;

use super::Report;
use crate::App;
use crate::db::Tx;
use crate::id;
use crate::time::Time;

/// Rows per statement: 12 values each, below the 32,766 that SQLite takes.
const ROWS: usize = 256;

pub async fn insert(tx: &mut Tx, reports: &[Report]) -> sqlx::Result<()> {
    for rows in reports.chunks(ROWS) {
        let mut sql = QueryBuilder::new(
            "INSERT INTO telemetry (tenant_id, vehicle_id, measured_at, received_at, lat, lng, heading_rad, speed_mps, \
             battery_fraction, mode, safety_mode, trip_id) ",
        );
        sql.push_values(rows, |mut row, report| {
            let state = report.telemetry.state.as_ref();
            let number = |value: Option<f32>| value.filter(|value| value.is_finite()).unwrap_or(0.0);
            row.push_bind(report.scope.tenant())
                .push_bind(report.scope.vehicle())
                .push_bind(
                    state.map_or(report.received_at, |state| Time::from_unix_ns(state.measured_at_unix_ns)),
                )
                .push_bind(report.received_at)
                .push_bind(state.map_or(0.0, |state| state.latitude_deg))
                .push_bind(state.map_or(0.0, |state| state.longitude_deg))
                .push_bind(number(state.map(|state| state.heading_rad)))
                .push_bind(number(state.map(|state| state.speed_mps)))
                .push_bind(number(state.map(|state| state.battery_fraction)))
                .push_bind(state.map_or(0, |state| state.mode))
                .push_bind(report.telemetry.safety.as_ref().map_or(0, |safety| safety.mode))
                .push_bind(state.map_or("", |state| state.trip_id.as_str()));
        });
        sql.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// Removes what arrived before a moment, some at a time so that others can write in between.
pub async fn forget(app: &App, before: Time) -> sqlx::Result<()> {
    loop {
        let mut tx = app.db.begin().await?;
        let done = sqlx::query(
            "DELETE FROM telemetry WHERE rowid IN (SELECT rowid FROM telemetry WHERE received_at < $1 LIMIT 5000)",
        )
        .bind(before)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() < 5000 {
            return Ok(());
        }
    }
}

/// A report as it is kept.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Kept {
    /// On the vehicle's clock.
    pub measured_at: Time,
    /// On ours.
    pub received_at: Time,
    /// WGS84, degrees.
    pub lat: f64,
    /// WGS84, degrees.
    pub lng: f64,
    /// rad, counter-clockwise from east.
    pub heading_rad: f64,
    /// m/s.
    pub speed_mps: f64,
    /// 0 to 1.
    pub battery_fraction: f64,
    /// Empty without one.
    pub trip_id: String,
}

/// Reports of a vehicle in a span of time, oldest first.
pub async fn history(
    db: &SqlitePool,
    tenant_id: &str,
    vehicle_id: &str,
    from: Time,
    to: Time,
    limit: u32,
) -> sqlx::Result<Vec<Kept>> {
    sqlx::query_as(
        "SELECT measured_at, received_at, lat, lng, heading_rad, speed_mps, battery_fraction, trip_id FROM telemetry \
         WHERE tenant_id = $1 AND vehicle_id = $2 AND measured_at >= $3 AND measured_at <= $4 \
         ORDER BY measured_at LIMIT $5",
    )
    .bind(tenant_id)
    .bind(vehicle_id)
    .bind(from)
    .bind(to)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Keeps a message that did not decode.
pub async fn dead_letter(tx: &mut Tx, key: &str, payload: &[u8], why: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO dead_letters (letter_id, at, key, payload, why) VALUES ($1, $2, $3, $4, $5)")
        .bind(id::new("dlq"))
        .bind(Time::now())
        .bind(key)
        .bind(payload)
        .bind(why)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// How far the events of a stream are stored; 0 for a new one.
pub async fn stored_up_to(tx: &mut Tx, scope: &Scope, stream_id: &str) -> sqlx::Result<u64> {
    let stored: Option<i64> = sqlx::query_scalar(
        "SELECT stored_up_to FROM event_streams WHERE tenant_id = $1 AND vehicle_id = $2 AND stream_id = $3",
    )
    .bind(scope.tenant())
    .bind(scope.vehicle())
    .bind(stream_id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(stored.and_then(|stored| u64::try_from(stored).ok()).unwrap_or(0))
}

pub async fn set_stored_up_to(tx: &mut Tx, scope: &Scope, stream_id: &str, up_to: u64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO event_streams (tenant_id, vehicle_id, stream_id, stored_up_to) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, vehicle_id, stream_id) DO UPDATE SET stored_up_to = excluded.stored_up_to",
    )
    .bind(scope.tenant())
    .bind(scope.vehicle())
    .bind(stream_id)
    .bind(i64::try_from(up_to).unwrap_or(i64::MAX))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
