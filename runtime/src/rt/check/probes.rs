//! Reads what the system is set to. Each judgement is a function of the text found, apart from the reading.

use std::{
    fs,
    thread::{Builder, JoinHandle},
};

use super::{CheckOptions, Finding, Verdict};
use crate::rt::thread::{self, CAP_IPC_LOCK, CAP_SYS_NICE};

/// All findings, most important first.
pub(super) fn all(options: &CheckOptions) -> Vec<Finding> {
    vec![
        kernel(
            &read("/proc/sys/kernel/osrelease"),
            &read("/proc/sys/kernel/version"),
            &read("/sys/kernel/realtime"),
        ),
        priority(options.priority, thread::soft_limit("Max realtime priority"), try_fifo(options.priority)),
        throttling(&read("/proc/sys/kernel/sched_rt_runtime_us")),
        memory_lock(thread::soft_limit("Max locked memory"), thread::has_capability(CAP_IPC_LOCK)),
        governor(&read(&format!(
            "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor",
            options.cpu.unwrap_or(0)
        ))),
        isolation(&read("/sys/devices/system/cpu/isolated"), options.cpu),
        huge_pages(&read("/sys/kernel/mm/transparent_hugepage/enabled")),
        clock_source(&read("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        hypervisor(&read("/proc/cpuinfo")),
    ]
}

/// The trimmed text of a file; empty if there is none, which each judgement below has an answer for.
fn read(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// Whether a thread of ours gets the priority.
fn try_fifo(priority: u8) -> Result<(), String> {
    let attempt = Builder::new().name("rt-check".to_owned()).spawn(move || thread::set_fifo(priority));
    match attempt.map(JoinHandle::join) {
        Ok(Ok(granted)) => granted.map_err(|warning| warning.to_string()),
        Ok(Err(_)) => Err("the attempt panicked; see stderr".to_owned()),
        Err(error) => Err(format!("no thread could be started: {error}")),
    }
}

fn finding(name: &str, verdict: Verdict, value: impl Into<String>, advice: Option<&str>) -> Finding {
    Finding { name: name.to_owned(), verdict, value: value.into(), advice: advice.map(str::to_owned) }
}

fn kernel(release: &str, version: &str, realtime: &str) -> Finding {
    if realtime == "1" || version.contains("PREEMPT_RT") {
        return finding("kernel", Verdict::Ok, format!("{release}, PREEMPT_RT"), None);
    }
    let model = ["PREEMPT_DYNAMIC", "PREEMPT"].into_iter().find(|model| version.contains(model));
    let value = format!("{release}, {}, not PREEMPT_RT", model.unwrap_or("no preemption"));
    let advice = "install a PREEMPT_RT kernel for a vehicle: `apt install linux-image-rt-amd64` (Debian), `pro \
                  enable realtime-kernel` (Ubuntu); from Linux 6.12 it is the option CONFIG_PREEMPT_RT";
    finding("kernel", Verdict::Warn, value, Some(advice))
}

fn priority(priority: u8, limit: u64, attempt: Result<(), String>) -> Finding {
    let name = "real-time priority";
    match attempt {
        Ok(()) => {
            let by = if thread::has_capability(CAP_SYS_NICE) {
                "by CAP_SYS_NICE".to_owned()
            } else {
                format!("by the limit of {limit}")
            };
            finding(name, Verdict::Ok, format!("SCHED_FIFO {priority} granted {by}"), None)
        }
        Err(advice) => finding(
            name,
            Verdict::Fail,
            format!("SCHED_FIFO {priority} denied, the limit is {limit}"),
            Some(&advice),
        ),
    }
}

fn throttling(runtime_us: &str) -> Finding {
    let name = "real-time throttling";
    match runtime_us.parse::<i64>() {
        Ok(0) => finding(
            name,
            Verdict::Fail,
            "no time at all for real-time threads",
            Some("`sysctl -w kernel.sched_rt_runtime_us=950000`"),
        ),
        Ok(us) if us > 0 => {
            finding(name, Verdict::Ok, format!("real-time threads get at most {us} µs of each second"), None)
        }
        _ => finding(name, Verdict::Ok, "off", None),
    }
}

fn memory_lock(limit_bytes: u64, capable: bool) -> Finding {
    let name = "memory locking";
    if capable {
        return finding(name, Verdict::Ok, "unlimited by CAP_IPC_LOCK", None);
    }
    if limit_bytes == u64::MAX {
        return finding(name, Verdict::Ok, "unlimited", None);
    }
    let advice = "systemd unit `LimitMEMLOCK=infinity`; or `<user> - memlock unlimited` in \
                  /etc/security/limits.conf and a new login; in a container `--ulimit memlock=-1`";
    finding(name, Verdict::Fail, format!("limited to {} KiB", limit_bytes / 1024), Some(advice))
}

fn governor(governor: &str) -> Finding {
    let name = "CPU frequency";
    match governor {
        "" => finding(name, Verdict::Ok, "not controlled by Linux", None),
        "performance" => finding(name, Verdict::Ok, "governor performance", None),
        other => finding(
            name,
            Verdict::Warn,
            format!("governor {other}"),
            Some("`cpupower frequency-set -g performance`: the CPU clocks up only after a wake-up"),
        ),
    }
}

fn isolation(isolated: &str, cpu: Option<usize>) -> Finding {
    let name = "isolated CPUs";
    let ours = cpu.is_some_and(|cpu| list_contains(isolated, cpu));
    let advice = match (isolated, cpu) {
        ("", _) => "boot with e.g. `isolcpus=3 nohz_full=3 rcu_nocbs=3` and set the loop's `cpu` to 3",
        (_, None) => "set the loop's `cpu` to one of them",
        (_, Some(_)) => "the loop's `cpu` is not one of them: choose one",
    };
    let value = if isolated.is_empty() { "none" } else { isolated };
    if ours {
        finding(name, Verdict::Ok, format!("{value}, the loop's among them"), None)
    } else {
        finding(name, Verdict::Warn, value, Some(advice))
    }
}

/// Whether a kernel CPU list such as `1,4-7` contains `cpu`.
fn list_contains(list: &str, cpu: usize) -> bool {
    list.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&cpu))
    })
}

