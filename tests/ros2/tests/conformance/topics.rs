//! Messages of every class, there and back: we publish, the peer decodes into its own types, encodes them again and
//! publishes, and we get the very bytes that we sent.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hiroz::msg::{ZDeserializer, ZMessage};
use hiroz::{Builder, WithTypeInfo};
use hiroz_msgs::{diagnostic_msgs, geometry_msgs, nav_msgs, sensor_msgs, std_msgs};
use msgs::Message;
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Gid, Transport, TypeRef};

use crate::peer::{LONG, Pair, inbox, their_qos, until};

/// Publishes `messages` one by one to a peer's node that returns each.
fn echo<Ours, Theirs>(qos: &Qos, messages: &[Ours])
where
    Ours: Message,
    Theirs: ZMessage + WithTypeInfo + Debug,
    Theirs::Serdes: for<'a> ZDeserializer<Input<'a> = &'a [u8], Output = Theirs> + Send + Sync + 'static,
{
    let pair = Pair::new();
    let ty = TypeRef::message::<Ours>();
    let qos_there = their_qos(qos);
    let back = pair.their_node.create_pub::<Theirs>("/back").with_qos(qos_there).build().unwrap();
    let _echo = pair
        .their_node
        .create_sub::<Theirs>("/there")
        .with_qos(qos_there)
        .build_with_callback(move |message| back.publish(&message).unwrap())
        .unwrap();
    let (on_sample, samples) = inbox();
    let _subscription = pair.our_node.subscribe("/back", &ty, qos, on_sample).unwrap();
    let publisher = pair.our_node.publisher("/there", &ty, qos).unwrap();
    let endpoint = |kind, name: &'static str| {
        pair.ours.graph().wait_until(LONG, |g| g.count(|e| e.kind == kind && e.name == name) == 1)
    };
    assert!(endpoint(EndpointKind::Subscription, "/there") && endpoint(EndpointKind::Publisher, "/back"));
    until("the peer sees our endpoints", || {
        let graph = pair.theirs.graph();
        graph.count(hiroz::entity::EndpointKind::Publisher, "/there") == 1
            && graph.count(hiroz::entity::EndpointKind::Subscription, "/back") == 1
    });
    let mut sender = None;
    let mut last = None;
    for (i, message) in messages.iter().enumerate() {
        let bytes = message.encode(0).unwrap();
        let sample = there_and_back(&bytes, &|| publisher.publish(bytes.clone()).unwrap(), &samples);
        assert_eq!(sample.payload, bytes, "message {i} of {}", Ours::TYPE_NAME);
        assert_eq!(&Ours::decode(&sample.payload).unwrap(), message);
        // What comes beside the message is right, too: number, time and sender.
        // (`hiroz` makes its ids up, so that they can't be told from the graph as those of `rmw_zenoh` can.)
        assert_eq!(*sender.get_or_insert(sample.source), sample.source);
        assert_ne!(sample.source, Gid::default());
        assert!(last.is_none_or(|n| sample.sequence > n), "{} after {last:?}", sample.sequence);
        assert!(sample.source_time_ns > 1_700_000_000_000_000_000, "{}", sample.source_time_ns);
        last = Some(sample.sequence);
    }
}

/// Sends until the same comes back: a best-effort sample may be lost on a busy machine, and before the two sessions
/// have told each other all their subscriptions.
fn there_and_back(
    bytes: &Bytes,
    send: &dyn Fn(),
    samples: &std::sync::mpsc::Receiver<runtime::transport::Sample>,
) -> runtime::transport::Sample {
    let end = Instant::now() + LONG;
    loop {
        send();
        let mut wait = Duration::from_secs(2);
        while let Ok(sample) = samples.recv_timeout(wait) {
            if sample.payload == *bytes || Instant::now() > end {
                return sample;
            }
            // A late copy of the message before.
            wait = Duration::from_millis(500);
        }
        assert!(Instant::now() < end, "{} bytes did not come back", bytes.len());
    }
}

/// All that a peer does with a topic, in one of the three kinds of QoS that the vehicle uses.
fn in_every_qos<Ours, Theirs>(messages: &[Ours])
where
    Ours: Message,
    Theirs: ZMessage + WithTypeInfo + Debug,
    Theirs::Serdes: for<'a> ZDeserializer<Input<'a> = &'a [u8], Output = Theirs> + Send + Sync + 'static,
{
    for qos in [Qos::sensor(), Qos::default(), Qos::state()] {
        echo::<Ours, Theirs>(&qos, messages);
    }
}

