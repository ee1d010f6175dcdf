//! Spans for an OTLP collector, where `OTEL_EXPORTER_OTLP_ENDPOINT` names one (HTTP with protobuf).
//!
//! One trace runs from the request through the vehicle link to what the vehicle did: `fleetd` exports the vehicle's part
//! too, from the times in its acknowledgement, so that vehicles need no way to a collector. Those times are the vehicle's.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _};

use crate::gateway::trace::Trace;
use crate::time::Time;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

static COLLECTOR: OnceLock<BatchSpanProcessor> = OnceLock::new();

/// Begins to export, if a collector is configured.
pub fn init() -> Result<()> {
    let configured = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    if !configured.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Ok(());
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(Client::new()).build();
    let exporter = exporter.context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let mut processor = BatchSpanProcessor::builder(exporter).build();
    processor.set_resource(&Resource::builder().with_service_name("fleetd").build());
    let _ = COLLECTOR.set(processor);
    Ok(())
}

/// Sends what has not been sent.
pub fn flush() {
    if let Some(collector) = COLLECTOR.get()
        && let Err(error) = collector.force_flush()
    {
        tracing::warn!(%error, "the last spans were not exported");
    }
}

/// Something that took time.
pub struct Span {
    /// Where in which trace.
    pub trace: Trace,
    /// What was done.
    pub name: String,
    /// Who was asked by whom.
    pub kind: SpanKind,
    /// When it began.
    pub started: Time,
    /// When it was done.
    pub ended: Time,
    /// What else is known.
    pub attributes: Vec<KeyValue>,
    /// What went wrong.
    pub error: Option<String>,
}

/// Exports a span; nothing happens where there is no collector.
pub fn record(span: impl FnOnce() -> Span) {
    let Some(collector) = COLLECTOR.get() else { return };
    let span = span();
    let (trace, id, parent) = span.trace.ids();
    let (trace, id) = (TraceId::from(trace), SpanId::from(id));
    let context = SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE);
    collector.on_end(SpanData {
        span_context: context,
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: span.kind == SpanKind::Server,
        span_kind: span.kind,
        name: span.name.into(),
        start_time: system_time(span.started),
        end_time: system_time(span.ended),
        attributes: span.attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.error.map_or(Status::Unset, Status::error),
        instrumentation_scope: InstrumentationScope::builder("fleetd").build(),
    });
}

fn system_time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(time.as_unix_ns())
}

/// Called on the exporter's own thread, which may wait.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        Self(config.build().new_agent())
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> Result<axum::http::Response<Bytes>, HttpError> {
        let (parts, body) = self.0.run(request.map(|body| body.to_vec()))?.into_parts();
        let body = ureq::Body::into_with_config(body).limit(1 << 20).read_to_vec()?;
        Ok(axum::http::Response::from_parts(parts, body.into()))
    }
}
