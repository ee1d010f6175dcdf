//! `sim-feeder`

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Parser;
use feeder::{Profile, Settings, roads, run};
use pki::PkiDir;

/// Drive light simulated vehicles that report to the fleet service
///
/// They drive along roads without sensors or nodes, take trips and emergency stops, and speak the same protocol as vehicles
/// with the full stack.
#[derive(Parser)]
#[command(
    name = "sim-feeder",
    version,
    after_help = "Examples:\n  sim-feeder --profile yard-tractor --rate 10Hz --vehicles 10\n  \
                  sim-feeder --profile robotaxi --roads uae-main-roads --vehicles 20 --time-scale 60"
)]
struct Args {
    /// How the vehicles move
    #[arg(long, value_enum, default_value = "yard-tractor")]
    profile: Profile,
    /// Reports of each vehicle, e.g. 10Hz
    #[arg(long, value_name = "RATE", default_value = "10Hz", value_parser = rate)]
    rate: f64,
    /// How many vehicles
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    vehicles: u32,
    /// Their ids: this and a number
    #[arg(long, value_name = "PREFIX", default_value = "SIM-")]
    prefix: String,
    /// Tenant whose vehicles they are
    #[arg(long, value_name = "ID", default_value = "default")]
    tenant: String,
    /// Endpoint of the fleet service
    #[arg(long, value_name = "quic/HOST:PORT", default_value = "quic/127.0.0.1:7447")]
    connect: String,
    /// Folder of the certificates
    #[arg(long, value_name = "DIR", default_value = "fleet-data/pki")]
    pki: PathBuf,
    /// Roads that they drive on: a file, or the name of what ships with the product
    #[arg(long, value_name = "ROADS", default_value = "terminal-yard")]
    roads: String,
    /// So many seconds of theirs pass in one
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// Stand still without a trip, instead of driving around
    #[arg(long)]
    no_roam: bool,
    /// Decides where they start and roam to
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches("Hz").trim_end_matches("hz");
    match number.parse::<f64>() {
        Ok(rate) if (0.1..=100.0).contains(&rate) => Ok(rate),
        _ => Err("write a rate from 0.1Hz to 100Hz".into()),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if !(0.1..=1000.0).contains(&args.time_scale) {
        bail!("--time-scale has to be 0.1 to 1000");
    }
    runtime::logging::init(&runtime::args::RosArgs::default());
    let settings = Settings {
        profile: args.profile,
        rate_hz: args.rate,
        vehicles: args.vehicles,
        prefix: args.prefix,
        tenant: args.tenant,
        connect: args.connect,
        pki: PkiDir::new(args.pki),
        roads: roads(&args.roads)?,
        time_scale: args.time_scale,
        roam: !args.no_roam,
        seed: args.seed,
    };
    eprintln!(
        "{} vehicles {}001 to {}{:03} on {} report {} times per second to {}; Ctrl-C ends them",
        settings.vehicles,
        settings.prefix,
        settings.prefix,
        settings.vehicles,
        settings.roads.name(),
        settings.rate_hz,
        settings.connect
    );
    run(settings, async {
        // An error means that signals can't be handled: then only killing ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
    .await
}
