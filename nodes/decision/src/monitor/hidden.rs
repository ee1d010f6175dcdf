//! The thing in the way that went out of sight: below the lowest ring close to the vehicle, or behind something else.
//!
//! It stands where it was last seen, moved by dead reckoning, until beams go through its place.

use std::time::Duration;

use glam::DVec2;
use runtime::time::Time;
use vehicle::{Lidar, Pose2};

use super::corridor::Corridor;

/// Points of it that are kept at most.
const MAX_POINTS: usize = 64;
/// A beam has gone through its place if it ends so far behind it and passes so far below its top, m.
const BEHIND_M: f32 = 0.3;
const BELOW_TOP_M: f32 = 0.1;
/// Beams of a scan that must have done so.
const BEAMS: u32 = 3;
/// Nearer to the scanner than this nothing is looked through, m.
const MIN_AHEAD_M: f32 = 0.5;
/// After this time without being seen it is forgotten.
const KEPT: Duration = Duration::from_secs(60);

/// What is known of it; empty if there is none.
#[derive(Debug)]
pub struct Hidden {
    points: [DVec2; MAX_POINTS],
    count: usize,
    top_m: f64,
    seen: Time,
    place: Place,
    through: u32,
}

/// What a beam must do to have gone through its place, seen from the scanner.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    x: f32,
    z: f32,
    /// Between these lateral slopes, y over x.
    from: f32,
    to: f32,
    /// End farther ahead than this, m.
    end: f32,
    /// And fall off steeper than this, z over x.
    fall: f32,
}

impl Default for Hidden {
    fn default() -> Self {
        let (points, count, top_m) = ([DVec2::ZERO; MAX_POINTS], 0, 0.0);
        Self { points, count, top_m, seen: Time::default(), place: Place::default(), through: 0 }
    }
}

impl Hidden {
    /// Forgets it.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// Takes a thing that is seen, by its points in base_link, m; those beyond 64 are left out.
    pub fn remember(&mut self, points: impl Iterator<Item = (DVec2, f64)>, stamp: Time) {
        (self.count, self.top_m, self.seen) = (0, f64::NEG_INFINITY, stamp);
        for (slot, (point, z)) in self.points.iter_mut().zip(points) {
            *slot = point;
            self.count += 1;
            self.top_m = self.top_m.max(z);
        }
    }

    /// The vehicle has driven so far, m, along that curvature, 1/m, and is about to look: with `look` at each end of a beam,
    /// then with `settle`.
    pub fn advance(&mut self, way_m: f64, curvature_per_m: f64, lidar: &Lidar) {
        let turn = way_m * curvature_per_m;
        let moved = Pose2 { position: way_m * DVec2::from_angle(0.5 * turn), heading: turn };
        let mut kept = 0;
        for i in 0..self.count {
            let point = moved.inverse_transform(self.points[i]);
            if point.x > 0.0 {
                self.points[kept] = point;
                kept += 1;
            }
        }
        self.count = kept;
        self.through = 0;
        self.place = self.place_from(lidar);
    }

    fn place_from(&self, lidar: &Lidar) -> Place {
        let (x, z) = (lidar.x_m as f32, lidar.z_m as f32);
        let none = Place { x, z, from: f32::INFINITY, ..Place::default() };
        let (mut from, mut to) = (f32::INFINITY, f32::NEG_INFINITY);
        let (mut near, mut far) = (f32::INFINITY, f32::NEG_INFINITY);
        for point in &self.points[..self.count] {
            let ahead = point.x as f32 - x;
            if ahead < MIN_AHEAD_M {
                return none;
            }
            let slope = point.y as f32 / ahead;
            (from, to) = (from.min(slope), to.max(slope));
            (near, far) = (near.min(ahead), far.max(ahead));
        }
        let fall = (self.top_m as f32 - BELOW_TOP_M - z) / near;
        if self.count == 0 { none } else { Place { x, z, from, to, end: far + BEHIND_M, fall } }
    }

    /// Looks at the end of a beam, in base_link, m.
    pub fn look(&mut self, x: f32, y: f32, z: f32) {
        let (place, ahead) = (&self.place, x - self.place.x);
        let beyond = ahead > place.end && y > place.from * ahead && y < place.to * ahead;
        self.through += u32::from(beyond && z - place.z < place.fall * ahead);
    }

    /// Forgets it if it was looked through, or not seen for long.
    pub fn settle(&mut self, stamp: Time) {
        if self.through >= BEAMS || stamp.since(self.seen) > KEPT {
            self.clear();
        }
    }

    /// Way of the front until it touches it, m; `None` if it is not in the corridor.
    pub fn distance_m(&self, corridor: &Corridor, front_m: f64) -> Option<f64> {
        let ways = self.points[..self.count].iter().filter_map(|point| {
            let slice = corridor.slice_at(point.x as f32, point.y as f32)?;
            Some(corridor.way_to(slice.into(), *point, front_m))
        });
        ways.min_by(f64::total_cmp)
    }
}
