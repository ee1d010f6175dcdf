//! Objects as planning sees them.

use glam::DVec2;
use msgs::atlasmesh_msgs::msg::{TrackedObject, TrackedObjects};
use vehicle::Pose2;

/// Most objects that are looked at: the nearest ones.
const MAX_OBJECTS: usize = 200;
/// Objects farther away do not matter yet, m.
const MAX_RANGE_M: f64 = 250.0;
/// Slower than this an object stands, m/s: tracking is not exact.
pub const STANDING_MPS: f64 = 0.5;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Drives on lanes: cars, trucks, and what moves like one.
    Vehicle,
    /// On foot or on a bicycle.
    Vulnerable,
    /// Everything else.
    Thing,
}

/// A box that moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Its id.
    pub id: u32,
    /// What it is.
    pub kind: Kind,
    /// Centre and heading in map.
    pub pose: Pose2,
    /// Height of the centre in map, m.
    pub z: f64,
    /// Length along the heading, m.
    pub length_m: f64,
    /// Width, m.
    pub width_m: f64,
    /// Velocity in map, m/s.
    pub velocity_mps: DVec2,
}

impl Object {
    /// From a message; none if a value makes no sense or the object hardly exists.
    pub fn from_msg(o: &TrackedObject) -> Option<Self> {
        let pose = Pose2::from(&o.pose.pose);
        let velocity = DVec2::new(o.twist.twist.linear.x, o.twist.twist.linear.y);
        let (length, width) = (o.size_m.x, o.size_m.y);
        let finite = pose.position.is_finite() && pose.heading.is_finite() && velocity.is_finite();
        if !finite || !length.is_finite() || !width.is_finite() || velocity.length() > 80.0 {
            return None;
        }
        if o.existence_probability < 0.2 {
            return None;
        }
        let kind = match o.classification {
            TrackedObject::CLASS_CAR | TrackedObject::CLASS_TRUCK => Kind::Vehicle,
            TrackedObject::CLASS_PEDESTRIAN | TrackedObject::CLASS_BICYCLE => Kind::Vulnerable,
            _ if velocity.length() > 2.5 => Kind::Vehicle,
            _ => Kind::Thing,
        };
        let z = o.pose.pose.position.z;
        Some(Self {
            id: o.id,
            kind,
            pose,
            z: if z.is_finite() { z } else { 0.0 },
            length_m: length.clamp(0.2, 40.0),
            width_m: width.clamp(0.2, 20.0),
            velocity_mps: if velocity.length() < STANDING_MPS { DVec2::ZERO } else { velocity },
        })
    }

    /// All objects of a message that make sense, at most the 200 nearest to `around`, by id.
    pub fn all_from(msg: &TrackedObjects, around: DVec2) -> Vec<Self> {
        let mut objects: Vec<Self> = msg.objects.iter().filter_map(Self::from_msg).collect();
        let distance = |o: &Self| o.pose.position.distance(around);
        objects.retain(|o| distance(o) < MAX_RANGE_M);
        if objects.len() > MAX_OBJECTS {
            objects.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
            objects.truncate(MAX_OBJECTS);
        }
        objects.sort_by_key(|o| o.id);
        objects.dedup_by_key(|o| o.id);
        objects
    }

    /// The same object where it is after some time, s, if it goes straight on.
    pub fn after(&self, dt: f64) -> Self {
        let position = self.pose.position + self.velocity_mps * dt;
        Self { pose: Pose2 { position, ..self.pose }, ..*self }
    }

    /// Speed, m/s.
    pub fn speed_mps(&self) -> f64 {
        self.velocity_mps.length()
    }

    /// Direction of motion; of the box if it stands, rad.
    pub fn course(&self) -> f64 {
        if self.velocity_mps == DVec2::ZERO { self.pose.heading } else { self.velocity_mps.to_angle() }
    }

    /// Corners of its box, in map, if its centre were at a pose.
    pub fn corners_at(&self, pose: Pose2) -> [DVec2; 4] {
        let (x, y) = (0.5 * self.length_m, 0.5 * self.width_m);
        [(x, y), (-x, y), (-x, -y), (x, -y)].map(|(x, y)| pose.transform(DVec2::new(x, y)))
    }
}
