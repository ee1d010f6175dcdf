//! Traffic and people over minutes: nobody runs into anybody, and everybody gets on.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use glam::{DVec2, DVec3};
use maps::Map;
use msgs::atlasmesh_msgs::msg::TrackedObject;
use vehicle::Pose2;
use world::{EgoConfig, EgoId, Kind, RoadUser, World, WorldConfig};

fn corners(user: &RoadUser) -> [DVec2; 4] {
    let ahead = DVec2::from_angle(user.heading);
    let (a, b) = (ahead * 0.5 * user.size.x, ahead.perp() * 0.5 * user.size.y);
    let c = user.center.truncate();
    [c + a + b, c - a + b, c - a - b, c + a - b]
}

/// Whether two boxes overlap from above: separating axes.
fn overlap(one: &RoadUser, other: &RoadUser) -> bool {
    if (one.center.z - other.center.z).abs() > 2.5 {
        return false;
    }
    let (p, q) = (corners(one), corners(other));
    let axes = [one.heading, other.heading].map(DVec2::from_angle);
    axes.iter().flat_map(|a| [*a, a.perp()]).all(|axis| {
        let span = |c: &[DVec2; 4]| {
            c.iter()
                .map(|p| p.dot(axis))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |s, x| (s.0.min(x), s.1.max(x)))
        };
        let ((a, b), (c, d)) = (span(&p), span(&q));
        a < d && c < b
    })
}

struct Summary {
    overlaps: Vec<String>,
    mean_speed: f64,
    longest_stand_s: f64,
    hit: usize,
    crossed: usize,
}

fn watch(world: &mut World, ego: EgoId, seconds: f64) -> Summary {
    let mut summary = Summary { overlaps: vec![], mean_speed: 0.0, longest_stand_s: 0.0, hit: 0, crossed: 0 };
    let mut stands = std::collections::BTreeMap::<u32, f64>::new();
    let mut count = 0.0;
    let map = Arc::clone(world.map());
    for step in 0..(seconds * 100.0) as u64 {
        world.step();
        let hits = world.take_happenings();
        summary.hit += hits.iter().filter(|h| matches!(h.kind, Kind::Collision { .. })).count();
        if step % 20 != 0 {
            continue;
        }
        let users = world.road_users(ego);
        for (i, one) in users.iter().enumerate() {
            for other in &users[..i] {
                // People pass through each other.
                let on_foot = |u: &RoadUser| u.class == TrackedObject::CLASS_PEDESTRIAN;
                if overlap(one, other) && !(on_foot(one) && on_foot(other)) {
                    summary.overlaps.push(format!(
                        "{:.1} s: {} and {} at {:.1}",
                        world.time_s(),
                        one.id,
                        other.id,
                        one.center
                    ));
                }
            }
            if one.class == TrackedObject::CLASS_PEDESTRIAN {
                let foot = one.center - DVec3::Z * 0.5 * one.size.z;
                let filter = maps::LaneFilter { within_m: 0.0, ..maps::LaneFilter::default() };
                summary.crossed += usize::from(!map.lanes_at(foot, filter).is_empty());
                continue;
            }
            let speed = one.velocity.length();
            (summary.mean_speed, count) = (summary.mean_speed + speed, count + 1.0);
            let stand = stands.entry(one.id).or_default();
            *stand = if speed < 0.1 { *stand + 0.2 } else { 0.0 };
            summary.longest_stand_s = summary.longest_stand_s.max(*stand);
        }
    }
    summary.mean_speed /= f64::max(count, 1.0);
    summary
}

fn check(map: &Path, seconds: f64, traffic: usize) {
    let map = Arc::new(Map::load(map).unwrap());
    let config = WorldConfig { seed: 7, traffic, pedestrians: 10 };
    let mut world = World::new(&config, map);
    // Beside the roads, so that nobody has to wait behind it.
    let start = Some(Pose2 { position: world.map().bounds().0 - 30.0, heading: 0.0 });
    let ego = world.add_ego(&EgoConfig { start, ..EgoConfig::default() }).unwrap();
    let s = watch(&mut world, ego, seconds);
    println!(
        "overlaps {}, mean speed {:.1} m/s, longest stand {:.0} s, {} times on the road on foot",
        s.overlaps.len(),
        s.mean_speed,
        s.longest_stand_s,
        s.crossed
    );
    assert!(s.overlaps.is_empty(), "{:#?}", &s.overlaps[..s.overlaps.len().min(20)]);
    assert_eq!(s.hit, 0, "the vehicle that stands was hit");
    assert!(s.mean_speed > 1.5, "{}", s.mean_speed);
    assert!(s.longest_stand_s < 90.0, "{}", s.longest_stand_s);
}

#[test]
fn nobody_runs_into_anybody_in_the_yard() {
    check(Path::new("terminal-yard"), 240.0, 15);
}

#[test]
fn nobody_runs_into_anybody_in_a_town() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/maps/opendrive/Town01.xodr");
    if file.exists() {
        check(&file, 300.0, 25);
    } else {
        println!("skipped: there is no {}", file.display());
    }
}
