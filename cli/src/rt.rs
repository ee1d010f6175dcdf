//! `atlas rt …`

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use runtime::rt::check::{CheckOptions, Verdict, check};

use crate::output::Out;

/// What to do about real time.
#[derive(Subcommand)]
pub enum Command {
    /// Check whether this machine is fit for hard real time
    Check(Check),
}

impl Command {
    /// Runs the command.
    pub fn run(self, out: &mut Out) -> Result<()> {
        match self {
            Self::Check(c) => c.run(out),
        }
    }
}

/// Looks at the system, then runs the real-time loop. Exit code 1 if the machine is not fit.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas rt check\n  atlas rt check --seconds 60 --cpu 3\n  \
                        atlas rt check --seconds 0    # only look at the system")]
pub struct Check {
    /// How long to run the loop at each rate, s
    #[arg(long, default_value_t = 5.0, value_parser = parse_duration)]
    seconds: f64,
    /// CPU to stay on, counted from 0
    #[arg(long, value_name = "N")]
    cpu: Option<usize>,
    /// SCHED_FIFO priority of the loop
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=99))]
    priority: u8,
}

fn parse_duration(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if (0.0..=86_400.0).contains(&v) => Ok(v),
        _ => Err("must be a number from 0 to 86400".into()),
    }
}

impl Check {
    fn run(self, out: &mut Out) -> Result<()> {
        let options = CheckOptions {
            duration: Duration::from_secs_f64(self.seconds),
            priority: self.priority,
            cpu: self.cpu,
            ..CheckOptions::default()
        };
        let report = check(&options)?;
        if out.json {
            out.json_document(&report)?;
        } else {
            out.text(&format!("{}\n", report.to_string().trim_end()))?;
        }
        if report.verdict() == Verdict::Fail {
            bail!("this machine is not fit for hard real time; the findings above say what to do");
        }
        Ok(())
    }
}
