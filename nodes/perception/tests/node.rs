//! The node in lockstep: what it publishes, and what it does with inputs that are missing or wrong.
#![allow(clippy::unwrap_used)]

mod scene;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use glam::{DVec2, DVec3};
use msgs::Message;
use msgs::atlasmesh_msgs::msg::TrackedObjects;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{PointCloud2, PointField};
use msgs::visualization_msgs::msg::MarkerArray;
use perception::{PerceptionNode, PerceptionParams};
use proptest::prelude::*;
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::{Overrides, ParamValue, describe};
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;
use scene::{START_NS, Scene, Thing, to_message};

#[derive(Default)]
struct Out {
    objects: Vec<TrackedObjects>,
    markers: Vec<MarkerArray>,
    bytes: Vec<u8>,
}

struct Bench {
    run: Lockstep,
    out: Arc<Mutex<Out>>,
    scene: Scene,
    scans: i64,
}

impl Bench {
    fn new() -> Self {
        let mut run = Lockstep::new(Time::from_ns(START_NS));
        run.add::<PerceptionNode>().unwrap();
        let out: Arc<Mutex<Out>> = Arc::default();
        let sink = Arc::clone(&out);
        run.observe(move |event| {
            let mut out = sink.lock().unwrap();
            if event.topic == "/perception/objects" {
                out.objects.push(TrackedObjects::decode(event.payload).unwrap());
                out.bytes.extend_from_slice(event.payload);
            } else if event.topic == "/perception/markers" {
                out.markers.push(MarkerArray::decode(event.payload).unwrap());
            }
        });
        let things = vec![Thing::car(30.0, 3.5, std::f64::consts::PI, 6.0), Thing::car(15.0, -4.0, 0.0, 0.0)];
        Self { run, out, scene: Scene { speed: 5.0, ..Scene::new(things) }, scans: 0 }
    }

    fn t(&self) -> f64 {
        self.scans as f64 * 0.1
    }

    fn odometry(&self, t: f64) -> Odometry {
        let pose = self.scene.pose(t);
        let mut o = Odometry::default();
        o.header.stamp = Time::from_ns(START_NS + (t * 1e9).round() as i64).to_msg();
        o.header.frame_id = "map".into();
        let (p, q) = (&mut o.pose.pose.position, &mut o.pose.pose.orientation);
        (p.x, p.y, p.z) = pose.position.into();
        (q.x, q.y, q.z, q.w) = pose.rotation.into();
        o.twist.twist.linear.x = self.scene.speed;
        o
    }

    fn cloud(&self) -> PointCloud2 {
        let stamp = Time::from_ns(START_NS + self.scans * 100_000_000);
        to_message(&self.scene.scan(self.t(), DVec3::new(1.5, 0.0, 3.0)), stamp)
    }

    /// One tenth of a second with this odometry and cloud.
    fn tick(&mut self, odometry: Option<&Odometry>, cloud: Option<&PointCloud2>) {
        if let Some(odometry) = odometry {
            self.run.publish("/localization/odometry", odometry).unwrap();
        }
        if let Some(cloud) = cloud {
            self.run.publish("/sensors/lidar/points", cloud).unwrap();
        }
        self.run.run_for(Duration::from_millis(100)).unwrap();
        self.scans += 1;
    }

    fn drive(&mut self, scans: usize) {
        for _ in 0..scans {
            let (odometry, cloud) = (self.odometry(self.t()), self.cloud());
            self.tick(Some(&odometry), Some(&cloud));
        }
    }

    fn count(&self) -> usize {
        self.out.lock().unwrap().objects.len()
    }

    fn last(&self) -> TrackedObjects {
        self.out.lock().unwrap().objects.last().cloned().unwrap_or_default()
    }
}

