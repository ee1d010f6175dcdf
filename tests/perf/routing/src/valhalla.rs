//! Valhalla's routes (PyPI `pyvalhalla`), in a process of its own.
//!
//! Its durations stand on its own speeds and turn costs, so they say whether ours are sensible. Its shortest ways depend on
//! nothing but the roads, their directions, access and restrictions, so these must be ours.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use maps::road::{Query, Route};

use crate::percentile;

/// A route of Valhalla's.
#[derive(Clone, Copy)]
pub struct Theirs {
    duration_s: f64,
    length_m: f64,
    shortest_m: f64,
    /// Whether the shortest runs over tracks, which are no roads with us.
    has_track: bool,
    took_us: f64,
}

/// A Python that has `valhalla`: of the variable `VALHALLA_PYTHON`, else `python3`. None if there is none.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("VALHALLA_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let output = Command::new(&python).args(["-c", "import valhalla"]).output().ok()?;
    output.status.success().then_some(python)
}

/// Asks Valhalla the same.
pub fn routes(python: &Path, file: &Path, queries: &[Query]) -> Result<Vec<Option<Theirs>>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/valhalla_routes.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("run Python")?;
    let mut input = child.stdin.take().context("standard input")?;
    let text: String = queries
        .iter()
        .map(|q| {
            let [a, b] = [q.from, q.to];
            format!("{} {} {} {}\n", a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg)
        })
        .collect();
    let writer =
        std::thread::Builder::new().name("queries".into()).spawn(move || input.write_all(text.as_bytes()))?;
    let output = child.wait_with_output()?;
    let routes: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(read).collect::<Result<_>>()?;
    if routes.len() != queries.len() || !writer.join().is_ok_and(|w| w.is_ok()) {
        bail!("Valhalla answers {} of {} queries ({})", routes.len(), queries.len(), output.status);
    }
    Ok(routes)
}

fn read(line: &str) -> Result<Option<Theirs>> {
    if line == "-" {
        return Ok(None);
    }
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [duration_s, length_m, shortest_m, track, took_us] = numbers[..] else { bail!("Valhalla: {line}") };
    Ok(Some(Theirs { duration_s, length_m, shortest_m, has_track: track > 0.0, took_us }))
}

/// Prints how ours and theirs differ.
pub fn compare(
    queries: &[Query],
    quickest: &[Option<Route>],
    shortest: &[Option<Route>],
    theirs: &[Option<Theirs>],
    outliers: usize,
) {
    let ours = quickest.iter().flatten().count();
    let (mut took, mut all, mut only) = (vec![], vec![], [0, 0]);
    for (((query, quickest), shortest), theirs) in queries.iter().zip(quickest).zip(shortest).zip(theirs) {
        match (quickest, shortest, theirs) {
            (Some(quickest), Some(shortest), Some(theirs)) => {
                took.push(theirs.took_us);
                // Valhalla tells lengths in metres and times in milliseconds; on the shortest trips rounding counts.
                if theirs.length_m > 500.0 {
                    all.push((query, quickest, shortest, theirs));
                }
            }
            (Some(_), ..) => only[0] += 1,
            (.., Some(_)) => only[1] += 1,
            _ => {}
        }
    }
    took.sort_by(f64::total_cmp);
    println!(
        "Valhalla: {} found, ours {ours}; only ours {}, only theirs {}; p50 {:.0} µs, p95 {:.0} µs, p99 {:.0} µs",
        theirs.iter().flatten().count(),
        only[0],
        only[1],
        percentile(&took, 0.5),
        percentile(&took, 0.95),
        percentile(&took, 0.99)
    );
    let print = |name: &str, ratio: &dyn Fn(&Route, &Route, &Theirs) -> Option<f64>| {
        let mut ratios: Vec<f64> = all.iter().filter_map(|(_, q, s, t)| ratio(q, s, t)).collect();
        ratios.sort_by(f64::total_cmp);
        let within = |limit: f64| {
            100.0 * ratios.iter().filter(|r| (**r - 1.0).abs() <= limit).count() as f64 / ratios.len() as f64
        };
        println!(
            "  {name} of {} trips above 500 m: ours / theirs p5 {:.3}, p50 {:.3}, p95 {:.3}; within 1 %: {:.1} %, within 5 %: {:.1} %",
            ratios.len(),
            percentile(&ratios, 0.05),
            percentile(&ratios, 0.5),
            percentile(&ratios, 0.95),
            within(0.01),
            within(0.05)
        );
    };
    print("quickest, duration", &|q, _, t| Some(q.duration_s / t.duration_s));
    print("quickest, length", &|q, _, t| Some(q.length_m / t.length_m));
    print("shortest, length", &|_, s, t| (!t.has_track).then_some(s.length_m / t.shortest_m));
    all.retain(|(.., theirs)| !theirs.has_track);
    let off = |s: &Route, t: &Theirs| (s.length_m / t.shortest_m).ln().abs();
    all.sort_by(|a, b| off(b.2, b.3).total_cmp(&off(a.2, a.3)));
    for (query, _, shortest, theirs) in all.iter().take(outliers) {
        let [a, b] = [query.from, query.to];
        println!(
            "    {:.6},{:.6} {:.6},{:.6}: shortest {:.0} m, theirs {:.0} m; ours begins {:.0} m off on {}, ends {:.0} m off on {}",
            a.latitude_deg,
            a.longitude_deg,
            b.latitude_deg,
            b.longitude_deg,
            shortest.length_m,
            theirs.shortest_m,
            shortest.from.distance_m,
            shortest.from.way,
            shortest.to.distance_m,
            shortest.to.way
        );
    }
}
