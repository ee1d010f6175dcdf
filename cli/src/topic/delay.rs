//! `atlas topic delay`

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use msgs::dynamic::Value;
use serde_json::json;

use super::watch::subscribe_fresh;
use super::window::Window;
use crate::graph_names::absolute;
use crate::inbox::Next;
use crate::output::Out;
use crate::session::Session;
use crate::types::of_topic;

const EVERY: Duration = Duration::from_secs(1);

/// Measures how old messages are when they come in, by the time in their header.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas topic delay /perception/objects")]
pub struct Delay {
    /// Topic
    topic_name: String,
    /// Number of messages to average over
    #[arg(short, long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
}

impl Delay {
    pub fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let topic = absolute(&self.topic_name)?;
        let (inbox, _guard) = subscribe_fresh(session, &topic)?;
        let known = of_topic(session, &topic)?;
        let mut delays = Window::new(self.window as usize);
        let (mut is_new, mut next_report) = (false, Instant::now() + EVERY);
        loop {
            match inbox.next(Some(next_report)) {
                Next::Stopped => return Ok(()),
                Next::Sample(received) => {
                    let message = known.decode(&received.sample.payload)?;
                    let stamp =
                        stamp_ns(&message).with_context(|| format!("{} has no header", known.ty.name))?;
                    delays.push(received.time_ns - stamp);
                    is_new = true;
                }
                Next::Timeout => {}
            }
            if Instant::now() < next_report {
                continue;
            }
            next_report += EVERY;
            let Some(s) = delays.statistics() else { continue };
            let (mean, min, max, std_dev) = (s.mean * 1e-9, s.min * 1e-9, s.max * 1e-9, s.std_dev * 1e-9);
            if out.json {
                out.json_line(&json!({
                    "delay_s": mean, "min_s": min, "max_s": max, "std_dev_s": std_dev, "window": s.count,
                    "new": is_new,
                }))?;
            } else if is_new {
                out.line(&format!(
                    "average delay: {mean:.3}\n\tmin: {min:.3}s max: {max:.3}s std dev: {std_dev:.5}s window: {}",
                    s.count
                ))?;
            } else {
                out.line("no new messages")?;
            }
            is_new = false;
        }
    }
}

/// `header.stamp`, ns.
fn stamp_ns(message: &Value) -> Option<i64> {
    let field = |v: &Value, name: &str| match v {
        Value::Message(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()),
        _ => None,
    };
    let stamp = field(&field(message, "header")?, "stamp")?;
    match (field(&stamp, "sec")?, field(&stamp, "nanosec")?) {
        (Value::Int(sec), Value::Uint(nanosec)) => Some(sec * 1_000_000_000 + i64::try_from(nanosec).ok()?),
        _ => None,
    }
}
