//! How telemetry keeps up.

use std::collections::BTreeMap;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;

use crate::api::Api;

const BUCKET: &str = "atlasmesh_telemetry_delay_seconds_bucket{le=\"";

/// Watches the ingestion.
#[derive(Args)]
pub struct Ingest {
    /// For how long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Counts at a moment.
struct Counts {
    received: u64,
    stored: u64,
    lost: u64,
    waiting: u64,
    /// Reports that could be queried after at most so many µs.
    within_us: BTreeMap<u64, u64>,
}

impl Counts {
    fn now(api: &Api) -> Result<Self> {
        let counts = api.get("/svc/telemetry-ingest/metrics/ingestion")?;
        let count = |name: &str| counts[name].as_u64().unwrap_or(0);
        let metrics = api.text("/metrics")?;
        let buckets = metrics.lines().filter_map(|line| line.strip_prefix(BUCKET)?.split_once("\"} "));
        let within_us = buckets
            .filter_map(|(le, n)| {
                let le: f64 = le.parse().ok()?;
                Some((if le.is_finite() { (le * 1e6) as u64 } else { u64::MAX }, n.parse().ok()?))
            })
            .collect();
        Ok(Self {
            received: count("received"),
            stored: count("stored"),
            lost: count("dropped") + count("overrun"),
            waiting: count("waiting"),
            within_us,
        })
    }
}

impl Ingest {
    pub fn run(self, api: &Api) -> Result<()> {
        let (started, first) = (Instant::now(), Counts::now(api)?);
        let mut most_waiting = 0;
        while started.elapsed() < Duration::from_secs(self.seconds) {
            park_timeout(Duration::from_millis(500));
            most_waiting = most_waiting.max(Counts::now(api)?.waiting);
        }
        let last = Counts::now(api)?;
        let seconds = started.elapsed().as_secs_f64();
        let (received, stored) = (last.received - first.received, last.stored - first.stored);
        ensure!(stored > 0, "nothing is stored: do vehicles report?");
        println!(
            "{:.0} reports/s received, {:.0} stored, over {seconds:.0} s; lost {}; at most {most_waiting} waiting",
            received as f64 / seconds,
            stored as f64 / seconds,
            last.lost - first.lost
        );
        let within = |us: &u64| last.within_us[us] - first.within_us.get(us).copied().unwrap_or(0);
        for share in [0.5, 0.95, 0.99] {
            let found = last.within_us.keys().find(|us| within(us) as f64 >= share * stored as f64);
            match found {
                Some(&u64::MAX) | None => println!("{:.0} %: later than the largest bucket", share * 100.0),
                Some(us) => println!(
                    "{:.0} % can be queried within {} ms of being measured",
                    share * 100.0,
                    us / 1000
                ),
            }
        }
        Ok(())
    }
}
