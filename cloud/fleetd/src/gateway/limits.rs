//! Limits: requests per client, time per request.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::Problem;
use crate::config::Config;

/// Requests per client address.
#[derive(Clone)]
pub struct Limiter(Arc<DefaultKeyedRateLimiter<IpAddr>>);

impl Limiter {
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let per_second = NonZeroU32::try_from(config.requests_per_second)?;
        let quota = Quota::per_second(per_second).allow_burst(NonZeroU32::try_from(config.burst)?);
        Ok(Self(Arc::new(RateLimiter::keyed(quota))))
    }
}

/// Answers 429 to who asks too often.
pub async fn rate(State(limiter): State<Limiter>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if client.is_some_and(|client| limiter.0.check_key(&client).is_err()) {
        return Problem::later(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            1,
            "too many requests: slow down",
        )
        .into_response();
    }
    next.run(request).await
}

/// Answers 408 where a request takes too long, e.g. because its body trickles in.
pub async fn time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(super::MAX_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took longer than 30 s")
            .into_response(),
    }
}
