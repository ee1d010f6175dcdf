//! The map as a whole, and looking things up in it.

use std::collections::BTreeMap;
use std::path::Path;

use glam::{DVec2, DVec3};

use crate::error::{MapError, Place, Warning};
use crate::geo::GeoReference;
use crate::index::{LaneIndex, Piece};
use crate::lane::{Junction, Lane, LaneId, LaneKey, Object, Signal};
use crate::polyline::{PolylinePoint, wrap_angle};
use crate::{opendrive, shipped};

/// Points this far outside of a lane's edges are still on it, m.
const ON_LANE_M: f64 = 1e-3;
/// Lanes whose heights differ by less lie on the same level, m.
const SAME_LEVEL_M: f64 = 1.5;
/// A road's surface is found this far beside its lanes, so that none is lost in the joints, m.
const SURFACE_GAP_M: f64 = 0.05;

/// A lane graph.
pub struct Map {
    /// Name: of the header, else of the file.
    pub name: String,
    /// Lanes, by id; all kinds.
    pub lanes: Vec<Lane>,
    /// Junctions, by id.
    pub junctions: Vec<Junction>,
    /// Signals and signs.
    pub signals: Vec<Signal>,
    /// Things beside and on the roads.
    pub objects: Vec<Object>,
    /// How it lies on the earth: that of the file, else a local plane near Abu Dhabi (24.5° N, 54.4° E).
    pub georeference: GeoReference,
    /// Whether the file says how it lies on the earth.
    pub is_georeferenced: bool,
    /// What is not right in the file.
    pub warnings: Vec<Warning>,
    /// XXH3 digest (128 bits) of the file's bytes, hexadecimal; tells versions apart.
    pub digest: String,
    index: LaneIndex,
    by_key: BTreeMap<LaneKey, LaneId>,
}

/// What an importer makes.
pub(crate) struct MapParts {
    pub name: String,
    pub lanes: Vec<Lane>,
    pub junctions: Vec<Junction>,
    pub signals: Vec<Signal>,
    pub objects: Vec<Object>,
    pub georeference: GeoReference,
    pub is_georeferenced: bool,
    pub warnings: Vec<Warning>,
    pub digest: String,
}

/// Which lanes are looked at.
#[derive(Clone, Copy, Debug)]
pub struct LaneFilter {
    /// Only drivable lanes.
    pub drivable: bool,
    /// Only lanes whose heading differs from this by less than 90°, rad.
    pub heading: Option<f64>,
    /// Only lanes within this distance, m, in the plane, of their edges.
    pub within_m: f64,
}

impl Default for LaneFilter {
    fn default() -> Self {
        Self { drivable: true, heading: None, within_m: 50.0 }
    }
}

/// A place on or beside a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LanePosition {
    /// The lane.
    pub lane: LaneId,
    /// Arc length along its middle, m.
    pub s: f64,
    /// To the left of its middle, m.
    pub t: f64,
}

/// A lane near a point.
#[derive(Clone, Copy)]
struct Candidate {
    position: LanePosition,
    /// Distance from its edges in the plane, 0 on it.
    outside_m: f64,
    /// Distance in height.
    height_m: f64,
}

