//! `atlas topic bw`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use runtime::clock::wall_time_ns;
use serde_json::json;

use super::watch::subscribe_fresh;
use crate::graph_names::absolute;
use crate::inbox::Next;
use crate::output::Out;
use crate::session::Session;

const EVERY: Duration = Duration::from_secs(1);

/// Measures the bandwidth: CDR bytes, without what the network adds.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas topic bw /sensors/lidar/points")]
pub struct Bw {
    /// Topic
    topic_name: String,
    /// Number of messages to average over
    #[arg(short, long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
}

impl Bw {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let (inbox, _guard) = subscribe_fresh(session, &topic)?;
        if !out.json {
            out.line(&format!("Subscribed to [{topic}]"))?;
        }
        let mut sizes: VecDeque<(i64, usize)> = VecDeque::new();
        let mut next_report = Instant::now() + EVERY;
        loop {
            match inbox.next(Some(next_report)) {
                Next::Stopped => return Ok(()),
                Next::Sample(received) => {
                    sizes.push_back((received.time_ns, received.sample.payload.len()));
                    if sizes.len() > self.window as usize {
                        sizes.pop_front();
                    }
                }
                Next::Timeout => {}
            }
            if Instant::now() >= next_report {
                next_report += EVERY;
                report(&sizes, out)?;
            }
        }
    }
}

fn report(sizes: &VecDeque<(i64, usize)>, out: &mut Out) -> Result<()> {
    let Some((first_ns, _)) = sizes.front().filter(|_| sizes.len() > 1) else { return Ok(()) };
    let seconds = (wall_time_ns() - first_ns).max(1) as f64 * 1e-9;
    let total: usize = sizes.iter().map(|(_, s)| s).sum();
    let (rate, mean) = (total as f64 / seconds, total as f64 / sizes.len() as f64);
    let min = sizes.iter().map(|(_, s)| *s).min().unwrap_or_default();
    let max = sizes.iter().map(|(_, s)| *s).max().unwrap_or_default();
    if out.json {
        return out.json_line(&json!({
            "bytes_per_s": rate, "messages": sizes.len(),
            "mean_bytes": mean, "min_bytes": min, "max_bytes": max,
        }));
    }
    // One unit for all four.
    let text = |bytes: f64| match rate {
        r if r < 1e3 => format!("{bytes:.0} B"),
        r if r < 1e6 => format!("{:.2} KB", bytes / 1e3),
        _ => format!("{:.2} MB", bytes / 1e6),
    };
    out.line(&format!(
        "{}/s from {} messages\n\tMessage size mean: {} min: {} max: {}",
        text(rate),
        sizes.len(),
        text(mean),
        text(min as f64),
        text(max as f64)
    ))
}
