//! Transforms: the buffer by itself, and between live nodes.
#![allow(clippy::unwrap_used)] // in helpers too

mod live_common;

use std::time::Duration;

use live_common::{LONG, World};
use msgs::geometry_msgs::msg::{Transform, TransformStamped};
use msgs::std_msgs::msg::String as Text;
use proptest::prelude::*;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports};
use runtime::qos::Qos;
use runtime::tf::{StaticTfBroadcaster, TfBroadcaster, TfBuffer, TfError, TfListener};
use runtime::time::Time;
use runtime::transport::EndpointKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NOW: Time = Time::from_ns(0);

fn ms(ms: i64) -> Time {
    Time::from_ns(ms * 1_000_000)
}

/// A child at `x`, turned by `yaw` about z.
fn tf(parent: &str, child: &str, stamp: Time, x: f64, yaw: f64) -> TransformStamped {
    let mut t = TransformStamped::default();
    (t.header.frame_id, t.child_frame_id, t.header.stamp) = (parent.into(), child.into(), stamp.to_msg());
    t.transform.translation.x = x;
    (t.transform.rotation.z, t.transform.rotation.w) = (yaw / 2.0).sin_cos();
    t
}

fn xyz(t: &Transform) -> [f64; 3] {
    [t.translation.x, t.translation.y, t.translation.z]
}

fn quaternion(t: &Transform) -> [f64; 4] {
    [t.rotation.x, t.rotation.y, t.rotation.z, t.rotation.w]
}

fn yaw(t: &Transform) -> f64 {
    2.0 * t.rotation.z.atan2(t.rotation.w)
}

fn close(a: &[f64], b: &[f64], by: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= by)
}

/// The same rotation, be it written as q or as −q.
fn same_pose(a: &Transform, b: &Transform, by: f64) -> bool {
    let minus = quaternion(b).map(|v| -v);
    close(&xyz(a), &xyz(b), by)
        && (close(&quaternion(a), &quaternion(b), by) || close(&quaternion(a), &minus, by))
}

/// map → odom → base_link → lidar (static), map → beacon (static).
fn vehicle() -> TfBuffer {
    let mut buffer = TfBuffer::default();
    for t in [1000, 2000, 3000] {
        let drives = tf("odom", "base_link", ms(t), t as f64 / 1000.0, 0.0);
        buffer.insert(&drives, false).unwrap();
    }
    for t in [1000, 2500] {
        buffer.insert(&tf("map", "odom", ms(t), 10.0, 0.0), false).unwrap();
    }
    buffer.insert(&tf("base_link", "lidar", NOW, 0.5, std::f64::consts::FRAC_PI_2), true).unwrap();
    buffer.insert(&tf("map", "beacon", NOW, 3.0, 0.0), true).unwrap();
    buffer
}

#[test]
fn along_the_tree_and_between_stamps() {
    let buffer = vehicle();
    let found = buffer.lookup("map", "lidar", ms(1500)).unwrap();
    assert_eq!((found.header.frame_id.as_str(), found.child_frame_id.as_str()), ("map", "lidar"));
    assert_eq!(Time::from(&found.header.stamp), ms(1500));
    assert!(close(&xyz(&found.transform), &[12.0, 0.0, 0.0], 1e-12));
    let found = buffer.lookup("lidar", "beacon", ms(2000)).unwrap();
    // 3 − 12.5 along x of the map, which is −y of a lidar turned to the left.
    assert!(close(&xyz(&found.transform), &[0.0, 9.5, 0.0], 1e-12), "{found:?}");
    assert_eq!(buffer.lookup("odom", "odom", ms(9000)).unwrap().transform.rotation.w, 1.0);
    assert_eq!(buffer.parent("lidar"), Some("base_link"));
    assert_eq!(buffer.frames().collect::<Vec<_>>(), ["odom", "base_link", "map", "lidar", "beacon"]);
}

#[test]
fn the_latest_common_time() {
    let buffer = vehicle();
    // map → odom is known until 2.5 s only.
    let found = buffer.lookup("map", "lidar", NOW).unwrap();
    assert_eq!(Time::from(&found.header.stamp), ms(2500));
    assert!(close(&xyz(&found.transform), &[13.0, 0.0, 0.0], 1e-12));
    // What is above the common frame does not matter.
    assert_eq!(buffer.latest_common_time("odom", "lidar").unwrap(), ms(3000));
    assert_eq!(buffer.latest_common_time("lidar", "base_link").unwrap(), NOW);
    assert!(buffer.can_transform("odom", "lidar", ms(3000)));
    assert!(!buffer.can_transform("map", "lidar", ms(3000)));
    let moved = buffer.lookup_through(("base_link", ms(3000)), ("base_link", ms(1000)), "odom").unwrap();
    assert!(close(&xyz(&moved.transform), &[-2.0, 0.0, 0.0], 1e-12));
}

