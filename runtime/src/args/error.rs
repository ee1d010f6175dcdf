//! What can be wrong with the ROS arguments of a command line.

use std::ffi::OsString;

use super::ParseLogLevelError;
use crate::names::RemapError;
use crate::params::ParamError;

/// ROS arguments that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// A flag that `rcl` does not know either.
    #[error(
        "unknown ROS argument `{flag}`; after --ros-args the flags are -r/--remap, -p/--param, --params-file, \
         --log-level, --log-config-file, --log-file-name, -e/--enclave and --enable-/--disable- with rosout-logs, \
         stdout-logs or external-lib-logs; end them with `--` before arguments of the program"
    )]
    UnknownFlag {
        /// The argument.
        flag: String,
    },
    /// A flag at the end of the command line that needs a value.
    #[error("ROS argument `{flag}` must be followed by {what}")]
    MissingValue {
        /// The flag.
        flag: String,
        /// What is missing.
        what: &'static str,
    },
    /// `--log-level :=info`.
    #[error("`--log-level {value}`: there is no logger's name before `:=`")]
    EmptyLogger {
        /// The value.
        value: String,
    },
    /// Not UTF-8.
    #[error("ROS argument `{}` is not UTF-8 text", arg.display())]
    NotText {
        /// The argument.
        arg: OsString,
    },
    /// `-r` with a rule that cannot be used.
    #[error(transparent)]
    Remap(#[from] RemapError),
    /// `-p` with a value that cannot be used.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// `--log-level` with no level.
    #[error("--log-level: {0}")]
    LogLevel(#[from] ParseLogLevelError),
}
