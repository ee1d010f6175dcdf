//! What a node says about its own health.

use crate::rt;

/// How bad it is, as in `diagnostic_msgs/msg/DiagnosticStatus`.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    #[default]
    Ok = 0,
    Warn = 1,
    Error = 2,
    Stale = 3,
}

/// Most values of one status.
const MAX_VALUES: usize = 12;

/// A status with figures; a plain value, so that a real-time step can report it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// How bad it is.
    pub level: Level,
    /// In words.
    pub message: &'static str,
    values: [(&'static str, f64); MAX_VALUES],
    count: usize,
}

impl Status {
    /// All is well.
    pub fn ok(message: &'static str) -> Self {
        Self { message, ..Self::default() }
    }

    /// A status of that level.
    pub fn new(level: Level, message: &'static str) -> Self {
        Self { level, message, ..Self::default() }
    }

    /// The same with one more figure; its name carries the unit. Beyond twelve they are left out.
    #[must_use]
    pub fn value(mut self, name: &'static str, value: f64) -> Self {
        if let Some(slot) = self.values.get_mut(self.count) {
            *slot = (name, value);
            self.count += 1;
        }
        self
    }

    /// The figures.
    pub fn values(&self) -> &[(&'static str, f64)] {
        &self.values[..self.count]
    }
}

/// Reports a status.
pub struct Diagnostic(rt::Writer<Status>);

impl Diagnostic {
    pub(super) fn new(writer: rt::Writer<Status>) -> Self {
        Self(writer)
    }

    /// Sets the present status. Allocates nothing.
    pub fn set(&mut self, status: Status) {
        self.0.write(status);
    }
}
