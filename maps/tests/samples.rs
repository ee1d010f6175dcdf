//! Real road networks, whole and damaged. They are not part of the project: where they are missing, this says so.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use maps::{LaneFilter, LanePosition, Map, RouteOptions};
use proptest::prelude::*;

fn samples() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/maps/opendrive"));
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is missing", folder.display());
        return vec![];
    };
    let mut files: Vec<_> =
        entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "xodr")).collect();
    files.sort();
    files
}

fn wrap(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}

#[test]
fn lanes_join_without_gaps_and_kinks() {
    for file in samples() {
        let map = Map::load(&file).unwrap();
        assert!(map.lanes.iter().any(|l| l.kind.is_drivable()), "{}", file.display());
        for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
            assert_eq!(lane.centre.points().len(), lane.left_edge.len());
            assert_eq!(lane.centre.points().len(), lane.right_edge.len());
            for pair in lane.centre.points().windows(2) {
                let chord = pair[0].position.truncate().distance(pair[1].position.truncate());
                assert!(chord <= 2.001, "{}: {} has points {chord} m apart", file.display(), lane.key);
            }
            for next in &lane.successors {
                let next = map.lane(*next);
                assert!(next.predecessors.contains(&lane.id));
                let (end, start) = (lane.centre.at(lane.length()), next.centre.at(0.0));
                let gap = end.position.distance(start.position);
                assert!(gap < 0.02, "{}: {} to {}: {gap} m", file.display(), lane.key, next.key);
                let turn = wrap(end.heading - start.heading).abs();
                assert!(turn < 0.02, "{}: {} to {}: {turn} rad", file.display(), lane.key, next.key);
            }
        }
    }
}

#[test]
fn places_on_lanes_are_found_again() {
    for file in samples() {
        let map = Map::load(&file).unwrap();
        for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
            for i in 1..20 {
                let s = lane.length() * f64::from(i) / 20.0;
                let width = lane.width(s);
                for t in [0.0, 0.3 * width, -0.3 * width] {
                    let position = LanePosition { lane: lane.id, s, t };
                    let point = map.point_at(position).position;
                    let (found_s, found_t) = lane.centre.project(point.truncate());
                    assert!(
                        (found_s - s).abs() < 0.01 && (found_t - t).abs() < 0.01,
                        "{} {} {s} {t}: {found_s} {found_t}",
                        file.display(),
                        lane.key
                    );
                    let nearest = map.nearest_lane(point, LaneFilter::default()).unwrap();
                    assert!(nearest.t.abs() <= t.abs() + 0.01, "{} {} {s} {t}", file.display(), lane.key);
                    let height = map.surface_height(point).unwrap();
                    assert!((height - point.z).abs() < 0.3, "{} {} {s} {t}", file.display(), lane.key);
                }
            }
        }
    }
}

#[test]
fn routes_are_connected() {
    for file in samples() {
        let map = Map::load(&file).unwrap();
        let drivable: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable()).collect();
        let mut found = 0;
        for (i, from) in drivable.iter().enumerate() {
            let to = drivable[(i * 7 + 3) % drivable.len()];
            let start = LanePosition { lane: from.id, s: 0.1 * from.length(), t: 0.0 };
            let goal = LanePosition { lane: to.id, s: 0.9 * to.length(), t: 0.0 };
            let Ok(route) = map.route(start, goal, &RouteOptions::default()) else { continue };
            found += 1;
            assert_eq!(route.segments.first().unwrap().lane, from.id);
            assert_eq!(route.segments.last().unwrap().lane, to.id);
            for pair in route.segments.windows(2) {
                let lane = map.lane(pair[0].lane);
                if pair[0].change_to_next {
                    let beside =
                        [lane.left, lane.right].into_iter().flatten().find(|n| n.lane == pair[1].lane);
                    assert!(beside.is_some_and(|n| n.same_direction));
                } else {
                    assert!(lane.successors.contains(&pair[1].lane));
                    assert_eq!(pair[0].to_s, lane.length());
                }
            }
            for change in route.lane_changes(&map) {
                assert!(change.room_m >= 30.0 - 1e-6, "{}: {change:?}", file.display());
            }
        }
        println!("{}: {found} of {} routes", file.display(), drivable.len());
    }
}

#[test]
fn every_town01_lane_reaches_every_other() {
    let Some(file) = samples().into_iter().find(|f| f.ends_with("Town01.xodr")) else { return };
    let map = Map::load(file).unwrap();
    let drivable: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable()).collect();
    assert_eq!(drivable.len(), 124);
    for from in &drivable {
        for to in drivable.iter().step_by(9) {
            let place = |l: &maps::Lane| LanePosition { lane: l.id, s: 0.5 * l.length(), t: 0.0 };
            map.route(place(from), place(to), &RouteOptions::default()).unwrap();
        }
    }
}

