//! The map as a whole, and looking things up in it.

use std::path::Path;

use glam::{DVec2, DVec3};

use crate::error::{MapError, Warning};
use crate::geo::GeoReference;
use crate::lane::{Junction, Lane, LaneId, LaneKey, Object, Signal};
use crate::polyline::PolylinePoint;

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
    /// XXH3-like digest of the file's bytes, hexadecimal; tells versions apart.
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

impl Map {
    /// Loads a map by the ending of its name: `.xodr` (OpenDRIVE 1.4 to 1.8), or one that ships with the product by its
    /// name, e.g. `terminal-yard`.
    pub fn load(_path: impl AsRef<Path>) -> Result<Self, MapError> {
        todo!()
    }

    /// Reads OpenDRIVE. `file` is named in errors.
    pub fn from_opendrive(_file: impl AsRef<Path>, _text: &str) -> Result<Self, MapError> {
        todo!()
    }

    /// A lane.
    pub fn lane(&self, id: LaneId) -> &Lane {
        &self.lanes[id.0 as usize]
    }

    /// The lane that the file calls so.
    pub fn lane_by_key(&self, key: &LaneKey) -> Option<&Lane> {
        self.lanes.iter().find(|l| l.key == *key)
    }

    /// The lane nearest to a point: first those it is on (nearest in height, then to the middle), then by the distance of
    /// their edges. On overlapping lanes of a junction the one nearest to the middle.
    pub fn nearest_lane(&self, _point: DVec3, _filter: LaneFilter) -> Option<LanePosition> {
        todo!()
    }

    /// All lanes that a point is on, or within `filter.within_m` of.
    pub fn lanes_at(&self, _point: DVec3, _filter: LaneFilter) -> Vec<LanePosition> {
        todo!()
    }

    /// Lanes whose bounding boxes meet a rectangle, in map, m.
    pub fn lanes_in(&self, _min: DVec2, _max: DVec2) -> Vec<LaneId> {
        todo!()
    }

    /// The point `t` to the left of a lane's middle, with the heading and curvature of the middle.
    pub fn point_at(&self, _position: LanePosition) -> PolylinePoint {
        todo!()
    }

    /// Height of the road surface under or over a point, m; of several the nearest in height. None off the roads.
    pub fn surface_height(&self, _point: DVec3) -> Option<f64> {
        todo!()
    }

    /// Smallest rectangle around all lanes, in map, m.
    pub fn bounds(&self) -> (DVec2, DVec2) {
        todo!()
    }
}
