//! Is this machine fit for hard real time? What `atlas rt check` shows.
//!
//! First what the system is set to, then what the loop really achieves on it.

mod probes;

use std::{fmt, ops::ControlFlow, time::Duration};

use serde::Serialize;

use super::{
    histogram::Summary,
    loop_stats::LoopSnapshot,
    realtime_loop::{LoopConfig, LoopError, RealtimeLoop},
};

/// What to check.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// How long to run the loop at each rate; zero leaves the runs out.
    pub duration: Duration,
    /// Rates to run the loop at, Hz, each at least 1.
    pub rates_hz: Vec<u32>,
    /// SCHED_FIFO priority of the loop, 1 to 99.
    pub priority: u8,
    /// CPU to stay on, counted from 0; any if `None`.
    pub cpu: Option<usize>,
}

impl Default for CheckOptions {
    /// 5 s at 100 Hz and at 1 kHz with priority 80, on any CPU.
    fn default() -> Self {
        Self { duration: Duration::from_secs(5), rates_hz: vec![100, 1_000], priority: 80, cpu: None }
    }
}

/// How good or bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Fit for a vehicle.
    Ok,
    /// Works, with worse timing than the machine could give.
    Warn,
    /// Not fit for a vehicle.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    /// How good or bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub value: String,
    /// What to do; `None` if nothing.
    pub advice: Option<String>,
}

/// The figures of one run of the loop.
#[derive(Clone, Debug, Serialize)]
pub struct LoopRun {
    /// Rate of the loop, Hz.
    pub rate_hz: u32,
    /// From the scheduled time of each tick to the time the thread ran.
    pub wakeup: Summary,
    /// Length of the (empty) steps.
    pub execution: Summary,
    /// Ticks that ended late or were left out.
    pub missed_deadlines: u64,
}

/// All findings about this machine.
#[derive(Clone, Debug, Serialize)]
pub struct RtReport {
    /// In the order they are shown.
    pub findings: Vec<Finding>,
    /// One per rate.
    pub runs: Vec<LoopRun>,
}

impl RtReport {
    /// The worst of all findings.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
    }
}

/// Looks at the system and runs the loop: takes [`CheckOptions::duration`] for each rate.
///
/// # Errors
/// If an option is out of its range, or no thread can be started.
pub fn check(options: &CheckOptions) -> Result<RtReport, LoopError> {
    let mut findings = probes::all(options);
    let mut runs = Vec::new();
    for &rate_hz in options.rates_hz.iter().filter(|_| !options.duration.is_zero()) {
        let run = run_loop(options, rate_hz)?;
        findings.push(judge(&run));
        runs.push(run);
    }
    Ok(RtReport { findings, runs })
}