fn header(frame: &str, sec: i32) -> msgs::std_msgs::msg::Header {
    let stamp = msgs::builtin_interfaces::msg::Time { sec, nanosec: 999_999_999 };
    msgs::std_msgs::msg::Header { stamp, frame_id: frame.into() }
}

#[test]
fn fixed_size() {
    use msgs::geometry_msgs::msg::{Twist, Vector3};
    let twist = |x| Twist {
        linear: Vector3 { x, y: f64::MIN_POSITIVE, z: -0.0 },
        angular: Vector3 { x: 0.0, y: 1e300, z: x },
    };
    in_every_qos::<_, geometry_msgs::Twist>(&[twist(1.5), twist(f64::INFINITY), Twist::default()]);
}

#[test]
fn nested() {
    use msgs::nav_msgs::msg::Odometry;
    // Text of every length modulo the alignment of the numbers after it.
    let messages: Vec<_> = (0..9)
        .map(|n| {
            let mut odometry = Odometry {
                header: header("map", n),
                child_frame_id: "x".repeat(n as usize),
                ..Odometry::default()
            };
            odometry.pose.pose.position.x = f64::from(n) + 0.25;
            odometry.pose.covariance = std::array::from_fn(|i| i as f64);
            odometry.twist.covariance[35] = -1.0;
            odometry
        })
        .collect();
    in_every_qos::<_, nav_msgs::Odometry>(&messages);
}

#[test]
fn sequences() {
    use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
    let status = |n: usize| DiagnosticStatus {
        level: n as u8,
        name: format!("motor {n}"),
        message: "Übertemperatur".into(),
        hardware_id: String::new(),
        values: (0..n).map(|i| KeyValue { key: format!("k{i}"), value: "v".repeat(i) }).collect(),
    };
    let array = |n| DiagnosticArray { header: header("", -1), status: (0..n).map(status).collect() };
    in_every_qos::<_, diagnostic_msgs::DiagnosticArray>(&[array(0), array(1), array(7)]);
}

#[test]
fn strings() {
    let text = |data: &str| msgs::std_msgs::msg::String { data: data.into() };
    in_every_qos::<_, std_msgs::String>(&[
        text(""),
        text("ascii"),
        text("حافلة 🚌"),
        text(&"long ".repeat(20_000)),
    ]);
}

/// `hiroz` leaves out the byte as which ROS sends a message without fields. It reads ours, and we read its.
#[test]
fn without_fields() {
    use msgs::std_msgs::msg::Empty;
    let qos = Qos::default();
    let pair = Pair::new();
    let back = pair.their_node.create_pub::<std_msgs::Empty>("/back").build().unwrap();
    let _echo = pair
        .their_node
        .create_sub::<std_msgs::Empty>("/there")
        .build_with_callback(move |message| back.publish(&message).unwrap())
        .unwrap();
    let (on_sample, samples) = inbox();
    let _subscription =
        pair.our_node.subscribe("/back", &TypeRef::message::<Empty>(), &qos, on_sample).unwrap();
    let publisher = pair.our_node.publisher("/there", &TypeRef::message::<Empty>(), &qos).unwrap();
    let bytes = Empty::default().encode(0).unwrap();
    assert_eq!(bytes[..], [0, 1, 0, 0, 0]);
    let theirs = Bytes::from_static(&[0, 1, 0, 0]);
    let sample = there_and_back(&theirs, &|| publisher.publish(bytes.clone()).unwrap(), &samples);
    assert_eq!(Empty::decode(&sample.payload), Ok(Empty::default()));
}

#[test]
fn one_mebibyte() {
    use msgs::sensor_msgs::msg::{PointCloud2, PointField};
    let field = |(i, name): (usize, &str)| PointField {
        name: name.into(),
        offset: 4 * i as u32,
        datatype: PointField::FLOAT32,
        count: 1,
    };
    let cloud = PointCloud2 {
        header: header("lidar", 7),
        height: 1,
        width: 1 << 16,
        fields: ["x", "y", "z", "intensity"].into_iter().enumerate().map(field).collect(),
        is_bigendian: false,
        point_step: 16,
        row_step: 1 << 20,
        data: (0..1 << 20)
            .map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect::<Vec<_>>()
            .into(),
        is_dense: true,
    };
    in_every_qos::<_, sensor_msgs::PointCloud2>(&[cloud]);
}

/// The number beside a sample may be any: 300 of them have every low byte.
#[test]
fn three_hundred_samples_keep_number_and_sender() {
    let texts: Vec<_> = (0..300).map(|i| msgs::std_msgs::msg::String { data: format!("{i}") }).collect();
    echo::<_, std_msgs::String>(&Qos::default(), &texts);
}
