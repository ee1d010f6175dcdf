//! What a file says, before anything is made of it.

use glam::DVec3;

use super::cubic::Cubic;
use super::plan_view::Geometry;
use crate::lane::LaneKind;

/// One end of a road, or of a lane in the direction of its road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Start,
    End,
}

/// What a road is linked to.
#[derive(Clone, Debug)]
pub(super) enum RoadLink {
    Road { id: String, contact: Option<End> },
    Junction { id: String },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub name: String,
    pub geo_reference: Option<(u32, String)>,
    /// x, y, z (m) and heading (rad) of the map in the projection.
    pub offset: (DVec3, f64),
}

#[derive(Clone, Debug)]
pub(super) struct Road {
    pub id: String,
    pub length: f64,
    pub left_hand_traffic: bool,
    pub junction: Option<String>,
    pub predecessor: Option<RoadLink>,
    pub successor: Option<RoadLink>,
    /// Where a speed limit begins, and what it is; infinite where there is none.
    pub speeds: Vec<(f64, f64)>,
    pub plan: Vec<Geometry>,
    pub elevation: Vec<Cubic>,
    pub superelevation: Vec<Cubic>,
    /// Heights across the road, by s and then by t, which the cubics start at.
    pub shapes: Vec<(f64, Vec<Cubic>)>,
    pub lane_offset: Vec<Cubic>,
    pub sections: Vec<Section>,
    pub objects: Vec<RoadObject>,
    pub signals: Vec<RoadSignal>,
}

#[derive(Clone, Debug)]
pub(super) struct Section {
    pub s: f64,
    /// Where it ends for its lanes to the left and to the right.
    pub end_left: f64,
    pub end_right: f64,
    /// Whether it says something of the left and the right side.
    pub has_left: bool,
    pub has_right: bool,
    /// By id, from right to left, with the middle.
    pub lanes: Vec<LaneRecord>,
}

impl Section {
    pub fn lane(&self, id: i32) -> Option<&LaneRecord> {
        self.lanes.binary_search_by_key(&id, |l| l.id).ok().map(|i| &self.lanes[i])
    }

    pub fn has_side(&self, lane: i32) -> bool {
        if lane > 0 { self.has_left } else { self.has_right }
    }

    pub fn end(&self, lane: i32) -> f64 {
        if lane > 0 { self.end_left } else { self.end_right }
    }
}

#[derive(Clone, Debug)]
pub(super) struct LaneRecord {
    pub line: u32,
    pub id: i32,
    pub kind: LaneKind,
    /// Stays horizontal where the road banks.
    pub level: bool,
    /// Driven against the direction that its side of the road has.
    pub reversed: bool,
    /// By road s.
    pub widths: Vec<Cubic>,
    /// Distance of the outer edge from the middle lane; used where there are no widths.
    pub borders: Vec<Cubic>,
    /// Height over the road of the inner and outer edge, by road s.
    pub heights: Vec<(f64, f64, f64)>,
    pub predecessors: Vec<i32>,
    pub successors: Vec<i32>,
    /// Lines on its outer edge (of the middle lane: on it), by road s.
    pub marks: Vec<Mark>,
    /// Speed limits by road s.
    pub speeds: Vec<(f64, f64)>,
}

#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub s: f64,
    pub kind: String,
    /// `laneChange`: towards higher ids, towards lower ids.
    pub permits: Option<(bool, bool)>,
}

#[derive(Clone, Debug)]
pub(super) struct RoadObject {
    pub line: u32,
    pub id: String,
    pub kind: String,
    pub name: String,
    pub s: f64,
    pub t: f64,
    pub z: f64,
    pub heading: f64,
    pub length: f64,
    pub width: f64,
    pub radius: f64,
    pub height: f64,
    pub outline: Vec<Corner>,
    pub repeats: Vec<Repeat>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Corner {
    Road { s: f64, t: f64, height: f64 },
    Local { u: f64, v: f64, height: f64 },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    pub s: f64,
    pub length: f64,
    pub distance: f64,
    pub t: Option<(f64, f64)>,
    pub width: Option<(f64, f64)>,
    pub height: Option<(f64, f64)>,
    pub z: Option<(f64, f64)>,
    pub object_length: Option<(f64, f64)>,
}

#[derive(Clone, Debug)]
pub(super) struct RoadSignal {
    pub line: u32,
    pub id: String,
    /// Only an id: what it is stands elsewhere.
    pub is_reference: bool,
    pub name: String,
    pub dynamic: bool,
    pub code: (String, String),
    pub value: Option<f64>,
    /// What its unit is in m/s, if that is a unit of speed.
    pub unit: Option<f64>,
    pub s: f64,
    pub t: f64,
    pub z: f64,
    pub heading_offset: f64,
    /// Holds for traffic along the road, against it.
    pub directions: (bool, bool),
    /// Ranges of lanes; empty: all.
    pub validity: Vec<(i32, i32)>,
}

#[derive(Clone, Debug)]
pub(super) struct JunctionRecord {
    pub line: u32,
    pub id: String,
    pub is_virtual: bool,
    pub connections: Vec<Connection>,
    /// Roads with priority over others: high, low.
    pub priorities: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub line: u32,
    pub incoming: Option<String>,
    /// `connectingRoad`, or `linkedRoad` of a direct junction.
    pub connecting: Option<String>,
    pub contact: Option<End>,
    pub lane_links: Vec<(i32, i32)>,
}

/// A whole file.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub header: Header,
    pub roads: Vec<Road>,
    pub junctions: Vec<JunctionRecord>,
}
