//! Turning the calling thread, and its process, into a real-time one; and what to do where that is denied.

// Calls into libc: scheduling class, memory locking, affinity and timer slack are not in std.
#![allow(unsafe_code)]

use std::{fs::File, io, io::Write, mem::MaybeUninit};

/// Something a real-time loop asked for and was not given. It runs all the same, with worse timing.
///
/// The text says what was denied, what follows from it and how to grant it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RtWarning {
    /// No real-time scheduling class.
    #[error(
        "SCHED_FIFO priority {priority} was denied ({reason}): the loop runs as a normal thread and any load \
         delays it. Grant it: systemd unit `LimitRTPRIO={priority}`; or `<user> - rtprio {priority}` in \
         /etc/security/limits.conf and a new login (`ulimit -r` shows it); or `setcap cap_sys_nice+ep \
         <program>`; in a container `--cap-add SYS_NICE --ulimit rtprio={priority}`"
    )]
    NotFifo {
        /// The priority asked for.
        priority: u8,
        /// What the kernel said.
        reason: io::Error,
    },
    /// Memory may be paged out, so that a step may wait for a disk.
    #[error(
        "locking memory was denied ({reason}): a page fault may delay the loop by milliseconds. Grant it: \
         systemd unit `LimitMEMLOCK=infinity`; or `<user> - memlock unlimited` in /etc/security/limits.conf \
         and a new login (`ulimit -l` shows it); in a container `--ulimit memlock=-1`"
    )]
    MemoryNotLocked {
        /// What the kernel said, or why it was not asked.
        reason: io::Error,
    },
    /// The thread may run on any CPU.
    #[error(
        "binding to CPU {cpu} was denied ({reason}): the loop may move between CPUs. Choose a CPU that is in \
         `taskset -p $$`, or widen it (systemd `CPUAffinity=`/`AllowedCPUs=`, container `--cpuset-cpus`)"
    )]
    NotPinned {
        /// The CPU asked for, counted from 0.
        cpu: usize,
        /// What the kernel said.
        reason: io::Error,
    },
    /// The kernel may round the thread's timers up.
    #[error("timer slack could not be set to 1 ns ({reason}): without SCHED_FIFO wake-ups may be 50 µs late")]
    TimerSlack {
        /// What the kernel said.
        reason: io::Error,
    },
    /// CPUs may go into deep idle states.
    #[error(
        "/dev/cpu_dma_latency could not be held at 0 ({reason}): leaving deep idle states may delay wake-ups \
         by 100 µs. Let the user write it (udev rule), or set `idle=poll` or the tuned profile `realtime`"
    )]
    DeepIdle {
        /// What the kernel said.
        reason: io::Error,
    },
}

/// Keeps all CPUs out of deep idle states while it lives, by holding /dev/cpu_dma_latency at 0 µs.
pub(super) struct ShallowIdle {
    _held_open: File,
}

impl ShallowIdle {
    pub(super) fn hold() -> Result<Self, RtWarning> {
        let hold = || {
            let mut file = File::options().write(true).open("/dev/cpu_dma_latency")?;
            file.write_all(&0_i32.to_ne_bytes())?;
            Ok(Self { _held_open: file })
        };
        hold().map_err(|reason| RtWarning::DeepIdle { reason })
    }
}

/// Locks all memory of the process, now and to come.
///
/// With a finite limit this is not tried: the kernel would grant it and then fail every allocation above the
/// limit, which is worse than a page fault.
pub(super) fn lock_memory() -> Result<(), RtWarning> {
    let denied = |reason| RtWarning::MemoryNotLocked { reason };
    let limit_bytes = soft_limit("Max locked memory");
    if limit_bytes != u64::MAX && !has_capability(CAP_IPC_LOCK) {
        return Err(denied(io::Error::other(format!("the limit is {} KiB", limit_bytes / 1024))));
    }
    // SAFETY: takes no pointers.
    check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) }).map_err(denied)
}

