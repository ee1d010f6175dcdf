//! How much is logged.

use std::fmt;
use std::str::FromStr;

/// A severity, as `rcutils` knows them; the numbers are those of `rcl_interfaces/msg/Log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LogLevel {
    /// Whatever the parent logger has.
    Unset = 0,
    /// For developers.
    Debug = 10,
    /// What the node does.
    Info = 20,
    /// What may become a problem.
    Warn = 30,
    /// What failed.
    Error = 40,
    /// What ends the node.
    Fatal = 50,
}

/// Not a severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a log level, use one of: debug, info, warn, error, fatal, unset")]
pub struct ParseLogLevelError(String);

impl FromStr for LogLevel {
    type Err = ParseLogLevelError;

    /// In any case: `info`, `INFO`.
    fn from_str(text: &str) -> Result<Self, ParseLogLevelError> {
        [Self::Unset, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal]
            .into_iter()
            .find(|level| level.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseLogLevelError(text.to_owned()))
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unset => "UNSET",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        })
    }
}