fn run_loop(options: &CheckOptions, rate_hz: u32) -> Result<LoopRun, LoopError> {
    let period = Duration::from_secs(1).checked_div(rate_hz).unwrap_or_default();
    let config = LoopConfig {
        priority: options.priority,
        cpu: options.cpu,
        ..LoopConfig::new(format!("rt-check-{rate_hz}"), period)
    };
    let last_index = (options.duration.as_secs_f64() * f64::from(rate_hz)) as u64;
    let step = move |tick: super::Tick| {
        if tick.index < last_index { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    // What was denied is among the findings already.
    let end: LoopSnapshot = RealtimeLoop::spawn(config, step)?.join()?;
    Ok(LoopRun {
        rate_hz,
        wakeup: end.wakeup.summary(),
        execution: end.execution.summary(),
        missed_deadlines: end.missed_deadlines(),
    })
}

/// OK: no deadline missed, and 999 of 1000 wake-ups within a tenth of the period. FAIL: over half of it, or more
/// than one deadline in 1000 missed.
fn judge(run: &LoopRun) -> Finding {
    let period_ns = 1_000_000_000 / u64::from(run.rate_hz.max(1));
    let verdict = if run.wakeup.p999_ns > period_ns / 2 || run.missed_deadlines * 1_000 > run.wakeup.count {
        Verdict::Fail
    } else if run.wakeup.p999_ns > period_ns / 10 || run.missed_deadlines > 0 {
        Verdict::Warn
    } else {
        Verdict::Ok
    };
    let late_us = run.wakeup.p999_ns / 1_000;
    Finding {
        name: format!("loop at {} Hz", run.rate_hz),
        verdict,
        value: format!(
            "p99.9 wake-up {late_us} µs late, {} of {} deadlines missed",
            run.missed_deadlines, run.wakeup.count
        ),
        advice: (verdict != Verdict::Ok).then(|| {
            "mend the findings above first; then set `shallow_idle` in the loop's configuration, give it a CPU \
             of its own (isolcpus=, nohz_full=, and `cpu`), and look for the cause with `rtla timerlat`"
                .to_owned()
        }),
    }
}

impl fmt::Display for RtReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
        for Finding { name, verdict, value, advice } in &self.findings {
            let mark = match verdict {
                Verdict::Ok => "OK  ",
                Verdict::Warn => "WARN",
                Verdict::Fail => "FAIL",
            };
            writeln!(f, "{mark}  {name:width$}  {value}")?;
            let lines = advice.iter().flat_map(|advice| wrap(advice, 90));
            for (line, arrow) in lines.zip(std::iter::once('→').chain(std::iter::repeat(' '))) {
                writeln!(f, "      {:width$}  {arrow} {line}", "")?;
            }
        }
        if self.runs.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\n{:22}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "µs", "ticks", "mean", "p50", "p99", "p99.9", "max"
        )?;
        for run in &self.runs {
            write_row(f, &format!("{:4} Hz  wake-up late", run.rate_hz), &run.wakeup)?;
            write_row(f, "         step", &run.execution)?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, title: &str, summary: &Summary) -> fmt::Result {
    write!(f, "{title:22}{:>9}", summary.count)?;
    for ns in [summary.mean_ns, summary.p50_ns, summary.p99_ns, summary.p999_ns, summary.max_ns] {
        write!(f, "{:>9.1}", ns as f64 / 1e3)?;
    }
    writeln!(f)
}

/// Breaks a text into lines of at most `width` characters, at spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(p999_ns: u64, missed_deadlines: u64) -> LoopRun {
        let wakeup = Summary { count: 10_000, p999_ns, ..Summary::default() };
        LoopRun { rate_hz: 1_000, wakeup, execution: Summary::default(), missed_deadlines }
    }

    #[test]
    fn runs_are_judged_by_their_period() {
        assert_eq!(judge(&run(100_000, 0)).verdict, Verdict::Ok);
        assert_eq!(judge(&run(100_001, 0)).verdict, Verdict::Warn);
        assert_eq!(judge(&run(50_000, 10)).verdict, Verdict::Warn);
        assert_eq!(judge(&run(50_000, 11)).verdict, Verdict::Fail);
        assert_eq!(judge(&run(500_001, 0)).verdict, Verdict::Fail);
    }

    #[test]
    fn the_report_is_complete_aligned_and_serialisable() {
        let options = CheckOptions { duration: Duration::from_millis(50), ..CheckOptions::default() };
        let report = check(&options).unwrap();
        assert_eq!(report.runs.iter().map(|run| run.rate_hz).collect::<Vec<_>>(), [100, 1_000]);
        assert!(report.runs.iter().all(|run| run.wakeup.count > 0));

        let text = report.to_string();
        let value_columns: Vec<usize> = report
            .findings
            .iter()
            .map(|finding| {
                let line =
                    text.lines().find(|line| line.get(6..).is_some_and(|l| l.starts_with(&finding.name)));
                let line = line.unwrap();
                line.chars().count() - finding.value.chars().count()
            })
            .collect();
        assert!(value_columns.windows(2).all(|pair| pair[0] == pair[1]), "{text}");

        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["findings"][0]["name"], "kernel");
        assert!(json["runs"][1]["wakeup"]["p999_ns"].is_u64());
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("aa bb  cc dddddddd e", 5), ["aa bb", "cc", "dddddddd", "e"]);
    }

    #[test]
    fn a_bad_rate_is_refused() {
        let options = CheckOptions { rates_hz: vec![0], ..CheckOptions::default() };
        assert!(check(&options).is_err());
    }
}