#[test]
fn errors_say_what_is_missing() {
    let mut buffer = vehicle();
    let error = |target: &str, frame: &str, time| buffer.lookup(target, frame, time).unwrap_err();
    assert_eq!(error("map", "radar", NOW), TfError::UnknownFrame("radar".into()));
    assert_eq!(
        error("map", "lidar", ms(2800)).to_string(),
        "Lookup would require extrapolation into the future.  Requested time 2.800000000 but the latest data is at \
         time 2.500000000, when looking up transform from frame [odom] to frame [map]"
    );
    assert_eq!(
        error("odom", "lidar", ms(900)),
        TfError::Past {
            frame: "base_link".into(),
            parent: "odom".into(),
            requested: ms(900),
            earliest: ms(1000)
        }
    );
    buffer.insert(&tf("moon", "rover", NOW, 0.0, 0.0), true).unwrap();
    for time in [NOW, ms(1500), ms(9000)] {
        let error = buffer.lookup("map", "rover", time).unwrap_err();
        assert_eq!(error, TfError::NotConnected { target: "map".into(), frame: "rover".into() });
        let error = buffer.lookup("lidar", "rover", time).unwrap_err();
        assert!(matches!(error, TfError::NotConnected { .. }), "{error}");
    }
}

#[test]
fn loops_are_found() {
    let mut buffer = TfBuffer::default();
    for (parent, child) in [("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")] {
        buffer.insert(&tf(parent, child, ms(1), 1.0, 0.0), false).unwrap();
    }
    for time in [NOW, ms(1)] {
        assert!(matches!(buffer.lookup("a", "y", time), Err(TfError::Loop(_))));
        assert!(matches!(buffer.lookup("y", "c", time), Err(TfError::Loop(_))));
    }
}

#[test]
fn bad_transforms_are_refused() {
    let mut buffer = TfBuffer::default();
    let good = tf("a", "b", ms(1), 1.0, 0.3);
    let bad = |change: fn(&mut TransformStamped)| {
        let mut t = good.clone();
        change(&mut t);
        TfBuffer::default().insert(&t, false).unwrap_err()
    };
    assert!(matches!(bad(|t| t.transform.translation.y = f64::NAN), TfError::NotFinite(_)));
    assert!(matches!(bad(|t| t.transform.rotation.x = f64::INFINITY), TfError::NotFinite(_)));
    assert!(matches!(
        bad(|t| (t.transform.rotation.z, t.transform.rotation.w) = (0.0, 0.0)),
        TfError::NotNormalized { .. }
    ));
    assert!(matches!(bad(|t| t.transform.rotation.w *= 1.1), TfError::NotNormalized { .. }));
    assert!(matches!(bad(|t| t.child_frame_id.clear()), TfError::EmptyFrame { .. }));
    assert!(matches!(bad(|t| t.header.frame_id = "/".into()), TfError::EmptyFrame { .. }));
    assert_eq!(bad(|t| t.header.frame_id = "/b".into()), TfError::ToItself("b".into()));
    buffer.insert(&good, false).unwrap();
    assert_eq!(buffer.insert(&good, false), Err(TfError::Repeated { frame: "b".into(), stamp: ms(1) }));
    buffer.insert(&tf("a", "b", ms(10_001), 1.0, 0.3), false).unwrap();
    assert_eq!(buffer.lookup("a", "b", ms(1)).unwrap().transform, good.transform, "just kept");
    buffer.insert(&tf("a", "b", ms(10_002), 1.0, 0.3), false).unwrap();
    assert!(matches!(buffer.lookup("a", "b", ms(1)), Err(TfError::Past { .. })), "gone");
    let old = buffer.insert(&good, false);
    assert_eq!(old, Err(TfError::Old { frame: "b".into(), stamp: ms(1), latest: ms(10_002) }));
    // After a jump back it starts anew.
    buffer.forget_moving();
    buffer.insert(&good, false).unwrap();
    for n in 0..9_998 {
        buffer.insert(&tf("a", &format!("f{n}"), ms(1), 0.0, 0.0), true).unwrap();
    }
    assert!(matches!(
        buffer.insert(&tf("a", "one more", ms(1), 0.0, 0.0), true),
        Err(TfError::TooManyFrames(_))
    ));
}

