//! `atlas topic echo|hz|bw|delay|pub`

use msgs::Message;
use msgs::geometry_msgs::msg::PointStamped;
use msgs::std_msgs::msg::String as Text;
use msgs::tf2_msgs::msg::TFMessage;
use runtime::clock::wall_time_ns;
use runtime::qos::Qos;
use runtime::transport::TypeRef;

use crate::world::{LONG, World};

fn text(data: &str) -> bytes::Bytes {
    Text { data: data.into() }.encode(0).unwrap()
}

#[test]
fn echo_gets_what_late_joiners_get() {
    let world = World::new();
    let publisher = world.publisher::<Text>("/state", &Qos::state());
    publisher.publish(text("on: 1")).unwrap();
    assert_eq!(world.ok(&["topic", "echo", "--once", "/state"]), "data: 'on: 1'\n---\n");
    assert_eq!(world.ok(&["topic", "echo", "--once", "state", "--field", "data"]), "on: 1\n---\n");
    assert_eq!(world.ok(&["topic", "echo", "--once", "/state", "--json"]), "{\"data\":\"on: 1\"}\n");
    assert_eq!(world.ok(&["topic", "echo", "--once", "/state", "--csv"]), "on: 1\n");
    assert_eq!(world.ok(&["topic", "echo", "--once", "/state", "-l", "2"]), "data: on...\n---\n");
    let raw = world.ok(&["topic", "echo", "--once", "/state", "--raw"]);
    assert_eq!(raw, "b'\\x00\\x01\\x00\\x00\\x06\\x00\\x00\\x00on: 1\\x00'\n---\n");
    let info = world.ok(&["topic", "echo", "--once", "/state", "--json", "-i"]);
    assert!(info.contains("\"publication_sequence_number\":1,\"message\":{\"data\":\"on: 1\"}"), "{info}");
    let error = world.fails(&["topic", "echo", "--once", "/state", "--field", "dta"]);
    assert!(error.contains("it has data"), "{error}");
}

#[test]
fn echo_prints_nested_messages_as_ros2() {
    let world = World::new();
    let publisher = world.publisher::<TFMessage>("/tf_static", &Qos::state());
    let mut message = TFMessage::default();
    message.transforms.resize_with(1, Default::default);
    message.transforms[0].header.frame_id = "map".into();
    message.transforms[0].transform.translation.x = 1e-7;
    publisher.publish(message.encode(0).unwrap()).unwrap();
    assert_eq!(
        world.ok(&["topic", "echo", "--once", "/tf_static"]),
        "transforms:\n- header:\n    stamp:\n      sec: 0\n      nanosec: 0\n    frame_id: map\n  \
         child_frame_id: ''\n  transform:\n    translation:\n      x: 1.0e-07\n      y: 0.0\n      z: 0.0\n    \
         rotation:\n      x: 0.0\n      y: 0.0\n      z: 0.0\n      w: 1.0\n---\n"
    );
    assert_eq!(
        world.ok(&["topic", "echo", "--once", "/tf_static", "--no-arr"]),
        "transforms: '<sequence type: geometry_msgs/msg/TransformStamped, length: 1>'\n---\n"
    );
    assert_eq!(
        world.ok(&["topic", "echo", "--once", "/tf_static", "--field", "transforms.0.transform.translation"]),
        "x: 1.0e-07\ny: 0.0\nz: 0.0\n---\n"
    );
}

#[test]
fn echo_ends_cleanly_on_interrupt_and_by_itself() {
    let world = World::new();
    let _stream = world.stream("/chatter", |i| Text { data: format!("hello {i}") });
    let mut echo = world.start(&["topic", "echo", "/chatter"]);
    echo.wait_for(|l| l.starts_with("data: hello"));
    echo.wait_for(|l| l == "---");
    assert_eq!(echo.signal("INT").code, Some(0));
    let timed = world.atlas(&["topic", "echo", "/chatter", "--timeout", "0.5"]);
    assert_eq!(timed.code, Some(0));
    assert!(timed.stdout.matches("---").count() > 3);
}

#[test]
fn an_echo_of_nothing_helps() {
    let world = World::new();
    let _publisher = world.publisher::<Text>("/chatter", &Qos::default());
    let error = world.fails(&["topic", "echo", "/chater"]);
    assert!(error.contains("no publisher on /chater; did you mean /chatter?"), "{error}");
    let waiting = world.start(&["topic", "echo", "--once", "/later", "std_msgs/String"]);
    world.wait_for_subscription("/later");
    assert_eq!(waiting.signal("INT").code, Some(130));
}

