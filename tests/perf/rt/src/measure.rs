//! One run of each program.

use std::{ops::ControlFlow, process::Command};

use runtime::rt::{LoopConfig, RealtimeLoop, Tick, count_allocations, mailbox, ring};

use crate::Run;

/// Wake-up latency of one run, µs.
#[derive(Clone, Copy)]
pub struct Figures {
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub max_us: f64,
    /// Periods left out after a late wake-up; cyclictest leaves them out too, but does not count them.
    pub skipped: u64,
    /// Calls of the allocator from the loop's thread, where they can be counted.
    pub heap_calls: Option<u64>,
}

/// Our loop with a step that does what a node's does: reads a mailbox, fills a ring.
///
/// Any heap use of the thread between the first tick and the last would abort this program.
pub fn ours(run: Run) -> Result<Figures, String> {
    let (mut writer, mut reader) = mailbox(|| vec![0.0; 64]);
    let (mut producer, mut consumer) = ring(64, || Vec::<f64>::with_capacity(64));
    let (report, reported) = std::sync::mpsc::sync_channel(1);
    let config = LoopConfig {
        priority: Run::PRIORITY,
        cpu: Some(run.cpu),
        shallow_idle: true,
        ..LoopConfig::new(format!("perf-rt-{}", run.rate_hz), run.period())
    };
    let last = run.ticks() - 1;
    let mut heap_calls = 0;
    writer.write(vec![1.0; 64]);
    let handle = RealtimeLoop::spawn(config, move |tick: Tick| {
        let (_, calls) = count_allocations(|| {
            reader.refresh();
            producer.push_with(|command| {
                command.clear();
                command.extend_from_slice(reader.get());
            });
            consumer.pop();
        });
        heap_calls += calls.unwrap_or(0);
        if tick.index < last {
            return ControlFlow::Continue(());
        }
        let _ = report.try_send(heap_calls);
        ControlFlow::Break(())
    })
    .map_err(|error| error.to_string())?;
    if let Some(warning) = handle.warnings().first() {
        return Err(format!("not comparable: {warning}"));
    }
    let end = handle.join().map_err(|error| error.to_string())?;
    let wakeup = end.wakeup.summary();
    let us = |ns: u64| ns as f64 / 1e3;
    Ok(Figures {
        p50_us: us(wakeup.p50_ns),
        p99_us: us(wakeup.p99_ns),
        p999_us: us(wakeup.p999_ns),
        max_us: us(wakeup.max_ns),
        skipped: end.skipped_ticks,
        heap_calls: reported.try_recv().ok(),
    })
}

/// cyclictest with the same settings; it holds /dev/cpu_dma_latency at 0 by itself.
pub fn cyclictest(run: Run) -> Result<Figures, String> {
    const HISTOGRAM_US: u64 = 200_000;
    let file = std::env::temp_dir().join(format!("perf-rt-{}.json", std::process::id()));
    let output = Command::new("cyclictest")
        .args(["--quiet", "--mlockall", "--threads=1", "--clock=0", "--policy=fifo"])
        .arg(format!("--priority={}", Run::PRIORITY))
        .arg(format!("--affinity={}", run.cpu))
        .arg(format!("--interval={}", run.period().as_micros()))
        .arg(format!("--loops={}", run.ticks()))
        .arg(format!("--histogram={HISTOGRAM_US}"))
        .arg(format!("--json={}", file.display()))
        .output()
        .map_err(|error| format!("cyclictest: {error}; `apt install rt-tests`"))?;
    if !output.status.success() {
        return Err(format!("cyclictest: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let _ = std::fs::remove_file(&file);
    read_cyclictest(&text).ok_or_else(|| format!("cyclictest answered what was not expected: {text}"))
}

fn read_cyclictest(text: &str) -> Option<Figures> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let thread = json.get("thread")?.get("0")?;
    let max_us = thread.get("max")?.as_f64()?;
    let mut buckets = Vec::new();
    for (us, count) in thread.get("histogram")?.as_object()? {
        buckets.push((us.parse::<u64>().ok()?, count.as_u64()?));
    }
    buckets.sort_unstable();
    let cycles = thread.get("cycles")?.as_u64()?;
    let quantile_us = |quantile: f64| {
        let rank = (quantile * cycles as f64).ceil() as u64;
        let mut seen = 0;
        let bucket = buckets.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        // It cuts latencies down to whole µs: the middle of the bucket is the fair reading.
        bucket.map_or(max_us, |(us, _)| *us as f64 + 0.5)
    };
    Some(Figures {
        p50_us: quantile_us(0.5),
        p99_us: quantile_us(0.99),
        p999_us: quantile_us(0.999),
        max_us,
        skipped: 0,
        heap_calls: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyclictest_histograms_are_read() {
        let text = r#"{"thread": {"0": {"histogram": {"9": 1, "14": 50, "100": 948}, "cycles": 1000,
                       "min": 9, "max": 250000, "avg": 90.0}}}"#;
        let figures = read_cyclictest(text).unwrap();
        assert_eq!((figures.p50_us, figures.p99_us), (100.5, 100.5));
        assert_eq!((figures.p999_us, figures.max_us), (100.5, 250_000.0));
        assert!(read_cyclictest("{}").is_none());
    }
}
