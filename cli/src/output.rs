//! Standard output: lines of text, or JSON with `--json`. A reader that went away is an error of kind `BrokenPipe`.

use std::io::{self, Write};

use anyhow::Result;
use runtime::clock::wall_time_ns;
use serde::Serialize;

/// Ctrl-C came before the command was done.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Where results go.
pub struct Out {
    /// Whether JSON is wanted.
    pub json: bool,
    stdout: io::Stdout,
}

impl Out {
    /// Writes to standard output.
    pub fn new(json: bool) -> Self {
        Self { json, stdout: io::stdout() }
    }

    /// Writes text as it is, and sends it off.
    pub fn text(&mut self, text: &str) -> Result<()> {
        let mut stdout = self.stdout.lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) -> Result<()> {
        self.text(&format!("{line}\n"))
    }

    /// Writes one JSON line, of a stream of them.
    pub fn json_line(&mut self, value: &impl Serialize) -> Result<()> {
        self.line(&serde_json::to_string(value)?)
    }

    /// Writes one JSON document.
    pub fn json_document(&mut self, value: &impl Serialize) -> Result<()> {
        self.line(&serde_json::to_string_pretty(value)?)
    }

    /// A list: one line each, or a JSON array.
    pub fn list(&mut self, items: &[String]) -> Result<()> {
        if self.json {
            return self.json_document(&items);
        }
        items.iter().try_for_each(|item| self.line(item))
    }
}

/// What to do is told on standard error, so that it mixes with no result.
pub fn note(text: &str) {
    err(&format!("{text}\n"));
}

/// Writes to standard error. That it is gone, as when a terminal was closed, must end nothing.
pub fn err(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A line on standard error as ROS nodes log it.
pub fn log(level: &str, logger: &str, text: &str) {
    let now = wall_time_ns();
    note(&format!("[{level}] [{}.{:09}] [{logger}]: {text}", now / 1_000_000_000, now % 1_000_000_000));
}
