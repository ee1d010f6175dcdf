//! Scripted objects on a straight road of four lanes and at the crossings of Town01.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Drive, map, pose_on};
use glam::DVec2;
use maps::{LaneId, LaneKey, LanePosition, Map};
use planning::{Kind, Measured, Object, PlanningParams, StopsFor};
use vehicle::Pose2;

/// e6mini: a motorway, straight enough; lanes -2, -3 and -4 in driving direction.
fn motorway() -> Option<Map> {
    map("e6mini")
}

fn lane(map: &Map, lane: i32) -> LaneId {
    map.lane_by_key(&LaneKey { road: "0".into(), section: 0, lane }).unwrap().id
}

fn drive_on(lane_no: i32, to_lane: i32, from: f64, to: f64) -> Option<Drive> {
    let map = motorway()?;
    let start = LanePosition { lane: lane(&map, lane_no), s: from, t: 0.0 };
    let goal = LanePosition { lane: lane(&map, to_lane), s: to, t: 0.0 };
    Some(Drive::new(map, PlanningParams { max_speed: 15.0, ..PlanningParams::default() }, start, goal))
}

fn car(id: u32, pose: Pose2, speed: f64) -> Object {
    let velocity_mps = DVec2::from_angle(pose.heading) * speed;
    Object { id, kind: Kind::Vehicle, pose, z: 0.0, length_m: 4.5, width_m: 1.9, velocity_mps }
}

fn person(id: u32, position: DVec2, velocity_mps: DVec2) -> Object {
    let pose = Pose2 { position, heading: velocity_mps.to_angle() };
    Object { id, kind: Kind::Vulnerable, pose, z: 0.0, length_m: 0.6, width_m: 0.6, velocity_mps }
}

fn stops_for_object(stops: &[(f64, StopsFor)]) -> bool {
    stops.iter().any(|(_, why)| *why == StopsFor::Barrier(planning::Reason::Obstacle))
}

#[test]
fn follows_a_vehicle_that_brakes_to_a_stop_and_goes_on() {
    let Some(mut drive) = drive_on(-3, -3, 20.0, 600.0) else { return };
    let (map, mut s, mut v) = (motorway().unwrap(), 60.0, 10.0_f64);
    let id = lane(&map, -3);
    let report = drive.run(200.0, |t, _| {
        v = if t < 15.0 {
            10.0
        } else if t < 40.0 {
            (v - 0.3).max(0.0)
        } else {
            (v + 0.1).min(13.0)
        };
        s += v * 0.1;
        if s > 640.0 {
            vec![]
        } else {
            vec![car(1, pose_on(&map, LanePosition { lane: id, s, t: 0.0 }).0, v)]
        }
    });
    println!(
        "{:?} gap {} a {:?} jerk {}",
        report.stops, report.least_gap_m, report.acceleration, report.jerk
    );
    assert!(report.arrived && report.least_gap_m > 2.0, "gap {}", report.least_gap_m);
    assert!(report.acceleration.0 > -5.0, "{:?}", report.acceleration);
}

#[test]
fn makes_room_for_a_vehicle_that_cuts_in() {
    let Some(mut drive) = drive_on(-3, -3, 20.0, 600.0) else { return };
    let map = motorway().unwrap();
    let (id, mut s) = (lane(&map, -3), 150.0);
    let report = drive.run(200.0, |t, me| {
        // Beside and a little ahead until 14 s, then in within 3 s.
        let offset = 3.5 * (1.0 - ((t - 14.0) / 3.0).clamp(0.0, 1.0));
        let mine = map.lane(id).centre.project(me.pose.position).0;
        s = if t < 14.0 { mine + 20.0 } else { s + 0.1 * 11.0 };
        if s > 640.0 {
            return vec![];
        }
        let speed = if t < 14.0 { me.speed_mps } else { 11.0 };
        let mut cutter = car(1, pose_on(&map, LanePosition { lane: id, s, t: offset }).0, speed);
        if (14.0..17.0).contains(&t) {
            cutter.velocity_mps -= DVec2::from_angle(cutter.pose.heading).perp() * (3.5 / 3.0);
        }
        vec![cutter]
    });
    println!("gap {} a {:?} jerk {}", report.least_gap_m, report.acceleration, report.jerk);
    assert!(report.arrived && report.least_gap_m > 2.0, "gap {}", report.least_gap_m);
}

