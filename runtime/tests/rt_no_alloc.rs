//! The real-time loop with its mailbox and ring does not touch the heap, and dies if a step does.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)]

use std::{
    ops::ControlFlow,
    os::unix::process::ExitStatusExt,
    process::{Command, Output},
    time::Duration,
};

use runtime::rt::{
    CheckedAllocator, LoopConfig, NoAllocGuard, RealtimeLoop, Tick, count_allocations, mailbox, ring,
};

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

const SIGABRT: i32 = 6;

#[derive(Default)]
struct Trajectory {
    points: Vec<f64>,
}

#[derive(Default)]
struct ActuationCommand {
    index: u64,
    values: Vec<f64>,
}

#[test]
fn heap_calls_are_counted_per_thread() {
    let (_, calls) = count_allocations(|| {
        let mut numbers = vec![1];
        numbers.push(2);
    });
    assert_eq!(calls, Some(3), "one allocation, one reallocation, one free");
    assert_eq!(count_allocations(|| ()).1, Some(0));
}

#[test]
fn a_loop_that_reads_a_mailbox_and_fills_a_ring_does_not_touch_the_heap() {
    const TICKS: u64 = 4_000;
    let (mut writer, mut reader) = mailbox(Trajectory::default);
    let (mut producer, mut consumer) =
        ring(64, || ActuationCommand { index: 0, values: Vec::with_capacity(16) });
    let mut steps = 0;
    let mut heap_calls = 0;
    let (report, reported) = std::sync::mpsc::sync_channel(1);
    let period = Duration::from_micros(250);
    let handle = RealtimeLoop::spawn(LoopConfig::new("no-alloc", period), move |tick: Tick| {
        let (_, calls) = count_allocations(|| {
            reader.refresh();
            let trajectory = reader.get();
            producer.push_with(|command| {
                command.index = tick.index;
                command.values.clear();
                command.values.extend_from_slice(&trajectory.points);
            });
        });
        heap_calls += calls.unwrap();
        steps += 1;
        if steps < TICKS {
            return ControlFlow::Continue(());
        }
        let _ = report.try_send(heap_calls);
        ControlFlow::Break(())
    })
    .unwrap();

    // The transport's side: new trajectories with buffers of their own, commands taken out.
    let mut received = 0;
    let mut last_index = None;
    let heap_calls = loop {
        writer.write(Trajectory { points: vec![1.0; (received % 16) as usize] });
        while let Some(index) = consumer.pop_with(|command| command.index) {
            assert!(last_index < Some(index));
            last_index = Some(index);
            received += 1;
        }
        if let Ok(calls) = reported.try_recv() {
            break calls;
        }
        std::thread::yield_now();
    };
    assert_eq!(heap_calls, 0);
    assert_eq!(handle.join().unwrap().wakeup.count(), TICKS);
    while consumer.pop() {
        received += 1;
    }
    assert_eq!(received + consumer.dropped(), TICKS);
}

#[test]
fn a_step_that_allocates_aborts_the_process() {
    assert_aborts_with("child_that_allocates_in_a_step", "alloc of 100 bytes");
}

#[test]
fn a_step_that_frees_aborts_the_process() {
    assert_aborts_with("child_that_frees_in_a_step", "free of 100 bytes");
}

#[test]
fn a_panic_in_a_guarded_section_is_told_as_such() {
    let output = run_child("child_that_panics_in_a_step");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("sensor went mad after 2 ticks"), "{text}");
}

#[test]
#[ignore = "dies; run by a_step_that_allocates_aborts_the_process"]
fn child_that_allocates_in_a_step() {
    run_until_dead(|_| drop(std::hint::black_box(vec![0_u8; 100])));
}

#[test]
#[ignore = "dies; run by a_step_that_frees_aborts_the_process"]
fn child_that_frees_in_a_step() {
    let mut held = Some(vec![0_u8; 100]);
    run_until_dead(move |_| drop(held.take()));
}

#[test]
#[ignore = "run by a_panic_in_a_guarded_section_is_told_as_such"]
fn child_that_panics_in_a_step() {
    let handle = RealtimeLoop::spawn(LoopConfig::new("panics", Duration::from_millis(1)), |tick: Tick| {
        assert!(tick.index < 2, "sensor went mad after {} ticks", tick.index);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(handle.join().is_err());
    drop(NoAllocGuard::enter());
    drop(vec![1]);
}

fn run_until_dead(mut work: impl FnMut(Tick) + Send + 'static) {
    let handle = RealtimeLoop::spawn(LoopConfig::new("dies", Duration::from_millis(1)), move |tick| {
        work(tick);
        if tick.index < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let _ = handle.unwrap().join();
}

fn run_child(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture"])
        .output()
        .unwrap()
}

fn assert_aborts_with(test: &str, expected: &str) {
    let output = run_child(test);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGABRT), "{text}");
    assert!(text.contains(expected), "{text}");
}
