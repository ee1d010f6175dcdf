//! Counters for Prometheus, in the OpenMetrics text format. Playbook service: monitoring.

use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::gateway::problem::{Problem, Result};
use crate::identity::{Caller, Permission};
use crate::trips;

const PREFIX: &str = "atlasmesh";
/// Upper ends of the buckets, s.
const REQUEST_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const DELAY_S: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0];

/// Path of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    /// As the router has it, with names in place of values.
    path: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InStatus {
    status: String,
}

/// What is counted as it happens. What is known anyway is read when asked.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    /// From a vehicle's measurement to the commit that made it queryable, s.
    pub telemetry_delay_s: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::new_with_constructor((|| Histogram::new(REQUEST_S)) as fn() -> Histogram);
        registry.register_with_unit(
            "http_request",
            "Time to answer a request",
            Unit::Seconds,
            requests.clone(),
        );
        let telemetry_delay_s = Histogram::new(DELAY_S);
        let help = "From a vehicle's measurement, on its clock, to its report being queryable";
        registry.register_with_unit("telemetry_delay", help, Unit::Seconds, telemetry_delay_s.clone());
        Self { registry, requests, telemetry_delay_s }
    }
}

impl Metrics {
    /// Counts a request that was answered; `path` as the router has it, if it matched.
    pub fn answered(&self, method: &Method, path: Option<&str>, status: u16, seconds: f64) {
        let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS];
        let names = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        // Anybody can make up methods and paths, but not series without end.
        let method =
            known.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name);
        let request = Request { method, path: path.unwrap_or("other").to_owned(), status };
        self.requests.get_or_create(&request).observe(seconds);
    }
}

/// Counters for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "monitoring",
    responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text"),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn metrics(State(app): State<App>, caller: Caller) -> Result<Response> {
    caller.require(&app, Permission::View, "metrics").await?;
    let mut now = Now(Registry::with_prefix(PREFIX));
    let ingest = app.telemetry.counts();
    now.counter("telemetry_received", "Reports taken in", ingest.received);
    now.counter("telemetry_stored", "Reports written", ingest.stored);
    now.counter("telemetry_dropped", "Reports not kept, because writing did not keep up", ingest.dropped);
    now.counter("telemetry_overrun", "Reports that came faster than they could be taken in", ingest.overrun);
    now.counter("telemetry_dead_letters", "Messages of vehicles that did not decode", ingest.dead_letters);
    now.gauge("telemetry_waiting", "Reports that wait to be written", ingest.waiting as i64);
    now.gauge("vehicles_connected", "Vehicles that are linked now", app.vehicles.connected() as i64);
    let stream = app.streams.counts();
    now.gauge("stream_clients", "Clients of the event stream", stream.connections as i64);
    now.counter("stream_frames", "Frames sent to them", stream.frames_sent);
    now.counter("stream_dropped_slow", "Clients closed because they did not read", stream.dropped_slow);
    let trips = Family::<InStatus, Gauge>::default();
    for (status, count) in trips::store::open_by_status(app.db.reader()).await? {
        trips.get_or_create(&InStatus { status }).set(count);
    }
    now.0.register("trips_open", "Trips that have not ended", trips);
    let mut out = String::new();
    let written = text::encode_registry(&mut out, &app.metrics.registry)
        .and_then(|()| text::encode_registry(&mut out, &now.0))
        .and_then(|()| text::encode_eof(&mut out));
    written.map_err(|error| Problem::internal(&error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], out).into_response())
}

/// What is read when asked.
struct Now(Registry);

impl Now {
    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.0.register(name, help, ConstCounter::new(value));
    }

    fn gauge(&mut self, name: &str, help: &str, value: i64) {
        self.0.register(name, help, ConstGauge::new(value));
    }
}
