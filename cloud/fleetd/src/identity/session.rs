//! Sessions of browsers: the token is in a cookie that scripts can't read and other sites can't send.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{self, Login, UserView};
use super::credentials::{self, COOKIE};
use super::{store, token};
use crate::App;
use crate::gateway::body::Body;
use crate::gateway::problem::{Problem, Result};
use crate::time::Time;

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open, close))
}

#[derive(Serialize, ToSchema)]
struct Session {
    expires_at: Time,
    user: UserView,
}

type WithCookie<T> = ([(HeaderName, String); 1], T);

/// Log in a browser: like `/api/v1/login`, with the token in a cookie
#[utoipa::path(post, path = "/api/v1/session", tag = "identity", request_body = Login, security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<WithCookie<Json<Session>>> {
    refuse_foreign(&app, &headers)?;
    let found = api::verify(&app, login).await?;
    let max_age_s = app.config.token_ttl.as_secs();
    let cookie = cookie(&app, &found.token, max_age_s);
    Ok((cookie, Json(Session { expires_at: found.expires_at, user: found.user })))
}

/// End the session of the browser, if there is one
#[utoipa::path(delete, path = "/api/v1/session", tag = "identity", security(()),
    responses((status = 204), (status = 403, body = Problem)))]
async fn close(State(app): State<App>, headers: HeaderMap) -> Result<WithCookie<StatusCode>> {
    refuse_foreign(&app, &headers)?;
    if let Some(token) = credentials::token(&headers) {
        let mut tx = app.db.begin().await?;
        store::remove_token(&mut tx, &token::hash(token)).await?;
        tx.commit().await?;
    }
    Ok((cookie(&app, "", 0), StatusCode::NO_CONTENT))
}

fn cookie(app: &App, token: &str, max_age_s: u64) -> [(HeaderName, String); 1] {
    // In the development profile pages come over HTTP.
    let secure = if app.config.is_production() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    [(header::SET_COOKIE, cookie)]
}

/// Refuses what pages of other origins send.
pub fn refuse_foreign(app: &App, headers: &HeaderMap) -> Result<()> {
    if credentials::is_foreign(headers, &app.config.allowed_origins) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "a page of another origin may not do this; its origin can be added to allowed_origins",
        ));
    }
    Ok(())
}