#[test]
fn rate_bandwidth_and_delay() {
    let world = World::new();
    let _stream = world.stream("/points", |_| {
        let mut point = PointStamped::default();
        let now = wall_time_ns();
        point.header.stamp.sec = (now / 1_000_000_000) as i32;
        point.header.stamp.nanosec = (now % 1_000_000_000) as u32;
        point
    });
    let mut hz = world.start(&["topic", "hz", "/points"]);
    let mut bw = world.start(&["topic", "bw", "/points"]);
    let mut delay = world.start(&["topic", "delay", "/points"]);
    let mut json = world.start(&["topic", "hz", "/points", "--json"]);
    let rate = hz.wait_for(|l| l.starts_with("average rate: "));
    assert!((20.0..=101.0).contains(&rate["average rate: ".len()..].parse::<f64>().unwrap()), "{rate}");
    let detail = hz.wait_for(|_| true);
    assert!(detail.starts_with("\tmin: 0.0") && detail.contains("s std dev: 0."), "{detail}");
    bw.wait_for(|l| l == "Subscribed to [/points]");
    bw.wait_for(|l| l.contains("B/s from ") && l.ends_with(" messages"));
    bw.wait_for(|l| l.starts_with("\tMessage size mean: "));
    let average = delay.wait_for(|l| l.starts_with("average delay: "));
    assert!((0.0..5.0).contains(&average["average delay: ".len()..].parse::<f64>().unwrap()));
    assert!(json.wait_for(|_| true).starts_with("{\"max_s\":"));
    for running in [hz, bw, delay, json] {
        assert_eq!(running.signal("INT").code, Some(0));
    }
}

#[test]
fn hz_waits_for_a_publisher() {
    let world = World::new();
    let mut hz = world.start(&["topic", "hz", "/later"]);
    hz.wait_for_note(|l| l == "WARNING: topic [/later] does not appear to be published yet");
    let _stream = world.stream("/later", |_| Text::default());
    hz.wait_for(|l| l.starts_with("average rate: "));
}

#[test]
fn pub_waits_publishes_and_ends() {
    let world = World::new();
    let node = world.node("listener");
    let mut running = world.start(&["topic", "pub", "-1", "/chatter", "std_msgs/msg/String", "data: hello"]);
    running.wait_for_note(|l| l == "Waiting for at least 1 matching subscription(s)...");
    let (send, samples) = std::sync::mpsc::sync_channel(10);
    let _subscription = node
        .subscribe(
            "/chatter",
            &TypeRef::message::<Text>(),
            &Qos::default(),
            Box::new(move |s| drop(send.try_send(s))),
        )
        .unwrap();
    let sample = samples.recv_timeout(LONG).unwrap();
    assert_eq!(Text::decode(&sample.payload).unwrap().data, "hello");
    let ended = running.end();
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.stdout,
        "publisher: beginning loop\npublishing #1: std_msgs.msg.String(data='hello')\n\n"
    );

    let json = world.ok(&[
        "topic",
        "pub",
        "-t",
        "3",
        "-r",
        "50",
        "/chatter",
        "std_msgs/String",
        "{\"data\": \"5\"}",
        "--json",
    ]);
    assert_eq!(json.lines().count(), 3);
    assert!(json.starts_with("{\"count\":1,\"message\":{\"data\":\"5\"}}\n"), "{json}");
    assert!(samples.recv_timeout(LONG).is_ok());
}

#[test]
fn pub_refuses_what_does_not_fit() {
    let world = World::new();
    let error = world.fails(&["topic", "pub", "-1", "/x", "std_msgs/msg/Int8", "data: 300"]);
    assert!(error.contains("Failed to populate field") && error.contains("-128..=127"), "{error}");
    let error = world.fails(&["topic", "pub", "-1", "/x", "std_msgs/msg/Sting", "data: 3"]);
    assert!(error.contains("did you mean std_msgs/msg/String?"), "{error}");
    let arguments = ["topic", "pub", "-1", "/x", "std_msgs/msg/Empty", "--max-wait-time-secs", "0.1"];
    assert!(world.fails(&arguments).contains("Timed out waiting for subscribers: Expected 1"));
    assert_eq!(world.atlas(&["topic", "pub", "/x"]).code, Some(2));
}

#[test]
fn stamps_are_the_time_of_sending() {
    let world = World::new();
    let echo = world.start(&["topic", "echo", "--once", "/p", "geometry_msgs/PointStamped", "--json"]);
    world.wait_for_subscription("/p");
    let before = wall_time_ns() / 1_000_000_000;
    world.ok(&["topic", "pub", "-1", "/p", "geometry_msgs/PointStamped", "{header: auto, point: {x: 2}}"]);
    let ended = echo.end();
    let sec: i64 = ended.stdout.split("\"sec\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((before..before + 60).contains(&sec), "{}", ended.stdout);
    assert!(ended.stdout.contains("\"x\":2.0"));
}