impl Map {
    /// Loads a map by the ending of its name: `.xodr` (OpenDRIVE 1.4 to 1.8), or one that ships with the product by its
    /// name, e.g. `terminal-yard`.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MapError> {
        let path = path.as_ref();
        if let Some(text) = path.to_str().and_then(shipped::text) {
            return Self::from_opendrive(path, text);
        }
        let is_opendrive = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xodr"));
        if !is_opendrive {
            let what = format!(
                "expected a file that ends in .xodr, or the name of a map that ships with the product: {}",
                crate::SHIPPED.join(", ")
            );
            return Err(MapError::Content {
                place: Place { file: path.to_owned(), ..Place::default() },
                what,
            });
        }
        Self::from_opendrive(path, &read_text(path)?)
    }

    /// Reads OpenDRIVE. `file` is named in errors.
    pub fn from_opendrive(file: impl AsRef<Path>, text: &str) -> Result<Self, MapError> {
        let digest = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
        opendrive::map(file.as_ref(), text, digest)
    }

    pub(crate) fn from_parts(parts: MapParts) -> Self {
        Self {
            index: LaneIndex::new(&parts.lanes),
            by_key: parts.lanes.iter().map(|l| (l.key.clone(), l.id)).collect(),
            name: parts.name,
            lanes: parts.lanes,
            junctions: parts.junctions,
            signals: parts.signals,
            objects: parts.objects,
            georeference: parts.georeference,
            is_georeferenced: parts.is_georeferenced,
            warnings: parts.warnings,
            digest: parts.digest,
        }
    }

    /// A lane.
    pub fn lane(&self, id: LaneId) -> &Lane {
        &self.lanes[id.0 as usize]
    }

    /// The lane that the file calls so.
    pub fn lane_by_key(&self, key: &LaneKey) -> Option<&Lane> {
        self.by_key.get(key).map(|id| self.lane(*id))
    }

    /// The lane nearest to a point: first those it is on (nearest in height, then to the middle), then by the distance of
    /// their edges. On overlapping lanes of a junction the one nearest to the middle. `s` is within the lane.
    pub fn nearest_lane(&self, point: DVec3, filter: LaneFilter) -> Option<LanePosition> {
        if !point.is_finite() {
            return None;
        }
        let plane = point.truncate();
        let at = self.index.in_rectangle(plane, plane, filter.drivable);
        let on = at.filter_map(|p| self.candidate(p, point, &filter)).filter(|c| c.outside_m <= ON_LANE_M);
        let mut on = on.collect::<Vec<_>>();
        if let Some(lowest) = on.iter().map(|c| c.height_m).reduce(f64::min) {
            on.retain(|c| c.height_m <= lowest + SAME_LEVEL_M);
            let middle = |c: &Candidate| c.position.t.abs();
            let best = on.into_iter().min_by(|a, b| middle(a).total_cmp(&middle(b)).then(order(a, b)));
            return best.map(|c| c.position);
        }
        let mut best: Option<Candidate> = None;
        for tree in self.index.by_distance(point, filter.drivable) {
            for (piece, distance_2) in tree {
                let limit = best.map_or(filter.within_m, |b| b.outside_m);
                if distance_2 > limit * limit {
                    break;
                }
                let Some(found) = self.candidate(piece, point, &filter) else { continue };
                let nearer =
                    |b: &Candidate| found.outside_m.total_cmp(&b.outside_m).then(order(&found, b)).is_lt();
                if found.outside_m <= filter.within_m && best.as_ref().is_none_or(nearer) {
                    best = Some(found);
                }
            }
        }
        best.map(|c| c.position)
    }

    /// All lanes that a point is on, or within `filter.within_m` of, by the distance from their edges.
    pub fn lanes_at(&self, point: DVec3, filter: LaneFilter) -> Vec<LanePosition> {
        if !point.is_finite() {
            return vec![];
        }
        let reach = DVec2::splat(if filter.within_m.is_finite() { filter.within_m.max(0.0) } else { 1e9 });
        let (min, max) = (point.truncate() - reach, point.truncate() + reach);
        let pieces = self.index.in_rectangle(min, max, filter.drivable);
        let near = pieces.filter_map(|p| self.candidate(p, point, &filter));
        let near = near.filter(|c| c.outside_m <= filter.within_m.max(ON_LANE_M));
        let mut best: BTreeMap<LaneId, Candidate> = BTreeMap::new();
        for found in near {
            let known = best.entry(found.position.lane).or_insert(found);
            let key = |c: &Candidate| (c.outside_m, c.position.t.abs());
            if key(&found) < key(known) {
                *known = found;
            }
        }
        let mut all: Vec<_> = best.into_values().collect();
        all.sort_by(|a, b| a.outside_m.total_cmp(&b.outside_m).then(order(a, b)));
        all.into_iter().map(|c| c.position).collect()
    }

    /// Lanes whose bounding boxes meet a rectangle, in map, m.
    pub fn lanes_in(&self, min: DVec2, max: DVec2) -> Vec<LaneId> {
        if !min.is_finite() || !max.is_finite() {
            return vec![];
        }
        let mut lanes: Vec<_> =
            self.index.in_rectangle(min.min(max), max.max(min), false).map(|p| p.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }

    /// The point `t` to the left of a lane's middle, with the heading and curvature of the middle.
    pub fn point_at(&self, position: LanePosition) -> PolylinePoint {
        let lane = self.lane(position.lane);
        let mut point = lane.centre.at(position.s);
        let left = DVec2::from_angle(point.heading).perp() * position.t;
        point.position += left.extend(0.0);
        if let Some((low, across)) = lane.cross_section(position.s) {
            let width = across.truncate().length();
            if width > 0.0 {
                let share = 0.5 + position.t / width;
                point.position.z = low.z + across.z * share;
            }
        }
        point
    }

    /// Height of the road surface under or over a point, m; of several the nearest in height. None off the roads.
    pub fn surface_height(&self, point: DVec3) -> Option<f64> {
        if !point.is_finite() {
            return None;
        }
        let filter = LaneFilter { drivable: false, heading: None, within_m: SURFACE_GAP_M };
        let reach = DVec2::splat(SURFACE_GAP_M);
        let plane = point.truncate();
        let pieces = self.index.in_rectangle(plane - reach, plane + reach, false);
        let near = pieces.filter_map(|p| self.candidate(p, point, &filter));
        let near = near.filter(|c| c.outside_m <= SURFACE_GAP_M);
        let heights = near.map(|c| (self.point_at(c.position).position.z, c.outside_m > ON_LANE_M));
        // Beside a lane only where no other is under the point.
        let better = |a: &(f64, bool), b: &(f64, bool)| {
            let level = |h: &(f64, bool)| (h.0 - point.z).abs();
            a.1.cmp(&b.1).then(level(a).total_cmp(&level(b)))
        };
        heights.min_by(better).map(|h| h.0)
    }

    /// Smallest rectangle around all lanes, in map, m.
    pub fn bounds(&self) -> (DVec2, DVec2) {
        self.index.bounds().unwrap_or_default()
    }

    /// A point seen from a piece of a lane; none if the filter leaves it out.
    fn candidate(&self, piece: &Piece, point: DVec3, filter: &LaneFilter) -> Option<Candidate> {
        let lane = self.lane(piece.lane);
        let (s, t) = lane.centre.project_on_segments(point.truncate(), piece.first, piece.end);
        let length = lane.length();
        let beyond = if s < 0.0 { -s } else { (s - length).max(0.0) };
        let s = s.clamp(0.0, length);
        let on = lane.centre.at(s);
        if filter.heading.is_some_and(|h| wrap_angle(on.heading - h).abs() >= std::f64::consts::FRAC_PI_2) {
            return None;
        }
        let beside = (t.abs() - 0.5 * lane.width(s)).max(0.0);
        let position = LanePosition { lane: lane.id, s, t };
        let outside_m = beside.hypot(beyond);
        Some(Candidate { position, outside_m, height_m: (on.position.z - point.z).abs() })
    }
}

/// A text file.
pub(crate) fn read_text(path: &Path) -> Result<String, MapError> {
    let bytes = std::fs::read(path).map_err(|source| MapError::Io { file: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let place = Place { file: path.to_owned(), line, ..Place::default() };
        MapError::Content { place, what: "it is not UTF-8".into() }
    })
}

/// Where all else is equal: by height, distance from the middle and id.
fn order(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    let key = |c: &Candidate| (c.height_m > SAME_LEVEL_M, c.position.t.abs());
    let ((a_far, a_t), (b_far, b_t)) = (key(a), key(b));
    a_far.cmp(&b_far).then(a_t.total_cmp(&b_t)).then(a.position.lane.cmp(&b.position.lane))
}
