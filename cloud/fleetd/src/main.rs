//! `fleetd`

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use fleetd::Fleetd;
use fleetd::config::Config;

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
    fleetd::logging::init();
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
    fleetd.stop().await
}

/// Waits for Ctrl-C or SIGTERM.
async fn ended() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => Ok(ended?),
        _ = terminate.recv() => Ok(()),
    }
}
