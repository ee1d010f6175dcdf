//! Areas with a name: where vehicles may operate, or must not.

use glam::DVec2;
use serde::{Deserialize, Serialize};

use crate::geo::Wgs84;

/// Corners that one fence may have.
const MOST_CORNERS: usize = 10_000;

/// A polygon in WGS84 with a name. Its sides are straight in degrees, its border belongs to it; heights don't matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Geofence {
    name: String,
    /// The first corner again at the end.
    ring: Vec<Wgs84>,
}

/// As it is written.
#[derive(Clone, Serialize, Deserialize)]
struct Unchecked {
    name: String,
    ring: Vec<Wgs84>,
}

/// Why corners don't make an area.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeofenceError {
    /// A corner is no place on earth.
    #[error(
        "geofence {name}: corner {corner} is no place on earth: latitude is within ±90°, longitude within ±180°"
    )]
    NoPlace {
        /// Name of the fence.
        name: String,
        /// Number of the corner, from 0.
        corner: usize,
    },
    /// The ring does not end where it begins.
    #[error("geofence {name}: it is not closed: repeat the first corner at the end")]
    Open {
        /// Name of the fence.
        name: String,
    },
    /// Too few or too many corners.
    #[error("geofence {name}: it has {corners} corner(s), expected 3 to {MOST_CORNERS}")]
    Corners {
        /// Name of the fence.
        name: String,
        /// Corners, the repeated one not counted.
        corners: usize,
    },
    /// Two sides cross or touch.
    #[error("geofence {name}: the sides from corner {a} and from corner {b} cross or touch")]
    Crossing {
        /// Name of the fence.
        name: String,
        /// Corner that one side begins at, from 0.
        a: usize,
        /// Corner that the other begins at.
        b: usize,
    },
}

impl Geofence {
    /// From its corners, in either direction; the last is the first one again.
    pub fn new(name: impl Into<String>, ring: Vec<Wgs84>) -> Result<Self, GeofenceError> {
        let name = name.into();
        if let Some(corner) = ring.iter().position(|c| !c.is_valid()) {
            return Err(GeofenceError::NoPlace { name, corner });
        }
        let corners = ring.len().saturating_sub(1);
        if !(3..=MOST_CORNERS).contains(&corners) {
            return Err(GeofenceError::Corners { name, corners });
        }
        let fence = Self { name, ring };
        let sides: Vec<Side> = fence.sides().collect();
        if plane(fence.ring[0]) != plane(fence.ring[corners]) {
            return Err(GeofenceError::Open { name: fence.name });
        }
        for b in 1..corners {
            for a in 0..b {
                if touch_where_they_must_not(&sides, a, b) {
                    return Err(GeofenceError::Crossing { name: fence.name, a, b });
                }
            }
        }
        Ok(fence)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its corners, the first again at the end.
    pub fn ring(&self) -> &[Wgs84] {
        &self.ring
    }

    /// Whether a place is in it or on its border.
    pub fn contains(&self, place: Wgs84) -> bool {
        let point = plane(place);
        if !point.is_finite() {
            return false;
        }
        let mut inside = false;
        for [a, b] in self.sides() {
            if on_side(point, [a, b]) {
                return true;
            }
            // A ray to the east: of a side the lower end counts, the upper one does not.
            if (a.y > point.y) != (b.y > point.y) && (turn(a, b, point) > 0.0) == (b.y > a.y) {
                inside = !inside;
            }
        }
        inside
    }

    /// Whether some of a line is in it. A line of one point is that point.
    pub fn crosses(&self, line: &[Wgs84]) -> bool {
        line.iter().any(|p| self.contains(*p))
            || line.windows(2).any(|p| {
                let step = [plane(p[0]), plane(p[1])];
                self.sides().any(|side| touch(side, step))
            })
    }

    /// Whether the two have a place in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.crosses(&other.ring) || other.contains(self.ring[0])
    }

    fn sides(&self) -> impl Iterator<Item = Side> + '_ {
        self.ring.windows(2).map(|c| [plane(c[0]), plane(c[1])])
    }
}

impl TryFrom<Unchecked> for Geofence {
    type Error = GeofenceError;

    fn try_from(fence: Unchecked) -> Result<Self, GeofenceError> {
        Self::new(fence.name, fence.ring)
    }
}

impl From<Geofence> for Unchecked {
    fn from(fence: Geofence) -> Self {
        Self { name: fence.name, ring: fence.ring }
    }
}

type Side = [DVec2; 2];

/// Degrees: x east, y north.
fn plane(place: Wgs84) -> DVec2 {
    DVec2::new(place.longitude_deg, place.latitude_deg)
}

/// Positive if `c` lies to the left of the line from `a` to `b`.
fn turn(a: DVec2, b: DVec2, c: DVec2) -> f64 {
    (b - a).perp_dot(c - a)
}

fn on_side(point: DVec2, [a, b]: Side) -> bool {
    turn(a, b, point) == 0.0 && point.cmpge(a.min(b)).all() && point.cmple(a.max(b)).all()
}

/// Whether two sides have a point in common.
fn touch(one: Side, other: Side) -> bool {
    let ends = one.iter().any(|p| on_side(*p, other)) || other.iter().any(|p| on_side(*p, one));
    let parts = |[a, b]: Side, other: Side| (turn(a, b, other[0]) > 0.0) != (turn(a, b, other[1]) > 0.0);
    ends || (parts(one, other) && parts(other, one))
}

/// Sides that follow each other share a corner, and nothing else.
fn touch_where_they_must_not(sides: &[Side], a: usize, b: usize) -> bool {
    let (first, second) = if b == a + 1 {
        (sides[a], sides[b])
    } else if a == 0 && b + 1 == sides.len() {
        (sides[b], sides[a])
    } else {
        return touch(sides[a], sides[b]);
    };
    let (back, on) = (first[0] - first[1], second[1] - second[0]);
    let without_length = back == DVec2::ZERO || on == DVec2::ZERO;
    without_length || (back.perp_dot(on) == 0.0 && back.dot(on) > 0.0)
}
