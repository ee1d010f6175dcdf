//! Vehicles that share a world see each other, and know who hit whom.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use glam::DVec2;
use maps::Map;
use vehicle::Pose2;
use world::{Command, EgoConfig, Gear, Kind, LidarParams, POINT_STEP, Scan, World, WorldConfig};

/// Two vehicles on the same lane, `gap_m` from base_link to base_link.
fn pair(gap_m: f64, lidar: &LidarParams) -> (World, [world::EgoId; 2]) {
    let map = Arc::new(Map::load("terminal-yard").unwrap());
    let lane = map
        .lanes
        .iter()
        .filter(|l| l.kind.is_drivable() && l.junction.is_none())
        .filter(|l| l.centre.points().iter().all(|p| p.curvature.abs() < 1e-6))
        .max_by(|a, b| a.length().total_cmp(&b.length()))
        .unwrap();
    let start = |s: f64| {
        let p = lane.centre.at(s);
        Some(Pose2 { position: p.position.truncate(), heading: p.heading })
    };
    let mut config = EgoConfig { start: start(10.0), ..EgoConfig::default() };
    config.sensors.lidar = lidar.clone();
    assert!(lane.length() > gap_m + 30.0);
    let mut world = World::new(&WorldConfig::default(), Arc::clone(&map));
    let rear = world.add_ego(&config).unwrap();
    config.start = start(10.0 + gap_m);
    let front = world.add_ego(&config).unwrap();
    (world, [rear, front])
}

fn points(scan: &Scan) -> Vec<[f32; 3]> {
    let float = |c: &[u8], at: usize| f32::from_le_bytes(c[at..at + 4].try_into().unwrap());
    scan.data.chunks_exact(POINT_STEP).map(|c| [float(c, 0), float(c, 4), float(c, 8)]).collect()
}

#[test]
fn the_lidar_sees_the_other_vehicle_and_the_ground() {
    let exact = LidarParams { range_noise_m: 0.0, drop_out: 0.0, ..LidarParams::default() };
    let (mut world, [rear, _]) = pair(20.0, &exact);
    for _ in 0..100 {
        world.step();
    }
    let mut scan = Scan::default();
    world.scan(rear, &mut scan);
    let params = EgoConfig::default().vehicle;
    // Its rear end: 20 m between the rear axles, less the overhang and where the sensor sits.
    let wall = 20.0 - params.rear_overhang_m - params.lidar.x_m;
    let on_rear = points(&scan)
        .iter()
        .filter(|p| {
            (f64::from(p[0]) - wall).abs() < 0.02 && f64::from(p[1]).abs() < 0.5 * params.width_m + 0.02
        })
        .count();
    assert!(on_rear > 30, "{on_rear} points on the other's rear");
    // The ground right beside, away from everything that stands there.
    let heights: Vec<f32> = points(&scan)
        .iter()
        .filter(|p| DVec2::new(p[0].into(), p[1].into()).length() < 9.0)
        .map(|p| p[2])
        .collect();
    let low = heights.iter().filter(|z| (**z + 3.0).abs() < 0.2).count();
    assert!(low > 300 && low * 10 > heights.len() * 7, "{low} of {} on the ground", heights.len());
}

#[test]
fn noise_and_drop_out_are_as_large_as_they_say() {
    let noisy = LidarParams { range_noise_m: 0.05, drop_out: 0.2, ..LidarParams::default() };
    let exact = LidarParams { range_noise_m: 0.0, drop_out: 0.0, ..LidarParams::default() };
    let take = |params: &LidarParams| {
        let (mut world, [rear, _]) = pair(20.0, params);
        world.step();
        let mut scan = Scan::default();
        world.scan(rear, &mut scan);
        scan
    };
    let (noisy, exact) = (take(&noisy), take(&exact));
    let share = noisy.points as f64 / exact.points as f64;
    assert!((share - 0.8).abs() < 0.02, "{share}");
}

#[test]
fn who_drives_into_the_other_is_at_fault() {
    let (mut world, [rear, front]) = pair(16.0, &LidarParams::default());
    let mut collisions = vec![];
    for _ in 0..800 {
        let go = Command { acceleration_mps2: 1.5, gear: Gear::Drive, ..Command::default() };
        world.apply(rear, go);
        world.step();
        collisions.extend(world.take_happenings().into_iter().filter_map(|h| match h.kind {
            Kind::Collision { other, at_fault } => Some((h.ego, other, at_fault, h.speed_mps)),
            Kind::LaneDeparture => None,
        }));
    }
    let of = |ego| collisions.iter().find(|c| c.0 == ego).unwrap();
    assert_eq!((of(rear).1.as_str(), of(rear).2), ("ego 1", true), "{collisions:?}");
    assert_eq!((of(front).1.as_str(), of(front).2), ("ego 0", false), "{collisions:?}");
}

#[test]
fn the_outline_leaves_the_lanes_once() {
    let (mut world, [_, front]) = pair(20.0, &LidarParams::default());
    let mut departures = 0;
    for _ in 0..1500 {
        let angle = Command { steering_angle_rad: 0.25, ..Command::default() };
        let speed = world.chassis(front).speed_mps;
        world.apply(front, Command { acceleration_mps2: 2.0 - speed, gear: Gear::Drive, ..angle });
        world.step();
        let happened = world.take_happenings();
        departures += happened.iter().filter(|h| h.ego == front && h.kind == Kind::LaneDeparture).count();
        if departures > 0 && world.time_s() > 8.0 {
            break;
        }
    }
    assert!(departures == 1, "{departures}");
}

#[test]
fn the_camera_takes_a_picture() {
    let (mut world, [rear, _]) = pair(20.0, &LidarParams::default());
    world.step();
    let jpeg = world.shoot(rear);
    assert!(jpeg.len() > 5_000 && jpeg.starts_with(&[0xff, 0xd8]), "{} bytes", jpeg.len());
    if let Some(folder) = std::env::var_os("WORLD_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("camera.jpg"), jpeg).unwrap();
    }
}
