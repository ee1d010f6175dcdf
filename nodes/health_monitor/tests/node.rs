//! The health monitor in lockstep: what it makes of good, missing and hostile diagnostics.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use health_monitor::{HealthMonitorNode, MAX_NODES, MAX_STATUSES};
use msgs::Message;
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::Overrides;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;

const OK: u8 = 0;
const WARN: u8 = 1;
const ERROR: u8 = 2;
const STALE: u8 = 3;

fn overrides() -> Overrides {
    let mut overrides = Overrides::default();
    let yaml = "health_monitor_node: {ros__parameters: {startup_time_s: 5.0, expected_nodes: [perception_node, control_node]}}";
    overrides.add_yaml("test.yaml", yaml).unwrap();
    overrides
}

struct Bench {
    run: Lockstep,
    out: Arc<Mutex<Vec<(Time, DiagnosticArray)>>>,
}

impl Bench {
    fn new() -> Self {
        let mut run =
            Lockstep::new(Time::from_ns(1_000_000_000_000)).with_args(Remaps::default(), overrides());
        run.add::<HealthMonitorNode>().unwrap();
        let out: Arc<Mutex<Vec<_>>> = Arc::default();
        let sink = Arc::clone(&out);
        run.observe(move |event| {
            if event.topic == "/diagnostics_agg" {
                sink.lock().unwrap().push((event.time, DiagnosticArray::decode(event.payload).unwrap()));
            }
        });
        Self { run, out }
    }

    fn say(&mut self, name: &str, level: u8) {
        let status =
            DiagnosticStatus { level, name: name.into(), message: "said".into(), ..Default::default() };
        self.run
            .publish("/diagnostics", &DiagnosticArray { status: vec![status], ..Default::default() })
            .unwrap();
    }

    fn run_ms(&mut self, ms: u64) {
        self.run.run_for(Duration::from_millis(ms)).unwrap();
    }

    fn levels(&self) -> BTreeMap<String, u8> {
        let out = self.out.lock().unwrap();
        out.last().unwrap().1.status.iter().map(|s| (s.name.clone(), s.level)).collect()
    }

    fn both_ok(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.say("/perception_node: loop", OK);
            self.say("/control_node: loop", OK);
            self.run_ms(1000);
        }
    }
}

#[test]
fn one_summary_a_second_with_the_worst_on_top() {
    let mut bench = Bench::new();
    bench.both_ok(8);
    assert_eq!(bench.levels()["/vehicle"], OK);
    assert_eq!(bench.levels()["/vehicle/control_node/loop"], OK);
    let count = bench.out.lock().unwrap().len();
    assert!((7..=9).contains(&count), "{count}");
    bench.say("/control_node: steering", WARN);
    bench.both_ok(1);
    let levels = bench.levels();
    assert_eq!([levels["/vehicle"], levels["/vehicle/control_node"]], [WARN, WARN]);
    assert_eq!([levels["/vehicle/control_node/loop"], levels["/vehicle/perception_node"]], [OK, OK]);
}

#[test]
fn what_gets_worse_is_told_at_once_and_what_gets_better_in_the_next_second() {
    let mut bench = Bench::new();
    bench.both_ok(3);
    bench.run_ms(250);
    let (now, count) = (bench.run.now(), bench.out.lock().unwrap().len());
    bench.say("/perception_node: lidar", ERROR);
    bench.run_ms(0);
    let out = bench.out.lock().unwrap();
    assert_eq!((out.len(), out.last().unwrap().0), (count + 1, now));
    assert_eq!(out.last().unwrap().1.status[0].level, ERROR);
    assert!(
        out.last().unwrap().1.status[0].message.contains("lidar"),
        "{:?}",
        out.last().unwrap().1.status[0]
    );
}

#[test]
fn a_status_that_falls_silent_is_stale_and_its_node_an_error() {
    let mut bench = Bench::new();
    bench.both_ok(2);
    bench.say("/perception_node: lidar", OK);
    for _ in 0..4 {
        bench.both_ok(1);
    }
    let levels = bench.levels();
    assert_eq!(levels["/vehicle/perception_node/lidar"], STALE);
    assert_eq!([levels["/vehicle/perception_node"], levels["/vehicle"]], [ERROR, ERROR]);
    bench.run_ms(4000);
    let levels = bench.levels();
    assert_eq!([levels["/vehicle/perception_node"], levels["/vehicle/control_node"]], [STALE, STALE]);
    // The monitor itself reports too, so never is all of the vehicle silent.
    assert_eq!([levels["/vehicle/health_monitor_node"], levels["/vehicle"]], [OK, ERROR]);
    bench.say("/perception_node: lidar", OK);
    bench.both_ok(2);
    assert_eq!(bench.levels()["/vehicle"], OK, "comes back");
}

