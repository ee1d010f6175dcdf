//! HTTP: log in and out, users, permissions, audit.

use std::str::FromStr as _;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audit::{self, Entry, Outcome};
use super::role::{Permission, Role};
use super::{Caller, credentials, password, session, store, token};
use crate::App;
use crate::duration;
use crate::gateway::body::Body;
use crate::gateway::problem::{Problem, Result};
use crate::gateway::query::Query;
use crate::time::Time;

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(me))
        .merge(session::public())
        .routes(routes!(list_users, create_user))
}

/// Paths of auth-service in the playbook.
pub fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(permissions))
        .routes(routes!(access))
        .routes(routes!(validate_role))
        .routes(routes!(failed_auth))
}

/// Who logs in.
#[derive(Deserialize, ToSchema)]
pub(super) struct Login {
    /// Tenant; the one that the service was set up with, where left out.
    #[serde(default)]
    tenant_id: Option<String>,
    #[schema(example = "admin")]
    user_id: String,
    #[schema(example = "correct horse battery staple")]
    password: String,
}

/// Who has logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoggedIn {
    /// For `Authorization: Bearer …`. Told only once.
    pub token: String,
    pub expires_at: Time,
    pub user: UserView,
}

/// Log in with a password
#[utoipa::path(post, path = "/api/v1/login", tag = "identity", request_body = Login, security(()),
    responses((status = 200, body = LoggedIn), (status = 401, body = Problem), (status = 422, body = Problem)))]
async fn log_in(State(app): State<App>, Body(login): Body<Login>) -> Result<Json<LoggedIn>> {
    verify(&app, login).await.map(Json)
}

/// Checks the password, and makes a token.
pub(super) async fn verify(app: &App, login: Login) -> Result<LoggedIn> {
    let tenant_id = login.tenant_id.unwrap_or_else(|| app.config.tenant.clone());
    let user = store::user(app.db.reader(), &tenant_id, &login.user_id).await?.filter(|user| !user.disabled);
    let right =
        password::verify(login.password, user.as_ref().map(|user| user.password_hash.clone())).await?;
    let Some(user) = user.filter(|_| right) else {
        let who = Caller {
            tenant_id: app.config.tenant.clone(),
            user_id: login.user_id.chars().take(64).collect(),
            role: Role::Viewer,
        };
        audit::write(app, &who, "log-in", "session", Outcome::Refused, "wrong user or password").await?;
        return Err(Problem::unauthenticated("wrong user or password"));
    };
    let role = Role::from_str(&user.role).map_err(|error| Problem::internal(&error))?;
    let caller = Caller { tenant_id, user_id: user.user_id.clone(), role };
    let (token, expires_at) = issue(app, &caller).await?;
    Ok(LoggedIn { token, expires_at, user: UserView::of(&user.user_id, &user.name, role) })
}

/// A new token for a user who has proved to be one.
async fn issue(app: &App, caller: &Caller) -> Result<(String, Time)> {
    let token = token::random();
    let expires_at = Time::now().after(app.config.token_ttl);
    let mut tx = app.db.begin().await?;
    store::add_token(&mut tx, &caller.tenant_id, &caller.user_id, &token::hash(&token), expires_at).await?;
    audit::write_in(&mut tx, caller, "log-in", "session", Outcome::Done, "").await?;
    tx.commit().await?;
    Ok((token, expires_at))
}

/// End the token that is sent with this
#[utoipa::path(post, path = "/api/v1/logout", tag = "identity",
    responses((status = 204), (status = 401, body = Problem)))]
async fn log_out(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<StatusCode> {
    caller.require_person()?;
    let token = credentials::token(&headers).unwrap_or_default();
    let mut tx = app.db.begin().await?;
    store::remove_token(&mut tx, &token::hash(token)).await?;
    audit::write_in(&mut tx, &caller, "log-out", "session", Outcome::Done, "").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user, as the API shows one.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    #[schema(example = "user123")]
    user_id: String,
    name: String,
    role: Role,
    permissions: Vec<Permission>,
}

impl UserView {
    fn of(user_id: &str, name: &str, role: Role) -> Self {
        Self { user_id: user_id.into(), name: name.into(), role, permissions: role.permissions().to_vec() }
    }
}

/// Who I am, and what I may do
#[utoipa::path(get, path = "/api/v1/me", tag = "identity",
    responses((status = 200, body = UserView), (status = 401, body = Problem)))]
async fn me(caller: Caller) -> Json<UserView> {
    Json(UserView::of(&caller.user_id, &caller.user_id, caller.role))
}

