//! The node in lockstep: rates, frames, faults on every input, replay.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use common::{Car, START_NS, curves, standing};
use localization::LocalizationNode;
use localization::config::FilterConfig;
use maps::{GeoReference, Wgs84};
use msgs::Message;
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{Imu, NavSatFix};
use msgs::tf2_msgs::msg::TFMessage;
use nalgebra::{UnitQuaternion, Vector3};
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::params::Overrides;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::replay::replay;
use runtime::time::Time;

type Seen = Arc<Mutex<BTreeMap<String, Vec<Bytes>>>>;

const ORIGIN: Wgs84 = Wgs84 { latitude_deg: 24.5, longitude_deg: 54.4, altitude_m: 5.0 };
/// Of a receiver with RTK, m.
const SIGMA_M: f64 = 0.03;

/// The node, fed by a car.
struct Bench {
    run: Lockstep,
    car: Car,
    earth: GeoReference,
    seen: Seen,
}

/// What a test does to messages before they are sent; false keeps one back.
struct Tamper {
    imu: fn(f64, &mut Imu) -> bool,
    wheels: fn(f64, &mut Odometry) -> bool,
    fix: fn(f64, &mut NavSatFix) -> bool,
}

const HONEST: Tamper = Tamper { imu: |_, _| true, wheels: |_, _| true, fix: |_, _| true };

impl Bench {
    fn new(car: Car) -> Self {
        let mut run = Lockstep::new(Time::from_ns(START_NS));
        run.add::<LocalizationNode>().unwrap();
        let seen = Seen::default();
        let sink = Arc::clone(&seen);
        run.observe(move |e| sink.lock().unwrap().entry(e.topic.into()).or_default().push(e.payload.clone()));
        Self { run, car, earth: GeoReference::at(ORIGIN), seen }
    }

    fn drive(&mut self, seconds: f64, tamper: &Tamper) {
        let end = self.car.t + seconds;
        while self.car.t < end - 0.001 {
            let sensed = self.car.sense();
            let t = self.car.t;
            let stamp = Time::from_ns(sensed.stamp_ns).to_msg();
            self.run.run_until(Time::from_ns(sensed.stamp_ns - 1)).unwrap();
            let mut imu = Imu::default();
            imu.header.stamp = stamp.clone();
            let (w, a) = (sensed.imu.input.gyro, sensed.imu.input.accel);
            let vector = |v: Vector3<f64>| msgs::geometry_msgs::msg::Vector3 { x: v.x, y: v.y, z: v.z };
            (imu.angular_velocity, imu.linear_acceleration) = (vector(w), vector(a));
            imu.orientation = vehicle::quaternion_of_yaw(sensed.ahrs.heading);
            imu.orientation_covariance[8] = 0.001;
            if (tamper.imu)(t, &mut imu) {
                self.run.publish("/sensors/imu", &imu).unwrap();
            }
            if let Some(speed) = sensed.wheels {
                let mut wheels = Odometry::default();
                wheels.header.stamp = stamp.clone();
                wheels.twist.twist.linear.x = speed;
                wheels.twist.covariance[0] = 0.0025;
                if (tamper.wheels)(t, &mut wheels) {
                    self.run.publish("/sensors/wheel_odometry", &wheels).unwrap();
                }
            }
            if let Some((position, variance)) = sensed.fix {
                let place = self.earth.to_wgs84(glam::DVec3::new(position.x, position.y, position.z));
                let mut fix = NavSatFix {
                    latitude: place.latitude_deg,
                    longitude: place.longitude_deg,
                    altitude: place.altitude_m,
                    position_covariance_type: NavSatFix::COVARIANCE_TYPE_DIAGONAL_KNOWN,
                    ..NavSatFix::default()
                };
                fix.header.stamp = stamp;
                fix.status.status = 0;
                (0..3).for_each(|i| fix.position_covariance[4 * i] = variance[i]);
                if (tamper.fix)(t, &mut fix) {
                    self.run.publish("/sensors/gnss/fix", &fix).unwrap();
                }
            }
            self.run.run_until(Time::from_ns(sensed.stamp_ns)).unwrap();
        }
    }

