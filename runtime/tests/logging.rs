//! What nodes log on the console and on `/rosout`. One test, as logging belongs to the whole process.
#![allow(clippy::unwrap_used)] // in helpers too

mod live_common;

use std::io::Write;
use std::sync::Arc;

use live_common::{LONG, World, args, send};
use msgs::rcl_interfaces::msg::{Log, LoggerLevel};
use msgs::rcl_interfaces::srv::{SetLoggerLevels, SetLoggerLevelsRequest};
use msgs::std_msgs::msg::String as Text;
use parking_lot::Mutex;
use runtime::logging::RosLayer;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Ports, Queue};
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {}

/// Logs what it hears.
struct Talker(Queue<Text>);

impl Node for Talker {
    const NAME: &'static str = "talker";
    type Params = Params;

    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        tracing::warn!("made");
        Ok(Self(ports.trigger("/heard", Qos::default())?))
    }

    fn step(&mut self, _: Step) {
        while let Some(heard) = self.0.next() {
            tracing::debug!("debug {}", heard.data);
            tracing::info!(length = heard.data.len(), "info {}", heard.data);
            tracing::error!("end of {}", heard.data);
        }
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn of(&self, logger: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().clone()).unwrap();
        text.lines().filter(|l| l.contains(&format!("[{logger}]"))).map(str::to_owned).collect()
    }
}

#[test]
fn console_rosout_and_levels() {
    let lines = Lines::default();
    let ros_args = ["-r", "__ns:=/car", "--log-level", "other:=debug"];
    let layer = RosLayer::new(&args(&ros_args)).with_writer(lines.clone(), false);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let world = World::new();
    let (logs, _logs) = world.listen::<Log>("/rosout", &Qos::rosout());
    let heard = world.publisher::<Text>("/heard", &Qos::default());
    let mut live = world.live(&ros_args);
    world.seen_by(&live, EndpointKind::Subscription, "/rosout");
    live.spawn::<Talker>().unwrap();
    let there = |topic: &str, kind, count| {
        let same = |g: &runtime::transport::Graph| {
            g.count(|e| e.kind == kind && e.name == topic && e.node.name == "talker") == count
        };
        assert!(world.outside.graph().wait_until(LONG, same), "{topic}");
    };
    there("/heard", EndpointKind::Subscription, 1);
    // Until the words of the node's step; before it come those of its making and of the services.
    let say = |word: &str| -> Vec<Log> {
        send(&*heard, &Text { data: word.into() });
        let mut said = vec![];
        loop {
            let log = logs.recv_timeout(LONG).unwrap();
            let end = log.msg == format!("end of {word}");
            said.push(log);
            if end {
                return said;
            }
        }
    };
    let texts = |logs: &[Log]| logs.iter().map(|l| l.msg.clone()).collect::<Vec<_>>();

    let said = say("one");
    assert_eq!(texts(&said), ["made", "info one length=3", "end of one"]);
    assert!(said.iter().all(|l| l.name == "car.talker" && l.file.ends_with("logging.rs") && l.line > 0));
    assert_eq!(said.iter().map(|l| l.level).collect::<Vec<_>>(), [Log::WARN, Log::INFO, Log::ERROR]);
    assert_eq!(said[1].function, "logging");
    assert!(said[1].stamp.sec > 1_600_000_000);
    let on_console = lines.of("car.talker");
    let stamp = format!("{}.{:09}", said[1].stamp.sec, said[1].stamp.nanosec);
    assert_eq!(on_console.len(), 3);
    assert_eq!(on_console[1], format!("[INFO] [{stamp}] [car.talker]: info one length=3"));

    // What no node says has the module's name and goes out too.
    tracing::warn!("from the test");
    let log = logs.recv_timeout(LONG).unwrap();
    assert_eq!((log.name.as_str(), log.msg.as_str()), ("logging", "from the test"));
    // In a span of a node it has the node's.
    tracing::info_span!("work", node = "/car/helper").in_scope(|| tracing::warn!("helping"));
    assert_eq!(logs.recv_timeout(LONG).unwrap().name, "car.helper");
    // A library of others only says errors.
    tracing::warn!(target: "zenoh_transport::unicast", "not said");
    tracing::error!(target: "zenoh_transport::unicast", "said, but not on /rosout");
    assert_eq!(lines.of("zenoh_transport.unicast").len(), 1);
    tracing::debug!(target: "other::module", "by its level");
    assert_eq!(logs.recv_timeout(LONG).unwrap().name, "other.module");

    let set = |level| {
        let levels = vec![LoggerLevel { name: "car.talker".into(), level }];
        let request = SetLoggerLevelsRequest { levels };
        let results = world.call::<SetLoggerLevels>("/car/talker/set_logger_levels", &request).results;
        assert!(results[0].successful);
    };
    set(40);
    assert_eq!(texts(&say("two")), ["end of two"]);
    set(10);
    assert_eq!(texts(&say("three")), ["debug three", "info three length=5", "end of three"]);

    // The last words of a node get out before it goes.
    tracing::warn!("last words");
    drop(live);
    assert_eq!(logs.recv_timeout(LONG).unwrap().msg, "last words");
    let mut silent = world.live(&["--disable-rosout-logs"]);
    silent.spawn::<Talker>().unwrap();
    there("/heard", EndpointKind::Subscription, 1);
    there("/rosout", EndpointKind::Publisher, 0);
}
