//! A graph of five nodes in lockstep: the same twice, and the same in replay.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msgs::nav_msgs::msg::Odometry;
use msgs::std_msgs::msg::Float64;
use msgs::std_srvs::srv::{SetBool, SetBoolRequest, Trigger};
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::node::{Node, NodeError, Step};
use runtime::params::{Overrides, ParamValue};
use runtime::ports::{Client, Latest, Output, Ports, Queue, Server};
use runtime::qos::Qos;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::{ReplayReport, replay};
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const PERIOD: Duration = Duration::from_millis(10);
const START: Time = Time::from_ns(1_000_000_000_000);

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NoParams {}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SourceParams {
    /// Amplitude, m.
    amplitude: f64,
}

impl Default for SourceParams {
    fn default() -> Self {
        Self { amplitude: 1.0 }
    }
}

/// A wave at 100 Hz.
struct Source {
    amplitude: f64,
    wave: Output<Float64>,
}

impl Node for Source {
    const NAME: &'static str = "source";
    type Params = SourceParams;
    fn new(params: &SourceParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        let mut wave = ports.output("/wave", Qos::default())?;
        wave.send(Float64 { data: -1.0 });
        Ok(Self { amplitude: params.amplitude, wave })
    }
    fn set_params(&mut self, params: &SourceParams) {
        self.amplitude = params.amplitude;
    }
    fn step(&mut self, step: Step) {
        if step.due {
            let t = step.now.since(START).as_secs_f64();
            self.wave.send(Float64 { data: self.amplitude * t.sin() });
        }
    }
}

/// Smooths whatever comes, as it comes.
struct Filter {
    wave: Queue<Float64>,
    smooth: Output<Float64>,
    value: f64,
}

impl Node for Filter {
    const NAME: &'static str = "filter";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        let wave = ports.trigger("/wave", Qos::default())?;
        let smooth = ports.output("/smooth", Qos::state())?;
        Ok(Self { wave, smooth, value: 0.0 })
    }
    fn step(&mut self, _: Step) {
        while let Some(wave) = self.wave.next() {
            self.value += 0.1 * (wave.data - self.value);
            self.smooth.send(Float64 { data: self.value });
        }
    }
}

/// Puts the latest of both into a big message, unless it is told not to.
struct Sink {
    wave: Latest<Float64>,
    smooth: Latest<Float64>,
    odometry: Output<Odometry>,
    enable: Server<SetBool>,
    enabled: bool,
}

impl Node for Sink {
    const NAME: &'static str = "sink";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        Ok(Self {
            wave: ports.latest("/wave", Qos::default())?,
            smooth: ports.latest("/smooth", Qos::state())?,
            odometry: ports.output("/odometry", Qos::sensor())?,
            enable: ports.server("/enable")?,
            enabled: true,
        })
    }
    fn step(&mut self, step: Step) {
        self.enable.serve(|request, answer| {
            self.enabled = request.data;
            (answer.success, answer.message) = (true, format!("at step {}", step.index));
        });
        if let (true, true, Some(wave), Some(smooth)) =
            (step.due, self.enabled, self.wave.get(), self.smooth.get())
        {
            let (x, y, age) = (wave.data, smooth.data, wave.age(step.now));
            self.odometry.send_with(|o| {
                o.header.stamp = step.now.to_msg();
                o.pose.pose.position.x = x;
                o.pose.pose.position.y = y;
                o.twist.covariance[0] = age.as_secs_f64();
            });
        }
    }
}

/// Switches the sink off and on, once a second.
struct Switch {
    enable: Client<SetBool>,
    answers: Output<Float64>,
    count: u64,
}

impl Node for Switch {
    const NAME: &'static str = "switch";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_secs(1));
        Ok(Self {
            enable: ports.client("/enable")?,
            answers: ports.output("/answers", Qos::default())?,
            count: 0,
        })
    }
    fn step(&mut self, step: Step) {
        while let Some(answer) = self.enable.answer() {
            let data = answer.map_or(-1.0, |a| a.message.len() as f64);
            self.answers.send(Float64 { data });
        }
        if step.due {
            self.count += 1;
            self.enable.call(&SetBoolRequest { data: self.count.is_multiple_of(2) }, Duration::from_secs(1));
        }
    }
}

/// A second source for the 100 Hz load, and a service that nobody calls.
struct Idle {
    wave: Queue<Float64>,
    heard: Output<Float64>,
    _server: Server<Trigger>,
}

impl Node for Idle {
    const NAME: &'static str = "idle";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        Ok(Self {
            wave: ports.queue("/wave", Qos::default())?,
            heard: ports.output("/heard", Qos::default())?,
            _server: ports.server("~/nothing")?,
        })
    }
    fn step(&mut self, _: Step) {
        let mut sum = 0.0;
        while let Some(wave) = self.wave.next() {
            sum += wave.data;
        }
        self.heard.send(Float64 { data: sum });
    }
}

