//! The way in: which service a request is for, its trace, limits, errors, and the OpenAPI document of all services.

pub mod body;
mod health;
pub mod hosts;
mod limits;
mod openapi;
pub mod problem;
pub mod query;
pub mod trace;

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, events, fleet, identity, incidents, map, metrics, routing, stops, telemetry, trips};
use problem::Problem;

/// A request that takes longer is given up.
const MAX_TIME: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AtlasMesh Fleet OS",
        description = "The fleet service. Paths under `/svc/<service>` are also at `http://<service>/…` by host name. \
                       Errors are RFC 9457 problem documents; every reply has `x-trace-id` and `x-correlation-id`."
    ),
    security(("token" = []))
)]
struct Document;

fn documented() -> OpenApiRouter<App> {
    let public = OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::each())
        .merge(identity::api::public())
        .merge(events::api::public())
        .merge(fleet::api::public())
        .merge(incidents::api::public())
        .merge(map::api::public())
        .merge(metrics::public())
        .merge(stops::api::public())
        .merge(telemetry::api::public())
        .merge(trips::api::public());
    let services = [
        ("auth-service", identity::api::service()),
        ("fleet-manager", health::fleet_manager()),
        ("routing-service", routing::api::service()),
        ("telemetry-ingest", telemetry::api::service()),
    ];
    services
        .into_iter()
        .chain(hosts::SERVICES.iter().map(|service| (*service, health::each())))
        .fold(public, |router, (service, paths)| router.nest(&format!("/svc/{service}"), paths))
}

/// The OpenAPI document of all paths.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = documented().into_openapi();
    openapi::complete(&mut document);
    document
}

/// Everything that is answered, behind the layers that every request passes.
pub fn router(app: App) -> anyhow::Result<Router> {
    let document = openapi();
    let (router, _) = documented().split_for_parts();
    Ok(router
        .route("/openapi.json", axum::routing::get(|| async { Json(document) }))
        .fallback(page)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(limits::time))
        .layer(middleware::from_fn_with_state(limits::Limiter::new(&app.config)?, limits::rate))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal(&"a handler panicked").into_response()
        }))
        .layer(CompressionLayer::new())
        .layer(cors(&app.config.allowed_origins)?)
        .layer(middleware::from_fn_with_state(app.clone(), trace::layer))
        .with_state(app))
}

fn cors(origins: &[String]) -> anyhow::Result<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().map(|origin| origin.parse()).collect::<Result<_, _>>()?;
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            trace::CORRELATION_ID,
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([trace::CORRELATION_ID, HeaderName::from_static("x-trace-id")]))
}

/// A page of the control center, or the problem that there is none.
async fn page(request: Request) -> Response {
    let path = request.uri().path();
    let may_be_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !["/api/", "/svc/", "/websocket/"].iter().any(|start| path.starts_with(start));
    let path: String = path.chars().take(200).collect();
    let found = if may_be_page { control_center::page(request).await } else { None };
    found.unwrap_or_else(|| {
        let detail = format!("there is nothing at {path}; GET /openapi.json lists all paths");
        Problem::not_found("path", detail).into_response()
    })
}

async fn no_such_method(request: Request) -> Problem {
    let path: String = request.uri().path().chars().take(200).collect();
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        format!("{path} does not answer {}; GET /openapi.json lists all paths", request.method()),
    )
}