    fn got<M: Message>(&self, topic: &str) -> Vec<M> {
        let seen = self.seen.lock().unwrap();
        seen.get(topic).into_iter().flatten().map(|b| M::decode(b).unwrap()).collect()
    }

    /// Error against the truth, m; the map's origin is the first fix, so the truth is shifted to it.
    fn error_m(&self, origin: Vector3<f64>) -> f64 {
        let p = self.got::<Odometry>("/localization/odometry").pop().unwrap().pose.pose.position;
        (p.x + origin.x - self.car.truth.x).hypot(p.y + origin.y - self.car.truth.y)
    }

    fn diagnostic(&self) -> (u8, String) {
        let all = self.got::<DiagnosticArray>("/diagnostics");
        let mut found = all.into_iter().flat_map(|a| a.status).filter(|s| s.name.contains("localization"));
        let status = found.rfind(|s| s.name.ends_with(": localization")).unwrap();
        (status.level, status.message)
    }

    /// Figures of the last diagnostic.
    fn values(&self) -> String {
        let all = self.got::<DiagnosticArray>("/diagnostics");
        let mut found = all.into_iter().flat_map(|a| a.status);
        let status = found.rfind(|s| s.name.ends_with(": localization")).unwrap();
        status.values.iter().map(|v| format!("{} {}, ", v.key, v.value)).collect()
    }

    fn is_sound(&self) {
        for odometry in self.got::<Odometry>("/localization/odometry") {
            let p = &odometry.pose.pose;
            let numbers =
                [p.position.x, p.position.y, p.position.z, p.orientation.w, odometry.twist.twist.linear.x];
            assert!(numbers.iter().chain(&odometry.pose.covariance).all(|v| v.is_finite()), "{odometry:?}");
            assert!((0..6).all(|i| odometry.pose.covariance[7 * i] > 0.0));
        }
    }
}

fn bench() -> Bench {
    Bench::new(Car::new(1, curves, &FilterConfig::default(), SIGMA_M))
}

/// Where the first fix was: the node without a map puts its origin there.
fn origin() -> Vector3<f64> {
    let mut car = Car::new(1, curves, &FilterConfig::default(), SIGMA_M);
    loop {
        if let Some((position, _)) = car.sense().fix {
            return position;
        }
    }
}

#[test]
fn publishes_at_50_hz_from_half_a_second_on_in_the_right_frames() {
    let mut bench = Bench::new(Car::new(2, standing, &FilterConfig::default(), SIGMA_M));
    bench.drive(1.0, &HONEST);
    let first = bench.got::<Odometry>("/localization/odometry");
    assert!(first.len() > 25, "{}", first.len());
    bench.drive(1.0, &HONEST);
    let odometry = bench.got::<Odometry>("/localization/odometry");
    assert_eq!(odometry.len() - first.len(), 50);
    let last = odometry.last().unwrap();
    assert_eq!((last.header.frame_id.as_str(), last.child_frame_id.as_str()), ("map", "base_link"));
    assert_eq!(Time::from(&last.header.stamp).as_ns(), START_NS + 2_000_000_000);
    assert_eq!(bench.got::<TFMessage>("/tf").len(), odometry.len());
    assert_eq!(bench.diagnostic(), (0, "ok".into()));
}