#[test]
fn waits_before_a_blocked_lane_and_goes_on_when_it_clears() {
    // All three lanes are blocked, so that there is no way around.
    let Some(mut drive) = drive_on(-3, -3, 20.0, 400.0) else { return };
    let map = motorway().unwrap();
    let blockade: Vec<_> = [-2, -3, -4, -1, -5]
        .iter()
        .filter_map(|n| map.lane_by_key(&LaneKey { road: "0".into(), section: 0, lane: *n }))
        .map(|l| car(10 + l.id.0, pose_on(&map, LanePosition { lane: l.id, s: 200.0, t: 0.0 }).0, 0.0))
        .collect();
    let report = drive.run(200.0, |t, _| if t < 60.0 { blockade.clone() } else { vec![] });
    println!("{:?} gap {} a {:?}", report.stops, report.least_gap_m, report.acceleration);
    assert!(report.arrived && report.seconds > 60.0 && report.least_gap_m > 1.5);
    assert!(stops_for_object(&report.stops));
    assert!(report.acceleration.0 > -1.7 && report.jerk < 1.7, "{:?} {}", report.acceleration, report.jerk);
}

#[test]
fn passes_a_parked_vehicle_within_the_lane_or_beside_it() {
    for t in [-2.0, -1.4, 0.0, 1.4, 2.0] {
        let Some(mut drive) = drive_on(-3, -3, 20.0, 400.0) else { return };
        let map = motorway().unwrap();
        let at = LanePosition { lane: lane(&map, -3), s: 200.0, t };
        let parked = car(5, pose_on(&map, at).0, 0.0);
        let report = drive.run(120.0, |_, _| vec![parked]);
        println!("{t}: {:?} gap {} a_lat {}", report.stops, report.least_gap_m, report.lateral_acceleration);
        assert!(report.arrived, "{t}: stuck at {:?}", drive.measured);
        assert!(report.least_gap_m > 0.15, "{t}: gap {}", report.least_gap_m);
        assert!(report.lateral_acceleration < 2.1 && report.departures.is_empty());
    }
}

#[test]
fn noisy_parked_cars_beside_the_way_do_not_stop_it() {
    let Some(mut drive) = drive_on(-3, -3, 20.0, 400.0) else { return };
    let map = motorway().unwrap();
    let id = lane(&map, -3);
    let width = map.lane(id).width(200.0);
    let report = drive.run(120.0, |t, _| {
        let noise = 0.2 * (t * 37.0).sin();
        let beside = |i: u32| {
            let t = (if i.is_multiple_of(2) { 1.0 } else { -1.0 }) * (0.5 * width + 1.2) + noise;
            let place = LanePosition { lane: id, s: 60.0 + 12.0 * f64::from(i), t };
            car(i, pose_on(&map, place).0, 0.0)
        };
        (0..20).map(beside).collect()
    });
    println!("{:?} gap {} in {} s", report.stops, report.least_gap_m, report.seconds);
    assert!(report.arrived && report.seconds < 50.0, "{:?} {}", report.stops, report.seconds);
    assert!(!stops_for_object(&report.stops) && report.jerk < 1.7);
}

#[test]
fn yields_to_a_person_who_crosses() {
    for (begin, speed) in [(4.0, 1.4), (8.0, 1.0), (12.0, 2.0)] {
        let Some(mut drive) = drive_on(-3, -3, 20.0, 300.0) else { return };
        let map = motorway().unwrap();
        let (at, _) = pose_on(&map, LanePosition { lane: lane(&map, -3), s: 150.0, t: 0.0 });
        let left = DVec2::from_angle(at.heading).perp();
        let report = drive.run(120.0, |t, _| {
            let d = -9.0 + ((t - begin).max(0.0) * speed).min(18.0);
            let walks = t > begin && d < 9.0;
            let velocity = if walks { left * speed } else { DVec2::ZERO };
            vec![person(3, at.position + left * d, velocity)]
        });
        println!("{begin}: gap {} a {:?} {:?}", report.least_gap_m, report.acceleration, report.stops);
        assert!(report.arrived && report.least_gap_m > 0.7, "{begin}: gap {}", report.least_gap_m);
        // The last one runs out when the vehicle is 35 m away at 50 km/h.
        assert!(report.acceleration.0 > if begin < 12.0 { -3.0 } else { -6.1 }, "{:?}", report.acceleration);
    }
}

