//! Whole drives without other traffic on maps that nobody here drew.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Drive, Follows, map, percentile, random_pair};
use planning::PlanningParams;

const MAPS: [&str; 7] =
    ["Town01", "curve_r100", "e6mini", "fabriksgatan", "multi_intersections", "parking_demo", "soderleden"];

fn drive_all(name: &str, follows: Follows, seeds: std::ops::RangeInclusive<u64>) {
    let mut failures = vec![];
    for seed in seeds {
        let Some(map) = map(name) else { return };
        let Some((from, to)) = random_pair(&map, seed, 30.0) else {
            println!("{name} seed {seed}: no pair with a route");
            continue;
        };
        let label = format!("{name} seed {seed} {}..{}", map.lane(from.lane).key, map.lane(to.lane).key);
        let mut drive = Drive::new(map, PlanningParams::default(), from, to);
        drive.follows = follows;
        let r = drive.run(900.0, |_, _| vec![]).clone();
        if std::env::var_os("PLANNING_PLOT").is_some() {
            plot_drive(&format!("{name}-{seed}"), &drive);
        }
        let p95 = percentile(&r.lateral_error_m, 0.95);
        let line = format!(
            "{label}: arrived {} {:.0} s {:.0} m, goal {:.2} m, lateral p95 {:.3} max {:.3}, over limit {:.2}, \
             a_lat {:.2}, a {:.2}..{:.2}, jerk {:.2}, departures {} {:?}, plan p50 {:.0} p99 {:.0} us, stops {:?}",
            r.arrived,
            r.seconds,
            r.distance_m,
            r.goal_error_m,
            p95,
            percentile(&r.lateral_error_m, 1.0),
            r.over_limit_mps,
            r.lateral_acceleration,
            r.acceleration.0,
            r.acceleration.1,
            r.jerk,
            r.departures.len(),
            r.departures.first(),
            percentile(&r.plan_us, 0.5),
            percentile(&r.plan_us, 0.99),
            r.stops,
        );
        println!("{line}");
        let ideal = follows == Follows::Ideally;
        let (lateral, jerk) = if ideal { (2.05, 1.6) } else { (2.3, 4.0) };
        let good = r.arrived
            && r.goal_error_m < if ideal { 0.3 } else { 0.6 }
            && r.over_limit_mps < 0.3
            && r.lateral_acceleration < lateral
            && r.jerk < jerk
            && p95 < 0.25
            && r.departures.is_empty();
        if !good {
            failures.push(line);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn plot_drive(name: &str, drive: &Drive) {
    use glam::DVec2;
    use plot::{Color, Page, Panel, Stroke};
    let mut page = Page::new(1600, 1200, name, "");
    let mut above = Panel::new("from above").axes("x, m", "y, m").equal_scale();
    let track = &drive.report.track;
    let near = |p: DVec2| track.iter().any(|s| s.position.distance_squared(p) < 1600.0);
    for lane in drive.planner.map().lanes.iter().filter(|l| l.kind.is_drivable()) {
        if lane.centre.points().iter().any(|p| near(p.position.truncate())) {
            for edge in [&lane.left_edge, &lane.right_edge] {
                above.line(edge.iter().map(|p| p.truncate()), Stroke::new(Color::series(7)).width(0.5));
            }
        }
    }
    for s in track.iter().step_by(10) {
        let pose = vehicle::Pose2 { position: s.position, heading: s.heading };
        let corners = common::outline(&drive.vehicle, pose);
        above.line(corners.into_iter().chain([corners[0]]), Stroke::new(Color::series(1)).width(0.5));
    }
    above.line(track.iter().map(|s| s.position), Stroke::new(Color::series(0)));
    page.add([0.0, 0.0, 1.0, 0.6], above);
    let mut speed = Panel::new("speed").axes("t, s", "m/s, m/s^2");
    speed.line(track.iter().map(|s| DVec2::new(s.t, s.speed)), Stroke::new(Color::series(0)).label("speed"));
    speed.line(track.iter().map(|s| DVec2::new(s.t, s.limit)), Stroke::new(Color::series(1)).label("limit"));
    let a = track.iter().map(|s| DVec2::new(s.t, s.acceleration));
    speed.line(a, Stroke::new(Color::series(2)).label("acceleration"));
    page.add([0.0, 0.6, 1.0, 0.2], speed);
    let mut lateral = Panel::new("to the lane's middle").axes("t, s", "m");
    lateral.line(track.iter().map(|s| DVec2::new(s.t, s.lateral)), Stroke::new(Color::series(0)));
    page.add([0.0, 0.8, 0.5, 0.2], lateral);
    let mut curvature = Panel::new("curvature").axes("t, s", "1/m");
    curvature.line(track.iter().map(|s| DVec2::new(s.t, s.curvature)), Stroke::new(Color::series(0)));
    page.add([0.5, 0.8, 0.5, 0.2], curvature);
    page.save(format!("/tmp/plan-{name}.png")).unwrap();
}

#[test]
fn follows_town01_ideally() {
    drive_all(MAPS[0], Follows::Ideally, 1..=6);
}

#[test]
fn follows_the_esmini_maps_ideally() {
    for name in &MAPS[1..] {
        drive_all(name, Follows::Ideally, 1..=4);
    }
}

#[test]
fn follows_with_lag() {
    for name in MAPS {
        drive_all(name, Follows::WithLag, 11..=12);
    }
}
