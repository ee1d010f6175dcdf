//! `atlas bag record → info → play`

use std::fs;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use msgs::Message;
use msgs::rosgraph_msgs::msg::Clock;
use msgs::std_msgs::msg::String as Text;
use runtime::qos::{Durability, Qos};
use runtime::recording::{Bag, MessageFilter, Recorder, RecorderOptions, TopicInfo};
use runtime::transport::{EndpointKind, Guard, Sample, Transport, TypeRef};

use crate::world::{LONG, World};

fn text(data: &str) -> bytes::Bytes {
    Text { data: data.into() }.encode(0).unwrap()
}

fn subscribe<M: Message>(world: &World, topic: &str, qos: &Qos) -> (Guard, Receiver<Sample>) {
    let (send, receive) = sync_channel(10_000);
    let on_sample = Box::new(move |s| drop(send.try_send(s)));
    let node = world.node("listener");
    let guard = node.subscribe(topic, &TypeRef::message::<M>(), qos, on_sample).unwrap();
    (Box::new((guard, node)), receive)
}

/// A bag with 20 messages on /chatter, 10 ms apart.
fn small_bag(world: &World, name: &str) -> String {
    let path = world.path(name);
    let recorder = Recorder::create(&path, RecorderOptions::default()).unwrap();
    let topic = recorder
        .add_topic(TopicInfo {
            name: "/chatter".into(),
            type_name: "std_msgs/msg/String".into(),
            definition: "string data\n".into(),
            ..TopicInfo::default()
        })
        .unwrap();
    for i in 0..20 {
        let time = 1_000_000_000 + i * 10_000_000;
        recorder.write(topic, time, time, i as u32, text(&i.to_string()));
    }
    recorder.finish().unwrap();
    path
}

#[test]
fn record_info_play() {
    let world = World::new();
    let latched = world.publisher::<Text>("/latched", &Qos::state());
    latched.publish(text("before")).unwrap();
    let chatter = world.publisher::<Text>("/chatter", &Qos::default());
    let _ignored = world.publisher::<Text>("/ignored", &Qos::default());
    let mut record = world.start(&["bag", "record", "-a", "-o", "drive", "-x", "^/ign"]);
    record.wait_for_note(|l| l.contains("Subscribed to topic '/chatter'"));
    world.wait_for_subscription("/chatter");
    for i in 0..50 {
        chatter.publish(text(&i.to_string())).unwrap();
    }
    // A topic that appears later is recorded, too.
    let late = world.publisher::<Text>("/late", &Qos::default());
    record.wait_for_note(|l| l.contains("Subscribed to topic '/late'"));
    world.wait_for_subscription("/late");
    late.publish(text("late")).unwrap();
    // What was sent has arrived when this has.
    let bag_has_all = || {
        let bag = Bag::open(world.path("drive")).ok()?;
        let messages = bag.messages(MessageFilter::default()).flatten();
        (messages.filter(|m| m.topic.info.name == "/late").count() > 0).then_some(())
    };
    let end = Instant::now() + LONG;
    while bag_has_all().is_none() && Instant::now() < end {
        std::thread::yield_now();
    }
    let ended = record.signal("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("drive: 3 topics, 52 messages, ") && ended.stdout.ends_with(", 0 dropped\n"),
        "{}{}",
        ended.stdout,
        world.ok(&["bag", "info", "drive"])
    );

    let info = world.ok(&["bag", "info", "drive"]);
    assert!(info.contains("Messages:          52"), "{info}");
    assert!(info.contains("Topic: /chatter | Type: std_msgs/msg/String | Count: 50"), "{info}");
    let json: serde_json::Value =
        serde_json::from_str(&world.ok(&["bag", "info", "drive", "--json"])).unwrap();
    assert_eq!(json["message_count"], 52);
    drop((latched, chatter, late));

    let (_chatter, samples) = subscribe::<Text>(&world, "/again", &Qos::default());
    let (_latched, latched) = subscribe::<Text>(&world, "/latched", &Qos::state());
    // As in the playbook: what was recorded to `drive` is played as `drive.bag`.
    let played = world.start(&["bag", "play", "drive.bag", "--remap", "/chatter:=/again", "-r", "10"]);
    let all: Vec<_> =
        (0..50).map(|_| Text::decode(&samples.recv_timeout(LONG).unwrap().payload).unwrap().data).collect();
    assert_eq!(all, (0..50).map(|i| i.to_string()).collect::<Vec<_>>());
    assert_eq!(Text::decode(&latched.recv_timeout(LONG).unwrap().payload).unwrap().data, "before");
    let ended = played.end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("Published 52 messages"), "{}", ended.stderr);
}

