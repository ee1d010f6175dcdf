//! `get_logger_levels` and `set_logger_levels`, as `rclcpp` has them (`node_logging.cpp`).

use msgs::rcl_interfaces::msg::{LoggerLevel, SetLoggerLevelsResult};
use msgs::rcl_interfaces::srv::{
    GetLoggerLevels, GetLoggerLevelsResponse, SetLoggerLevels, SetLoggerLevelsResponse,
};

use super::ServiceHost;
use crate::args::LogLevel;
use crate::logging;
use crate::node::NodeError;
use crate::transport::Guard;

/// Offers both services. Levels are those of the whole process.
pub fn offer(host: &ServiceHost<'_>) -> Result<Vec<Guard>, NodeError> {
    let get = host.serve::<GetLoggerLevels>("~/get_logger_levels", |request| GetLoggerLevelsResponse {
        levels: request.names.into_iter().map(present).collect(),
    })?;
    let set = host.serve::<SetLoggerLevels>("~/set_logger_levels", |request| SetLoggerLevelsResponse {
        results: request.levels.iter().map(set).collect(),
    })?;
    Ok(vec![get, set])
}

fn present(name: String) -> LoggerLevel {
    let level = u32::from(logging::level(&name) as u8);
    LoggerLevel { name, level }
}

fn set(wish: &LoggerLevel) -> SetLoggerLevelsResult {
    const LEVELS: [LogLevel; 6] =
        [LogLevel::Unset, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Fatal];
    let level = LEVELS.into_iter().find(|l| u32::from(*l as u8) == wish.level);
    let result = match level {
        Some(level) => logging::set_level(&wish.name, level).map_err(|e| e.to_string()),
        None => Err(format!(
            "Unable to determine severity_string for severity {}: levels are 0 (unset), 10 (debug), 20 (info), \
             30 (warn), 40 (error) and 50 (fatal)",
            wish.level
        )),
    };
    SetLoggerLevelsResult { successful: result.is_ok(), reason: result.err().unwrap_or_default() }
}
