//! `fleetd`

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use fleetd::Fleetd;
use fleetd::config::Config;
use fleetd::fixtures::{self, Fixtures};

/// The fleet service of AtlasMesh Fleet OS
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  fleetd --print-config > fleetd.toml\n  fleetd --config fleetd.toml"
)]
struct Args {
    /// Configuration; keys that it leaves out have their defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print all keys with their defaults and what they mean
    #[arg(long)]
    print_config: bool,
    /// Print the OpenAPI document
    #[arg(long)]
    print_openapi: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Write vehicles SIM-001 and so on, and trips of the last days, into the database
    Seed {
        /// Vehicles
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        vehicles: u32,
        /// Trips of the last seven days
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(..=100_000))]
        trips: u32,
        /// Fleets that the vehicles are spread over
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
        fleets: u32,
        /// The same seed is the same fleet
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if args.print_config {
        print!("{}", fleetd::config::DEFAULT);
        return Ok(());
    }
    if args.print_openapi {
        println!("{}", fleetd::openapi().to_pretty_json()?);
        return Ok(());
    }
    let config = Config::load(args.config.as_deref())?;
    if let Some(Command::Seed { vehicles, trips, fleets, seed }) = args.command {
        fixtures::write(&config, Fixtures { vehicles, trips, fleets, seed }).await?;
        println!(
            "{vehicles} vehicles in {fleets} fleets and {trips} trips are in {}; a running service lets the vehicles in at its next start",
            config.data_dir.display()
        );
        return Ok(());
    }
    fleetd::logging::init();
    fleetd::spans::init()?;
    let fleetd = Fleetd::start(config).await?;
    for address in fleetd.addresses() {
        tracing::info!(%address, "listening");
    }
    if let Some((user, password)) = fleetd.first_login() {
        // Told once, and not in the log, which others may read.
        println!("first log-in: user {user}, password {password}");
    }
    ended().await?;
    tracing::info!("ending");
    fleetd.stop().await?;
    fleetd::spans::flush();
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn ended() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => Ok(ended?),
        _ = terminate.recv() => Ok(()),
    }
}