#[test]
fn map_to_odom_to_base_link_is_the_pose_and_odom_never_jumps() {
    let mut bench = bench();
    // A jump of the fixes and an outage: the pose in map jumps, that in odom does not.
    let tamper = Tamper {
        fix: |t, fix| {
            fix.latitude += if t > 30.0 { 1e-5 } else { 0.0 };
            !(10.0..20.0).contains(&t)
        },
        ..HONEST
    };
    bench.drive(55.0, &tamper);
    let poses = bench.got::<Odometry>("/localization/odometry");
    let tf = bench.got::<TFMessage>("/tf");
    let mut last: Option<Vector3<f64>> = None;
    for (pose, tf) in poses.iter().zip(&tf) {
        let [a, b] = &tf.transforms[..] else { panic!("{tf:?}") };
        assert_eq!((a.header.frame_id.as_str(), a.child_frame_id.as_str()), ("map", "odom"));
        assert_eq!((b.header.frame_id.as_str(), b.child_frame_id.as_str()), ("odom", "base_link"));
        let vector = |v: &msgs::geometry_msgs::msg::Vector3| Vector3::new(v.x, v.y, v.z);
        let q = &a.transform.rotation;
        let q = UnitQuaternion::from_quaternion(nalgebra::Quaternion::new(q.w, q.x, q.y, q.z));
        let in_map = vector(&a.transform.translation) + q * vector(&b.transform.translation);
        let p = &pose.pose.pose.position;
        assert!((in_map - Vector3::new(p.x, p.y, p.z)).norm() < 1e-6);
        let in_odom = vector(&b.transform.translation);
        if let Some(last) = last {
            assert!((in_odom - last).norm() < 0.02 * 14.0, "{in_odom} after {last}");
        }
        last = Some(in_odom);
    }
    bench.is_sound();
}

#[test]
fn gnss_faults_lead_to_dead_reckoning_and_back() {
    let cases: [fn(f64, &mut NavSatFix) -> bool; 6] = [
        |_, f| {
            f.latitude = f64::NAN;
            true
        },
        |_, f| {
            f.altitude = f64::INFINITY;
            true
        },
        |_, f| {
            f.position_covariance[0] = f64::NAN;
            true
        },
        |_, f| {
            f.status.status = -1;
            f.latitude = f64::NAN;
            true
        },
        |_, f| {
            f.header.stamp.sec -= 10;
            true
        },
        |_, _| false,
    ];
    for (i, case) in cases.into_iter().enumerate() {
        let mut bench = bench();
        bench.drive(20.0, &HONEST);
        bench.drive(5.0, &Tamper { fix: case, ..HONEST });
        assert!(bench.error_m(origin()) < 0.5, "{i}: {}", bench.error_m(origin()));
        assert_eq!(bench.diagnostic(), (1, "dead reckoning: no GNSS position is used".into()), "{i}");
        bench.drive(4.0, &HONEST);
        assert_eq!(bench.diagnostic(), (0, "ok".into()), "{i}");
        assert!(bench.error_m(origin()) < 0.2, "{i}: {}", bench.error_m(origin()));
        bench.is_sound();
    }
}

#[test]
fn imu_faults_are_told_and_survived() {
    let cases: [fn(f64, &mut Imu) -> bool; 5] = [
        |_, m| {
            m.angular_velocity.x = f64::NAN;
            true
        },
        |_, m| {
            m.linear_acceleration.z = f64::INFINITY;
            true
        },
        |_, m| {
            m.header.stamp.sec += 10;
            true
        },
        |_, m| {
            m.header.stamp.sec = i32::MIN;
            true
        },
        |_, _| false,
    ];
    for (i, case) in cases.into_iter().enumerate() {
        let mut bench = bench();
        bench.drive(20.0, &HONEST);
        bench.drive(5.0, &Tamper { imu: case, ..HONEST });
        assert!(bench.error_m(origin()) < 2.0, "{i}: {}", bench.error_m(origin()));
        assert_eq!(bench.diagnostic(), (2, "the IMU is silent".into()), "{i}");
        bench.drive(4.0, &HONEST);
        assert_eq!(bench.diagnostic(), (0, "ok".into()), "{i}: {}", bench.values());
        bench.is_sound();
    }
}

#[test]
fn a_broken_orientation_of_the_imu_is_done_without() {
    let broken: [fn(&mut Imu); 3] = [
        |m| m.orientation.w = f64::NAN,
        |m| m.orientation.w = 7.0,
        |m| m.orientation_covariance[8] = f64::NAN,
    ];
    for change in broken {
        let mut bench = bench();
        bench.drive(10.0, &HONEST);
        for _ in 0..100 {
            let mut imu = Imu::default();
            change(&mut imu);
            bench.run.publish("/sensors/imu", &imu).unwrap();
        }
        bench.drive(5.0, &HONEST);
        assert!(bench.error_m(origin()) < 0.3, "{}", bench.error_m(origin()));
    }
}

