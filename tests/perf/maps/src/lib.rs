//! Our lanes against those of CARLA's own parser (PyPI `carla`), which runs in a process of its own.
//!
//! CARLA samples the middle of every driving lane each 0.5 m and names road, section and lane of each sample. For each
//! sample the lane of the same name is looked up in our map, and the sample is projected onto our lane's middle: the
//! deviation is the distance across, and the difference of headings. CARLA's coordinates are 32-bit floats (about 0.03 mm).

use std::collections::BTreeSet;
use std::f64::consts::PI;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use glam::DVec2;
use maps::{LaneKey, Map};

/// A sample of CARLA's.
struct Waypoint {
    lane: LaneKey,
    place: DVec2,
    heading: f64,
}

/// What CARLA makes of a map.
pub struct Carla {
    waypoints: Vec<Waypoint>,
    links: BTreeSet<(LaneKey, LaneKey)>,
}

/// How far our lanes are from CARLA's.
#[derive(Debug, Default)]
pub struct Comparison {
    /// CARLA's samples.
    pub waypoints: usize,
    /// Driving lanes that CARLA has.
    pub lanes: usize,
    /// Those of them that we lack, or that are not drivable with us.
    pub missing_lanes: Vec<String>,
    /// Our drivable lanes that CARLA has no sample on, if they are longer than 0.5 m and not closed.
    pub extra_lanes: Vec<String>,
    /// Distances of CARLA's samples from our middle, m, sorted.
    pub deviations_m: Vec<f64>,
    /// Differences of headings, rad, sorted.
    pub headings_rad: Vec<f64>,
    /// Links from lane to lane that CARLA has.
    pub links: usize,
    /// Links that only CARLA has, and that only we have.
    pub only_theirs: Vec<String>,
    /// Links that only we have.
    pub only_ours: Vec<String>,
}

/// A Python that has `carla`: of the variable `CARLA_PYTHON`, else `python3`. None if there is none.
pub fn python_with_carla() -> Option<PathBuf> {
    let python = std::env::var_os("CARLA_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let output = Command::new(&python).args(["-c", "import carla"]).output().ok()?;
    output.status.success().then_some(python)
}

impl Carla {
    /// Runs CARLA's parser on a file.
    pub fn load(python: &Path, file: &Path) -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/carla_lanes.py");
        let output = Command::new(python).arg(script).arg(file).output().context("run Python")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut carla = Self { waypoints: vec![], links: BTreeSet::new() };
        for line in text.lines() {
            let mut words = line.split(' ');
            match words.next() {
                Some("w") => {
                    let lane = key(&mut words)?;
                    let mut number = || -> Result<f64> { Ok(words.next().context("a number")?.parse()?) };
                    let place = DVec2::new(number()?, number()?);
                    carla.waypoints.push(Waypoint { lane, place, heading: number()? });
                }
                Some("t") => {
                    let (from, to) = (key(&mut words)?, key(&mut words)?);
                    // That is how CARLA says that a lane leads nowhere.
                    if from != to {
                        carla.links.insert((from, to));
                    }
                }
                _ => {}
            }
        }
        if carla.waypoints.is_empty() {
            bail!("CARLA's parser finds no driving lane in {} ({})", file.display(), output.status);
        }
        Ok(carla)
    }

    /// Compares with our map of the same file.
    pub fn compare(&self, map: &Map) -> Comparison {
        let theirs: BTreeSet<&LaneKey> = self.waypoints.iter().map(|w| &w.lane).collect();
        let mut result = Comparison {
            waypoints: self.waypoints.len(),
            lanes: theirs.len(),
            links: self.links.len(),
            ..Comparison::default()
        };
        for key in &theirs {
            if !map.lane_by_key(key).is_some_and(|l| l.kind.is_drivable()) {
                result.missing_lanes.push(key.to_string());
            }
        }
        for lane in map.lanes.iter().filter(|l| l.kind.is_drivable() && l.length() > 0.5) {
            if !theirs.contains(&lane.key) && lane.width(0.5 * lane.length()) > 0.1 {
                result.extra_lanes.push(lane.key.to_string());
            }
        }
        for waypoint in &self.waypoints {
            let Some(lane) = map.lane_by_key(&waypoint.lane) else { continue };
            let (s, t) = lane.centre.project(waypoint.place);
            let beyond = if s < 0.0 { -s } else { (s - lane.length()).max(0.0) };
            result.deviations_m.push(t.abs().max(beyond));
            let turn = lane.centre.at(s).heading - waypoint.heading;
            // CARLA has no heading at the very end of some of parking_demo's spirals.
            if turn.is_finite() {
                result.headings_rad.push(((turn + PI).rem_euclid(2.0 * PI) - PI).abs());
            }
        }
        result.deviations_m.sort_by(f64::total_cmp);
        result.headings_rad.sort_by(f64::total_cmp);
        let drivable = map.lanes.iter().filter(|l| l.kind.is_drivable());
        let ours: BTreeSet<_> = drivable
            .flat_map(|l| l.successors.iter().map(|n| (l.key.clone(), map.lane(*n).key.clone())))
            .collect();
        let name = |(a, b): &(LaneKey, LaneKey)| format!("{a} → {b}");
        result.only_theirs = self.links.difference(&ours).map(name).collect();
        result.only_ours = ours.difference(&self.links).map(name).collect();
        result
    }
}

fn key<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<LaneKey> {
    let mut word = || words.next().context("road, section and lane");
    Ok(LaneKey { road: word()?.to_string(), section: word()?.parse()?, lane: word()?.parse()? })
}

/// The value that a share of the sorted ones does not exceed.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