#[test]
fn objects_in_map_at_the_stamp_of_each_scan() {
    let mut bench = Bench::new();
    bench.drive(20);
    assert_eq!(bench.count(), 20);
    let last = bench.last();
    assert_eq!(last.header.frame_id, "map");
    assert_eq!(Time::from(&last.header.stamp), Time::from_ns(START_NS + 19 * 100_000_000));
    assert_eq!(last.objects.len(), 2);
    assert!(last.objects.is_sorted_by_key(|o| o.id));
    let moving = last.objects.iter().find(|o| o.twist.twist.linear.x < -4.0).unwrap();
    let x = 30.0 - 6.0 * 1.9;
    assert!((moving.pose.pose.position.x - x).abs() < 0.6, "{}", moving.pose.pose.position.x);
    assert_eq!(moving.predicted_path.len(), 8);
    assert!((moving.predicted_path[7].position.x - (x - 6.0 * 4.0)).abs() < 3.0);
    let standing = last.objects.iter().find(|o| o.id != moving.id).unwrap();
    assert_eq!(standing.twist.twist.linear.x, 0.0);
    assert!(standing.predicted_path.is_empty());
    for o in &last.objects {
        let (p, v) = (o.pose.covariance, o.twist.covariance);
        assert!(p[0] > 0.0 && p[7] > 0.0 && p[35] > 0.0 && v[0] > 0.0 && v[7] > 0.0);
        assert!(o.size_m.z > 1.0 && o.size_m.z < 2.0);
    }
}

#[test]
fn markers_come_at_five_hertz() {
    let mut bench = Bench::new();
    bench.drive(21);
    let out = bench.out.lock().unwrap();
    assert_eq!(out.markers.len(), 11);
    let last = out.markers.last().unwrap();
    assert!(last.markers.iter().any(|m| m.ns == "box") && last.markers.iter().any(|m| m.ns == "velocity"));
    assert!(last.markers.iter().all(|m| m.header.frame_id == "map"));
}

#[test]
fn switched_off_it_is_silent() {
    let mut bench = Bench::new();
    bench.drive(5);
    let set = |on| ("sensor_lidar_enabled", ParamValue::Bool(on));
    let (name, value) = set(false);
    assert!(bench.run.set_parameter("/perception_node", name, value).unwrap().successful);
    bench.drive(5);
    assert_eq!(bench.count(), 5);
    let (name, value) = set(true);
    assert!(bench.run.set_parameter("/perception_node", name, value).unwrap().successful);
    bench.drive(5);
    assert_eq!(bench.count(), 10);
}

#[test]
fn without_odometry_nothing_is_published() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        let cloud = bench.cloud();
        bench.tick(None, Some(&cloud));
    }
    assert_eq!(bench.count(), 0);
    bench.drive(5);
    assert_eq!(bench.count(), 5);
    for _ in 0..6 {
        let cloud = bench.cloud();
        bench.tick(None, Some(&cloud));
    }
    assert_eq!(bench.count(), 7, "goes on for 0.2 s with the last one");
    bench.drive(5);
    assert_eq!(bench.count(), 12, "and again when it is back");
}

#[test]
fn senseless_odometry_is_left_out() {
    let mut bench = Bench::new();
    bench.drive(15);
    for i in 0..12 {
        let (good, cloud) = (bench.odometry(bench.t()), bench.cloud());
        let mut bad = bench.odometry(bench.t() + 0.001);
        match i % 6 {
            0 => bad.pose.pose.position.x = f64::NAN,
            1 => bad.pose.pose.position.y = f64::NEG_INFINITY,
            2 => bad.pose.pose.orientation.w = f64::NAN,
            3 => bad.twist.twist.linear.x = f64::INFINITY,
            4 => bad.pose.pose.orientation = Default::default(),
            _ => bad.twist.twist.angular.z = 1e18,
        }
        bench.run.publish("/localization/odometry", &bad).unwrap();
        bench.run.publish("/localization/odometry", &good).unwrap();
        bench.tick(Some(&bad), Some(&cloud));
        // Doubled and late ones do no harm either.
        bench.run.publish("/localization/odometry", &good).unwrap();
        bench.run.publish("/localization/odometry", &bench.odometry(bench.t() - 0.5)).unwrap();
    }
    assert_eq!(bench.count(), 27);
    assert_eq!(bench.last().objects.len(), 2);
}

