//! CPU time of this process, from `/proc`.

use std::fs;

use anyhow::Context;

/// The kernel shows times in hundredths of a second on every architecture we run on (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time of the whole process, user and system, in seconds.
pub fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("no /proc: CPU time cannot be measured")?;
    ticks(&stat).map(|ticks| ticks / TICKS_PER_SECOND).context("/proc/self/stat has another form")
}

/// CPU time of the thread of this name, in seconds.
pub fn thread_cpu_seconds(name: &str) -> Option<f64> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let thread = tasks
        .flatten()
        .map(|task| task.path())
        .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name))?;
    Some(ticks(&fs::read_to_string(thread.join("stat")).ok()?)? / TICKS_PER_SECOND)
}

/// Fields 14 and 15 of a stat file: user and system time. The name in field 2 may hold spaces.
fn ticks(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(field(11)? + field(12)?)
}
