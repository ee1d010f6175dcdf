//! The program around nodes: arguments, signals, exit status.

use std::process::ExitCode;
use std::sync::Arc;

use crate::args::RosArgs;
use crate::live::Live;
use crate::logging;
use crate::node::{Node, NodeError};
use crate::params::{describe, markdown_table, yaml_template};
use crate::transport::zenoh::ZenohTransport;

/// Runs one node as a program of its own: `main` of a node's executable. Returns after SIGINT or SIGTERM.
///
/// Understands `--ros-args` as every ROS 2 node does, and `--help`, `--params-template`, `--params-table`.
pub fn run<N: Node>() -> ExitCode {
    match try_run::<N>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log, which may be off or not yet set up.
            eprintln!("{}: {error}", N::NAME);
            ExitCode::FAILURE
        }
    }
}

fn try_run<N: Node>() -> Result<(), NodeError> {
    let refused = |e: &dyn std::fmt::Display| NodeError::Refused(e.to_string());
    let args = RosArgs::parse(std::env::args_os()).map_err(|e| refused(&e))?;
    let descriptors = || describe::<N::Params>().map_err(|e| refused(&e));
    if let Some(arg) = args.user_args.get(1) {
        match arg.to_str() {
            Some("--help" | "-h") => print!("{}", help::<N>()),
            Some("--params-template") => {
                print!("{}", yaml_template(&format!("/{}", N::NAME), &descriptors()?))
            }
            Some("--params-table") => print!("{}", markdown_table(&descriptors()?)),
            _ => {
                return Err(NodeError::Refused(format!(
                    "unknown argument {}; see `--help`",
                    arg.to_string_lossy()
                )));
            }
        }
        return Ok(());
    }
    logging::init(&args);
    args.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let transport = Arc::new(ZenohTransport::from_env()?);
    let mut live = Live::new(transport, args)?;
    live.spawn::<N>()?;
    live.run()
}

fn help<N: Node>() -> String {
    format!(
        "{name}: a ROS 2 node\n\n\
         Usage: {name} [--help | --params-template | --params-table] [--ros-args ROS_ARGUMENTS [--]]\n\n\
         --params-template  prints a parameter file with all defaults, to edit and give with --params-file\n\
         --params-table     prints the parameters as a Markdown table\n\n\
         ROS arguments:\n\
         -r FROM:=TO             remaps a topic or service; __node:=NAME and __ns:=/NAMESPACE rename the node\n\
         -p NAME:=VALUE          sets a parameter, VALUE in YAML\n\
         --params-file FILE      sets parameters from a file\n\
         --log-level LEVEL       debug, info, warn, error or fatal; LOGGER:=LEVEL for one logger\n\
         --disable-stdout-logs   writes no log to the console; --disable-rosout-logs sends none to /rosout\n\n\
         Environment: ROS_DOMAIN_ID (0 to 232); ATLAS_CONNECT, ATLAS_LISTEN (endpoints, e.g. tcp/10.0.0.5:7447);\n\
         ATLAS_RENDEZVOUS (folder in which processes of this host find each other, or `off`).\n",
        name = N::NAME
    )
}
