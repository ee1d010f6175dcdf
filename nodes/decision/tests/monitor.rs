//! The collision monitor in scenes: what must stop the vehicle, and what must not.
#![allow(clippy::unwrap_used)]

mod common;
mod scene;

use std::time::Duration;

use decision::MonitorParams;
use decision::monitor::corridor::PathAhead;
use decision::monitor::points::Points;
use decision::monitor::{Monitor, Motion};
use glam::DVec2;
use msgs::atlasmesh_msgs::msg::{Trajectory, TrajectoryPoint};
use scene::{Block, Random, Scene, scan};
use vehicle::{Pose2, VehicleParams, pose_to_msg};

fn block(x: (f64, f64), y: (f64, f64), z: (f64, f64)) -> Block {
    Block { x, y, z }
}

fn person(x: f64, y: f64) -> Block {
    block((x - 0.2, x + 0.2), (y - 0.25, y + 0.25), (0.0, 1.7))
}

fn car(x: f64, y: f64) -> Block {
    block((x, x + 4.5), (y - 0.9, y + 0.9), (0.2, 1.5))
}

fn vehicles() -> [VehicleParams; 2] {
    let tractor = VehicleParams {
        length_m: 5.6,
        width_m: 2.5,
        height_m: 3.3,
        wheelbase_m: 3.2,
        rear_overhang_m: 1.1,
        lidar: vehicle::Lidar { x_m: 2.5, z_m: 3.5 },
        ..VehicleParams::default()
    };
    [VehicleParams::default(), tractor]
}

/// A trajectory of constant curvature from base_link on, or a standing one.
fn path(curvature: f64, speed: f64) -> PathAhead {
    let mut message = Trajectory::default();
    message.header.frame_id = "map".into();
    let mut pose = Pose2::default();
    for i in 0..80 {
        message.points.push(TrajectoryPoint {
            time_from_start_s: 0.1 * i as f32,
            pose: pose_to_msg(pose, 0.0),
            curvature_per_m: curvature as f32,
            speed_mps: speed as f32,
            ..TrajectoryPoint::default()
        });
        let step = 0.1 * speed;
        pose.position += step * DVec2::from_angle(pose.heading + 0.5 * step * curvature);
        pose.heading += step * curvature;
    }
    let mut path = PathAhead::default();
    assert!(path.set(&message));
    path
}

/// Whether the monitor raises an alarm within these scans; blocks move with `closing`, m/s along x, from scan to scan.
fn alarm(
    vehicle: &VehicleParams,
    scene: &mut Scene,
    speed: f64,
    curvature: f64,
    closing: f64,
    scans: u64,
) -> bool {
    let mut monitor = Monitor::new(vehicle, &MonitorParams::default(), 6.0);
    let mut random = Random(7);
    let path = path(curvature, speed);
    let mut alarm = false;
    for i in 0..scans {
        let stamp = common::START + Duration::from_millis(100 * i);
        let message = common::cloud(stamp, &scan(scene, vehicle, &mut random));
        let motion = Motion { speed_mps: speed, curvature_per_m: 0.0, pose: Some(Pose2::default()) };
        monitor.scan(&Points::new(&message).unwrap(), stamp, &motion, &path);
        alarm |= monitor.obstacle();
        for block in &mut scene.blocks {
            block.x = (block.x.0 - 0.1 * closing, block.x.1 - 0.1 * closing);
        }
    }
    alarm
}

fn quiet(what: &str, make: impl Fn(&VehicleParams) -> Scene, speed: f64, curvature: f64) {
    for vehicle in vehicles() {
        assert!(!alarm(&vehicle, &mut make(&vehicle), speed, curvature, 0.0, 5), "{what} at {speed} m/s");
    }
}

#[test]
fn ground_of_every_shape_is_no_obstacle() {
    for speed in [0.0, 3.0, 8.0, 14.0, 25.0] {
        quiet("flat", |_| Scene::default(), speed, 0.0);
        for pitch in [-0.035, 0.035] {
            quiet("nodding", |_| Scene { pitch, ..Scene::default() }, speed, 0.0);
        }
        let ramp = |x: f64| 0.12 * (x - 9.0).clamp(0.0, 40.0);
        quiet("ramp up", |_| Scene { ground: ramp, ..Scene::default() }, speed, 0.0);
        let crest = |x: f64| -0.12 * (x - 9.0).clamp(0.0, 40.0);
        quiet("ramp down", |_| Scene { ground: crest, ..Scene::default() }, speed, 0.0);
        let bump = |x: f64| if (12.0..12.4).contains(&x) { 0.1 } else { 0.0 };
        quiet("speed bump", |_| Scene { ground: bump, ..Scene::default() }, speed, 0.0);
    }
}

