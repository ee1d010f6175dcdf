//! Follows all objects: which detection is which object, which objects are new and which are gone.

use std::collections::BTreeMap;

use glam::DVec2;

use crate::assignment::Assignment;
use crate::detect::{Detection, Detections};
use crate::pose::Correction;
use crate::track::{Sighting, Track};

/// Squared Mahalanobis distance beyond which a detection is another object: 99.9 % of a chi-squared of 2.
const GATE: f64 = 13.8;
/// Farthest that an object is sought from where it was expected, m: the fastest oncoming one in 0.1 s.
const MAX_OFF_M: f64 = 6.0;
/// Most objects that are followed.
const MAX_TRACKS: usize = 1000;
const NONE: usize = usize::MAX;

/// Follows objects from scan to scan.
#[derive(Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    next_id: u32,
    sensor: DVec2,
    scanner_velocity: DVec2,
    // Memory that is used again.
    pairs: Vec<Pair>,
    groups: Groups,
    solver: Assignment,
    track_of: Vec<usize>,
    matched: Vec<Option<(usize, Sighting)>>,
}

/// A detection that may be a track.
struct Pair {
    track: usize,
    detection: usize,
    cost: f64,
    sighting: Sighting,
}

/// Tracks and detections that compete with each other, found by union-find over tracks then detections.
#[derive(Default)]
struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    fn reset(&mut self, n: usize) {
        self.parent.clear();
        self.parent.extend(0..n);
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

impl Tracker {
    /// All objects, also those that are not certain yet, by id.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Where the scanner was at the last scan, in `map`, m.
    pub fn sensor(&self) -> DVec2 {
        self.sensor
    }

    /// Forgets everything; ids go on.
    pub fn clear(&mut self) {
        self.tracks.clear();
    }

    /// The localization has jumped: objects are where they were, seen from the vehicle.
    pub fn correct(&mut self, correction: &Correction) {
        // Tiles are fixed in the map, so pieces of structures are found anew.
        self.tracks.retain(|t| t.tile.is_none());
        for track in &mut self.tracks {
            track.transform(correction.rotation, |p| correction.apply(p));
        }
        self.sensor = correction.apply(self.sensor);
    }

    /// Takes the detections of a scan taken `dt` seconds after the last one.
    pub fn step(&mut self, dt: f64, scan: &Detections) {
        let way = scan.sensor - self.sensor;
        self.scanner_velocity = if dt > 0.0 { way / dt } else { DVec2::ZERO };
        self.sensor = scan.sensor;
        for track in &mut self.tracks {
            track.predict(dt);
        }
        self.find_pairs(scan);
        self.assign(scan.list.len());
        self.match_tiles(scan);
        self.update(scan);
        self.begin(scan);
        self.tracks.retain(Track::is_alive);
    }

    fn find_pairs(&mut self, scan: &Detections) {
        self.pairs.clear();
        for (t, track) in self.tracks.iter().enumerate().filter(|(_, t)| t.tile.is_none()) {
            let (center, reach) = (track.motion.position(), track.size.length());
            for (d, detection) in scan.list.iter().enumerate().filter(|(_, d)| d.tile.is_none()) {
                let reach = MAX_OFF_M + 0.5 * (reach + detection.rect.length.hypot(detection.rect.width));
                if detection.rect.center.distance_squared(center) > reach * reach {
                    continue;
                }
                let sighting = track.sight(detection, &scan.hulls[detection.hull.clone()], scan.sensor);
                if sighting.innovation.length() > MAX_OFF_M {
                    continue;
                }
                let (distance, log_det) = track.motion.distance(sighting.innovation, sighting.noise);
                if distance < GATE {
                    let cost = distance + log_det + unlikeness(track, detection);
                    self.pairs.push(Pair { track: t, detection: d, cost, sighting });
                }
            }
        }
    }

    /// Gives each detection to at most one track, at the least cost over all; each group of competitors by itself.
    fn assign(&mut self, detections: usize) {
        let tracks = self.tracks.len();
        self.matched.clear();
        self.matched.resize(tracks, None);
        self.track_of.clear();
        self.track_of.resize(detections, NONE);
        self.groups.reset(tracks + detections);
        for pair in &self.pairs {
            self.groups.join(pair.track, tracks + pair.detection);
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, pair) in self.pairs.iter().enumerate() {
            groups.entry(self.groups.root(pair.track)).or_default().push(index);
        }
        for members in groups.values() {
            if let [only] = members[..] {
                let pair = &self.pairs[only];
                self.matched[pair.track] = Some((pair.detection, pair.sighting));
                self.track_of[pair.detection] = pair.track;
            } else {
                self.assign_group(members);
            }
        }
    }

    fn assign_group(&mut self, members: &[usize]) {
        let ordered = |key: &dyn Fn(&Pair) -> usize| {
            let mut all: Vec<usize> = members.iter().map(|m| key(&self.pairs[*m])).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (rows, columns) = (ordered(&|p| p.track), ordered(&|p| p.detection));
        // One column more per track stands for not being seen, at a cost that every pair within the gate beats.
        let unseen = self.pairs.iter().map(|p| p.cost).fold(0.0, f64::max) + 2.0 * GATE;
        let width = columns.len() + rows.len();
        let mut table = vec![(1e9, NONE); rows.len() * width];
        for (r, row) in table.chunks_mut(width).enumerate() {
            row[columns.len() + r].0 = unseen;
        }
        for index in members {
            let pair = &self.pairs[*index];
            if let (Ok(r), Ok(c)) = (rows.binary_search(&pair.track), columns.binary_search(&pair.detection))
            {
                table[r * width + c] = (pair.cost, *index);
            }
        }
        let (pairs, matched, track_of) = (&self.pairs, &mut self.matched, &mut self.track_of);
        self.solver.solve(
            rows.len(),
            width,
            |r, c| table[r * width + c].0,
            |r, c| {
                if let Some(pair) = pairs.get(table[r * width + c].1) {
                    matched[pair.track] = Some((pair.detection, pair.sighting));
                    track_of[pair.detection] = pair.track;
                }
            },
        );
    }

    /// Pieces of structures are the same where they are in the same tile.
    fn match_tiles(&mut self, scan: &Detections) {
        let mut of_tile: BTreeMap<[i32; 2], Vec<usize>> = BTreeMap::new();
        for (t, track) in self.tracks.iter().enumerate() {
            if let Some(tile) = track.tile {
                of_tile.entry(tile).or_default().push(t);
            }
        }
        for (d, detection) in scan.list.iter().enumerate() {
            let Some(tracks) = detection.tile.and_then(|tile| of_tile.get_mut(&tile)) else { continue };
            let off = |t: usize| self.tracks[t].motion.position().distance(detection.rect.center);
            let nearest = (0..tracks.len()).min_by(|a, b| off(tracks[*a]).total_cmp(&off(tracks[*b])));
            if let Some(t) = nearest.map(|n| tracks.swap_remove(n)) {
                let sighting =
                    self.tracks[t].sight(detection, &scan.hulls[detection.hull.clone()], scan.sensor);
                self.matched[t] = Some((d, sighting));
                self.track_of[d] = t;
            }
        }
    }

    fn update(&mut self, scan: &Detections) {
        for (track, matched) in self.tracks.iter_mut().zip(&self.matched) {
            match matched {
                Some((d, sighting)) => track.update(&scan.list[*d], sighting, self.scanner_velocity),
                None => track.miss(is_hidden(track, scan)),
            }
        }
    }

    /// Begins tracks of what belongs to none.
    fn begin(&mut self, scan: &Detections) {
        let followed = self.matched.len();
        for (detection, track) in scan.list.iter().zip(&self.track_of) {
            // A part of something that is followed already.
            let is_part = |(t, m): (&Track, &Option<_>)| {
                m.is_some() && t.tile.is_none() && t.confirmed && t.contains(detection.rect.center, 0.2)
            };
            let known = *track != NONE
                || self.tracks.len() >= MAX_TRACKS
                || self.tracks[..followed].iter().zip(&self.matched).any(is_part);
            if !known {
                self.tracks.push(Track::new(self.next_id, detection));
                // After four thousand million objects it begins anew rather than to stop.
                self.next_id = self.next_id.wrapping_add(1);
            }
        }
    }
}

/// How much a detection differs in height and size from a track, on the scale of a squared Mahalanobis distance.
fn unlikeness(track: &Track, detection: &Detection) -> f64 {
    let off = |a: f64, b: f64| ((a - b) / (0.3 + 0.25 * a.max(b))).powi(2).min(6.0);
    let (length, height) = (track.size.max_element(), track.heights[1]);
    0.5 * off(length, detection.rect.length) + 0.5 * off(height, detection.high)
}

/// Whether a track could not be seen: something stands before it, or its place is taken by a cluster that it has
/// merged with.
fn is_hidden(track: &Track, scan: &Detections) -> bool {
    let center = track.motion.position();
    let axes = DVec2::from_angle(track.yaw);
    let half = 0.5 * track.size;
    let probes = [DVec2::ZERO, half, -half, DVec2::new(half.x, -half.y), DVec2::new(-half.x, half.y)];
    let hidden =
        probes.iter().filter(|p| scan.skyline.hides(center + axes.rotate(**p) - scan.sensor)).count();
    let within = |d: &Detection| {
        let local = DVec2::from_angle(-d.rect.yaw).rotate(center - d.rect.center).abs();
        local.x < 0.5 * d.rect.length + 0.2 && local.y < 0.5 * d.rect.width + 0.2
    };
    // Beside the vehicle the lowest beam passes above.
    let top = track.ground_z + track.heights[1] - scan.sensor_height;
    let below = scan.skyline.is_below(top, center.distance(scan.sensor) + half.min_element());
    hidden >= 3 || below || scan.list.iter().any(within)
}