/// All users
#[utoipa::path(get, path = "/api/v1/users", tag = "identity",
    responses((status = 200, body = Vec<UserView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn list_users(State(app): State<App>, caller: Caller) -> Result<Json<Vec<UserView>>> {
    caller.require(&app, Permission::Administer, "users").await?;
    let users = store::users(app.db.reader(), &caller.tenant_id).await?;
    let view = |user: store::User| {
        Role::from_str(&user.role).ok().map(|role| UserView::of(&user.user_id, &user.name, role))
    };
    Ok(Json(users.into_iter().filter_map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
struct NewUser {
    #[schema(example = "user123")]
    user_id: String,
    #[serde(default)]
    name: Option<String>,
    role: Role,
    /// At least 12 characters.
    #[schema(example = "correct horse battery staple")]
    password: String,
}

/// Add a user
#[utoipa::path(post, path = "/api/v1/users", tag = "identity", request_body = NewUser,
    responses((status = 201, body = UserView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create_user(
    State(app): State<App>,
    caller: Caller,
    Body(user): Body<NewUser>,
) -> Result<(StatusCode, Json<UserView>)> {
    caller.require(&app, Permission::Administer, "users").await?;
    caller.require_person()?;
    let name = user.name.unwrap_or_else(|| user.user_id.clone());
    super::add_user(&app, &caller.tenant_id, &user.user_id, &name, user.role, user.password).await?;
    let entity = format!("user:{}", user.user_id);
    audit::write(&app, &caller, "user.create", &entity, Outcome::Done, user.role.name()).await?;
    Ok((StatusCode::CREATED, Json(UserView::of(&user.user_id, &name, user.role))))
}

/// What a user may do
#[utoipa::path(get, path = "/permissions/{user}", tag = "auth-service",
    responses((status = 200, body = UserView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
async fn permissions(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<UserView>> {
    if caller.user_id != user {
        caller.require(&app, Permission::ReadAudit, &format!("user:{user}")).await?;
    }
    let found = store::user(app.db.reader(), &caller.tenant_id, &user).await?;
    let Some(found) = found else {
        return Err(Problem::not_found(
            "user",
            format!("there is no user {user:?}; GET /api/v1/users lists them"),
        ));
    };
    let role = Role::from_str(&found.role).map_err(|error| Problem::internal(&error))?;
    Ok(Json(UserView::of(&found.user_id, &found.name, role)))
}

#[derive(Deserialize, IntoParams)]
struct AccessQuery {
    /// Of this user only
    user: Option<String>,
    /// How far back, e.g. 15m, 1h, 7d
    #[param(value_type = Option<String>, example = "1h")]
    timerange: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AccessLog {
    /// From when on.
    since: Time,
    /// Newest first, at most 1000.
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// Who did what, and who was refused
#[utoipa::path(get, path = "/audit/access", tag = "auth-service", params(AccessQuery),
    responses((status = 200, body = AccessLog), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
async fn access(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AccessQuery>,
) -> Result<Json<AccessLog>> {
    caller.require(&app, Permission::ReadAudit, "audit").await?;
    let hint = query
        .timerange
        .is_none()
        .then_some("the last hour; for more quote the address: '…?user=X&timerange=7d'");
    let range = match &query.timerange {
        Some(text) => {
            duration::parse(text).map_err(|error| Problem::bad_request(format!("timerange: {error}")))?
        }
        None => Duration::from_secs(3600),
    };
    log(&app, &caller, query.user.as_deref(), None, range, hint).await
}

async fn log(
    app: &App,
    caller: &Caller,
    user_id: Option<&str>,
    outcome: Option<&str>,
    range: Duration,
    hint: Option<&'static str>,
) -> Result<Json<AccessLog>> {
    let since = Time::now().before(range);
    let filter = store::AuditFilter { user_id, outcome, since, limit: 1000 };
    Ok(Json(AccessLog {
        since,
        entries: store::audit(app.db.reader(), &caller.tenant_id, filter).await?,
        hint,
    }))
}

#[derive(Serialize, ToSchema)]
struct RoleView {
    role: Role,
    valid: bool,
    permissions: Vec<Permission>,
    /// How many users have it.
    users: usize,
}

/// Whether a role exists, and what it may do
#[utoipa::path(get, path = "/roles/validate/{role}", tag = "auth-service",
    responses((status = 200, body = RoleView), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn validate_role(
    State(app): State<App>,
    caller: Caller,
    Path(role): Path<String>,
) -> Result<Json<RoleView>> {
    caller.require(&app, Permission::View, "roles").await?;
    let role = Role::from_str(&role).map_err(|error| Problem::not_found("role", error.to_string()))?;
    let users = store::users(app.db.reader(), &caller.tenant_id).await?;
    let users = users.iter().filter(|user| user.role == role.name()).count();
    Ok(Json(RoleView { role, valid: true, permissions: role.permissions().to_vec(), users }))
}

/// Refused accesses of the last 24 hours
#[utoipa::path(get, path = "/security/failed-auth", tag = "auth-service",
    responses((status = 200, body = AccessLog), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn failed_auth(State(app): State<App>, caller: Caller) -> Result<Json<AccessLog>> {
    caller.require(&app, Permission::ReadAudit, "audit").await?;
    log(&app, &caller, None, Some(Outcome::Refused.name()), Duration::from_secs(24 * 3600), None).await
}
