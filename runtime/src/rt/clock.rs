//! The two clocks and the sleep of the real-time loop, without an allocation or a lock.

// Calls into libc: std has no sleep until an absolute time, and hides CLOCK_MONOTONIC behind `Instant`.
#![allow(unsafe_code)]

const NS_PER_S: u64 = 1_000_000_000;

/// CLOCK_MONOTONIC, ns. Through the vDSO: no system call.
pub(super) fn monotonic_ns() -> u64 {
    read_ns(libc::CLOCK_MONOTONIC)
}

/// CLOCK_REALTIME, ns since the Unix epoch. Through the vDSO: no system call.
pub(super) fn wall_ns() -> u64 {
    read_ns(libc::CLOCK_REALTIME)
}

/// Sleeps until CLOCK_MONOTONIC reads `monotonic_ns`; returns at once if that has passed.
pub(super) fn sleep_until(monotonic_ns: u64) {
    let until = timespec(monotonic_ns);
    // SAFETY: `until` is valid for the call; an absolute sleep writes no remaining time.
    while unsafe {
        libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, std::ptr::null_mut())
    } == libc::EINTR
    {}
}

fn read_ns(clock: libc::clockid_t) -> u64 {
    let mut now = timespec(0);
    // SAFETY: `now` is a valid place to write to. The call cannot fail: both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut now) };
    // Neither clock goes below zero, so the casts are exact.
    now.tv_sec as u64 * NS_PER_S + now.tv_nsec as u64
}

fn timespec(ns: u64) -> libc::timespec {
    libc::timespec { tv_sec: (ns / NS_PER_S) as libc::time_t, tv_nsec: (ns % NS_PER_S) as libc::c_long }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_ends_at_or_after_the_time_asked_for() {
        let until = monotonic_ns() + 2_000_000;
        sleep_until(until);
        assert!(monotonic_ns() >= until);
        sleep_until(0);
    }

    #[test]
    fn wall_time_is_since_the_epoch() {
        assert!(wall_ns() > 1_600_000_000 * NS_PER_S);
    }
}
