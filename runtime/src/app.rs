//! The program around nodes: arguments, signals, exit status.

use std::process::ExitCode;
use std::sync::Arc;

use crate::args::RosArgs;
use crate::live::Live;
use crate::logging;
use crate::node::{Node, NodeError};
use crate::params::{ParamDescriptor, describe, markdown_table, yaml_template};
use crate::transport::zenoh::ZenohTransport;

/// Runs one node as a program of its own: `main` of a node's executable. Returns after SIGINT or SIGTERM.
///
/// Understands `--ros-args` as every ROS 2 node does, and `--help`, `--params-template`, `--params-table`.
pub fn run<N: Node>() -> ExitCode {
    run_nodes::<(N,)>(N::NAME)
}

/// The same with several nodes in one process, each on a thread of its own: `run_nodes::<(A, B)>("a_and_b")`.
pub fn run_nodes<S: NodeSet>(program: &str) -> ExitCode {
    match try_run::<S>(program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log, which may be off or not yet set up.
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Node types that go together in one process: tuples of up to twelve.
pub trait NodeSet {
    /// Starts them in order.
    fn spawn(live: &mut Live) -> Result<(), NodeError>;
    /// Names and parameters of each.
    fn describe() -> Result<Vec<(&'static str, Vec<ParamDescriptor>)>, NodeError>;
}

macro_rules! node_set {
    ($($node:ident)+) => {
        impl<$($node: Node),+> NodeSet for ($($node,)+) {
            fn spawn(live: &mut Live) -> Result<(), NodeError> {
                $(live.spawn::<$node>()?;)+
                Ok(())
            }

            fn describe() -> Result<Vec<(&'static str, Vec<ParamDescriptor>)>, NodeError> {
                Ok(vec![$(($node::NAME, describe::<$node::Params>().map_err(refused)?)),+])
            }
        }
    };
}

node_set!(A);
node_set!(A B);
node_set!(A B C);
node_set!(A B C D);
node_set!(A B C D E);
node_set!(A B C D E F);
node_set!(A B C D E F G);
node_set!(A B C D E F G H);
node_set!(A B C D E F G H I);
node_set!(A B C D E F G H I J);
node_set!(A B C D E F G H I J K);
node_set!(A B C D E F G H I J K L);

fn refused(error: impl std::fmt::Display) -> NodeError {
    NodeError::Refused(error.to_string())
}

fn try_run<S: NodeSet>(program: &str) -> Result<(), NodeError> {
    let args = RosArgs::parse(std::env::args_os()).map_err(refused)?;
    if let Some(arg) = args.user_args.get(1) {
        match arg.to_str() {
            Some("--help" | "-h") => print!("{}", help(program)),
            Some("--params-template") => {
                for (node, descriptors) in S::describe()? {
                    print!("{}", yaml_template(&format!("/{node}"), &descriptors));
                }
            }
            Some("--params-table") => {
                let described = S::describe()?;
                let several = described.len() > 1;
                for (node, descriptors) in described {
                    if several {
                        println!("## {node}\n");
                    }
                    println!("{}", markdown_table(&descriptors).trim_end());
                }
            }
            _ => return Err(refused(format!("unknown argument {}; see `--help`", arg.to_string_lossy()))),
        }
        return Ok(());
    }
    logging::init(&args);
    args.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let transport = Arc::new(ZenohTransport::from_env()?);
    let mut live = Live::new(transport, args)?;
    S::spawn(&mut live)?;
    live.run()
}

fn help(name: &str) -> String {
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
         ATLAS_RENDEZVOUS (folder in which processes of this host find each other, or `off`).\n"
    )
}