#[test]
fn rotation_takes_the_short_way_and_parents_may_change() {
    let mut buffer = TfBuffer::default();
    buffer.insert(&tf("a", "b", ms(1000), 0.0, 3.0), false).unwrap();
    let mut across = tf("a", "b", ms(2000), 0.0, -3.0);
    // The same rotation, written the other way.
    (across.transform.rotation.z, across.transform.rotation.w) =
        (-across.transform.rotation.z, -across.transform.rotation.w);
    buffer.insert(&across, false).unwrap();
    let half = buffer.lookup("a", "b", ms(1500)).unwrap().transform;
    assert!((yaw(&half).abs() - std::f64::consts::PI).abs() < 1e-12, "{}", yaw(&half));
    buffer.insert(&tf("c", "b", ms(3000), 5.0, 0.0), false).unwrap();
    assert_eq!(buffer.lookup("a", "b", ms(2999)).unwrap().transform, across.transform);
    assert_eq!(buffer.lookup("c", "b", ms(3000)).unwrap().transform.translation.x, 5.0);
    assert!(matches!(buffer.lookup("a", "b", ms(3000)), Err(TfError::NotConnected { .. })));
}

/// Any rigid motion, in a world of 10 km.
fn any_pose() -> impl Strategy<Value = Transform> {
    let translation = prop::array::uniform3(-1e4..1e4);
    let rotation = prop::array::uniform4(-1.0..1.0_f64)
        .prop_filter("too short to have a direction", |q| q.iter().map(|v| v * v).sum::<f64>() > 0.01);
    (translation, rotation).prop_map(|(t, q): ([f64; 3], [f64; 4])| {
        let length = q.iter().map(|v| v * v).sum::<f64>().sqrt();
        let mut pose = Transform::default();
        (pose.translation.x, pose.translation.y, pose.translation.z) = (t[0], t[1], t[2]);
        let [x, y, z, w] = q.map(|v| v / length);
        (pose.rotation.x, pose.rotation.y, pose.rotation.z, pose.rotation.w) = (x, y, z, w);
        pose
    })
}

/// A tree: frame i+1 hangs at one of the frames 0 to i, and moves between two stamps.
fn any_tree() -> impl Strategy<Value = (TfBuffer, usize)> {
    let frame = (any::<prop::sample::Index>(), any_pose(), any_pose(), any::<bool>());
    prop::collection::vec(frame, 1..12).prop_map(|frames| {
        let mut buffer = TfBuffer::default();
        for (i, (parent, first, second, is_static)) in frames.iter().enumerate() {
            let parent = format!("f{}", parent.index(i + 1));
            for (stamp, pose) in [(1000, first), (2000, second)] {
                let mut t = tf(&parent, &format!("f{}", i + 1), ms(stamp), 0.0, 0.0);
                t.transform = pose.clone();
                buffer.insert(&t, *is_static).unwrap();
            }
        }
        (buffer, frames.len() + 1)
    })
}

/// `a` after `b`, by way of a buffer of their own.
fn compose(a: &Transform, b: &Transform) -> Transform {
    let mut buffer = TfBuffer::default();
    for (parent, child, pose) in [("x", "y", a), ("y", "z", b)] {
        let mut t = tf(parent, child, ms(1), 0.0, 0.0);
        t.transform = pose.clone();
        buffer.insert(&t, true).unwrap();
    }
    buffer.lookup("x", "z", NOW).unwrap().transform
}

fn identity() -> Transform {
    tf("", "", NOW, 0.0, 0.0).transform
}

