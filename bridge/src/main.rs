//! `bridge`: the vehicle's end of the link to the cloud, as a process beside the nodes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, Result};
use bridge::{Bridge, BridgeConfig};
use clap::Parser;
use runtime::args::RosArgs;
use runtime::transport::zenoh::ZenohTransport;

/// Links a vehicle to the cloud: reports, events, trips and stops
///
/// The vehicle drives on without it. Events that happen while there is no connection are kept on disk and sent later.
#[derive(Parser)]
#[command(
    name = "bridge",
    version,
    after_help = "Examples:\n  atlas pki init --dir pki && atlas pki issue --dir pki --vehicle AV-001\n  \
                  bridge --vehicle-id AV-001 --connect quic/127.0.0.1:7447 --pki pki --spool spool\n  \
                  bridge --vehicle-id AV-001 --connect 'quic/fleet.example.org:7447#bind=192.168.8.2:0' \\\n      \
                  --connect 'quic/fleet.example.org:7447#bind=10.0.0.2:0' --pki /etc/atlasmesh/pki\n\n\
                  ROS arguments follow --ros-args, e.g. --ros-args --log-level debug"
)]
struct Args {
    /// Id of the vehicle in the fleet
    #[arg(long, value_name = "ID")]
    vehicle_id: String,
    /// Id of the tenant whose vehicle it is
    #[arg(long, value_name = "ID", default_value = "default")]
    tenant: String,
    /// Endpoint of the cloud; several are network paths, the best first
    #[arg(long, value_name = "quic/HOST:PORT", required = true)]
    connect: Vec<String>,
    /// Folder of the certificates, as `atlas pki issue` writes it
    #[arg(long, value_name = "DIR")]
    pki: PathBuf,
    /// Folder in which events are kept until the cloud has them
    #[arg(long, value_name = "DIR", default_value = "spool")]
    spool: PathBuf,
    /// Most events that are kept, MiB
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    spool_limit: u16,
    /// OpenDRIVE file, or the name of a map that ships with the product: the one that planning uses
    #[arg(long, value_name = "MAP", default_value = "terminal-yard")]
    map: String,
    /// Model of the vehicle
    #[arg(long, value_name = "NAME", default_value = "shuttle")]
    vehicle: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let ros = RosArgs::parse(std::env::args_os())?;
    let args = Args::parse_from(&ros.user_args);
    runtime::logging::init(&ros);
    let config = BridgeConfig {
        vehicle_id: args.vehicle_id,
        tenant: args.tenant,
        vehicle_model: args.vehicle,
        map: args.map,
        connect: args.connect,
        pki: args.pki,
        spool: args.spool,
        spool_limit_bytes: usize::from(args.spool_limit) << 20,
    };
    let (stop, stopped) = sync_channel(1);
    ctrlc::set_handler(move || _ = stop.try_send(())).context("signals can't be handled")?;
    let transport = ZenohTransport::from_env()?;
    let bridge = Bridge::start(&config, &transport)?;
    // The sender lives as long as the handler.
    let _ = stopped.recv();
    drop(bridge);
    Ok(())
}
