//! Measures a running fleet (`atlas up`, or `fleetd` with `sim-feeder`) over HTTP.
//!
//! `cargo run --release -p perf-fleet -- stops --password PASSWORD` and `… -- ingest --seconds 300`. The API under load:
//! `k6 run tests/perf/fleet/api.js`.

mod api;
mod ingest;
mod stops;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures a running fleet over HTTP")]
struct Args {
    /// Address of the API
    #[arg(long, default_value = "http://127.0.0.1:8080", global = true)]
    url: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Stops a driving vehicle again and again: time to the brake command and until it stands
    Stops(stops::Stops),
    /// Watches how telemetry keeps up: reports per second, delay until they can be queried, losses
    Ingest(ingest::Ingest),
}

fn main() -> Result<()> {
    let args = Args::parse();
    let api = api::Api::new(&args.url);
    match args.what {
        What::Stops(stops) => stops.run(api),
        What::Ingest(ingest) => ingest.run(&api),
    }
}