proptest! {
    #[test]
    fn there_and_back_is_nowhere(
        (buffer, count) in any_tree(),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
        at in 1000_i64..=2000,
    ) {
        let (a, b) = (format!("f{}", a.index(count)), format!("f{}", b.index(count)));
        let there = buffer.lookup(&a, &b, ms(at)).unwrap().transform;
        let back = buffer.lookup(&b, &a, ms(at)).unwrap().transform;
        // 12 steps of 10 km, twice: 1e-7 m is a rounding error of 1e-12.
        prop_assert!(same_pose(&compose(&there, &back), &identity(), 1e-7));
        prop_assert!(same_pose(&compose(&back, &there), &identity(), 1e-7));
    }

    #[test]
    fn a_way_is_the_sum_of_its_parts(
        (buffer, count) in any_tree(),
        three in prop::array::uniform3(any::<prop::sample::Index>()),
        at in 1000_i64..=2000,
    ) {
        let [a, b, c] = three.map(|i| format!("f{}", i.index(count)));
        let find = |target: &str, frame: &str| buffer.lookup(target, frame, ms(at)).unwrap().transform;
        prop_assert!(same_pose(&find(&a, &c), &compose(&find(&a, &b), &find(&b, &c)), 1e-7));
    }

    #[test]
    fn exact_at_the_stamps_and_in_between_in_between(
        poses in prop::collection::btree_map(0_i64..9000, any_pose(), 2..20),
        ratio in 0.0..1.0_f64,
    ) {
        let mut buffer = TfBuffer::default();
        // In any order.
        for (stamp, pose) in poses.iter().rev() {
            let mut t = tf("a", "b", ms(stamp + 1), 0.0, 0.0);
            t.transform = pose.clone();
            buffer.insert(&t, false).unwrap();
        }
        for (stamp, pose) in &poses {
            prop_assert_eq!(&buffer.lookup("a", "b", ms(stamp + 1)).unwrap().transform, pose);
        }
        let all: Vec<_> = poses.iter().collect();
        for pair in all.windows(2) {
            let ((from, a), (to, b)) = (pair[0], pair[1]);
            let span = (to - from) as f64 * 1e6;
            let ns = (ratio * span) as i64;
            let found = buffer.lookup("a", "b", ms(from + 1) + Duration::from_nanos(ns as u64)).unwrap().transform;
            let part = ns as f64 / span;
            let expected: Vec<f64> = xyz(a).iter().zip(xyz(b)).map(|(a, b)| a + (b - a) * part).collect();
            prop_assert!(close(&xyz(&found), &expected, 1e-9));
            let length: f64 = quaternion(&found).iter().map(|v| v * v).sum();
            prop_assert!((length - 1.0).abs() < 1e-12);
            // The angle from the first grows evenly.
            let angle = |a: &Transform, b: &Transform| {
                let dot: f64 = quaternion(a).iter().zip(quaternion(b)).map(|(a, b)| a * b).sum();
                dot.abs().min(1.0).acos()
            };
            prop_assert!((angle(a, &found) - angle(a, b) * part).abs() < 1e-3, "{} {}", angle(a, &found), angle(a, b));
        }
    }
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {}

/// Tells where the vehicle is.
struct Localizer {
    moving: TfBroadcaster,
    fixed: StaticTfBroadcaster,
}

impl Node for Localizer {
    const NAME: &'static str = "localizer";
    type Params = Params;

    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        let (moving, mut fixed) = (TfBroadcaster::new(ports)?, StaticTfBroadcaster::new(ports)?);
        fixed.send(&[tf("base_link", "lidar", NOW, 0.5, 0.0)]);
        Ok(Self { moving, fixed })
    }

    fn step(&mut self, step: Step) {
        if step.index == 0 {
            // The lidar stays known although this is another message.
            self.fixed.send(&[tf("base_link", "camera", NOW, 0.7, 0.0)]);
        }
        self.moving.send(&[tf("odom", "base_link", step.now, 2.0, 0.0)]);
    }
}

/// Asks where the sensors are.
struct Asker {
    tf: TfListener,
    found: Output<Text>,
}

impl Node for Asker {
    const NAME: &'static str = "asker";
    type Params = Params;

    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        Ok(Self { tf: TfListener::new(ports)?, found: ports.output("found", Qos::default())? })
    }

    fn step(&mut self, step: Step) {
        self.tf.update(step.now);
        let x = |frame| Some(self.tf.buffer().lookup("odom", frame, NOW).ok()?.transform.translation.x);
        if let (Some(lidar), Some(camera)) = (x("lidar"), x("camera")) {
            self.found.send(Text { data: format!("{lidar} {camera} {}", self.tf.refused()) });
        }
    }
}

#[test]
fn between_nodes_also_when_they_come_late() {
    let world = World::new();
    let (found, _found) = world.listen::<Text>("/found", &Qos::default());
    let mut first = world.live(&[]);
    first.spawn::<Localizer>().unwrap();
    let mut second = world.live(&[]);
    world.seen_by(&second, EndpointKind::Subscription, "/found");
    second.spawn::<Asker>().unwrap();
    assert_eq!(found.recv_timeout(LONG).unwrap().data, "2.5 2.7 0");
}
