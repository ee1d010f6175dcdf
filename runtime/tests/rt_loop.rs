//! The real-time loop as its users see it. Nothing here depends on how well the machine keeps time.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)]

use std::{
    ops::ControlFlow,
    os::unix::process::CommandExt,
    process::Command,
    sync::{Arc, mpsc},
    thread::ThreadId,
    time::{Duration, Instant},
};

use runtime::rt::{LoopConfig, LoopError, LoopState, RealtimeLoop, RtWarning, Tick};

fn config(name: &str) -> LoopConfig {
    LoopConfig::new(name, Duration::from_millis(1))
}

#[test]
fn ticks_lie_on_the_grid_and_carry_the_time() {
    let (sender, ticks) = mpsc::sync_channel(100);
    let handle = RealtimeLoop::spawn(config("grid"), move |tick: Tick| {
        if sender.try_send(tick).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .unwrap();
    let stats = Arc::clone(handle.stats());
    let end = handle.join().unwrap();
    let ticks: Vec<Tick> = ticks.try_iter().collect();

    assert_eq!(ticks.len(), 100);
    assert_eq!(ticks[0].index, 0);
    for pair in ticks.windows(2) {
        assert!(pair[1].index > pair[0].index);
        assert_eq!(pair[1].scheduled_ns - pair[0].scheduled_ns, (pair[1].index - pair[0].index) * 1_000_000);
    }
    for tick in &ticks {
        assert!(tick.monotonic_ns >= tick.scheduled_ns, "woke up early: {tick:?}");
        assert!(tick.wall_ns > 1_600_000_000_000_000_000);
    }
    assert_eq!((end.wakeup.count(), end.execution.count()), (101, 101), "the last step asked for the end");
    assert_eq!((end.state, stats.state()), (LoopState::Ended, LoopState::Ended));
    let last = ticks[99];
    assert!(end.skipped_ticks >= last.index - 99);
}

#[test]
fn periods_missed_by_an_overrun_are_left_out_and_counted() {
    let mut steps = 0;
    let handle = RealtimeLoop::spawn(config("overrun"), move |_| {
        steps += 1;
        let begin = Instant::now();
        while steps == 2 && begin.elapsed() < Duration::from_micros(3_500) {}
        if steps == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    let end = handle.join().unwrap();
    assert_eq!(end.wakeup.count(), 4);
    assert!(end.skipped_ticks >= 3 && end.late_ticks >= 1, "{} {}", end.skipped_ticks, end.late_ticks);
    assert_eq!(end.missed_deadlines(), end.skipped_ticks + end.late_ticks);
    assert!(end.execution.max_ns() >= 3_500_000);
}

#[test]
fn a_step_over_its_deadline_but_within_the_period_is_late() {
    let config = LoopConfig {
        deadline: Duration::from_micros(500),
        ..LoopConfig::new("late", Duration::from_millis(20))
    };
    let handle = RealtimeLoop::spawn(config, |_| {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1) {}
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(handle.join().unwrap().late_ticks, 1);
}

#[test]
fn stop_ends_the_loop_and_the_step_is_dropped_by_the_stopper() {
    struct Dropped(mpsc::SyncSender<ThreadId>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send(std::thread::current().id()).unwrap();
        }
    }
    let (dropped, dropped_by) = mpsc::sync_channel(1);
    let (ticked, ticks) = mpsc::sync_channel(1);
    let owned = Dropped(dropped);
    let handle = RealtimeLoop::spawn(config("stop"), move |_| {
        let _owned = &owned;
        let _ = ticked.try_send(());
        ControlFlow::Continue(())
    })
    .unwrap();
    ticks.recv().unwrap();
    assert_eq!(handle.stats().state(), LoopState::Running);
    assert_eq!(handle.stop().unwrap().state, LoopState::Ended);
    assert_eq!(dropped_by.recv().unwrap(), std::thread::current().id());
}

#[test]
fn dropping_the_handle_stops_the_loop() {
    let handle = RealtimeLoop::spawn(config("drop"), |_| ControlFlow::Continue(())).unwrap();
    let stats = Arc::clone(handle.stats());
    drop(handle);
    assert_eq!(stats.state(), LoopState::Ended);
}

#[test]
fn a_panic_in_the_step_is_reported() {
    let handle = RealtimeLoop::spawn(config("panics"), |tick: Tick| {
        assert!(tick.index < 3, "expected by the test: tick {}", tick.index);
        ControlFlow::Continue(())
    })
    .unwrap();
    let stats = Arc::clone(handle.stats());
    let error = handle.join().unwrap_err();
    assert!(matches!(&error, LoopError::StepPanicked { name, .. } if name == "panics"));
    assert!(error.to_string().contains("expected by the test: tick "), "{error}");
    assert_eq!(stats.state(), LoopState::Panicked);
}

#[test]
fn a_bad_config_is_refused_with_the_name_and_the_rule() {
    let refused =
        RealtimeLoop::spawn(LoopConfig { priority: 0, ..config("control") }, |_| ControlFlow::Break(()));
    assert_eq!(refused.err().unwrap().to_string(), "real-time loop \"control\": `priority` must be 1 to 99");
}

#[test]
fn a_cpu_that_does_not_exist_is_a_warning() {
    let handle =
        RealtimeLoop::spawn(LoopConfig { cpu: Some(1_000_000), ..config("cpu") }, |_| ControlFlow::Break(()))
            .unwrap();
    assert!(handle.warnings().iter().any(|w| matches!(w, RtWarning::NotPinned { cpu: 1_000_000, .. })));
    assert_eq!(handle.join().unwrap().wakeup.count(), 1);
}

/// Runs `unprivileged_loop` below as user `nobody`, with the limits of a plain login.
#[test]
fn without_rights_the_loop_runs_and_says_how_to_grant_them() {
    if !is_root() {
        return unprivileged_loop();
    }
    // A copy where `nobody` may read it.
    let folder = tempfile::Builder::new().permissions(open_to_all()).tempdir().unwrap();
    let program = folder.path().join("rt_loop");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let script = "ulimit -r 0; ulimit -l 64; exec \"$0\" --ignored --exact unprivileged_loop --nocapture";
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(&program)
        .uid(65_534)
        .gid(65_534)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["1 passed", "LimitRTPRIO=80", "LimitMEMLOCK=infinity"] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

#[test]
#[ignore = "run by without_rights_the_loop_runs_and_says_how_to_grant_them"]
fn unprivileged_loop() {
    let handle = RealtimeLoop::spawn(config("poor"), |tick: Tick| {
        if tick.index < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .unwrap();
    for warning in handle.warnings() {
        println!("{warning}");
    }
    assert!(handle.join().unwrap().wakeup.count() > 1);
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn open_to_all() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o755)
}
