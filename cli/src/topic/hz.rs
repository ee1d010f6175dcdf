//! `atlas topic hz`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::watch::subscribe_fresh;
use super::window::Window;
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
}

impl Hz {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let (inbox, _guard) = subscribe_fresh(session, &absolute(&self.topic_name)?)?;
        let mut gaps = Window::new(self.window as usize);
        let (mut last, mut printed) = (None::<i64>, None::<i64>);
        while let Next::Sample(received) = inbox.next(None) {
            let now = received.time_ns;
            match last.replace(now) {
                Some(before) if before <= now => gaps.push(now - before),
                // The first, or the clock was set back.
                _ => {
                    gaps.clear();
                    printed = None;
                }
            }
            if now - *printed.get_or_insert(now) < EVERY_NS {
                continue;
            }
            printed = Some(now);
            let Some(s) = gaps.statistics() else { continue };
            let rate = if s.mean > 0.0 { 1e9 / s.mean } else { 0.0 };
            if out.json {
                out.json_line(&json!({
                    "rate_hz": rate, "min_s": s.min * 1e-9, "max_s": s.max * 1e-9,
                    "std_dev_s": s.std_dev * 1e-9, "window": s.count,
                }))?;
            } else {
                out.line(&format!(
                    "average rate: {rate:.3}\n\tmin: {:.3}s max: {:.3}s std dev: {:.5}s window: {}",
                    s.min * 1e-9,
                    s.max * 1e-9,
                    s.std_dev * 1e-9,
                    s.count
                ))?;
            }
        }
        Ok(())
    }
}
