//! Localization on logs of real cars: horizontal errors with and without GNSS outages, whether the covariance tells the truth,
//! and the same for a fix that is held and for a filter over fixes alone.

mod chart;
mod drive;
mod log;
mod npy;
mod peer;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use drive::{Sample, cost_us, drive};
use log::{Arrival, Log};

/// Measures localization on segments of comma2k19.
#[derive(Parser)]
struct Args {
    /// Folders of segments, each with `processed_log` and `global_pose`.
    #[arg(default_value = "../shared/data/logs/comma2k19")]
    segments: Vec<PathBuf>,
    /// Draws the first segment into this PNG or SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Length of an outage, s.
    #[arg(long, default_value_t = 20.0)]
    outage: f64,
}

/// The filter has this long to get going, s.
const SETTLE_S: f64 = 8.0;

fn main() -> Result<()> {
    let args = Args::parse();
    for (n, folder) in args.segments.iter().enumerate() {
        let log = Log::read(folder)?;
        let without = drive(&log, None);
        let end = without.last().map_or(0.0, |s| s.time_s);
        let outages: Vec<_> = (0..)
            .map(|i| 10.0 + 5.0 * f64::from(i))
            .take_while(|from| from + args.outage <= end)
            .map(|from| drive(&log, Some((from, from + args.outage))))
            .collect();
        println!("{}", folder.display());
        let first = without.first().map_or(f64::NAN, |s| s.time_s);
        println!("  first pose after {first:.1} s; fixes arrive {:.0} ms late (median)", 1e3 * delay(&log));
        println!(
            "  {:44} {:>7} {:>7} {:>7} {:>9} {:>9}",
            "horizontal error, m", "p50", "p95", "max", "in 95 %", "NEES (2)"
        );
        let settled: Vec<_> = without.iter().filter(|s| s.time_s >= SETTLE_S).copied().collect();
        rows("GNSS throughout", &settled);
        let out: Vec<_> = outages.iter().flatten().filter(|s| s.in_outage).copied().collect();
        rows(&format!("in {} outages of {} s", outages.len(), args.outage), &out);
        let ends: Vec<_> = outages.iter().filter_map(|r| r.iter().rfind(|s| s.in_outage)).copied().collect();
        rows("at the end of an outage", &ends);
        drift(&outages);
        println!("  {:.1} µs per IMU reading, fixes and wheels included", cost_us(&log));
        if let Some(file) = args.plot.as_ref().filter(|_| n == 0) {
            chart::draw(file, "Localization on a real car log (comma2k19)", &log, &without, &outages)?;
            println!("  drawn: {}", file.display());
        }
    }
    Ok(())
}

/// How late fixes arrive, s.
fn delay(log: &Log) -> f64 {
    let late = log.arrivals.iter().filter_map(|(t, a)| match a {
        Arrival::Fix { measured_s, .. } => Some(t - measured_s),
        _ => None,
    });
    quantile(late.collect(), 0.5)
}

fn rows(what: &str, samples: &[Sample]) {
    let n = samples.len().max(1) as f64;
    let inside = 100.0 * samples.iter().filter(|s| s.is_inside()).count() as f64 / n;
    let nees = samples.iter().map(|s| s.distance).sum::<f64>() / n;
    let errors: Vec<f64> = samples.iter().map(Sample::error_m).collect();
    println!("  {} {inside:7.1} % {nees:9.2}", figures(what, errors));
    let peer = |pick: fn(&Sample) -> Option<glam::DVec2>| {
        samples.iter().filter_map(|s| pick(s).map(|p| p.distance(s.truth))).collect::<Vec<_>>()
    };
    println!("  {}", figures("  peer: last fix", peer(|s| s.hold)));
    println!("  {}", figures("  peer: constant velocity over fixes", peer(|s| s.constant_velocity)));
}

fn figures(what: &str, errors: Vec<f64>) -> String {
    let [p50, p95, max] = [0.5, 0.95, 1.0].map(|q| quantile(errors.clone(), q));
    format!("{what:44} {p50:7.2} {p95:7.2} {max:7.2}")
}

/// How far the estimate moved against the reference within the outages: what is left of the error without that of the
/// fixes before.
fn drift(outages: &[Vec<Sample>]) {
    let drifts = outages.iter().filter_map(|run| {
        let first = run.iter().find(|s| s.in_outage)?;
        let last = run.iter().rfind(|s| s.in_outage)?;
        Some(((last.estimate - last.truth) - (first.estimate - first.truth)).length())
    });
    println!("  {}", figures("drift within an outage", drifts.collect()));
}

fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len().saturating_sub(1)) as f64 * q).round() as usize).copied().unwrap_or(f64::NAN)
}