#[test]
fn a_jump_of_the_localization_is_no_motion() {
    let mut bench = Bench::new();
    bench.drive(20);
    let before = bench.last();
    for _ in 0..10 {
        let (mut odometry, cloud) = (bench.odometry(bench.t()), bench.cloud());
        odometry.pose.pose.position.x += 1.5;
        odometry.pose.pose.position.y -= 0.8;
        bench.tick(Some(&odometry), Some(&cloud));
        let now = bench.last();
        let ids = |m: &TrackedObjects| m.objects.iter().map(|o| o.id).collect::<Vec<_>>();
        assert_eq!(ids(&now), ids(&before));
        let standing = now.objects.iter().filter(|o| o.twist.twist.linear.x == 0.0).count();
        assert_eq!(standing, 1);
    }
}

#[test]
fn old_and_doubled_clouds_are_dropped() {
    let mut bench = Bench::new();
    bench.drive(10);
    let (odometry, cloud) = (bench.odometry(bench.t()), bench.cloud());
    bench.tick(Some(&odometry), Some(&cloud));
    let mut older = cloud.clone();
    older.header.stamp = Time::from_ns(START_NS + 9 * 100_000_000 - 50_000_000).to_msg();
    bench.tick(None, Some(&cloud));
    bench.tick(None, Some(&older));
    assert_eq!(bench.count(), 11);
}

#[test]
fn a_clock_that_begins_anew_begins_tracking_anew() {
    let mut bench = Bench::new();
    bench.drive(30);
    let ids: Vec<u32> = bench.last().objects.iter().map(|o| o.id).collect();
    bench.scans = 0;
    bench.drive(10);
    assert_eq!(bench.count(), 40);
    let last = bench.last();
    assert_eq!(last.objects.len(), 2);
    assert!(last.objects.iter().all(|o| !ids.contains(&o.id)));
}

#[test]
fn clouds_of_other_layouts_are_read() {
    let mut bench = Bench::new();
    for _ in 0..10 {
        let (odometry, cloud) = (bench.odometry(bench.t()), bench.cloud());
        // z y x, two rows of half the width, big endian, in the frame of the scanner.
        let half = cloud.width / 2;
        let mut data = vec![];
        for record in cloud.data.chunks_exact(20).take(2 * half as usize) {
            let at = |i: usize| f32::from_le_bytes(record[i..i + 4].try_into().unwrap());
            for v in [at(8) - 3.0, at(4), at(0) - 1.5] {
                data.extend(v.to_be_bytes());
            }
        }
        let mut other = cloud.clone();
        other.header.frame_id = "lidar_link".into();
        other.fields.truncate(3);
        for (field, offset) in other.fields.iter_mut().zip([8, 4, 0]) {
            field.offset = offset;
        }
        (other.height, other.width, other.point_step, other.row_step) = (2, half, 12, 12 * half);
        (other.is_bigendian, other.data) = (true, Bytes::from(data));
        bench.tick(Some(&odometry), Some(&other));
    }
    assert_eq!(bench.last().objects.len(), 2);
}

/// What a cloud may be made into that no scanner sends.
fn damage(cloud: &mut PointCloud2, kind: u32) {
    let field = |cloud: &mut PointCloud2, f: &dyn Fn(&mut PointField)| cloud.fields.iter_mut().for_each(f);
    match kind {
        0 => (cloud.width, cloud.height) = (u32::MAX, u32::MAX),
        1 => cloud.fields.clear(),
        2 => field(cloud, &|f| f.offset = u32::MAX),
        3 => field(cloud, &|f| f.datatype = PointField::FLOAT64),
        4 => cloud.point_step = 0,
        5 => cloud.point_step = u32::MAX,
        6 => cloud.data = Bytes::new(),
        7 => (cloud.height, cloud.row_step) = (2, 1),
        8 => cloud.header.frame_id = "elsewhere".repeat(1000),
        9 => cloud.width += 1,
        10 => field(cloud, &|f| f.count = u32::MAX),
        _ => cloud.fields[0].name = "X".into(),
    }
}

