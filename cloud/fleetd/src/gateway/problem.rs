//! Errors as RFC 9457 problem documents.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done, and what to do about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:atlasmesh:problem:vehicle-not-found", "title": "vehicle not found", "status": 404,
    "detail": "there is no vehicle AV-999 in tenant default; GET /api/v1/vehicles lists them",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"
}))]
pub struct Problem {
    /// `urn:atlasmesh:problem:` and a word for programs.
    #[serde(rename = "type")]
    kind: String,
    /// The same for people.
    title: String,
    /// Status of HTTP.
    status: u16,
    /// What went wrong here, and what to do.
    detail: Cow<'static, str>,
    /// To find the request in logs and traces.
    trace_id: String,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

/// What handlers return.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem; `kind` in kebab-case, e.g. `vehicle-not-found`.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: format!("urn:atlasmesh:problem:{kind}"),
            title: kind.replace('-', " "),
            status: status.as_u16(),
            detail: detail.into(),
            trace_id: super::trace::current().map(|trace| trace.trace_id()).unwrap_or_default(),
            retry_after_s: None,
        }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// 422: it is well formed, but can't be done.
    pub fn unprocessable(kind: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, detail)
    }

    /// 401: who asks is not known.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 403: who asks may not.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404, e.g. of `vehicle`.
    pub fn not_found(what: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("{what}-not-found"), detail)
    }

    /// 409: the state of things does not allow it now.
    pub fn conflict(kind: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, detail)
    }

    /// 429 or 503, with the time after which to ask again.
    pub fn later(
        status: StatusCode,
        kind: &str,
        retry_after_s: u32,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(status, kind, detail) }
    }

    /// 500. The cause goes to the log, not to the client.
    pub fn internal(cause: &(dyn std::fmt::Display + Sync)) -> Self {
        tracing::error!(cause = %cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-error",
            "something went wrong here; the log has the cause under this trace_id",
        )
    }

    /// What went wrong here, and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