#[test]
fn changes_lanes_into_a_gap_and_waits_for_one() {
    // A column drives beside the vehicle for the first 60 s; then the lane is free.
    let Some(mut drive) = drive_on(-3, -4, 20.0, 700.0) else { return };
    let map = motorway().unwrap();
    let to = lane(&map, -4);
    let mut s = -200.0;
    let report = drive.run(240.0, |t, me| {
        let mine = map.lane(to).centre.project(me.pose.position).0;
        s = if t < 1.0 { mine } else { s + 0.1 * me.speed_mps.max(3.0) };
        if t > 60.0 {
            return vec![];
        }
        let at = |i: u32| LanePosition { lane: to, s: s - 20.0 + 10.0 * f64::from(i), t: 0.0 };
        let inside = |i: &u32| at(*i).s > 1.0 && at(*i).s < map.lane(to).length() - 1.0;
        (0..6).filter(inside).map(|i| car(i, pose_on(&map, at(i)).0, me.speed_mps.max(3.0))).collect()
    });
    println!("{:?} gap {} in {} s", report.stops, report.least_gap_m, report.seconds);
    assert!(report.arrived && report.least_gap_m > 0.5, "gap {}", report.least_gap_m);
}

/// Where a lane of a crossing of Town01 that goes straight is crossed by one that turns left from the other side.
fn left_turn(map: &Map) -> Option<(LaneId, LaneId)> {
    let turn = |id: LaneId| {
        let c = &map.lane(id).centre;
        vehicle::wrap_angle(c.at(c.length()).heading - c.at(0.0).heading)
    };
    let heading = |id: LaneId| map.lane(id).centre.at(0.0).heading;
    map.junctions.iter().flat_map(|j| &j.conflicts).find_map(|c| {
        let pairs = [(c.a.0, c.b.0), (c.b.0, c.a.0)];
        pairs.into_iter().find(|(a, b)| {
            let opposite = vehicle::wrap_angle(heading(*a) - heading(*b)).abs() > 2.8;
            opposite && turn(*a) > 1.2 && turn(*b).abs() < 0.1
        })
    })
}

#[test]
fn lets_oncoming_traffic_pass_before_it_turns_left() {
    let Some(map_) = map("Town01") else { return };
    let Some((ours, theirs)) = left_turn(&map_) else { panic!("no left turn in Town01") };
    let before = map_.lane(ours).predecessors[0];
    let after = map_.lane(ours).successors[0];
    let length = map_.lane(before).length();
    let from = LanePosition { lane: before, s: (length - 40.0).max(1.0), t: 0.0 };
    let to = LanePosition { lane: after, s: 20.0_f64.min(0.8 * map_.lane(after).length()), t: 0.0 };
    let oncoming = map_.lane(theirs).predecessors[0];
    let chain = [oncoming, theirs, map_.lane(theirs).successors[0]];
    for delay in [0.0, 2.0, 4.0, 6.0] {
        let Some(m) = map("Town01") else { return };
        let mut drive = Drive::new(m, PlanningParams::default(), from, to);
        let begin = map_.lane(oncoming).length() - 50.0 - 8.0 * delay;
        let report = drive.run(90.0, |t, _: &Measured| {
            let mut s = begin + 8.0 * t;
            if s < 0.0 {
                return vec![];
            }
            for lane in chain {
                let length = map_.lane(lane).length();
                if s < length {
                    return vec![car(7, pose_on(&map_, LanePosition { lane, s, t: 0.0 }).0, 8.0)];
                }
                s -= length;
            }
            vec![]
        });
        println!(
            "{delay}: in {:.1} s, gap {:.2}, a {:?} {:?}",
            report.seconds, report.least_gap_m, report.acceleration, report.stops
        );
        assert!(report.arrived && report.least_gap_m > 0.5, "{delay}: gap {}", report.least_gap_m);
        assert!(report.acceleration.0 > -4.5, "{:?}", report.acceleration);
    }
}
