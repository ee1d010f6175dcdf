//! Measures a live vehicle: starts `atlas vehicle --sim --tour`, looks at the rate of every topic of the design, at the ticks of
//! its real-time loops, and at emergency stops, from outside as any other ROS process would.
//!
//! ```text
//! cargo build --release -p atlas && cargo run --release -p perf-vehicle -- [--seconds 300] [--stops 5] [--map M] [--json]
//! ```

mod rates;
mod stops;
mod ticks;
mod vehicle;

use std::time::Duration;

use clap::Parser;
use serde::Serialize;

/// Measures a live vehicle.
#[derive(Parser)]
struct Args {
    /// How long rates and ticks are watched, s.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Emergency stops.
    #[arg(long, default_value_t = 5)]
    stops: usize,
    /// Speed at which they are asked for, m/s.
    #[arg(long, default_value_t = 10.0)]
    stop_speed: f64,
    /// Map of the drive.
    #[arg(long, default_value = "terminal-yard")]
    map: String,
    /// Other vehicles.
    #[arg(long, default_value_t = 0)]
    traffic: u32,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    seconds: f64,
    cpu_cores: f64,
    rates: Vec<rates::Rate>,
    loops: Vec<ticks::Loop>,
    stops: Vec<stops::Stop>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let vehicle = vehicle::Vehicle::start(&args.map, args.traffic)?;
    let (rates, ticks) = (rates::Watch::start(&vehicle)?, ticks::Watch::start(&vehicle)?);
    vehicle.wait_until_driving()?;
    let cpu = vehicle.cpu_seconds()?;
    rates.reset();
    ticks.reset();
    let began = std::time::Instant::now();
    eprintln!("watching for {} s", args.seconds);
    vehicle.watch_for(Duration::from_secs(args.seconds))?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu_cores = (vehicle.cpu_seconds()? - cpu) / seconds;
    let (rates, loops) = (rates.take(seconds), ticks.take());
    let stops = stops::measure(&vehicle, args.stops, args.stop_speed)?;
    let report = Report { seconds, cpu_cores, rates, loops, stops };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    println!("{:.0} s, {:.2} cores\n", report.seconds, report.cpu_cores);
    println!("{:36}{:>8}{:>9}{:>14}", "topic", "Hz", "wanted", "longest gap ms");
    for r in &report.rates {
        println!("{:36}{:>8.2}{:>9}{:>14.1}", r.topic, r.hz, r.wanted, r.longest_gap_ms);
    }
    println!(
        "\n{:24}{:>10}{:>8}{:>11}{:>16}{:>16}",
        "loop", "ticks", "missed", "on time %", "wake-up p99 µs", "step p99 µs"
    );
    for l in &report.loops {
        println!(
            "{:24}{:>10}{:>8}{:>11.3}{:>16.0}{:>16.0}",
            l.node, l.ticks, l.missed, l.on_time_percent, l.worst_wakeup_p99_us, l.worst_execution_p99_us
        );
    }
    println!(
        "\nemergency stops: from m/s, ms to the brake command, ms to its answer, s to standstill, latched, m/s² hardest"
    );
    for s in &report.stops {
        println!(
            "{:>6.1}{:>8.1}{:>8.1}{:>8.2}{:>8}{:>8.1}",
            s.speed_mps, s.brake_ms, s.answer_ms, s.standstill_s, s.latched, s.hardest_mps2
        );
    }
}
