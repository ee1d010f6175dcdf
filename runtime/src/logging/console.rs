//! Lines for people.

use std::io::{IsTerminal, Write};

use parking_lot::Mutex;

use crate::args::LogLevel;
use crate::time::Time;

/// Where lines are written.
pub(super) struct Console {
    writer: Mutex<Box<dyn Write + Send>>,
    colour: bool,
}

impl Console {
    /// Standard error, in colour if it is a terminal or `RCUTILS_COLORIZED_OUTPUT` is 1.
    pub fn stderr() -> Self {
        let colour = match std::env::var("RCUTILS_COLORIZED_OUTPUT").as_deref() {
            Ok("1") => true,
            Ok("0") => false,
            _ => std::io::stderr().is_terminal(),
        };
        Self::new(Box::new(std::io::stderr()), colour)
    }

    pub fn new(writer: Box<dyn Write + Send>, colour: bool) -> Self {
        Self { writer: Mutex::new(writer), colour }
    }

    pub fn write(&self, level: LogLevel, stamp: Time, logger: &str, text: &str) {
        let line = line(level, stamp, logger, text, self.colour);
        // Nobody is left to be told if this fails.
        let _ = self.writer.lock().write_all(line.as_bytes());
    }
}

/// A line as `rcutils` prints it, with its colours.
fn line(level: LogLevel, stamp: Time, logger: &str, text: &str, colour: bool) -> String {
    let (start, end) = match level {
        _ if !colour => ("", ""),
        LogLevel::Debug => ("\u{1b}[32m", "\u{1b}[0m"),
        LogLevel::Warn => ("\u{1b}[33m", "\u{1b}[0m"),
        LogLevel::Error | LogLevel::Fatal => ("\u{1b}[31m", "\u{1b}[0m"),
        LogLevel::Unset | LogLevel::Info => ("", ""),
    };
    format!("{start}[{level}] [{stamp}] [{logger}]: {text}{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_rcutils() {
        let stamp = Time::from_ns(1_700_000_000_003_456_789);
        let plain = line(LogLevel::Info, stamp, "a.planning_node", "text", false);
        assert_eq!(plain, "[INFO] [1700000000.003456789] [a.planning_node]: text\n");
        let coloured = line(LogLevel::Warn, stamp, "x", "text", true);
        assert_eq!(coloured, "\u{1b}[33m[WARN] [1700000000.003456789] [x]: text\u{1b}[0m\n");
    }
}