#[test]
fn kerbs_even_in_the_corridor_are_no_obstacle() {
    for speed in [2.0, 8.0, 14.0] {
        let beside = |v: &VehicleParams| {
            let y = 0.5 * v.width_m + 0.05;
            let kerb = |low: f64, high: f64| block((-10.0, 80.0), (low, high), (0.0, 0.15));
            Scene { blocks: vec![kerb(y, y + 2.0), kerb(-y - 2.0, -y)], ..Scene::default() }
        };
        quiet("kerbs beside", beside, speed, 0.0);
        let across = |_: &VehicleParams| Scene {
            blocks: vec![block((10.0, 14.0), (-5.0, 5.0), (0.0, 0.15))],
            ..Scene::default()
        };
        quiet("kerb across", across, speed, 0.0);
    }
}

#[test]
fn walls_beside_a_straight_road_and_a_tight_turn_are_no_obstacle() {
    for speed in [0.0, 3.0, 14.0] {
        let walls = |v: &VehicleParams| {
            let y = 0.5 * v.width_m + 0.35;
            let wall = |low: f64, high: f64| block((-10.0, 80.0), (low, high), (0.0, 4.0));
            Scene { blocks: vec![wall(y, y + 0.3), wall(-y - 0.3, -y)], ..Scene::default() }
        };
        quiet("walls", walls, speed, 0.0);
    }
    for radius in [7.0, 10.0] {
        let bend = |v: &VehicleParams| {
            let outer = ((radius + 0.5 * v.width_m).powi(2) + v.front_m().powi(2)).sqrt() + 0.4;
            let inner = radius - 0.5 * v.width_m - 0.4;
            let mut blocks = vec![];
            for i in 0..120 {
                let angle = f64::from(i) * std::f64::consts::TAU / 120.0;
                for (r, size) in [(outer + 0.1, 0.1), (inner - 0.1, 0.1)] {
                    let (x, y) = (r * angle.sin(), radius - r * angle.cos());
                    blocks.push(block((x - size, x + size), (y - size, y + size), (0.0, 3.0)));
                }
            }
            Scene { blocks, ..Scene::default() }
        };
        for speed in [0.0, 2.0, 4.0] {
            quiet("bend", bend, speed, 1.0 / radius);
        }
    }
}

#[test]
fn gantries_noise_and_neighbours_are_no_obstacle() {
    for speed in [0.0, 8.0, 14.0] {
        let gantry = |v: &VehicleParams| {
            let low = v.height_m + 0.6;
            Scene { blocks: vec![block((10.0, 11.0), (-8.0, 8.0), (low, low + 1.0))], ..Scene::default() }
        };
        quiet("gantry", gantry, speed, 0.0);
        quiet("noise", |_| Scene { noise: 150, ..Scene::default() }, speed, 0.0);
        let neighbours = |v: &VehicleParams| {
            let y = 0.5 * v.width_m + 0.35;
            Scene {
                blocks: vec![car(3.0, y + 0.9), car(12.0, -y - 0.9), person(1.0, -y - 0.25)],
                ..Scene::default()
            }
        };
        quiet("neighbours", neighbours, speed, 0.0);
    }
}

#[test]
fn a_vehicle_ahead_at_following_distance_is_no_obstacle() {
    for vehicle in vehicles() {
        for speed in [5.0_f64, 10.0, 14.0, 20.0] {
            for wander in [-0.4, 0.0, 0.4] {
                let ahead = vehicle.front_m() + 2.0 + 1.3 * speed;
                let mut scene = Scene { blocks: vec![car(ahead, 0.0)], ..Scene::default() };
                assert!(
                    !alarm(&vehicle, &mut scene, speed, 0.0, wander, 20),
                    "{speed} m/s, closing {wander}"
                );
            }
        }
        // Stopped behind one, and creeping up to it.
        for (speed, gap) in [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)] {
            let mut scene = Scene { blocks: vec![car(vehicle.front_m() + gap, 0.0)], ..Scene::default() };
            assert!(!alarm(&vehicle, &mut scene, speed, 0.0, speed, 2), "{speed} m/s, {gap} m");
        }
    }
}