/// What goes wrong with files.
#[derive(Clone, Debug)]
enum Damage {
    /// One attribute gets another value.
    Value(usize, &'static str),
    /// One line is left out, or is there twice.
    DropLine(usize),
    DoubleLine(usize),
    /// Two lines change places.
    Swap(usize, usize),
    /// The file ends early.
    Cut(usize),
}

const VALUES: [&str; 14] =
    ["", "NaN", "inf", "-inf", "1e308", "1e9", "-1e9", "-1", "0", "1", "999999999999", "x", "end", "1e-300"];

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..usize::MAX;
    prop_oneof![
        6 => (at.clone(), prop::sample::select(&VALUES[..])).prop_map(|(at, v)| Damage::Value(at, v)),
        1 => at.clone().prop_map(Damage::DropLine),
        1 => at.clone().prop_map(Damage::DoubleLine),
        1 => (at.clone(), at.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        1 => at.prop_map(Damage::Cut),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cut = None;
    for damage in damages {
        let count = lines.len();
        if count == 0 {
            break;
        }
        match damage {
            Damage::Value(at, value) => {
                let line = &mut lines[at % count];
                let quotes: Vec<usize> = line.match_indices('"').map(|(i, _)| i).collect();
                if quotes.len() >= 2 {
                    let pick = (at / count) % (quotes.len() / 2);
                    line.replace_range(quotes[2 * pick] + 1..quotes[2 * pick + 1], value);
                }
            }
            Damage::DropLine(at) => drop(lines.remove(at % count)),
            Damage::DoubleLine(at) => lines.insert(at % count, lines[at % count].clone()),
            Damage::Swap(a, b) => lines.swap(a % count, b % count),
            Damage::Cut(at) => cut = Some(at % count),
        }
    }
    let mut text = lines.join("\n");
    if let Some(cut) = cut {
        text.truncate(text.char_indices().nth(text.len() * cut / lines.len()).map_or(0, |(i, _)| i));
    }
    text
}

/// A damaged file loads or is refused with its place; what loads can be asked anything.
fn check(text: &str) {
    let start = Instant::now();
    match Map::from_opendrive("damaged.xodr", text) {
        Err(error) => assert!(error.to_string().starts_with("damaged.xodr"), "{error}"),
        Ok(map) => {
            for lane in &map.lanes {
                assert_eq!(lane.centre.points().len(), lane.left_edge.len());
                assert!(lane.centre.points().iter().all(|p| p.position.is_finite()
                    && p.heading.is_finite()
                    && p.curvature.is_finite()
                    && p.s.is_finite()));
                assert!(!lane.speed_limits.is_empty() && lane.speed_limits.iter().all(|l| l.limit_mps > 0.0));
                assert!(!lane.lane_changes.is_empty());
            }
            let (min, max) = map.bounds();
            for i in 0..10 {
                let point = min.lerp(max, f64::from(i) / 9.0).extend(0.0);
                map.nearest_lane(point, LaneFilter::default());
                map.surface_height(point);
            }
            let drivable: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable()).collect();
            if let (Some(from), Some(to)) = (drivable.first(), drivable.last()) {
                let place = |l: &maps::Lane| LanePosition { lane: l.id, s: 0.5 * l.length(), t: 0.0 };
                let _ = map.route(place(from), place(to), &RouteOptions::default());
            }
        }
    }
    // A minute is no measurement, but what never ends is found.
    assert!(start.elapsed() < Duration::from_secs(60));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_neither_panic_nor_hang(which in 0..100_usize, damages in prop::collection::vec(damage(), 1..6)) {
        let small: Vec<_> = samples().into_iter().filter(|f| f.metadata().unwrap().len() < 100_000).collect();
        let text = match small.get(which % (small.len() + 1)) {
            Some(file) => std::fs::read_to_string(file).unwrap(),
            None => include_str!("../data/terminal-yard.xodr").lines().take(1200).collect::<Vec<_>>().join("\n") + "\n</OpenDRIVE>",
        };
        check(&damaged(&text, &damages));
    }
}

#[test]
fn roads_of_a_million_kilometres_are_refused() {
    let Some(file) = samples().into_iter().find(|f| f.ends_with("curve_r100.xodr")) else { return };
    let text = std::fs::read_to_string(file).unwrap().replace("5.0000000000000000e+02", "1e9");
    let error = Map::from_opendrive("long.xodr", &text).err().expect("refused").to_string();
    assert!(error.contains("road 0") && error.contains("too long"), "{error}");
}
