//! Drives in lockstep: they reach their goal on every map, are the same twice, and replay to the bit.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use scenario::{Drive, DriveReport, DriveSettings, replay_drive};

fn drive(settings: DriveSettings, recording: Option<&Path>) -> DriveReport {
    Drive::new(settings, recording).unwrap().run(|_| true).unwrap()
}

fn on(map: &str, seed: u64) -> DriveSettings {
    DriveSettings { map: map.into(), seed, ..DriveSettings::default() }
}

/// What every drive must be.
fn assert_good(report: &DriveReport) {
    let what = &report.settings;
    assert!(report.goal_reached, "{what:?}: {:?}", report.failure);
    assert_eq!((report.collisions, report.lane_departures), (0, 0), "{what:?}: {:?}", report.events);
    assert!(report.lateral_error_m.p95 < 0.25, "{what:?}: {:?}", report.lateral_error_m);
    assert!(report.max_speed_over_limit_mps < 0.5, "{what:?}: {} m/s over", report.max_speed_over_limit_mps);
    assert!(report.distance_m > 0.9 * report.route_m, "{what:?}: {} m", report.distance_m);
    let safety: Vec<_> = report.stops.iter().filter(|s| s.by == "safety").collect();
    assert!(safety.is_empty(), "{what:?}: {safety:?}");
}

/// A sample map that does not belong to the project.
fn sample(name: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/maps/opendrive").join(name);
    let found = shared.exists().then_some(shared);
    if found.is_none() {
        eprintln!("skipped: there is no shared/data/maps/opendrive/{name} beside the checkout");
    }
    found
}

#[test]
fn both_vehicles_drive_in_the_yard() {
    for (vehicle, seed) in [("shuttle", 1), ("yard-tractor", 2)] {
        assert_good(&drive(DriveSettings { vehicle: vehicle.into(), ..on("terminal-yard", seed) }, None));
    }
}

#[test]
fn maps_of_others_are_driven() {
    for (name, seed) in
        [("Town01.xodr", 1), ("fabriksgatan.xodr", 2), ("e6mini.xodr", 1), ("soderleden.xodr", 3)]
    {
        let Some(file) = sample(name) else { continue };
        assert_good(&drive(on(file.to_str().unwrap(), seed), None));
    }
}

#[test]
fn traffic_is_not_hit() {
    let report = drive(DriveSettings { traffic: 20, ..on("terminal-yard", 4) }, None);
    assert!(report.goal_reached, "{:?}", report.failure);
    assert_eq!(report.collisions_at_fault, 0, "{:?}", report.events);
}

#[test]
fn a_drive_is_the_same_twice_and_in_the_replay_of_each_node() {
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("drive.mcap");
    let settings = DriveSettings { traffic: 5, pedestrians: 3, ..on("terminal-yard", 1) };
    let first = drive(settings.clone(), Some(&bag));
    let second = drive(settings, None);
    assert_eq!(first.trajectory_hash, second.trajectory_hash);
    let replays = replay_drive(&bag, |_| true, |_| ()).unwrap();
    assert_eq!(replays.len(), scenario::NODE_NAMES.len());
    for node in replays {
        assert_eq!(node.report.difference, None, "{}", node.name);
        assert!(node.report.steps > 10 && node.report.outputs > 10, "{}: {:?}", node.name, node.report);
    }
    let other = drive(DriveSettings { seed: 5, ..first.settings.clone() }, None);
    assert_ne!(first.trajectory_hash, other.trajectory_hash, "the seed has no effect");
}

#[test]
fn a_parameter_slows_the_drive_down() {
    let params = vec!["planning_node:max_speed:=3.0".to_string()];
    let report = drive(DriveSettings { params, ..on("terminal-yard", 1) }, None);
    let fastest = report.trace.iter().map(|p| p.speed_mps).fold(0.0, f64::max);
    assert!(fastest < 3.3, "{fastest} m/s");
}

#[test]
fn what_can_not_be_driven_is_refused() {
    let error = |settings| Drive::new(settings, None).err().unwrap().to_string();
    let missing = error(on("nowhere.xodr", 1));
    assert!(missing.contains("nowhere.xodr"), "{missing}");
    let far = Some(scenario::Place { x: 1e6, y: 0.0 });
    let off_road = error(DriveSettings { to: far, ..on("terminal-yard", 1) });
    assert!(off_road.contains("--to 1000000.0,0.0 is"), "{off_road}");
    let tank = error(DriveSettings { vehicle: "tank".into(), ..on("terminal-yard", 1) });
    assert!(tank.contains("no vehicle tank"), "{tank}");
}
