//! Wake-up latency of our real-time loop beside cyclictest (Debian package `rt-tests`), on the same machine in
//! one run: same priority, clock, CPU, duration and idle-state limit, turn by turn, idle and under load.
//!
//! ```text
//! cargo run --release -p perf-rt -- [--seconds 20] [--repeats 3] [--cpu 1] [--rate 1000]
//! ```

mod load;
mod measure;
mod table;

use std::{process::ExitCode, time::Duration};

use runtime::rt::CheckedAllocator;

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const USAGE: &str = "usage: perf-rt [--seconds N] [--repeats N] [--cpu N] [--rate HZ]";

/// What both programs are told.
#[derive(Clone, Copy)]
struct Run {
    rate_hz: u32,
    duration: Duration,
    cpu: usize,
}

impl Run {
    const PRIORITY: u8 = 80;

    fn period(&self) -> Duration {
        Duration::from_secs(1) / self.rate_hz
    }

    fn ticks(&self) -> u64 {
        self.duration.as_secs() * u64::from(self.rate_hz)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some(load::ARGUMENT) => load::run(),
        _ => compare(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("perf-rt: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &[String]) -> Result<(), String> {
    let (mut seconds, mut repeats, mut cpu) = (20, 3, 0);
    let mut rates_hz = vec![100, 1_000];
    for pair in arguments.chunks(2) {
        let [option, value] = pair else { return Err(USAGE.to_owned()) };
        let value: u32 = value.parse().map_err(|_| format!("{option} {value}: not a number; {USAGE}"))?;
        match option.as_str() {
            "--seconds" if value > 0 => seconds = value,
            "--repeats" if value > 0 => repeats = value,
            "--cpu" => cpu = value,
            "--rate" if value > 0 => rates_hz = vec![value],
            _ => return Err(USAGE.to_owned()),
        }
    }
    let mut cells = Vec::new();
    for loaded in [false, true] {
        for &rate_hz in &rates_hz {
            cells.push(table::Cell::new(rate_hz, loaded));
        }
    }
    for repeat in 0..repeats {
        for cell in &mut cells {
            let duration = Duration::from_secs(u64::from(seconds));
            let run = Run { rate_hz: cell.rate_hz, duration, cpu: cpu as usize };
            let _load = cell.loaded.then(load::Load::start).transpose()?;
            eprintln!("{} of {repeats}: {} Hz, {}", repeat + 1, cell.rate_hz, cell.load_name());
            // In turns, so that neither always has the quieter half.
            if repeat % 2 == 0 {
                cell.ours.push(measure::ours(run)?);
                cell.cyclictest.push(measure::cyclictest(run)?);
            } else {
                cell.cyclictest.push(measure::cyclictest(run)?);
                cell.ours.push(measure::ours(run)?);
            }
        }
    }
    println!("{seconds} s per run, {repeats} runs per cell, CPU {cpu}, SCHED_FIFO {}\n", Run::PRIORITY);
    table::print(&cells);
    Ok(())
}
