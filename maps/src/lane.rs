//! What a map is made of.

use std::fmt;

use glam::{DVec2, DVec3};

use crate::polyline::Polyline;

/// Number of a lane in [`crate::Map::lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub u32);

/// Number of a junction in [`crate::Map::junctions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JunctionId(pub u32);

/// What a lane is called in its file: road, number of the lane section from 0, lane. Displayed as `road.section.lane`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneKey {
    /// Id of the road.
    pub road: String,
    /// Number of the lane section along the road, from 0.
    pub section: u32,
    /// Id of the lane: negative to the right of the reference line, positive to its left.
    pub lane: i32,
}

impl fmt::Display for LaneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.road, self.section, self.lane)
    }
}

/// What a lane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LaneKind {
    /// Cars drive here; also entries, exits, ramps and two-way lanes.
    Driving,
    /// A place to park.
    Parking,
    /// Hard or soft shoulder, stop lane.
    Shoulder,
    /// Border of the road, kerb.
    Border,
    /// Between carriageways.
    Median,
    /// For cyclists.
    Biking,
    /// For people on foot.
    Sidewalk,
    /// Everything else.
    Other,
}

impl LaneKind {
    /// Whether vehicles may drive here on a route.
    pub fn is_drivable(self) -> bool {
        matches!(self, Self::Driving)
    }
}

/// The lane beside a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The lane.
    pub lane: LaneId,
    /// Whether it is driven in the same direction.
    pub same_direction: bool,
}

/// Where one may change to a neighbour: between two arc lengths along the lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneChange {
    /// From here, m.
    pub from_s: f64,
    /// To here, m.
    pub to_s: f64,
    /// Whether one may change to the left.
    pub left: bool,
    /// Whether one may change to the right.
    pub right: bool,
}

/// A speed limit from an arc length on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeedLimit {
    /// From here, m along the lane.
    pub from_s: f64,
    /// The limit, m/s; infinite where the file names none.
    pub limit_mps: f64,
}

/// A lane within one lane section, as it is driven: its line, its boundaries and all arc lengths run in driving direction.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its number.
    pub id: LaneId,
    /// What the file calls it.
    pub key: LaneKey,
    /// Line of the file that it is described in, from 1.
    pub line: u32,
    /// What it is for.
    pub kind: LaneKind,
    /// Its middle.
    pub centre: Polyline,
    /// Its left edge, with a point for each point of `centre`.
    pub left_edge: Vec<DVec3>,
    /// Its right edge, with a point for each point of `centre`.
    pub right_edge: Vec<DVec3>,
    /// Lanes that go on where it ends.
    pub successors: Vec<LaneId>,
    /// Lanes that lead into it.
    pub predecessors: Vec<LaneId>,
    /// The lane to its left, whatever that is for.
    pub left: Option<Neighbour>,
    /// The lane to its right, whatever that is for.
    pub right: Option<Neighbour>,
    /// Where one may change lanes, by `from_s`, without gaps.
    pub lane_changes: Vec<LaneChange>,
    /// Speed limits, by `from_s`; at least one.
    pub speed_limits: Vec<SpeedLimit>,
    /// The junction that it crosses.
    pub junction: Option<JunctionId>,
    /// Whether vehicles drive along the reference line of its road (s of the road grows with s of the lane).
    pub along_road: bool,
    /// Arc length on the road's reference line at the lane's beginning, m. (Lane arc length and road s differ in curves.)
    pub road_s_start: f64,
    /// Arc length on the road's reference line at the lane's end, m.
    pub road_s_end: f64,
}

impl Lane {
    /// Length of the middle, m.
    pub fn length(&self) -> f64 {
        self.centre.length()
    }

    /// Speed limit at an arc length, m/s; infinite where there is none.
    pub fn speed_limit_mps(&self, s: f64) -> f64 {
        let at = self.speed_limits.partition_point(|l| l.from_s <= s).max(1) - 1;
        self.speed_limits.get(at).map_or(f64::INFINITY, |l| l.limit_mps)
    }

