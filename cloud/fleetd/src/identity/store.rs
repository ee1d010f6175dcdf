//! Tables of users, tokens and the audit trail.

use std::str::FromStr as _;

use sqlx::{FromRow, SqlitePool};

use super::audit::Entry;
use super::caller::Caller;
use super::role::Role;
use crate::db::Tx;
use crate::time::Time;

#[derive(FromRow)]
struct TokenRow {
    tenant_id: String,
    user_id: String,
    role: String,
    expires_at: Time,
}

/// Whose token it is, and until when.
pub async fn caller_of_token(db: &SqlitePool, token_hash: &str) -> sqlx::Result<Option<(Caller, Time)>> {
    let row: Option<TokenRow> = sqlx::query_as(
        "SELECT t.tenant_id, t.user_id, u.role, t.expires_at FROM tokens t \
         JOIN users u ON u.tenant_id = t.tenant_id AND u.user_id = t.user_id \
         WHERE t.token_hash = $1 AND NOT u.disabled",
    )
    .bind(token_hash)
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| {
        let role = Role::from_str(&row.role).ok()?;
        Some((Caller { tenant_id: row.tenant_id, user_id: row.user_id, role }, row.expires_at))
    }))
}

/// A user as the API shows it.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// Id within the tenant.
    pub user_id: String,
    /// Name for people.
    pub name: String,
    /// Role by its name.
    pub role: String,
    /// May not log in.
    pub disabled: bool,
    /// argon2id.
    pub password_hash: String,
}

/// One user.
pub async fn user(db: &SqlitePool, tenant_id: &str, user_id: &str) -> sqlx::Result<Option<User>> {
    sqlx::query_as(
        "SELECT user_id, name, role, disabled, password_hash FROM users WHERE tenant_id = $1 AND user_id = $2",
    )
    .bind(tenant_id)
    .bind(user_id)
    .fetch_optional(db)
    .await
}

/// All users of a tenant, by id.
pub async fn users(db: &SqlitePool, tenant_id: &str) -> sqlx::Result<Vec<User>> {
    sqlx::query_as(
        "SELECT user_id, name, role, disabled, password_hash FROM users WHERE tenant_id = $1 ORDER BY user_id",
    )
    .bind(tenant_id)
    .fetch_all(db)
    .await
}

/// Whether there is anybody at all.
pub async fn has_users(db: &SqlitePool) -> sqlx::Result<bool> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT user_id FROM users LIMIT 1").fetch_optional(db).await?;
    Ok(row.is_some())
}

/// Adds a tenant if it is new.
pub async fn add_tenant(tx: &mut Tx, tenant_id: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO tenants (tenant_id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING")
        .bind(tenant_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Adds a user; false if the id is taken.
pub async fn add_user(
    tx: &mut Tx,
    tenant_id: &str,
    user_id: &str,
    name: &str,
    role: Role,
    password_hash: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO users (tenant_id, user_id, name, role, password_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(tenant_id)
    .bind(user_id)
    .bind(name)
    .bind(role.name())
    .bind(password_hash)
    .bind(Time::now())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Adds a token, and forgets those of the user that have expired.
pub async fn add_token(
    tx: &mut Tx,
    tenant_id: &str,
    user_id: &str,
    token_hash: &str,
    expires_at: Time,
) -> sqlx::Result<()> {
    let now = Time::now();
    sqlx::query("DELETE FROM tokens WHERE tenant_id = $1 AND user_id = $2 AND expires_at < $3")
        .bind(tenant_id)
        .bind(user_id)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO tokens (token_hash, tenant_id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token_hash)
    .bind(tenant_id)
    .bind(user_id)
    .bind(now)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends one token.
pub async fn remove_token(tx: &mut Tx, token_hash: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM tokens WHERE token_hash = $1").bind(token_hash).execute(&mut **tx).await?;
    Ok(())
}

/// Which entries of the audit trail.
pub struct AuditFilter<'a> {
    /// Of whom; all where none.
    pub user_id: Option<&'a str>,
    /// Of this outcome only.
    pub outcome: Option<&'a str>,
    /// Not before.
    pub since: Time,
    /// At most so many.
    pub limit: u32,
}

/// Entries of the audit trail, newest first.
pub async fn audit(db: &SqlitePool, tenant_id: &str, filter: AuditFilter<'_>) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(
        "SELECT audit_id, user_id, at, action, entity, outcome, detail, trace_id FROM audit \
         WHERE tenant_id = $1 AND at >= $2 AND ($3 IS NULL OR user_id = $3) AND ($4 IS NULL OR outcome = $4) \
         ORDER BY at DESC, audit_id DESC LIMIT $5",
    )
    .bind(tenant_id)
    .bind(filter.since)
    .bind(filter.user_id)
    .bind(filter.outcome)
    .bind(filter.limit)
    .fetch_all(db)
    .await
}
