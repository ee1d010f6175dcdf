//! Measures the simulated world on one core: a step of 10 ms, and scans of LiDARs with 16 and 64 channels.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use hdrhistogram::Histogram;
use maps::Map;
use world::{Command, EgoConfig, Gear, LidarParams, Scan, World, WorldConfig};

/// Measures the simulated world.
#[derive(Parser)]
struct Args {
    /// Map: a file, or the name of one that ships.
    #[arg(long, default_value = "terminal-yard")]
    map: String,
    /// Vehicles of the traffic.
    #[arg(long, default_value_t = 20)]
    traffic: usize,
    /// People on foot.
    #[arg(long, default_value_t = 10)]
    pedestrians: usize,
    /// Simulated time, s.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn print(what: &str, times: &Histogram<u64>) {
    let us = |q: f64| times.value_at_quantile(q) as f64 / 1000.0;
    println!(
        "{what:<28} µs: mean {:8.1}  p50 {:8.1}  p99 {:8.1}  p99.9 {:8.1}  max {:8.1}  (n {})",
        times.mean() / 1000.0,
        us(0.5),
        us(0.99),
        us(0.999),
        times.max() as f64 / 1000.0,
        times.len()
    );
}

fn main() -> Result<()> {
    let args = Args::parse();
    let map = Arc::new(Map::load(&args.map)?);
    for (channels, azimuths) in [(16, 900), (64, 1800)] {
        let config = WorldConfig { seed: args.seed, traffic: args.traffic, pedestrians: args.pedestrians };
        let mut world = World::new(&config, Arc::clone(&map));
        let mut ego = EgoConfig::default();
        ego.sensors.lidar = LidarParams { channels, azimuths, ..LidarParams::default() };
        let ego = world.add_ego(&ego)?;
        let (mut steps, mut scans) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
        let mut scan = Scan::default();
        let mut points = 0;
        for step in 0..(args.seconds / world::STEP_S) as u64 {
            let acceleration_mps2 = 1.0 - 0.2 * world.chassis(ego).speed_mps;
            world.apply(ego, Command { acceleration_mps2, gear: Gear::Drive, ..Command::default() });
            let begin = Instant::now();
            world.step();
            steps.record(begin.elapsed().as_nanos() as u64)?;
            if step % 10 == 0 {
                let begin = Instant::now();
                world.scan(ego, &mut scan);
                scans.record(begin.elapsed().as_nanos() as u64)?;
                points += scan.points as u64;
            }
        }
        print("step", &steps);
        print(&format!("scan {channels} x {azimuths}"), &scans);
        println!("{:<28} {}", "points per scan", points / scans.len().max(1));
    }
    Ok(())
}
