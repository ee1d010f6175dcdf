//! `atlas topic hz`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::watch::subscribe_fresh;
use super::window::{Statistics, Window};
use crate::graph_names::absolute;
use crate::inbox::Next;
use crate::output::Out;
use crate::session::Session;

/// A report is printed at most this often.
const EVERY_NS: i64 = 1_000_000_000;

/// Measures the rate, by the time of arrival.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas topic hz /control/commands\n  atlas topic hz -w 100 /sensors/imu")]
pub struct Hz {
    /// Topic
    topic_name: String,
    /// Number of messages to average over
    #[arg(short, long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    count: Option<u64>,
}

impl Hz {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let (inbox, _guard) = subscribe_fresh(session, &absolute(&self.topic_name)?)?;
        let mut gaps = Window::new(self.window as usize);
        let (mut last, mut printed) = (None::<i64>, None::<i64>);
        for number in 1.. {
            let Next::Sample(received) = inbox.next(None) else { break };
            let is_last = self.count == Some(number);
            let now = received.time_ns;
            match last.replace(now) {
                Some(before) if before <= now => gaps.push(now - before),
                // The first, or the clock was set back.
                _ => {
                    gaps.clear();
                    printed = None;
                }
            }
            if now - *printed.get_or_insert(now) < EVERY_NS && !is_last {
                continue;
            }
            printed = Some(now);
            if let Some(statistics) = gaps.statistics() {
                print(&statistics, out)?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }
}

fn print(s: &Statistics, out: &mut Out) -> Result<()> {
    let rate = if s.mean > 0.0 { 1e9 / s.mean } else { 0.0 };
    let (min, max, std_dev) = (s.min * 1e-9, s.max * 1e-9, s.std_dev * 1e-9);
    if out.json {
        return out.json_line(&json!({
            "rate_hz": rate, "min_s": min, "max_s": max, "std_dev_s": std_dev, "window": s.count,
        }));
    }
    out.line(&format!(
        "average rate: {rate:.3}\n\tmin: {min:.3}s max: {max:.3}s std dev: {std_dev:.5}s window: {}",
        s.count
    ))
}
