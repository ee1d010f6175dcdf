//! The command line as a whole: global options, subcommands, exit codes.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::output::{Interrupted, Out, note};
use crate::{
    bag, completions, drive, interface, lifecycle, map, node, param, pki, replay, router, rt, service, topic,
    up, vehicle, world,
};

#[derive(Parser)]
#[command(
    name = "atlas",
    version,
    about = "AtlasMesh Fleet OS: drive a vehicle, and look at its topics, nodes, parameters and bags, without a ROS install",
    after_help = "Examples:\n  atlas drive --plot drive.png\n  atlas topic list -t\n  atlas topic echo /vehicle/state --once\n  \
                  atlas param set /planning_node max_speed 5.0\n  atlas bag record -a -o drive\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted before it was done."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Clone)]
pub struct Global {
    /// ROS domain, 0 to 232; overrides ROS_DOMAIN_ID
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=232))]
    pub domain: Option<u16>,
    /// Print JSON: one document, or one line per message for streams
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Drive from a start to a goal in the simulator, faster than real time
    Drive(drive::Command),
    /// Run a fleet on this machine: the fleet service and simulated vehicles
    Up(up::Command),
    /// Run all nodes of a vehicle in this process, in real time
    Vehicle(vehicle::Command),
    /// Run a simulated world for several vehicles whose nodes run elsewhere
    World(world::Command),
    /// Step every node of a recorded drive again and compare
    Replay(replay::Command),
    /// List, inspect, watch and publish topics
    #[command(subcommand)]
    Topic(topic::Command),
    /// List and inspect nodes
    #[command(subcommand)]
    Node(node::Command),
    /// Get and set parameters of nodes
    #[command(subcommand)]
    Param(param::Command),
    /// List and call services
    #[command(subcommand)]
    Service(service::Command),
    /// States and transitions of lifecycle nodes
    #[command(subcommand)]
    Lifecycle(lifecycle::Command),
    /// Message and service types
    #[command(subcommand)]
    Interface(interface::Command),
    /// Record, play and inspect bags (MCAP)
    #[command(subcommand)]
    Bag(bag::Command),
    /// What is in a map, how it looks, what is wrong with it
    #[command(subcommand)]
    Map(map::Command),
    /// Certificates for the link between vehicles and the cloud
    #[command(subcommand)]
    Pki(pki::Command),
    /// Real-time fitness of this machine
    #[command(subcommand)]
    Rt(rt::Command),
    /// Run a Zenoh router, the meeting point of rmw_zenoh nodes
    Router(router::Router),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The nodes of a live vehicle log as all nodes do.
    if !matches!(cli.command, Command::Vehicle(_) | Command::World(_)) {
        let filter = EnvFilter::try_from_default_env();
        let filter = filter.unwrap_or_else(|_| EnvFilter::new("warn,zenoh=off,tiny_skia=off"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .init();
    }
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit_code(&error),
    }
}

fn run(cli: Cli) -> Result<()> {
    let global = cli.global;
    let mut out = Out::new(global.json);
    match cli.command {
        Command::Up(command) => command.run(),
        Command::Drive(command) => command.run(&mut out),
        Command::Vehicle(command) => command.run(&global),
        Command::World(command) => command.run(&global),
        Command::Replay(command) => command.run(&mut out),
        Command::Topic(command) => command.run(&global, &mut out),
        Command::Node(command) => command.run(&global, &mut out),
        Command::Param(command) => command.run(&global, &mut out),
        Command::Service(command) => command.run(&global, &mut out),
        Command::Lifecycle(command) => command.run(&global, &mut out),
        Command::Interface(command) => command.run(&mut out),
        Command::Bag(command) => command.run(&global, &mut out),
        Command::Map(command) => command.run(&mut out),
        Command::Pki(command) => command.run(&mut out),
        Command::Rt(command) => command.run(&mut out),
        Command::Router(command) => command.run(&global, &mut out),
        Command::Completions(command) => command.run::<Cli>(&mut out),
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    let closed = error
        .chain()
        .filter_map(|e| e.downcast_ref::<io::Error>())
        .any(|e| e.kind() == io::ErrorKind::BrokenPipe);
    if closed {
        // Whoever read our output, such as `head`, has what it wanted.
        return ExitCode::SUCCESS;
    }
    if error.is::<Interrupted>() {
        return ExitCode::from(130);
    }
    note(&format!("{error:#}"));
    ExitCode::FAILURE
}