#[test]
fn an_expected_node_that_never_reports_is_stale_after_the_start() {
    let mut bench = Bench::new();
    for _ in 0..4 {
        bench.say("/control_node: loop", OK);
        bench.run_ms(1000);
    }
    assert_eq!(bench.levels()["/vehicle/perception_node"], OK, "may still start");
    for _ in 0..3 {
        bench.say("/control_node: loop", OK);
        bench.run_ms(1000);
    }
    assert_eq!(bench.levels()["/vehicle/perception_node"], STALE);
    assert_eq!(bench.levels()["/vehicle"], ERROR);
}

#[test]
fn strangers_are_forgotten_when_they_are_gone() {
    let mut bench = Bench::new();
    bench.say("visitor: hello", WARN);
    bench.both_ok(5);
    assert_eq!(bench.levels()["/vehicle/visitor"], STALE);
    bench.both_ok(65);
    assert!(!bench.levels().contains_key("/vehicle/visitor"));
    assert_eq!(bench.levels()["/vehicle"], OK);
}

#[test]
fn hostile_names_and_sizes_stay_within_bounds() {
    let mut bench = Bench::new();
    for burst in 0..5 {
        let status = (0..500).map(|i| DiagnosticStatus {
            level: 200,
            name: format!("{}{}: {}/{i}", "/n".repeat(200), burst * 500 + i, "x".repeat(5000)),
            message: "\u{fffd}".repeat(10_000),
            hardware_id: "h".repeat(10_000),
            values: vec![KeyValue { key: "k".repeat(1000), value: String::new() }; 100],
        });
        let several = (0..500).map(|i| DiagnosticStatus { name: format!("one: {i}"), ..Default::default() });
        let many = (0..500).map(|i| DiagnosticStatus { name: format!("node{i}: x"), ..Default::default() });
        let status = status.chain(several).chain(many).collect();
        bench.run.publish("/diagnostics", &DiagnosticArray { status, ..Default::default() }).unwrap();
        bench.both_ok(1);
    }
    let out = bench.out.lock().unwrap();
    let last = &out.last().unwrap().1;
    assert!(last.status.len() <= 1 + MAX_NODES * (MAX_STATUSES + 1), "{}", last.status.len());
    assert!(last.encode(0).unwrap().len() < 1 << 20);
    assert!(last.status[0].values.iter().any(|v| v.key == "left_out"));
    assert!(last.status.iter().any(|s| s.name == "/vehicle/perception_node/loop" && s.level == OK));
    assert!(last.status.iter().all(|s| s.level <= STALE && s.name.len() < 512));
}

#[test]
fn a_flickering_status_does_not_flood() {
    let mut bench = Bench::new();
    bench.both_ok(2);
    let before = bench.out.lock().unwrap().len();
    for i in 0..1000 {
        bench.say("/control_node: flicker", if i % 2 == 0 { ERROR } else { OK });
        bench.run_ms(1);
    }
    let sent = bench.out.lock().unwrap().len() - before;
    assert!((2..=11).contains(&sent), "{sent}");
}

#[test]
fn stamps_of_messages_do_not_matter() {
    let mut bench = Bench::new();
    for sec in [i32::MIN, 0, i32::MAX, -5] {
        let mut array = DiagnosticArray::default();
        array.header.stamp.sec = sec;
        array.header.stamp.nanosec = u32::MAX;
        array.status.push(DiagnosticStatus { name: "perception_node: loop".into(), ..Default::default() });
        array.status.push(array.status[0].clone());
        bench.run.publish("/diagnostics", &array).unwrap();
        bench.run_ms(1000);
    }
    assert_eq!(bench.levels()["/vehicle/perception_node"], OK);
}

#[test]
fn replay_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    let mut bench = Bench::new();
    bench.run.record(Recorder::create(&bag, RecorderOptions::default()).unwrap());
    bench.both_ok(6);
    bench.say("/perception_node: lidar", ERROR);
    bench.run_ms(5000);
    bench.run.finish_recording().unwrap();
    let report = replay::<HealthMonitorNode>(&bag, &Remaps::default(), &overrides()).unwrap();
    assert!(report.difference.is_none(), "{:?}", report.difference);
    assert!(report.outputs >= 10);
}