/// Sets up the calling thread and returns what was denied.
pub(super) fn make_realtime(priority: u8, cpu: Option<usize>) -> Vec<RtWarning> {
    block_signals();
    prefault_stack();
    [Some(set_fifo(priority)), cpu.map(pin_to_cpu), Some(set_timer_slack())]
        .into_iter()
        .flatten()
        .filter_map(Result::err)
        .collect()
}

/// Gives the calling thread SCHED_FIFO. Threads it might start do not inherit it.
pub(super) fn set_fifo(priority: u8) -> Result<(), RtWarning> {
    let parameters = libc::sched_param { sched_priority: i32::from(priority) };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread; `parameters` is valid for the call.
    check(unsafe { libc::sched_setscheduler(0, policy, &parameters) })
        .map_err(|reason| RtWarning::NotFifo { priority, reason })
}

fn pin_to_cpu(cpu: usize) -> Result<(), RtWarning> {
    let denied = |reason| RtWarning::NotPinned { cpu, reason };
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(denied(io::Error::from_raw_os_error(libc::EINVAL)));
    }
    // SAFETY: all zeros is the empty set; `cpu` is below CPU_SETSIZE; the set is valid for the call, and 0 is
    // the calling thread.
    check(unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set)
    })
    .map_err(denied)
}

/// Has an effect only where SCHED_FIFO was denied: real-time threads have no slack.
fn set_timer_slack() -> Result<(), RtWarning> {
    const SLACK_NS: libc::c_ulong = 1;
    // SAFETY: takes no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, SLACK_NS) })
        .map_err(|reason| RtWarning::TimerSlack { reason })
}

/// Leaves signal handlers to other threads, except those of faults, which belong to the thread at fault.
fn block_signals() {
    // SAFETY: `sigfillset` initialises the set before it is used. None of the calls can fail with these
    // arguments.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigfillset(set.as_mut_ptr());
        let mut set = set.assume_init();
        for fault in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGABRT,
            libc::SIGSYS,
        ] {
            libc::sigdelset(&mut set, fault);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
    }
}

/// Touches the stack that steps will use, so that none of its pages is missing even if locking was denied.
#[inline(never)]
fn prefault_stack() {
    const STACK_BYTES: usize = 256 * 1024;
    const PAGE_BYTES: usize = 4096;
    let mut stack = MaybeUninit::<[u8; STACK_BYTES]>::uninit();
    for offset in (0..STACK_BYTES).step_by(PAGE_BYTES) {
        // SAFETY: `offset` is inside the array; volatile, so that the write is not optimised away.
        unsafe { stack.as_mut_ptr().cast::<u8>().add(offset).write_volatile(0) };
    }
}

/// Bits of `CapEff`, see capabilities(7).
pub(super) const CAP_IPC_LOCK: u32 = 14;
pub(super) const CAP_SYS_NICE: u32 = 23;

/// Whether the process has a capability, by /proc/self/status.
pub(super) fn has_capability(bit: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> bit & 1 == 1)
}

/// The soft limit in a row of /proc/self/limits, in the row's unit; `u64::MAX` if unlimited, 0 if unknown.
pub(super) fn soft_limit(row: &str) -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let values = limits.lines().find_map(|line| line.strip_prefix(row));
    match values.and_then(|values| values.split_whitespace().next()) {
        Some("unlimited") => u64::MAX,
        Some(value) => value.parse().unwrap_or(0),
        None => 0,
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_that_does_not_exist_is_a_warning_that_names_it() {
        for cpu in [libc::CPU_SETSIZE as usize - 1, libc::CPU_SETSIZE as usize, usize::MAX] {
            let warning = pin_to_cpu(cpu).unwrap_err();
            assert!(warning.to_string().contains(&format!("CPU {cpu} ")), "{warning}");
        }
    }

    #[test]
    fn a_denied_priority_tells_how_to_grant_it() {
        // 100 is out of the kernel's range, whatever the rights.
        let text = set_fifo(100).unwrap_err().to_string();
        for way in ["LimitRTPRIO=100", "limits.conf", "cap_sys_nice", "--cap-add"] {
            assert!(text.contains(way), "{text}");
        }
    }
}