fn huge_pages(enabled: &str) -> Finding {
    let name = "huge pages (THP)";
    let choice = enabled.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(choice, _)| choice);
    match choice {
        Some("always") => finding(
            name,
            Verdict::Warn,
            "always",
            Some(
                "`echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`: the kernel merges pages in the \
                 background and stalls whoever uses them",
            ),
        ),
        Some(choice) => finding(name, Verdict::Ok, choice, None),
        None => finding(name, Verdict::Ok, "not in this kernel", None),
    }
}

fn clock_source(source: &str) -> Finding {
    let name = "clock source";
    match source {
        "tsc" | "arch_sys_counter" | "kvm-clock" => finding(name, Verdict::Ok, source, None),
        "" => finding(name, Verdict::Warn, "unknown", Some("mount /sys to let this be checked")),
        slow => finding(
            name,
            Verdict::Warn,
            format!("{slow}: each reading is a system call"),
            Some(
                "see why the kernel left the TSC (`dmesg | grep -i tsc`); if it is sound, boot with `tsc=reliable`",
            ),
        ),
    }
}

fn hypervisor(cpuinfo: &str) -> Finding {
    let name = "hardware";
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    if flags.split_whitespace().any(|flag| flag == "hypervisor") {
        let advice = "fine for development; on a vehicle run on the hardware itself, since the host may stop a \
                      virtual CPU at any time";
        finding(name, Verdict::Warn, "virtual machine", Some(advice))
    } else {
        finding(name, Verdict::Ok, "no virtual machine", None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels() {
        let kernel = |version: &str, realtime: &str| kernel("6.12.1", version, realtime);
        assert_eq!(kernel("#1 SMP PREEMPT_RT Debian", "").verdict, Verdict::Ok);
        assert_eq!(kernel("#1 SMP", "1").verdict, Verdict::Ok);
        assert_eq!(kernel("#1 SMP PREEMPT_DYNAMIC", "").value, "6.12.1, PREEMPT_DYNAMIC, not PREEMPT_RT");
        assert_eq!(kernel("#1 SMP", "0").verdict, Verdict::Warn);
    }

    #[test]
    fn a_denied_priority_passes_the_advice_on() {
        let denied = priority(80, 0, Err("grant it so".to_owned()));
        assert_eq!((denied.verdict, denied.advice.as_deref()), (Verdict::Fail, Some("grant it so")));
        assert_eq!(priority(80, 95, Ok(())).verdict, Verdict::Ok);
    }

    #[test]
    fn limits() {
        assert_eq!(memory_lock(8 << 20, true).verdict, Verdict::Ok);
        assert_eq!(memory_lock(u64::MAX, false).verdict, Verdict::Ok);
        assert_eq!(memory_lock(8 << 20, false).value, "limited to 8192 KiB");
        assert_eq!(throttling("950000").verdict, Verdict::Ok);
        assert_eq!(throttling("-1").value, "off");
        assert_eq!(throttling("0").verdict, Verdict::Fail);
    }

    #[test]
    fn isolated_cpus() {
        assert!(list_contains("1,4-7", 1) && list_contains("1,4-7", 6));
        assert!(!list_contains("1,4-7", 3) && !list_contains("", 0));
        assert_eq!(isolation("2-3", Some(3)).verdict, Verdict::Ok);
        assert_eq!(isolation("2-3", Some(1)).verdict, Verdict::Warn);
        assert_eq!(isolation("2-3", None).verdict, Verdict::Warn);
        assert_eq!(isolation("", Some(0)).value, "none");
    }

    #[test]
    fn settings() {
        assert_eq!(governor("powersave").verdict, Verdict::Warn);
        assert_eq!(governor("performance").verdict, Verdict::Ok);
        assert_eq!(huge_pages("[always] madvise never").verdict, Verdict::Warn);
        assert_eq!(huge_pages("always [madvise] never").value, "madvise");
        assert_eq!(clock_source("tsc").verdict, Verdict::Ok);
        assert_eq!(clock_source("hpet").verdict, Verdict::Warn);
        assert_eq!(hypervisor("flags\t\t: fpu hypervisor sse").verdict, Verdict::Warn);
        assert_eq!(hypervisor("flags\t\t: fpu sse").verdict, Verdict::Ok);
    }
}
