//! The controller drives a vehicle with tyre slip and late actuators around courses.
#![allow(clippy::unwrap_used)]

mod common;

use common::course::Course;
use common::drive::{Sample, Setup, drive, quantile};
use runtime::params::Overrides;
use runtime::params::ParamStore;
use vehicle::VehicleParams;

fn vehicles() -> [(&'static str, VehicleParams); 2] {
    ["shuttle", "yard-tractor"].map(|name| {
        let mut overrides = Overrides::default();
        overrides.add_yaml(name, vehicle::shipped(name).unwrap()).unwrap();
        let store = ParamStore::<control::ControlParams>::new("/control_node", &overrides).unwrap();
        (name, store.node().vehicle.clone())
    })
}

/// How often the steering changes its direction by more than 0.01 rad.
fn swings(samples: &[Sample]) -> usize {
    let (mut extreme, mut rising, mut count) = (samples[0].steering, None, 0);
    for s in samples {
        let change = s.steering - extreme;
        match rising {
            Some(true) if change > 0.0 => extreme = s.steering,
            Some(false) if change < 0.0 => extreme = s.steering,
            _ if change.abs() > 0.01 => {
                count += usize::from(rising.is_some());
                (rising, extreme) = (Some(change > 0.0), s.steering);
            }
            _ => {}
        }
    }
    count
}

/// Drives with actuators as told, half and half as slow again.
fn each(name: &str, course: impl Fn(&VehicleParams) -> (Course, f64, f64), check: impl Fn(&str, &[Sample])) {
    for (vehicle_name, vehicle) in vehicles() {
        for scale in [1.0, 0.5, 1.5] {
            let (course, speed, duration) = course(&vehicle);
            let setup = Setup { speed, actuator_scale: scale, ..Setup::new(&vehicle) };
            let samples = drive(&course, &setup, duration);
            let what = format!("{name}, {vehicle_name}, actuators x {scale}");
            let lateral = |share| quantile(samples.iter().map(|s| s.lateral), share);
            let last = samples.last().unwrap();
            println!(
                "{what}: lateral p50 {:.3} p95 {:.3} max {:.3} m, speed error p95 {:.2}, swings {}, to {:.1} m at {:.1} m/s",
                lateral(0.5),
                lateral(0.95),
                lateral(1.0),
                quantile(samples.iter().map(|s| s.speed - s.wanted_speed), 0.95),
                swings(&samples),
                last.way,
                last.speed
            );
            check(&what, &samples);
        }
    }
}

fn lateral_within(p95: f64, max: f64) -> impl Fn(&str, &[Sample]) {
    move |what, samples| {
        // Actuators that are slower than it is told cost as much again.
        let factor = if what.ends_with("x 1.5") { 2.0 } else { 1.0 };
        assert!(quantile(samples.iter().map(|s| s.lateral), 0.95) < factor * p95, "{what}");
        assert!(quantile(samples.iter().map(|s| s.lateral), 1.0) < factor * max, "{what}");
    }
}

#[test]
fn straight() {
    for top in [1.0_f64, 5.0, 14.0, 25.0] {
        let course = |v: &VehicleParams| {
            let top = top.min(v.max_speed_mps);
            (Course::new(&[(600.0, 0.0)]).with_speed(top, top, top, 1.0, 2.0), top, 20.0)
        };
        each(&format!("straight {top} m/s"), course, lateral_within(0.01, 0.01));
    }
}

#[test]
fn circle() {
    for radius in [6.0_f64, 8.0, 20.0, 60.0, 300.0] {
        let k = 1.0 / radius;
        let ramp = (radius * 0.6).min(60.0);
        let course = |v: &VehicleParams| {
            let top = (2.0 * radius).sqrt().min(v.max_speed_mps);
            let c = Course::new(&[(10.0, 0.0), (ramp, k), (6.0 * radius, k), (ramp, 0.0), (60.0, 0.0)]);
            (c.with_speed(top, top, top, 1.0, 2.0), top, 25.0)
        };
        // At 25 m/s the tyres take most of a second to build up.
        let p95 = if radius > 100.0 { 0.2 } else { 0.1 };
        each(&format!("circle R {radius} m"), course, lateral_within(p95, 1.5 * p95));
    }
}

#[test]
fn slalom_of_clothoids() {
    for (k, length) in [(0.1, 12.0), (0.03, 25.0), (0.006, 70.0)] {
        let course = |v: &VehicleParams| {
            let mut pieces = vec![(10.0, 0.0)];
            for i in 0..8 {
                pieces.push((length, if i % 2 == 0 { k } else { -k }));
            }
            pieces.push((length, 0.0));
            let top = (2.0_f64 / k).sqrt().min(v.max_speed_mps);
            (Course::new(&pieces).with_speed(top, top, top, 1.0, 2.0), top, 20.0)
        };
        let p95 = if k < 0.01 { 0.18 } else { 0.12 };
        each(&format!("slalom {k} 1/m"), course, lateral_within(p95, 1.5 * p95));
    }
}

#[test]
fn lane_change() {
    for top in [8.0_f64, 14.0, 25.0] {
        let course = |v: &VehicleParams| {
            let top = top.min(v.max_speed_mps);
            // 3.5 m to the side within 4 s.
            let length = top;
            let k = 3.5 / (2.0 * length * length);
            let c = Course::new(&[
                (2.0 * top, 0.0),
                (0.5 * length, k),
                (length, -k),
                (0.5 * length, 0.0),
                (200.0, 0.0),
            ]);
            (c.with_speed(top, top, top, 1.0, 3.0), top, 12.0)
        };
        let p95 = if top > 20.0 { 0.2 } else { 0.1 };
        each(&format!("lane change {top} m/s"), course, lateral_within(p95, 1.5 * p95));
    }
}

#[test]
fn junction_turn_from_a_stand_to_a_stand() {
    for radius in [6.0, 8.0] {
        let k = -1.0 / radius;
        let quarter = radius * std::f64::consts::FRAC_PI_2;
        let course = |_: &VehicleParams| {
            let c = Course::new(&[(8.0, 0.0), (3.0, k), (quarter - 3.0, k), (3.0, 0.0), (20.0, 0.0)]);
            (c.with_speed(0.0, 8.0, 0.0, 1.0, 1.5), 0.0, 40.0)
        };
        let check = |what: &str, samples: &[Sample]| {
            lateral_within(0.15, 0.25)(what, samples);
            let last = samples.last().unwrap();
            assert!(last.speed == 0.0 && last.way > 25.0, "{what}: {last:?}");
        };
        each(&format!("junction R {radius} m"), course, check);
    }
}

#[test]
fn begins_half_a_metre_beside_the_path() {
    for (vehicle_name, vehicle) in vehicles() {
        for (speed, top) in [(0.0, 3.0), (0.0, 8.0), (5.0, 5.0), (14.0, 14.0), (25.0, 25.0)] {
            let (speed, top) = (f64::min(speed, vehicle.max_speed_mps), f64::min(top, vehicle.max_speed_mps));
            for scale in [0.5, 1.0, 1.5] {
                let course = Course::new(&[(600.0, 0.0)]).with_speed(speed, top, top, 1.0, 2.0);
                let setup = Setup { offset: 0.5, speed, actuator_scale: scale, ..Setup::new(&vehicle) };
                let samples = drive(&course, &setup, 20.0);
                let reached = samples.iter().find(|s| s.lateral < 0.05).unwrap();
                let overshoot = samples.iter().fold(0.0, |a: f64, s| a.min(s.lateral));
                let what = format!("{vehicle_name} {speed}..{top} m/s x {scale}");
                println!(
                    "{what}: 5 cm after {:.1} s, {:.1} m, overshoot {overshoot:.3} m, swings {}",
                    reached.time_s,
                    reached.way,
                    swings(&samples)
                );
                assert!(reached.way < 12.0 + 3.0 * top, "{what}");
                assert!(overshoot > -0.15, "{what}");
                assert!(swings(&samples) <= 3, "{what}");
                assert!(samples.last().unwrap().lateral.abs() < 0.01, "{what}");
            }
        }
    }
}

#[test]
fn stops_on_a_point_and_holds() {
    for slope_mps2 in [0.0, 0.5, -0.5] {
        for top in [3.0, 8.0, 14.0] {
            let course = |_: &VehicleParams| {
                (Course::new(&[(120.0, 0.0)]).with_speed(0.0, top, 0.0, 1.2, 2.0), 0.0, 70.0)
            };
            for (vehicle_name, vehicle) in vehicles() {
                for scale in [0.5, 1.0, 1.5] {
                    let (course, speed, duration) = course(&vehicle);
                    let setup = Setup { speed, slope_mps2, actuator_scale: scale, ..Setup::new(&vehicle) };
                    let samples = drive(&course, &setup, duration);
                    let last = samples.last().unwrap();
                    let error = last.way - course.length();
                    let over = samples.iter().fold(0.0, |a: f64, s| a.max(s.speed - top));
                    let back = samples.iter().fold(0.0, |a: f64, s| a.min(s.speed));
                    // The last move before it stands.
                    let jolt = samples.iter().rfind(|s| s.speed > 0.0).unwrap().acceleration;
                    let what = format!("{vehicle_name} {top} m/s, slope {slope_mps2}, x {scale}");
                    println!(
                        "{what}: off by {error:.3} m, {over:.3} m/s over, back {back:.3}, ends with {jolt:.2} m/s^2"
                    );
                    assert_eq!(last.speed, 0.0, "{what}");
                    assert!(last.control.acceleration_mps2 <= -0.9, "{what}");
                    // A slope of 5 % and actuators that are too slow each cost a bit.
                    let within =
                        0.2 + if slope_mps2 != 0.0 { 0.2 } else { 0.0 } + if scale > 1.0 { 0.2 } else { 0.0 };
                    assert!(error.abs() < within, "{what}: {error}");
                    assert!(over < if scale > 1.0 { 0.6 } else { 0.35 }, "{what}: {over}");
                }
            }
        }
    }
}

#[test]
fn fallback_mode_stops_on_the_path_and_goes_on_when_it_ends() {
    for (vehicle_name, vehicle) in vehicles() {
        let course = Course::new(&[(20.0, 0.0), (10.0, 0.05), (40.0, 0.05), (10.0, 0.0), (300.0, 0.0)]);
        let course = course.with_speed(0.0, 6.0, 6.0, 1.0, 2.0);
        let setup = Setup { fallback: 8.0..20.0, ..Setup::new(&vehicle) };
        let samples = drive(&course, &setup, 40.0);
        let at = |t: f64| samples.iter().find(|s| s.time_s >= t).unwrap();
        assert!(at(8.0).speed > 5.0);
        assert_eq!(at(14.0).speed, 0.0, "{vehicle_name}");
        assert_eq!(at(19.9).speed, 0.0);
        assert!(at(35.0).speed > 5.0);
        lateral_within(0.1, 0.15)(vehicle_name, &samples);
        let stopping = samples.iter().filter(|s| (8.0..14.0).contains(&s.time_s));
        let hardest = stopping.fold(0.0, |a: f64, s| a.min(s.acceleration));
        assert!((-1.7..-1.3).contains(&hardest), "{hardest}");
    }
}

#[test]
fn without_a_planner_it_stops_comfortably_along_the_last_path() {
    for (vehicle_name, vehicle) in vehicles() {
        let course =
            Course::new(&[(20.0, 0.0), (10.0, 0.05), (200.0, 0.05)]).with_speed(6.0, 6.0, 6.0, 1.0, 2.0);
        let setup = Setup { planner_dies_s: 2.0, speed: 6.0, ..Setup::new(&vehicle) };
        let samples = drive(&course, &setup, 20.0);
        let at = |t: f64| samples.iter().find(|s| s.time_s >= t).unwrap();
        assert!(at(2.8).speed > 5.5, "it is followed for a second");
        assert_eq!(at(9.0).speed, 0.0, "{vehicle_name}");
        let hardest = samples.iter().fold(0.0, |a: f64, s| a.min(s.acceleration));
        assert!((-1.7..-1.3).contains(&hardest), "{hardest}");
        lateral_within(0.1, 0.15)(vehicle_name, &samples);
    }
}
