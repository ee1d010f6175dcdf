//! What `tracing` hands its events to.

use std::fmt::{self, Write as _};
use std::io::Write;

use msgs::rcl_interfaces::msg::Log;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::console::Console;
use super::{levels, name, rosout};
use crate::args::RosArgs;
use crate::clock::wall_time_ns;
use crate::time::Time;

/// The layer that writes the console's lines and sends what is for `/rosout`. It decides for all layers of its
/// subscriber which events there are, after the levels of their loggers.
pub struct RosLayer {
    console: Option<Console>,
}

/// Name that a span's field `node` gives to what is logged in it.
struct SpanLogger(String);

impl RosLayer {
    /// With the levels and outputs that the command line wants.
    pub fn new(args: &RosArgs) -> Self {
        levels::configure(args);
        Self { console: (args.stdout_logs != Some(false)).then(Console::stderr) }
    }

    /// The same, with the console's lines going elsewhere.
    #[must_use]
    pub fn with_writer(self, writer: impl Write + Send + 'static, colour: bool) -> Self {
        Self { console: self.console.map(|_| Console::new(Box::new(writer), colour)) }
    }
}

/// The logger of what is said at a place in the code.
fn logger<'a, S>(metadata: &Metadata<'_>, mut spans: impl Iterator<Item = SpanRef<'a, S>>) -> String
where
    S: for<'b> LookupSpan<'b> + 'a,
{
    if levels::is_foreign(metadata.target()) {
        return name::logger_of_module(metadata.target());
    }
    let of_span = |span: SpanRef<'a, S>| span.extensions().get::<SpanLogger>().map(|l| l.0.clone());
    match (name::thread_logger(), spans.find_map(of_span)) {
        (Some(node), _) => node.to_string(),
        (None, Some(node)) => node,
        (None, None) => name::logger_of_module(metadata.target()),
    }
}

impl<S> Layer<S> for RosLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() <= levels::most() { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(levels::most())
    }

    fn enabled(&self, metadata: &Metadata<'_>, ctx: Context<'_, S>) -> bool {
        if metadata.is_span() {
            return true;
        }
        let spans = ctx.lookup_current().into_iter().flat_map(|span| span.scope());
        levels::enabled(&logger(metadata, spans), *metadata.level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut found = NodeField(None);
        attributes.record(&mut found);
        if let (NodeField(Some(node)), Some(span)) = (found, ctx.span(id)) {
            span.extensions_mut().replace(SpanLogger(name::logger_of_node(&node).to_string()));
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let metadata = event.metadata();
        let logger = logger(metadata, ctx.event_scope(event).into_iter().flatten());
        let mut text = Text::default();
        event.record(&mut text);
        let text = text.finish();
        let stamp = Time::from_ns(wall_time_ns());
        let level = levels::severity(*metadata.level());
        if let Some(console) = &self.console {
            console.write(level, stamp, &logger, &text);
        }
        // What the transport says of its own sending would be sent, and so on.
        if levels::is_foreign(metadata.target()) || metadata.target().starts_with("runtime::transport") {
            return;
        }
        rosout::send(|| Log {
            stamp: stamp.to_msg(),
            level: level as u8,
            name: logger,
            msg: text,
            file: metadata.file().unwrap_or_default().into(),
            function: metadata.module_path().unwrap_or_default().into(),
            line: metadata.line().unwrap_or_default(),
        });
    }
}

/// Finds the field `node`.
struct NodeField(Option<String>);

impl Visit for NodeField {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "node" {
            self.0 = Some(value.into());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "node" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

/// The message and, after it, the fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn finish(self) -> String {
        if self.message.is_empty() {
            return self.fields.trim_start().to_owned();
        }
        self.message + &self.fields
    }

    fn field(&mut self, name: &str, value: fmt::Arguments<'_>) {
        let _ = match name {
            "message" => write!(self.message, "{value}"),
            // Written by a bridge from `log`; says what the metadata say.
            _ if name.starts_with("log.") => Ok(()),
            _ => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field.name(), format_args!("{value:?}"));
    }
}
