//! The command line of a ROS node: what is between `--ros-args` and `--`, as `rcl_parse_arguments` reads it.

mod error;
mod log_level;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::names::{RemapRule, Remaps};
use crate::params::{Override, Overrides, ParamError};

pub use error::ArgsError;
pub use log_level::{LogLevel, ParseLogLevelError};

/// Starts a block of ROS arguments; there may be several.
const ROS_ARGS: &str = "--ros-args";
/// Ends a block; so does the end of the command line.
const END: &str = "--";

/// What the command line says to ROS, and the rest of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RosArgs {
    /// `-r`, `--remap`, in order.
    pub remaps: Remaps,
    /// `-p`, `--param`, in order.
    pub param_overrides: Vec<Override>,
    /// `--params-file`, in order.
    pub params_files: Vec<PathBuf>,
    /// `--log-level LEVEL`; of several the last.
    pub log_level: Option<LogLevel>,
    /// `--log-level LOGGER:=LEVEL`, in order; of several for one logger the last counts.
    pub logger_levels: Vec<(String, LogLevel)>,
    /// `--log-config-file`; of several the last.
    pub log_config_file: Option<PathBuf>,
    /// `--log-file-name`: the start of the log file's name; of several the last.
    pub log_file_name: Option<String>,
    /// `-e`, `--enclave`; of several the last.
    pub enclave: Option<String>,
    /// `--enable-rosout-logs`, `--disable-rosout-logs`; of several the last.
    pub rosout_logs: Option<bool>,
    /// `--enable-stdout-logs`, `--disable-stdout-logs`; of several the last.
    pub stdout_logs: Option<bool>,
    /// `--enable-external-lib-logs`, `--disable-external-lib-logs`; of several the last.
    pub external_lib_logs: Option<bool>,
    /// All that is not for ROS, with the program's name first: for the program's own parser.
    pub user_args: Vec<OsString>,
    /// What is accepted but should be written in another way; to be logged.
    pub warnings: Vec<String>,
}

impl RosArgs {
    /// Reads a command line whose first argument is the program's name: `RosArgs::parse(std::env::args_os())`.
    pub fn parse<I>(args: I) -> Result<Self, ArgsError>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut args = args.into_iter().map(Into::into);
        let mut found = Self::default();
        found.user_args.extend(args.next());
        let mut in_block = false;
        while let Some(arg) = args.next() {
            if arg == ROS_ARGS {
                in_block = true;
            } else if !in_block {
                found.user_arg(arg);
            } else if arg == END {
                in_block = false;
            } else {
                found.ros_arg(arg, &mut args)?;
            }
        }
        Ok(found)
    }

    /// The values of the parameter files and, over them, those of `-p`.
    pub fn overrides(&self) -> Result<Overrides, ParamError> {
        let mut overrides = Overrides::default();
        self.params_files.iter().try_for_each(|path| overrides.add_file(path))?;
        self.param_overrides.iter().cloned().for_each(|value| overrides.add(value));
        Ok(overrides)
    }

    /// One argument outside the blocks. `rcl` still takes `from:=to` there as a remap rule, so we do.
    fn user_arg(&mut self, arg: OsString) {
        match arg.to_str().map(str::parse::<RemapRule>) {
            Some(Ok(rule)) => {
                let arg = arg.display();
                self.warnings
                    .push(format!("`{arg}` is taken as a remap rule; write `{ROS_ARGS} -r {arg}` instead"));
                self.remaps.push(rule);
            }
            _ => self.user_args.push(arg),
        }
    }

    /// One flag of a block with its value.
    fn ros_arg(
        &mut self,
        flag: OsString,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), ArgsError> {
        let flag = text(flag)?;
        let mut value =
            |what| rest.next().ok_or_else(|| ArgsError::MissingValue { flag: flag.clone(), what });
        match flag.as_str() {
            "-r" | "--remap" => self.remaps.push(text(value("a rule `from:=to`")?)?.parse::<RemapRule>()?),
            "-p" | "--param" => {
                let value = text(value("`name:=value`")?)?;
                self.param_overrides.push(Override::parse_argument(&value)?);
            }
            "--params-file" => self.params_files.push(value("a path")?.into()),
            "--log-level" => {
                let value = text(value("a level or `logger:=level`")?)?;
                self.set_log_level(&value)?;
            }
            "--log-config-file" => self.log_config_file = Some(value("a path")?.into()),
            "--log-file-name" => self.log_file_name = Some(text(value("a name")?)?),
            "-e" | "--enclave" => self.enclave = Some(text(value("an enclave's path")?)?),
            "--enable-rosout-logs" => self.rosout_logs = Some(true),
            "--disable-rosout-logs" => self.rosout_logs = Some(false),
            "--enable-stdout-logs" => self.stdout_logs = Some(true),
            "--disable-stdout-logs" => self.stdout_logs = Some(false),
            "--enable-external-lib-logs" => self.external_lib_logs = Some(true),
            "--disable-external-lib-logs" => self.external_lib_logs = Some(false),
            _ => return Err(ArgsError::UnknownFlag { flag }),
        }
        Ok(())
    }

    fn set_log_level(&mut self, value: &str) -> Result<(), ArgsError> {
        match value.split_once(":=") {
            None => self.log_level = Some(value.parse::<LogLevel>()?),
            Some(("", _)) => return Err(ArgsError::EmptyLogger { value: value.to_owned() }),
            Some((logger, level)) => self.logger_levels.push((logger.to_owned(), level.parse::<LogLevel>()?)),
        }
        Ok(())
    }
}

fn text(arg: OsString) -> Result<String, ArgsError> {
    arg.into_string().map_err(|arg| ArgsError::NotText { arg })
}

#[cfg(test)]
mod tests;
