//! Who did what, and who was refused.

use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::App;
use crate::db::Tx;
use crate::gateway::trace;
use crate::id;
use crate::time::Time;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
}

impl Outcome {
    /// As in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One entry of the audit trail.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub struct Entry {
    /// Id of the entry.
    pub audit_id: String,
    /// Who.
    pub user_id: String,
    /// When.
    pub at: Time,
    /// What, e.g. `vehicle.emergency-stop`.
    pub action: String,
    /// On what, e.g. `vehicle:AV-001`.
    pub entity: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// In words.
    pub detail: String,
    /// Trace of the request.
    pub trace_id: String,
}

/// Writes an entry by itself.
pub async fn write(
    app: &App,
    caller: &Caller,
    action: &str,
    entity: &str,
    outcome: Outcome,
    detail: &str,
) -> sqlx::Result<()> {
    let mut tx = app.db.begin().await?;
    write_in(&mut tx, caller, action, entity, outcome, detail).await?;
    tx.commit().await
}

/// Writes an entry together with what it is about.
pub async fn write_in(
    tx: &mut Tx,
    caller: &Caller,
    action: &str,
    entity: &str,
    outcome: Outcome,
    detail: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO audit (audit_id, tenant_id, user_id, at, action, entity, outcome, detail, trace_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id::new("audit"))
    .bind(&caller.tenant_id)
    .bind(&caller.user_id)
    .bind(Time::now())
    .bind(action)
    .bind(entity)
    .bind(outcome.name())
    .bind(detail)
    .bind(trace::current().map(trace::Trace::trace_id).unwrap_or_default())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
