//! `perf-routing [FILE.osm.pbf]`: time to load, memory, time of queries on one thread, and the routes beside Valhalla's.

mod valhalla;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use maps::Wgs84;
use maps::road::{Overlay, Query, RoadGraph, Route};

/// Places lie up to this far north and east of a road, degrees: about 20 m.
const BESIDE_DEG: f64 = 2e-4;
/// Each query is measured so often.
const REPEATS: usize = 5;
/// Blocked ways in the second round.
const BLOCKED: usize = 100;
/// Speed at which a shortest way is the quickest, whatever turns cost, m/s.
const CRAWL_MPS: f64 = 0.01;

#[derive(Parser)]
struct Cli {
    /// Roads
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data/maps/osm/liechtenstein-latest.osm.pbf"))]
    file: PathBuf,
    /// Random queries
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// Print so many of the queries that differ most
    #[arg(long, default_value_t = 0)]
    outliers: usize,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let before_mib = memory_mib("VmRSS")?;
    let start = Instant::now();
    let graph = RoadGraph::load(&cli.file)?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    println!(
        "{}: {} nodes, {} edges, {} ways, {} warnings",
        cli.file.display(),
        graph.node_count(),
        graph.edge_count(),
        graph.ways().len(),
        graph.warnings().len()
    );
    println!(
        "load {load_ms:.0} ms; memory {:.0} MiB, at most {:.0} MiB while loading",
        memory_mib("VmRSS")? - before_mib,
        memory_mib("VmHWM")? - before_mib
    );
    let mut draws = Draws(1);
    let queries: Vec<Query> = (0..cli.queries)
        .map(|_| Query { snap_within_m: 1000.0, from: draws.place(&graph), to: draws.place(&graph) })
        .collect();
    let mut blocks = Overlay::default();
    for _ in 0..BLOCKED {
        blocks.block(graph.ways()[draws.below(graph.ways().len())].id);
    }
    let quickest = time(&graph, "quickest", &queries, &Overlay::default());
    time(&graph, &format!("{BLOCKED} ways blocked"), &queries, &blocks);
    let mut crawl = Overlay::default();
    crawl.cap_all_speeds(CRAWL_MPS)?;
    let shortest: Vec<_> = queries.iter().map(|q| graph.route(q, &crawl).ok()).collect();
    match valhalla::python() {
        None => println!(
            "Valhalla is not installed (pip install pyvalhalla; VALHALLA_PYTHON names the Python): not compared"
        ),
        Some(python) => {
            let theirs = valhalla::routes(&python, &cli.file, &queries)?;
            valhalla::compare(&queries, &quickest, &shortest, &theirs, cli.outliers);
        }
    }
    Ok(())
}

/// Asks everything once to warm up, then measures each query; of its repeats the fastest, which no other process held up.
fn time(graph: &RoadGraph, name: &str, queries: &[Query], overlay: &Overlay) -> Vec<Option<Route>> {
    let routes: Vec<_> = queries.iter().map(|q| graph.route(q, overlay).ok()).collect();
    let mut times_us = vec![];
    for query in queries {
        let took_us = || {
            let start = Instant::now();
            std::hint::black_box(graph.route(query, overlay).ok());
            start.elapsed().as_secs_f64() * 1e6
        };
        times_us.push((0..REPEATS).map(|_| took_us()).fold(f64::INFINITY, f64::min));
    }
    times_us.sort_by(f64::total_cmp);
    let mut expanded: Vec<f64> = routes.iter().flatten().map(|r| r.expanded as f64).collect();
    expanded.sort_by(f64::total_cmp);
    println!(
        "{name}: p50 {:.0} µs, p95 {:.0} µs, p99 {:.0} µs, max {:.0} µs; {} of {} found; expanded p50 {:.0}",
        percentile(&times_us, 0.5),
        percentile(&times_us, 0.95),
        percentile(&times_us, 0.99),
        percentile(&times_us, 1.0),
        routes.iter().flatten().count(),
        queries.len(),
        percentile(&expanded, 0.5),
    );
    routes
}

/// The value that a share of the sorted ones does not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Numbers that are the same in each run (PCG's multiplier).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        ((self.next() * end as f64) as usize).min(end - 1)
    }

    /// Where trips begin and end: beside a road.
    fn place(&mut self, graph: &RoadGraph) -> Wgs84 {
        let line = &graph.way_geometry(graph.ways()[self.below(graph.ways().len())].id)[0];
        let point = line[self.below(line.len())];
        Wgs84::new(
            point.latitude_deg + BESIDE_DEG * (2.0 * self.next() - 1.0),
            point.longitude_deg + BESIDE_DEG * (2.0 * self.next() - 1.0),
        )
    }
}

/// A line of Linux' /proc/self/status, MiB.
fn memory_mib(name: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    let kib: f64 = line.and_then(|l| l.trim().strip_suffix(" kB")).context("memory in kB")?.parse()?;
    Ok(kib / 1024.0)
}