#[test]
fn wheel_faults_are_survived() {
    let cases: [fn(f64, &mut Odometry) -> bool; 6] = [
        |_, m| {
            m.twist.twist.linear.x = f64::NAN;
            true
        },
        |_, m| {
            m.twist.twist.angular.z = f64::NAN;
            m.twist.covariance[35] = 0.1;
            true
        },
        |_, m| {
            m.twist.twist.linear.x = 1e9;
            true
        },
        // Wheels that spin.
        |_, m| {
            m.twist.twist.linear.x = 40.0;
            true
        },
        |_, m| {
            m.header.stamp.sec -= 100;
            true
        },
        |_, _| false,
    ];
    for (i, case) in cases.into_iter().enumerate() {
        let mut bench = bench();
        bench.drive(20.0, &HONEST);
        bench.drive(3.0, &Tamper { wheels: case, ..HONEST });
        assert!(bench.error_m(origin()) < 0.6, "{i}: {}", bench.error_m(origin()));
        bench.drive(5.0, &HONEST);
        assert!(bench.error_m(origin()) < 0.3, "{i}: {}", bench.error_m(origin()));
        bench.is_sound();
    }
}

#[test]
fn messages_that_come_twice_change_nothing() {
    let (mut once, mut twice) = (bench(), bench());
    once.drive(10.0, &HONEST);
    let again: Seen = Arc::clone(&twice.seen);
    for _ in 0..100 {
        twice.drive(0.1, &HONEST);
        // The last of each once more, and some from before.
        for topic in ["/sensors/imu", "/sensors/wheel_odometry", "/sensors/gnss/fix"] {
            let last: Vec<Bytes> = again
                .lock()
                .unwrap()
                .get(topic)
                .map(|m| m.iter().rev().take(3).cloned().collect())
                .unwrap_or_default();
            for bytes in last {
                match topic {
                    "/sensors/imu" => twice.run.publish(topic, &Imu::decode(&bytes).unwrap()).unwrap(),
                    "/sensors/gnss/fix" => {
                        twice.run.publish(topic, &NavSatFix::decode(&bytes).unwrap()).unwrap()
                    }
                    _ => twice.run.publish(topic, &Odometry::decode(&bytes).unwrap()).unwrap(),
                }
            }
        }
    }
    let last = |b: &Bench| b.got::<Odometry>("/localization/odometry").pop();
    let (once, twice) = (last(&once).unwrap(), last(&twice).unwrap());
    assert!(once == twice, "{:?} {:?}", once.pose.pose.position, twice.pose.pose.position);
}

fn run(bag: Option<&Path>) -> BTreeMap<String, Vec<Bytes>> {
    let mut bench = bench();
    if let Some(bag) = bag {
        bench.run.record(Recorder::create(bag, RecorderOptions::default()).unwrap());
    }
    bench.drive(15.0, &Tamper { fix: |t, _| t < 10.0, ..HONEST });
    assert!(bench.run.finish_recording().unwrap().is_none_or(|s| s.dropped == 0));
    bench.seen.lock().unwrap().clone()
}

#[test]
fn two_runs_and_the_replay_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("run.mcap");
    assert_eq!(run(Some(&bag)), run(None));
    let report = replay::<LocalizationNode>(&bag, &Remaps::default(), &Overrides::default()).unwrap();
    assert_eq!(report.difference, None);
    assert!(report.steps >= 750 && report.outputs >= 1000, "{report:?}");
}

#[test]
fn when_everything_falls_silent_it_says_so_and_its_covariance_grows() {
    let mut bench = bench();
    bench.drive(20.0, &HONEST);
    let variance = |b: &Bench| b.got::<Odometry>("/localization/odometry").pop().unwrap().pose.covariance[0];
    let before = variance(&bench);
    bench.run.run_for(Duration::from_secs(3)).unwrap();
    assert_eq!(bench.diagnostic().0, 2);
    assert!(variance(&bench) > 4.0 * before);
    bench.run.run_for(Duration::from_secs(60)).unwrap();
    assert_eq!(bench.diagnostic(), (2, "lost: the position is not known well enough".into()));
    bench.is_sound();
}
