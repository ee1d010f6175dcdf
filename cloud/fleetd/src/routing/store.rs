//! Table of blocked segments.

use sqlx::{FromRow, SqlitePool};

use crate::db::Tx;
use crate::time::Time;

/// A blocked segment.
#[derive(Debug, FromRow)]
pub struct BlockedRow {
    pub segment_id: String,
    pub reason: String,
    pub blocked_by: String,
    pub blocked_at: Time,
    pub until: Option<Time>,
}

pub async fn tenants_with_blocks(db: &SqlitePool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT DISTINCT tenant_id FROM blocked_segments").fetch_all(db).await
}

/// What is blocked now.
pub async fn blocked(db: &SqlitePool, tenant_id: &str) -> sqlx::Result<Vec<BlockedRow>> {
    sqlx::query_as(
        "SELECT segment_id, reason, blocked_by, blocked_at, until FROM blocked_segments \
         WHERE tenant_id = $1 AND (until IS NULL OR until > $2) ORDER BY blocked_at",
    )
    .bind(tenant_id)
    .bind(Time::now())
    .fetch_all(db)
    .await
}

/// Blocks a segment, or blocks it differently.
pub async fn block(tx: &mut Tx, tenant_id: &str, row: &BlockedRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO blocked_segments (tenant_id, segment_id, reason, blocked_by, blocked_at, until) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, segment_id) DO UPDATE SET reason = excluded.reason, \
         blocked_by = excluded.blocked_by, blocked_at = excluded.blocked_at, until = excluded.until",
    )
    .bind(tenant_id)
    .bind(&row.segment_id)
    .bind(&row.reason)
    .bind(&row.blocked_by)
    .bind(row.blocked_at)
    .bind(row.until)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Opens a segment; false if it was not blocked.
pub async fn unblock(tx: &mut Tx, tenant_id: &str, segment_id: &str) -> sqlx::Result<bool> {
    let done = sqlx::query("DELETE FROM blocked_segments WHERE tenant_id = $1 AND segment_id = $2")
        .bind(tenant_id)
        .bind(segment_id)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}
