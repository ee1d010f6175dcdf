//! What the transport does in numbers, beside `hiroz` where that makes sense.
//!
//! ```text
//! cargo run --release -p perf-transport -- roundtrip [--sizes 1024,1048576] [--repeats 5] [--only nodes,hiroz]
//! cargo run --release -p perf-transport -- allocations
//! cargo run --release -p perf-transport -- stopped [--seconds 12] [--streams 65536x100]
//! cargo run --release -p perf-transport -- slow
//! cargo run --release -p perf-transport -- startup [--nodes 12] [--repeats 20] [--kills 5]
//! ```
//!
//! Each prints a table, or JSON with `--json`. Peers are this program again, as other processes.

mod allocations;
mod figures;
mod heap;
mod ours;
mod process;
mod roundtrip;
mod slow;
mod startup;
mod stopped;
mod theirs;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// What the transport does in numbers.
#[derive(Parser)]
struct Args {
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Round trips between two processes beside hiroz, and CPU time per message.
    Roundtrip(roundtrip::Options),
    /// Heap allocations per message.
    Allocations(allocations::Options),
    /// One of two subscribers is stopped and continued.
    Stopped(stopped::Options),
    /// A node with a slow step beside a quick one.
    Slow(slow::Options),
    /// Processes that start at once; a router that is killed.
    Startup(startup::Options),
    #[command(hide = true)]
    PeerEcho { variant: roundtrip::Variant, endpoint: String },
    #[command(hide = true)]
    PeerPing { variant: roundtrip::Variant, endpoint: String, size: usize, period_us: u32 },
    #[command(hide = true)]
    PeerReceive { what: String, endpoint: String },
    #[command(hide = true)]
    PeerSend { what: String, endpoint: String, size: usize },
    #[command(hide = true)]
    PeerSubscribe { folder: String, shm: String },
    #[command(hide = true)]
    PeerSource { endpoint: String },
    #[command(hide = true)]
    PeerNode { how: String, at: String, index: usize, nodes: usize },
    #[command(hide = true)]
    PeerRouter { endpoint: String },
}

fn main() -> anyhow::Result<()> {
    let Args { json, command } = Args::parse();
    match command {
        Command::Roundtrip(options) => roundtrip::run(&options, json),
        Command::Allocations(options) => allocations::run(&options, json),
        Command::Stopped(options) => stopped::run(&options, json),
        Command::Slow(options) => slow::run(&options, json),
        Command::Startup(options) => startup::run(&options, json),
        Command::PeerEcho { variant, endpoint } => roundtrip::peer_echo(variant, &endpoint),
        Command::PeerPing { variant, endpoint, size, period_us } => {
            roundtrip::peer_ping(variant, &endpoint, size, period_us)
        }
        Command::PeerReceive { what, endpoint } => allocations::peer_receive(&what, &endpoint),
        Command::PeerSend { what, endpoint, size } => allocations::peer_send(&what, &endpoint, size),
        Command::PeerSubscribe { folder, shm } => stopped::peer_subscribe(&folder, shm == "on"),
        Command::PeerSource { endpoint } => slow::peer_source(&endpoint),
        Command::PeerNode { how, at, index, nodes } => startup::peer_node(&how, &at, index, nodes),
        Command::PeerRouter { endpoint } => startup::peer_router(&endpoint),
    }
}
