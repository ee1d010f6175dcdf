//! Logs as JSON lines with the fields of the playbook's section 7, and the literal `trace_id:<id>` to grep for.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt as layers};

use crate::time::Time;

/// Installs the log for the process; `RUST_LOG` chooses levels, default `info`.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = layers::layer().event_format(JsonLines).with_writer(std::io::stderr);
    // A second call, in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(SpanFields).with(lines).try_init();
}

/// Fields of a span, kept with it so that each line inside can have them.
struct Fields(BTreeMap<&'static str, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), value.into());
    }
}

struct SpanFields;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanFields {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }
}

struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        let mut line = Map::new();
        line.insert("timestamp".into(), serde_json::to_value(Time::now()).unwrap_or_default());
        line.insert("level".into(), event.metadata().level().as_str().into());
        line.insert("service".into(), "fleetd".into());
        for span in context.event_scope().into_iter().flatten().collect::<Vec<_>>().into_iter().rev() {
            if let Some(Fields(fields)) = span.extensions().get::<Fields>() {
                line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
        }
        line.extend(fields.0.into_iter().map(|(name, value)| (name.to_owned(), value)));
        // `kubectl logs … | grep trace_id:abc` is what the playbook types, and JSON has quotes between.
        let trace_id = line.get("trace_id").and_then(Value::as_str).map(|id| format!(" trace_id:{id}"));
        let message = line.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        line.insert("message".into(), format!("{message}{}", trace_id.unwrap_or_default()).into());
        let mut text = String::new();
        write!(text, "{}", Value::Object(line))?;
        writeln!(writer, "{text}")
    }
}
