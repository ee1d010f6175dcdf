//! `perf-maps FILE.xodr…`: time to load, time of look-ups, and the deviation from CARLA's parser where that is installed.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use glam::DVec3;
use maps::{LaneFilter, LanePosition, Map, RouteOptions};
use perf_maps::{Carla, percentile, python_with_carla};

fn main() -> Result<()> {
    let python = python_with_carla();
    if python.is_none() {
        println!(
            "CARLA's parser is not installed (pip install carla; CARLA_PYTHON names the Python): not compared"
        );
    }
    for file in std::env::args().skip(1) {
        let map = measure(&file)?;
        let Some(python) = &python else { continue };
        match Carla::load(python, Path::new(&file)) {
            Ok(carla) => print_comparison(&carla, &map),
            Err(error) => println!("  CARLA: {error:#}"),
        }
    }
    Ok(())
}

/// Numbers that are the same in each run (PCG's multiplier).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }
}

fn measure(file: &str) -> Result<Map> {
    let mut loads = vec![];
    let mut map = Map::load(file)?;
    for _ in 0..10 {
        let start = Instant::now();
        map = Map::load(file)?;
        loads.push(start.elapsed().as_secs_f64() * 1e3);
    }
    loads.sort_by(f64::total_cmp);
    let points: usize = map.lanes.iter().map(|l| l.centre.points().len()).sum();
    println!("{file}: {} lanes, {points} points", map.lanes.len());
    println!("  load               p50 {:.1} ms, max {:.1} ms (of 10)", loads[4], loads[9]);
    let drivable: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable()).collect();
    if drivable.is_empty() {
        return Ok(map);
    }
    let mut draws = Draws(1);
    let place = |draws: &mut Draws| {
        let lane = drivable[(draws.next() * drivable.len() as f64) as usize % drivable.len()];
        LanePosition { lane: lane.id, s: draws.next() * lane.length(), t: 0.0 }
    };
    // Where vehicles are: on the lanes, or up to 5 m beside their middle.
    let points: Vec<DVec3> = (0..20_000)
        .map(|_| {
            let at = place(&mut draws);
            map.point_at(LanePosition { t: 10.0 * (draws.next() - 0.5), ..at }).position
        })
        .collect();
    let time = |name: &str, run: &dyn Fn(DVec3)| {
        let mut times: Vec<f64> = vec![];
        for chunk in points.chunks(20) {
            let start = Instant::now();
            chunk.iter().for_each(|p| run(*p));
            times.push(start.elapsed().as_secs_f64() * 1e6 / chunk.len() as f64);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "  {name:<18} p50 {:.2} µs, p99 {:.2} µs",
            percentile(&times, 0.5),
            percentile(&times, 0.99)
        );
    };
    time("nearest_lane", &|p| {
        black_box(map.nearest_lane(p, LaneFilter::default()));
    });
    time("surface_height", &|p| {
        black_box(map.surface_height(p));
    });
    let mut routes = vec![];
    let mut found = 0;
    for _ in 0..200 {
        let (from, to) = (place(&mut draws), place(&mut draws));
        let start = Instant::now();
        found += usize::from(map.route(from, to, &RouteOptions::default()).is_ok());
        routes.push(start.elapsed().as_secs_f64() * 1e6);
    }
    routes.sort_by(f64::total_cmp);
    println!(
        "  route              p50 {:.0} µs, p99 {:.0} µs; {found} of 200 random pairs have one",
        percentile(&routes, 0.5),
        percentile(&routes, 0.99)
    );
    Ok(map)
}

fn print_comparison(carla: &Carla, map: &Map) {
    let c = carla.compare(map);
    println!(
        "  CARLA: {} waypoints on {} lanes; missing here {:?}, only here {:?}",
        c.waypoints, c.lanes, c.missing_lanes, c.extra_lanes
    );
    for (name, values, factor, unit) in
        [("centre lines", &c.deviations_m, 1e3, "mm"), ("headings", &c.headings_rad, 1e3, "mrad")]
    {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| percentile(values, share) * factor);
        println!("    {name:<13} p50 {p50:.3} {unit}, p99 {p99:.3} {unit}, max {max:.3} {unit}");
    }
    println!("    links         {}; only CARLA's {:?}, only ours {:?}", c.links, c.only_theirs, c.only_ours);
}