#[test]
fn play_keeps_spacing_and_qos_and_gives_the_clock() {
    let world = World::new();
    let path = small_bag(&world, "scenario_001.bag");
    let (_chatter, samples) = subscribe::<Text>(&world, "/chatter", &Qos::default());
    let (_clock, clock) = subscribe::<Clock>(&world, "/clock", &Qos::sensor());
    let play = world.start(&["bag", "play", &path, "--clock", "100", "--loop"]);
    assert!(world.transport.graph().wait_until(LONG, |g| {
        g.count(|e| e.kind == EndpointKind::Publisher && e.name == "/chatter") == 1
    }));
    let publisher = world
        .transport
        .graph()
        .endpoints(|e| e.kind == EndpointKind::Publisher && e.name == "/chatter")
        .remove(0);
    assert_eq!((publisher.ty, publisher.qos.durability), (TypeRef::message::<Text>(), Durability::Volatile));
    let times: Vec<_> = (0..25).map(|_| samples.recv_timeout(LONG).unwrap().source_time_ns).collect();
    // Never early: the last of one round is 190 ms after its first.
    assert!(times[19] - times[0] >= 185_000_000, "{times:?}");
    let first = Clock::decode(&clock.recv_timeout(LONG).unwrap().payload).unwrap().clock;
    assert_eq!((first.sec, first.nanosec), (1, 0));
    let second = Clock::decode(&clock.recv_timeout(LONG).unwrap().payload).unwrap().clock;
    assert!(second.nanosec > 9_000_000 && second.nanosec < 11_000_000, "{second:?}");
    assert_eq!(play.signal("INT").code, Some(0));

    let error = world.fails(&["bag", "play", &path, "--topics", "/nothing"]);
    assert!(error.contains("/nothing is not in the bag"), "{error}");
    let part = world.atlas(&["bag", "play", &path, "--start-offset", "0.15", "--json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&part.stdout).unwrap()["messages"],
        5,
        "{}",
        part.stderr
    );
}

#[test]
fn reindex_saves_what_can_be_read() {
    let world = World::new();
    let path = small_bag(&world, "whole.mcap");
    let bytes = fs::read(&path).unwrap();
    let cut = world.path("cut.mcap");
    // Without the summary and the footer.
    fs::write(&cut, &bytes[..bytes.len() - 200]).unwrap();
    let report = world.ok(&["bag", "reindex", &cut]);
    assert!(report.contains("20 messages in 1 files, 1 of them cut off"), "{report}");
    assert!(Bag::open(&cut).unwrap().info().indexed);
    assert!(fs::exists(format!("{cut}.orig")).unwrap());
    fs::write(world.path("text.mcap"), "no bag").unwrap();
    let error = world.fails(&["bag", "reindex", &world.path("text.mcap")]);
    assert!(error.contains("is not an MCAP file"), "{error}");
    assert_eq!(fs::read_to_string(world.path("text.mcap")).unwrap(), "no bag");
}

#[test]
fn record_says_what_it_needs() {
    let world = World::new();
    assert!(world.fails(&["bag", "record"]).contains("--all"));
    fs::create_dir(world.path("there")).unwrap();
    let error = world.fails(&["bag", "record", "-a", "-o", "there"]);
    assert!(error.contains("there"), "{error}");
    assert!(world.fails(&["bag", "info", "nowhere"]).contains("cannot open nowhere"));
}
