//! What the map must be.

use std::collections::BTreeSet;

use glam::DVec3;
use maps::{LaneFilter, LaneKind, Map, SignalKind};

fn map() -> Map {
    Map::load("terminal-yard").unwrap()
}

#[test]
fn nothing_is_wrong_in_it() {
    let map = map();
    let warnings: Vec<String> = map.warnings.iter().map(|w| format!("{}: {}", w.place, w.what)).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    assert!(map.is_georeferenced);
    let place = map.georeference.to_wgs84(DVec3::ZERO);
    assert!((place.latitude_deg - 24.80).abs() < 0.01 && (place.longitude_deg - 54.65).abs() < 0.01);
}

#[test]
fn every_drivable_lane_leads_to_every_other() {
    let map = map();
    let drivable: Vec<_> =
        map.lanes.iter().filter(|l| l.kind.is_drivable() && l.width(0.5 * l.length()) > 1.5).collect();
    assert!(drivable.len() > 100);
    // A lane change to an open lane counts as a way on.
    let reached = |forward: bool| {
        let mut seen = BTreeSet::from([drivable[0].id]);
        let mut open = vec![drivable[0].id];
        while let Some(id) = open.pop() {
            let lane = map.lane(id);
            let mut next = if forward { lane.successors.clone() } else { lane.predecessors.clone() };
            let changes = lane.lane_changes.iter();
            let left = lane.left.filter(|n| n.same_direction && changes.clone().any(|c| c.left));
            let right = lane.right.filter(|n| n.same_direction && changes.clone().any(|c| c.right));
            next.extend(left.iter().chain(&right).map(|n| n.lane));
            open.extend(next.into_iter().filter(|n| seen.insert(*n)));
        }
        seen
    };
    let (forward, backward) = (reached(true), reached(false));
    for lane in drivable {
        assert!(forward.contains(&lane.id), "nothing leads to {}", lane.key);
        assert!(backward.contains(&lane.id), "nothing leads back from {}", lane.key);
    }
}

#[test]
fn there_is_no_kink_and_no_curve_too_tight_for_a_truck() {
    let map = map();
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
        for pair in lane.centre.points().windows(2) {
            let turn = vehicle_wrap(pair[1].heading - pair[0].heading).abs();
            assert!(turn < 0.2, "{} turns by {turn} at {}", lane.key, pair[0].s);
            let chord = (pair[1].position - pair[0].position).truncate().to_angle();
            assert!(vehicle_wrap(chord - pair[0].heading).abs() < 0.15, "{} at {}", lane.key, pair[0].s);
        }
        let tightest = lane.centre.points().iter().map(|p| p.curvature.abs()).fold(0.0, f64::max);
        assert!(tightest <= 1.0 / 8.0, "{}: radius {:.1} m", lane.key, 1.0 / tightest);
        for next in &lane.successors {
            let (end, start) = (lane.centre.at(f64::INFINITY.min(1e9)), map.lane(*next).centre.at(0.0));
            assert!(end.position.distance(start.position) < 1e-3, "{} to {}", lane.key, map.lane(*next).key);
            assert!(
                vehicle_wrap(end.heading - start.heading).abs() < 1e-4,
                "{} to {}",
                lane.key,
                map.lane(*next).key
            );
        }
    }
}

fn vehicle_wrap(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}

#[test]
fn no_solid_object_stands_on_a_lane() {
    let map = map();
    let filter = LaneFilter { drivable: true, heading: None, within_m: 0.3 };
    let solid: Vec<_> = map.objects.iter().filter(|o| o.is_solid()).collect();
    assert!(solid.len() > 300);
    for object in solid {
        let (half_length, half_width) = match object.shape {
            maps::ObjectShape::Box { length_m, width_m } => (0.5 * length_m, 0.5 * width_m),
            maps::ObjectShape::Cylinder { radius_m } => (radius_m, radius_m),
            maps::ObjectShape::Outline(_) => (0.0, 0.0),
        };
        let axis = glam::DVec2::from_angle(object.heading);
        for (u, v) in
            [(0.0, 0.0), (1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, 0.0), (-1.0, 0.0)]
        {
            let corner = axis.rotate(glam::DVec2::new(u * half_length, v * half_width)).extend(0.0);
            let on = map.nearest_lane(object.position + corner, filter);
            assert!(on.is_none(), "{} {} at {}", object.kind, object.key, object.position);
        }
    }
}

#[test]
fn it_has_what_a_terminal_has() {
    let map = map();
    let limits: BTreeSet<i64> = map
        .lanes
        .iter()
        .filter(|l| l.kind.is_drivable())
        .flat_map(|l| &l.speed_limits)
        .map(|l| (l.limit_mps * 3.6).round() as i64)
        .collect();
    assert!(limits.contains(&60) && limits.contains(&25) && limits.contains(&10), "{limits:?}");
    let kinds = |kind: &str| map.objects.iter().filter(|o| o.kind == kind).count();
    assert!(kinds("container") > 200 && kinds("building") >= 8 && kinds("parkingSpace") >= 20);
    let signals =
        |kind: SignalKind| map.signals.iter().filter(|s| s.kind == kind && !s.lanes.is_empty()).count();
    assert!(signals(SignalKind::Stop) >= 8 && signals(SignalKind::Yield) >= 5);
    assert!(map.lanes.iter().any(|l| l.kind == LaneKind::Parking));
    assert!(map.lanes.iter().any(|l| l.lane_changes.iter().any(|c| c.right)), "no lane change anywhere");
    assert!(map.junctions.iter().any(|j| j.conflicts.iter().any(|c| c.a_has_priority.is_some())));
}