    /// Width at an arc length, m, in the plane.
    pub fn width(&self, s: f64) -> f64 {
        self.cross_section(s).map_or(0.0, |(_, across)| across.truncate().length())
    }

    /// The right edge at an arc length, and from there to the left edge.
    pub(crate) fn cross_section(&self, s: f64) -> Option<(DVec3, DVec3)> {
        let Some((i, u)) = self.centre.locate(s) else {
            let right = *self.right_edge.first()?;
            return Some((right, *self.left_edge.first()? - right));
        };
        let right = self.right_edge.get(i)?.lerp(*self.right_edge.get(i + 1)?, u);
        let left = self.left_edge.get(i)?.lerp(*self.left_edge.get(i + 1)?, u);
        Some((right, left - right))
    }
}

/// Where roads meet.
#[derive(Clone, Debug)]
pub struct Junction {
    /// Its number.
    pub id: JunctionId,
    /// What the file calls it.
    pub key: String,
    /// Drivable lanes that cross it.
    pub lanes: Vec<LaneId>,
    /// Pairs of its lanes that cross or touch each other (not those that only share their beginning), with the arc
    /// lengths on each between which they are closer than a vehicle is wide.
    pub conflicts: Vec<Conflict>,
}

/// Where two lanes of a junction get in each other's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conflict {
    /// One lane, and from where to where along it, m.
    pub a: (LaneId, f64, f64),
    /// The other.
    pub b: (LaneId, f64, f64),
    /// Whether the file gives `a` priority over `b` (`Some(true)`), the other way round, or says nothing.
    pub a_has_priority: Option<bool>,
}

/// What a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// Traffic light.
    TrafficLight,
    /// Stop sign.
    Stop,
    /// Give way.
    Yield,
    /// Speed limit sign.
    SpeedLimit,
    /// Everything else.
    Other,
}

/// A signal or sign.
#[derive(Clone, Debug)]
pub struct Signal {
    /// What the file calls it.
    pub key: String,
    /// What it is.
    pub kind: SignalKind,
    /// `type` and `subtype` of the file.
    pub code: (String, String),
    /// Where it stands, in map, m.
    pub position: DVec3,
    /// Heading that it is read from: vehicles drive towards it against this, rad.
    pub heading: f64,
    /// Value, e.g. of a speed limit, in m/s there.
    pub value: Option<f64>,
    /// Lanes it holds for, each with the arc length of where to stop or where it begins to hold.
    pub lanes: Vec<(LaneId, f64)>,
}

/// Shape of an object, on the ground.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectShape {
    /// Box with its length along `heading`.
    Box {
        /// Length, m.
        length_m: f64,
        /// Width, m.
        width_m: f64,
    },
    /// Upright cylinder.
    Cylinder {
        /// Radius, m.
        radius_m: f64,
    },
    /// Outline, counter-clockwise, in map, m.
    Outline(Vec<DVec2>),
}

/// A thing beside or on the road: building, pole, barrier, tree, parking space, crosswalk.
#[derive(Clone, Debug)]
pub struct Object {
    /// What the file calls it.
    pub key: String,
    /// `type` of the file, e.g. `building`, `pole`, `barrier`, `crosswalk`, `parkingSpace`.
    pub kind: String,
    /// Name in the file.
    pub name: String,
    /// Middle of its foot, in map, m.
    pub position: DVec3,
    /// Heading, rad.
    pub heading: f64,
    /// Height, m; 0 for what is painted on the ground.
    pub height_m: f64,
    /// Shape on the ground.
    pub shape: ObjectShape,
}

impl Object {
    /// Whether a vehicle would collide with it.
    pub fn is_solid(&self) -> bool {
        self.height_m > 0.1
            && !matches!(self.kind.as_str(), "crosswalk" | "parkingSpace" | "roadMark" | "patch" | "none")
    }
}