#[test]
fn what_stands_in_the_way_is_an_obstacle_before_it_is_too_late() {
    let params = MonitorParams::default();
    for vehicle in vehicles() {
        for speed in [2.0_f64, 5.0, 8.0, 14.0] {
            let braking = speed * params.reaction_time_s + speed * speed / 12.0 + params.standoff_m;
            for (what, make) in [
                ("person", person as fn(f64, f64) -> Block),
                ("car", car),
                ("box", |x, y| block((x, x + 0.8), (y - 0.5, y + 0.5), (0.0, 0.8))),
            ] {
                // It comes nearer from twice the braking distance: how near is it when the alarm comes?
                let mut monitor = Monitor::new(&vehicle, &params, 6.0);
                let mut random = Random(3);
                let path = path(0.0, speed);
                let mut x = vehicle.front_m() + 2.0 * braking + 1.0;
                let begun = x;
                let mut i = 0;
                while x > vehicle.front_m() {
                    let scene = Scene { blocks: vec![make(x, 0.2)], ..Scene::default() };
                    let stamp = common::START + Duration::from_millis(100 * i);
                    let message = common::cloud(stamp, &scan(&scene, &vehicle, &mut random));
                    let motion =
                        Motion { speed_mps: speed, curvature_per_m: 0.0, pose: Some(Pose2::default()) };
                    monitor.scan(&Points::new(&message).unwrap(), stamp, &motion, &path);
                    if monitor.obstacle() {
                        break;
                    }
                    i += 1;
                    x = begun - 0.1 * speed * i as f64;
                }
                let gap = x - vehicle.front_m();
                println!(
                    "{what} at {speed} m/s: alarm at {gap:.2} m, brakes need {:.2} m",
                    speed * speed / 12.0
                );
                // From here on 0.15 s pass until the brakes act, and they build up in 0.2 s.
                let needed = speed * 0.25 + speed * speed / 12.0;
                assert!(gap >= needed, "{what} at {speed} m/s: alarm at {gap:.2} m, needs {needed:.2} m");
            }
        }
    }
}

#[test]
fn things_on_a_ramp_in_a_bend_and_right_before_a_standing_vehicle_are_obstacles() {
    let vehicle = VehicleParams::default();
    let ramp = |x: f64| 0.1 * (x - 6.0).clamp(0.0, 40.0);
    let mut on_ramp = Scene { ground: ramp, ..Scene::default() };
    on_ramp.blocks.push(block((13.0, 13.5), (-0.3, 0.3), (0.7, 2.4)));
    assert!(alarm(&vehicle, &mut on_ramp, 8.0, 0.0, 8.0, 3));
    // In a bend to the left of 10 m, 7 m along it; straight on there would be nothing.
    let (sin, cos) = 0.9_f64.sin_cos();
    let mut bend = Scene { blocks: vec![person(10.0 * sin, 10.0 - 10.0 * cos)], ..Scene::default() };
    assert!(alarm(&vehicle, &mut bend, 5.0, 0.1, 5.0, 3));
    let mut straight = Scene { blocks: vec![person(10.0 * sin, 10.0 - 10.0 * cos)], ..Scene::default() };
    assert!(!alarm(&vehicle, &mut straight, 5.0, 0.0, 5.0, 3));
    let mut close = Scene { blocks: vec![person(vehicle.front_m() + 0.45, 0.0)], ..Scene::default() };
    assert!(alarm(&vehicle, &mut close, 0.0, 0.0, 0.0, 3));
}

#[test]
fn one_scan_is_not_enough_and_clouds_that_make_no_sense_are_refused() {
    let vehicle = VehicleParams::default();
    let mut scene = Scene { blocks: vec![person(6.0, 0.0)], ..Scene::default() };
    assert!(!alarm(&vehicle, &mut scene, 5.0, 0.0, 0.0, 1));
    let good = common::cloud(common::START, &common::ground());
    let mut cases = vec![];
    for change in [
        (|m| m.width = u32::MAX) as fn(&mut msgs::sensor_msgs::msg::PointCloud2),
        |m| m.height = u32::MAX,
        |m| m.point_step = 0,
        |m| m.point_step = u32::MAX,
        |m| m.is_bigendian = true,
        |m| m.fields.clear(),
        |m| m.fields[0].offset = u32::MAX,
        |m| m.fields[1].offset = 18,
        |m| m.fields[2].datatype = 8,
        |m| m.data = bytes::Bytes::new(),
    ] {
        let mut m = good.clone();
        change(&mut m);
        cases.push(m);
    }
    assert!(Points::new(&good).is_some());
    for m in cases {
        assert!(Points::new(&m).is_none());
    }
    let bad = [[f32::NAN; 3], [f32::INFINITY; 3], [f32::NEG_INFINITY; 3], [1e30; 3], [6.0, 0.0, f32::NAN]];
    let message = common::cloud(common::START, &bad.repeat(20));
    let mut monitor = Monitor::new(&vehicle, &MonitorParams::default(), 6.0);
    for i in 0..5 {
        let stamp = common::START + Duration::from_millis(100 * i);
        let motion = Motion { speed_mps: 8.0, ..Motion::default() };
        monitor.scan(&Points::new(&message).unwrap(), stamp, &motion, &path(0.0, 8.0));
        assert!(!monitor.obstacle());
    }
}