#[test]
fn damaged_clouds_are_dropped() {
    let mut bench = Bench::new();
    bench.drive(10);
    for kind in 0..12 {
        let (odometry, mut cloud) = (bench.odometry(bench.t()), bench.cloud());
        damage(&mut cloud, kind);
        bench.tick(Some(&odometry), Some(&cloud));
        assert_eq!(bench.count(), 10 + kind as usize, "kind {kind}");
        bench.drive(1);
    }
    assert_eq!(bench.last().objects.len(), 2);
}

#[test]
fn points_that_are_no_numbers_are_left_out() {
    let mut bench = Bench::new();
    for _ in 0..20 {
        let (odometry, mut cloud) = (bench.odometry(bench.t()), bench.cloud());
        let mut data = cloud.data.to_vec();
        for (i, record) in data.chunks_exact_mut(20).enumerate().filter(|(i, _)| i % 5 == 0) {
            match [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX].get(i % 25 / 5) {
                Some(bad) => record[i % 3 * 4..i % 3 * 4 + 4].copy_from_slice(&bad.to_le_bytes()),
                // No return, as many drivers have it.
                None => record[..12].fill(0),
            }
        }
        cloud.data = Bytes::from(data);
        bench.tick(Some(&odometry), Some(&cloud));
    }
    let last = bench.last();
    assert_eq!(last.objects.len(), 2);
    let numbers = |o: &msgs::atlasmesh_msgs::msg::TrackedObject| {
        o.pose.pose.position.x.is_finite()
            && o.pose.covariance.iter().chain(&o.twist.covariance).all(|v| v.is_finite())
    };
    assert!(last.objects.iter().all(numbers));
}

#[test]
fn an_empty_cloud_lets_objects_age() {
    let mut bench = Bench::new();
    bench.drive(15);
    for _ in 0..40 {
        let (odometry, mut cloud) = (bench.odometry(bench.t()), bench.cloud());
        (cloud.width, cloud.row_step, cloud.data) = (0, 0, Bytes::new());
        bench.tick(Some(&odometry), Some(&cloud));
    }
    assert_eq!(bench.count(), 55);
    assert!(bench.last().objects.is_empty());
}

#[test]
fn the_same_twice_and_the_same_in_replay() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    let mut bench = Bench::new();
    bench.run.record(Recorder::create(&bag, RecorderOptions::default()).unwrap());
    bench.scene.things.push(Thing::pedestrian(12.0, 4.0, DVec2::new(0.0, -1.2)));
    bench.drive(25);
    bench.run.finish_recording().unwrap();
    let mut again = Bench::new();
    again.scene = bench.scene.clone();
    again.drive(25);
    assert!(bench.out.lock().unwrap().bytes == again.out.lock().unwrap().bytes);
    let report = replay::<PerceptionNode>(&bag, &Remaps::default(), &Overrides::default()).unwrap();
    assert!(report.difference.is_none(), "{:?}", report.difference);
    assert!(report.outputs >= 38);
}

#[test]
fn parameters_describe_themselves() {
    let all = describe::<PerceptionParams>().unwrap();
    assert!(all.iter().any(|p| p.name == "sensor_lidar_enabled"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever points there are, the node answers with finite numbers.
    #[test]
    fn any_points(points in prop::collection::vec(prop::array::uniform3(prop_oneof![
        3 => -90.0_f32..90.0, 3 => -4.0_f32..4.0, 1 => prop::num::f32::ANY,
    ]), 0..400)) {
        let mut bench = Bench::new();
        for _ in 0..5 {
            let odometry = bench.odometry(bench.t());
            let cloud = to_message(&points, Time::from_ns(START_NS + bench.scans * 100_000_000));
            bench.tick(Some(&odometry), Some(&cloud));
        }
        prop_assert_eq!(bench.count(), 5);
        for o in bench.last().objects {
            prop_assert!(o.pose.pose.position.x.is_finite() && o.pose.pose.position.z.is_finite());
            prop_assert!(o.pose.covariance.iter().chain(&o.twist.covariance).all(|v| v.is_finite()));
        }
    }
}