fn graph() -> Lockstep {
    let mut run = Lockstep::new(START);
    run.add::<Source>().unwrap();
    run.add::<Filter>().unwrap();
    run.add::<Sink>().unwrap();
    run.add::<Switch>().unwrap();
    run.add::<Idle>().unwrap();
    run
}

/// All topics and bytes of a run of 10 s.
fn run(bag: Option<&Path>) -> Vec<(i64, String, Vec<u8>)> {
    let mut run = graph();
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    run.observe({
        let seen = Arc::clone(&seen);
        move |e| {
            let entry = (e.time.as_ns(), e.topic.to_string(), e.payload.to_vec());
            seen.lock().unwrap().push(entry);
        }
    });
    if let Some(bag) = bag {
        run.record(Recorder::create(bag, RecorderOptions::default()).unwrap());
    }
    run.run_for(Duration::from_secs(5)).unwrap();
    // From outside: a message, a call, a parameter.
    run.publish("/wave", &Float64 { data: 100.0 }).unwrap();
    run.call::<SetBool>("/enable", &SetBoolRequest { data: true }, |a| assert!(a.unwrap().success)).unwrap();
    assert!(run.set_parameter("/source", "amplitude", ParamValue::Double(3.0)).unwrap().successful);
    run.run_for(Duration::from_secs(5)).unwrap();
    let stats = run.finish_recording().unwrap();
    assert!(stats.is_none_or(|s| s.dropped == 0));
    drop(run);
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

fn replayed<N: Node>(bag: &Path) -> ReplayReport {
    replay::<N>(bag, &Remaps::default(), &Overrides::default()).unwrap()
}

#[test]
fn two_runs_and_the_replay_of_each_node_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    let first = run(Some(&bag));
    assert!(first.len() > 5000, "{}", first.len());
    assert!(first == run(None));
    for (name, report) in [
        ("source", replayed::<Source>(&bag)),
        ("filter", replayed::<Filter>(&bag)),
        ("sink", replayed::<Sink>(&bag)),
        ("switch", replayed::<Switch>(&bag)),
        ("idle", replayed::<Idle>(&bag)),
    ] {
        assert_eq!(report.difference, None, "{name}: {report:?}");
        assert!(report.steps >= 10 && report.outputs >= 10, "{name}: {report:?}");
    }
}

#[test]
fn replay_finds_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    run(Some(&bag));
    let mut overrides = Overrides::default();
    overrides.add_yaml("test.yaml", "source: {ros__parameters: {amplitude: 2.0}}").unwrap();
    let report = replay::<Source>(&bag, &Remaps::default(), &overrides).unwrap();
    let difference = report.difference.unwrap();
    assert_eq!((difference.step, difference.name.as_str()), (0, "/wave"));
    // A node that was not there.
    struct Other;
    impl Node for Other {
        const NAME: &'static str = "other";
        type Params = NoParams;
        fn new(_: &NoParams, _: &mut Ports<'_>) -> Result<Self, NodeError> {
            Ok(Self)
        }
        fn step(&mut self, _: Step) {}
    }
    let error = replay::<Other>(&bag, &Remaps::default(), &Overrides::default()).unwrap_err();
    assert!(error.to_string().contains("no steps of /other"), "{error}");
}

#[test]
fn parameters_reach_the_node_in_its_next_step() {
    let mut run = graph();
    let result = run.set_parameter("/source", "amplitude", ParamValue::Double(0.0)).unwrap();
    assert!(result.successful);
    let waves: Arc<Mutex<Vec<f64>>> = Arc::default();
    run.observe({
        let waves = Arc::clone(&waves);
        move |e| {
            if e.topic == "/wave" {
                use msgs::Message;
                waves.lock().unwrap().push(Float64::decode(e.payload).unwrap().data);
            }
        }
    });
    run.run_for(Duration::from_millis(50)).unwrap();
    assert_eq!(*waves.lock().unwrap(), [0.0; 5]);
    assert!(run.set_parameter("/nobody", "amplitude", ParamValue::Double(0.0)).is_none());
}

#[test]
fn diagnostics_are_published_once_a_second() {
    use msgs::Message;
    use msgs::diagnostic_msgs::msg::DiagnosticArray;
    let mut run = graph();
    let seen: Arc<Mutex<Vec<(f64, DiagnosticArray)>>> = Arc::default();
    run.observe({
        let seen = Arc::clone(&seen);
        move |e| {
            if e.topic == "/diagnostics" {
                let array = DiagnosticArray::decode(e.payload).unwrap();
                seen.lock().unwrap().push((e.time.since(START).as_secs_f64(), array));
            }
        }
    });
    run.run_for(Duration::from_millis(2500)).unwrap();
    let seen = seen.lock().unwrap();
    let times: Vec<f64> = seen.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    let filter = &seen[6].1.status[0];
    assert_eq!((filter.name.as_str(), filter.level), ("/filter: loop", 0));
    let received = filter.values.iter().find(|v| v.key == "messages_received").unwrap();
    // One from `new` is lost: the filter was not there yet. The last of the second second comes after the report.
    assert_eq!(received.value, "199");
}
