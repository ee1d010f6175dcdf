//! One trace per request (W3C Trace Context): taken from `traceparent` or made, told in the reply and in every log line.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use rand::RngExt as _;
use tracing::Instrument as _;

use super::hosts::Service;
use crate::App;
use crate::spans::{self, Span};
use crate::time::Time;

/// Correlation id of the request, in request and reply.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

tokio::task_local! {
    static CURRENT: Trace;
}

/// Where in a trace we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    trace: u128,
    span: u64,
    /// The span that this one is in; 0 for none.
    parent: u64,
}

impl Trace {
    /// A new one.
    pub fn random() -> Self {
        let mut rng = rand::rng();
        Self { trace: rng.random_range(1..=u128::MAX), span: rng.random_range(1..=u64::MAX), parent: 0 }
    }

    /// A new span in the trace of a `traceparent` header; none if that is not valid.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, span, _flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len| {
            text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let parent = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        Some(Self { trace, parent, ..Self::random() })
    }

    /// A new span within this one.
    pub fn child(self) -> Self {
        Self { trace: self.trace, parent: self.span, ..Self::random() }
    }

    /// Ids of the trace, the span, and the span that this one is in.
    pub fn ids(self) -> (u128, u64, u64) {
        (self.trace, self.span, self.parent)
    }

    /// 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// 16 hexadecimal digits.
    pub fn span_id(self) -> String {
        format!("{:016x}", self.span)
    }

    /// For who is called from here.
    pub fn traceparent(self) -> String {
        format!("00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

/// That of the request being answered, or of the work that it began.
pub fn current() -> Option<Trace> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Runs work that outlives its request, or has none, within a trace.
pub async fn within<F: Future>(trace: Trace, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}

/// Answers a request within its trace, and logs it.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let header = |headers: &HeaderMap, name| {
        headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok().map(str::to_owned))
    };
    let trace = header(request.headers(), TRACEPARENT)
        .as_deref()
        .and_then(Trace::parse)
        .unwrap_or_else(Trace::random);
    let correlation = header(request.headers(), CORRELATION_ID)
        .filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()))
        .unwrap_or_else(|| trace.trace_id());
    let service = request.extensions().get::<Service>().copied().unwrap_or_default();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!(
        "request",
        service = service.name(),
        trace_id = trace.trace_id(),
        span_id = trace.span_id(),
        tenant_id = tracing::field::Empty,
        user_id = tracing::field::Empty,
        entity_id = tracing::field::Empty,
    );
    let (started, began) = (Instant::now(), Time::now());
    let work = async move {
        let mut response = next.run(request).await;
        let status_code = response.status().as_u16();
        let duration = started.elapsed();
        let matched = matched.as_ref().map(MatchedPath::as_str);
        app.metrics.answered(&method, matched, status_code, duration.as_secs_f64());
        spans::record(|| Span {
            trace,
            name: format!("{method} {}", matched.unwrap_or("other")),
            kind: SpanKind::Server,
            started: began,
            ended: began.after(duration),
            attributes: vec![
                KeyValue::new("http.response.status_code", i64::from(status_code)),
                KeyValue::new("url.path", path.clone()),
            ],
            error: (status_code >= 500).then(|| "the request failed".into()),
        });
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let endpoint = path;
        match status_code {
            500.. => tracing::error!(%method, endpoint, status_code, duration_ms, "request"),
            400.. => tracing::warn!(%method, endpoint, status_code, duration_ms, "request"),
            _ => tracing::info!(%method, endpoint, status_code, duration_ms, "request"),
        }
        let headers = response.headers_mut();
        for (name, value) in
            [(CORRELATION_ID, correlation), (TRACE_ID, trace.trace_id()), (TRACEPARENT, trace.traceparent())]
        {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    };
    within(trace, work.instrument(span)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_from_its_header() {
        let trace = Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(trace.span_id(), "00f067aa0ba902b7");
        assert_eq!(Trace::parse(&trace.traceparent()).unwrap().trace_id(), trace.trace_id());
    }

    #[test]
    fn headers_that_make_no_sense_are_no_trace() {
        for header in [
            "",
            "abc",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Trace::parse(header), None, "{header}");
        }
    }
}
