//! How much each logger says.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::args::{LogLevel, RosArgs};

/// Crates of others that log; they begin with these words (`tiny` is `tiny_skia`).
const FOREIGN: [&str; 10] =
    ["zenoh", "hiroz", "quinn", "rustls", "tokio", "mio", "hyper", "h2", "mcap", "tiny"];

/// Most loggers with a level of their own.
const MAX_LOGGERS: usize = 10_000;

/// What is left of the table when it is full.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LOGGERS} loggers have a level of their own already; set that of a parent instead")]
pub struct LevelError;

struct Table {
    default: LogLevel,
    loggers: BTreeMap<String, LogLevel>,
}

static TABLE: RwLock<Table> = RwLock::new(Table { default: LogLevel::Info, loggers: BTreeMap::new() });

impl Table {
    fn level(&self, logger: &str) -> LogLevel {
        if logger.is_empty() {
            return self.default;
        }
        self.loggers.get(logger).copied().unwrap_or(LogLevel::Unset)
    }

    fn effective(&self, logger: &str) -> LogLevel {
        let mut name = logger;
        loop {
            match self.loggers.get(name) {
                Some(LogLevel::Unset) | None => {}
                Some(level) => return *level,
            }
            match name.rsplit_once('.') {
                Some((parent, _)) => name = parent,
                None => break,
            }
        }
        match foreign(name) {
            None => self.default,
            // `zenoh` stands for `zenoh_transport` and the rest of the family too.
            Some(family) => match self.loggers.get(family) {
                Some(LogLevel::Unset) | None => self.default.max(LogLevel::Error),
                Some(level) => *level,
            },
        }
    }

    fn most(&self) -> LevelFilter {
        let lowest =
            self.loggers.values().copied().filter(|l| *l != LogLevel::Unset).fold(self.default, Ord::min);
        match lowest {
            LogLevel::Unset | LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Fatal => LevelFilter::OFF,
        }
    }
}

/// The family of crates of others that a logger belongs to.
fn foreign(logger: &str) -> Option<&'static str> {
    let word = logger.split(['.', '_', '-']).next().unwrap_or(logger);
    FOREIGN.into_iter().find(|family| *family == word)
}

/// Whether a module belongs to a library of others.
pub(super) fn is_foreign(target: &str) -> bool {
    foreign(target.split("::").next().unwrap_or(target)).is_some()
}

/// The level of a message, as ROS counts.
pub(super) fn severity(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// Whether a logger says messages of that level; traces it never says.
pub(super) fn enabled(logger: &str, level: Level) -> bool {
    level != Level::TRACE && severity(level) >= TABLE.read().effective(logger)
}

/// The most that any logger says.
pub(super) fn most() -> LevelFilter {
    TABLE.read().most()
}

/// Begins with what the command line says.
pub(super) fn configure(args: &RosArgs) {
    let mut table = TABLE.write();
    table.default = args.log_level.filter(|l| *l != LogLevel::Unset).unwrap_or(LogLevel::Info);
    table.loggers = args.logger_levels.iter().cloned().collect();
    drop(table);
    tracing::callsite::rebuild_interest_cache();
}

/// The level that was set for a logger; unset if it has that of its parent. The empty name is that of the root.
pub fn level(logger: &str) -> LogLevel {
    TABLE.read().level(logger)
}

/// The level at which a logger says something.
pub fn effective_level(logger: &str) -> LogLevel {
    TABLE.read().effective(logger)
}

/// Sets the level of a logger, or with [`LogLevel::Unset`] gives it back that of its parent.
pub fn set_level(logger: &str, level: LogLevel) -> Result<(), LevelError> {
    let mut table = TABLE.write();
    match (logger, level) {
        ("", LogLevel::Unset) => table.default = LogLevel::Info,
        ("", level) => table.default = level,
        (logger, LogLevel::Unset) => {
            table.loggers.remove(logger);
        }
        (logger, level) => {
            if table.loggers.len() >= MAX_LOGGERS && !table.loggers.contains_key(logger) {
                return Err(LevelError);
            }
            table.loggers.insert(logger.to_owned(), level);
        }
    }
    drop(table);
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_from_parents() {
        let loggers = [("a", LogLevel::Warn), ("a.b.c", LogLevel::Debug), ("zenoh", LogLevel::Info)];
        let loggers = loggers.into_iter().map(|(n, l)| (n.to_owned(), l)).collect();
        let mut table = Table { default: LogLevel::Info, loggers };
        assert_eq!(table.effective("a.b"), LogLevel::Warn);
        assert_eq!(table.effective("a.b.c.d"), LogLevel::Debug);
        assert_eq!(table.effective("ab"), LogLevel::Info);
        assert_eq!(table.level("a.b"), LogLevel::Unset);
        assert_eq!(table.effective("zenoh_transport.unicast"), LogLevel::Info);
        assert_eq!(table.effective("tokio.runtime"), LogLevel::Error);
        assert_eq!(table.most(), LevelFilter::DEBUG);
        table.loggers.clear();
        assert_eq!(table.most(), LevelFilter::INFO);
        assert_eq!(table.effective("zenoh_transport.unicast"), LogLevel::Error);
        table.default = LogLevel::Fatal;
        assert_eq!((table.most(), table.effective("mio")), (LevelFilter::OFF, LogLevel::Fatal));
    }
}
