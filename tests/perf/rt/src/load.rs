//! Load on the whole machine, in a process of its own so that it shares no memory map with what is measured:
//! one busy thread per CPU, one that maps and touches memory, one that makes system calls.

use std::{
    hint::black_box,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread::Builder,
};

/// Makes this program run the load.
pub const ARGUMENT: &str = "--run-load";

/// A running load; ends when dropped.
pub struct Load(Child);

impl Load {
    pub fn start() -> Result<Self, String> {
        let start = || {
            let mut child = Command::new(std::env::current_exe()?)
                .arg(ARGUMENT)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            // It says one byte when all its threads run.
            if let Some(stdout) = &mut child.stdout {
                stdout.read_exact(&mut [0])?;
            }
            Ok(Self(child))
        };
        start().map_err(|error: std::io::Error| format!("the load could not be started: {error}"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // Both fail only if the load is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The load itself: until its parent ends or kills it.
pub fn run() -> Result<(), String> {
    let cpus = std::thread::available_parallelism().map_err(|error| error.to_string())?.get();
    let busy = std::iter::repeat_n(spin as fn(), cpus);
    for (number, work) in busy.chain([churn_memory as fn(), churn_system_calls]).enumerate() {
        let thread = Builder::new().name(format!("load-{number}"));
        thread
            .spawn(move || {
                loop {
                    work()
                }
            })
            .map_err(|error| error.to_string())?;
    }
    let started = std::io::stdout().write_all(b"!").and_then(|()| std::io::stdout().flush());
    started.map_err(|error| error.to_string())?;
    // Ends with the parent, even if that is killed.
    let _ = std::io::stdin().read(&mut [0]);
    Ok(())
}

fn spin() {
    black_box((0..1_000_000_u64).fold(1, |product: u64, i| black_box(product).wrapping_mul(31) ^ i));
}

/// Above the threshold from which malloc maps memory, so each round faults all pages in and gives them back.
fn churn_memory() {
    const BYTES: usize = 64 << 20;
    let mut memory = vec![0_u8; BYTES];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    black_box(memory);
}

fn churn_system_calls() {
    let Ok((mut reader, mut writer)) = std::io::pipe() else { return };
    let mut page = [0; 4096];
    for _ in 0..1_000 {
        let _ = black_box(std::fs::metadata("/proc/self/stat"));
        if writer.write_all(&page).is_err() || reader.read_exact(&mut page).is_err() {
            return;
        }
    }
}
