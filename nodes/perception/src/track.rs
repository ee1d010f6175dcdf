//! One object that is followed.
//!
//! The filter follows the middle of the box, but what is measured is a face or a corner that the scanner sees: when more
//! of an object comes into view, the box grows away from the face that was seen before, and nothing seems to have moved.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_3};

use glam::{DMat2, DVec2, Vec2Swizzles};
use vehicle::wrap_angle;

use crate::classify::{Class, Classes, Look};
use crate::detect::Detection;
use crate::motion::Motion;
use crate::shape::{Extent, Rect};

/// Noise of a face of a box: at once and per metre from the scanner, m.
const FACE_SIGMA_M: f64 = 0.08;
const FACE_SIGMA_PER_M: f64 = 0.003;
/// Fastest that an unknown object is thought to move, m/s (standard deviation).
const FIRST_SPEED_SIGMA: f64 = 7.0;
/// Accelerations, m/s^2 (standard deviation).
const ACCELERATION_PEDESTRIAN: f64 = 1.5;
const ACCELERATION: f64 = 2.5;
/// Turn noise of the heading of what stands and of what moves, rad per sqrt(s).
const YAW_NOISE: [f64; 2] = [0.02, 0.15];
/// A box that is seen so much larger than ever, and larger than a car, holds something else too, m; unless it stays so.
const MERGED_M: f64 = 1.2;
const CAR_M: DVec2 = DVec2::new(6.5, 2.6);
const STAYS_MERGED: u32 = 5;
/// A column of points on a surface seen at a grazing angle, an edge of the ground, or a ring on a flat roof move along with
/// the scanner: what is so narrow (at once and per metre of distance), low or floating and as fast as the scanner is not
/// believed to move.
const NARROW_M: f64 = 0.1;
const NARROW_PER_M: f64 = 0.012;
const LOW_M: f64 = 0.5;
const FLOATS_FROM_M: f64 = 1.2;
const DRAGGED_FROM_MPS: f64 = 2.0;
const DRAGGED_SHARE: f64 = 0.3;
/// Along a straight line of points no motion can be seen but by its ends. Those of a line longer and thinner than that, m,
/// which is seen at a smaller angle, rad, are no ends but where beams happen to hit a wall.
const GRAZED_LENGTH_M: f64 = 3.0;
const GRAZED_WIDTH_M: f64 = 0.3;
const GRAZED_ANGLE: f64 = 0.35;
/// A standing box that is so much wider than long has its length across.
const ACROSS: f64 = 1.25;
/// How fast a box takes over a larger and a smaller view: a smaller one is mostly a partial one.
const GROW: f64 = 0.5;
const SHRINK: f64 = 0.03;
/// Sightings after which the size of an object is known.
const ESTABLISHED: u32 = 6;
/// Existence: at first, when lost; likelihood ratio of a sighting; chance to be seen in the open and hidden.
const FIRST_EXISTENCE: f64 = 0.3;
const SEEN_RATIO: f64 = 4.0;
const CHANCE_OPEN: f64 = 0.65;
const CHANCE_HIDDEN: f64 = 0.08;
const SURVIVES: f64 = 0.995;
/// Existence from which on an object is published.
pub const CONFIRMED: f64 = 0.85;
/// Existence below which it is given up.
const GIVEN_UP: f64 = 0.1;
/// Longest time without being seen, s, and largest uncertainty of the place, m.
const MAX_UNSEEN_S: f64 = 3.0;
const MAX_POSITION_SIGMA_M: f64 = 2.5;

/// An object that is followed.
#[derive(Clone, Debug)]
pub struct Track {
    /// Never used again.
    pub id: u32,
    /// Where its middle is and how it moves.
    pub motion: Motion,
    /// Heading, rad, and its variance.
    pub yaw: f64,
    /// See `yaw`.
    pub yaw_variance: f64,
    /// Extent along the heading, across it, m.
    pub size: DVec2,
    /// Lowest and highest point above the ground, m.
    pub heights: [f64; 2],
    /// Height of the ground in `map`, m.
    pub ground_z: f64,
    /// Probability that it exists.
    pub existence: f64,
    /// Whether it ever was certain enough to be published.
    pub confirmed: bool,
    /// Whether it certainly moves.
    pub moving: bool,
    /// The tile if it is a piece of a structure: it never moves.
    pub tile: Option<[i32; 2]>,
    /// How long it has been followed, and not seen, s.
    pub age_s: f64,
    /// See `age_s`.
    pub unseen_s: f64,
    hits: u32,
    classes: Classes,
    /// Where it was first seen: what moves gets away from there.
    anchor: DVec2,
    /// Steps for which it has moved or stood, and for which its heading has not fitted its way.
    motion_votes: i32,
    heading_votes: u32,
    merged_votes: u32,
    structure_points: usize,
}

/// A measurement of a track: the difference of the reference point from where it was expected.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Innovation, m, and its noise, m^2, in `map`.
    pub innovation: DVec2,
    /// See `innovation`.
    pub noise: DMat2,
    /// Extent of the detection along the track's axes, from the track's middle, m.
    extent: Extent,
    /// On which side the reference point lies: -1, 0 (the middle), 1 along each axis.
    side: DVec2,
    merged: bool,
    /// Seen so narrowly that its motion may be the scanner's.
    narrow: bool,
    /// Seen at a grazing angle, as a line without ends.
    grazed: bool,
}

impl Track {
    /// A new one from its first detection.
    pub fn new(id: u32, d: &Detection) -> Self {
        let size = DVec2::new(d.rect.length, d.rect.width);
        let mut track = Self {
            id,
            motion: Motion::new(d.rect.center, 0.3, FIRST_SPEED_SIGMA),
            yaw: wrap_angle(d.rect.yaw),
            yaw_variance: d.yaw_sigma * d.yaw_sigma,
            size,
            heights: [d.low, d.high],
            ground_z: d.ground_z,
            existence: FIRST_EXISTENCE,
            confirmed: false,
            moving: false,
            tile: d.tile,
            age_s: 0.0,
            unseen_s: 0.0,
            hits: 1,
            classes: Classes::default(),
            anchor: d.rect.center,
            motion_votes: 0,
            heading_votes: 0,
            merged_votes: 0,
            structure_points: d.points,
        };
        track.classes.observe(&track.look());
        track
    }

    fn look(&self) -> Look {
        let (length, width) = if self.moving {
            (self.size.x, self.size.y)
        } else {
            (self.size.max_element(), self.size.min_element())
        };
        Look { length, width, height: self.heights[1], speed: self.velocity().length(), moving: self.moving }
    }

    /// What it is, and how certain that is.
    pub fn class(&self) -> (Class, f64) {
        if self.tile.is_some() { (Class::Obstacle, 0.9) } else { self.classes.best() }
    }

    /// Velocity, m/s; zero for what is not known to move.
    pub fn velocity(&self) -> DVec2 {
        if self.moving { self.motion.velocity() } else { DVec2::ZERO }
    }

    /// Covariance of [`Self::velocity`] as an estimate of the true velocity, (m/s)^2.
    pub fn velocity_covariance(&self) -> DMat2 {
        let (p, v) = (self.motion.velocity_covariance(), self.motion.velocity());
        if self.tile.is_some() {
            DMat2::from_diagonal(DVec2::splat(0.01))
        } else if self.moving {
            p
        } else {
            // Zero is given instead of the estimate: the difference is part of the error.
            p + DMat2::from_cols(v * v.x, v * v.y)
        }
    }

    /// The box as it is to be published: what moves and is known to be a car is at least as long as one, on the side
    /// that is not seen.
    pub fn rect(&self, sensor: DVec2) -> Rect {
        let mut rect =
            Rect { center: self.motion.position(), yaw: self.yaw, length: self.size.x, width: self.size.y };
        let least = match self.class().0 {
            Class::Car => DVec2::new(3.8, 1.6),
            Class::Truck => DVec2::new(6.0, 2.2),
            _ => DVec2::ZERO,
        };
        if self.moving {
            let more = (least - self.size).max(DVec2::ZERO);
            let axes = DVec2::from_angle(self.yaw);
            let away = -DVec2::from_angle(-self.yaw).rotate(sensor - rect.center).signum();
            rect.center += axes.rotate(0.5 * more * away);
            (rect.length, rect.width) = (rect.length + more.x, rect.width + more.y);
        }
        rect
    }

    /// To a time `dt` seconds later.
    pub fn predict(&mut self, dt: f64) {
        self.age_s += dt;
        self.unseen_s += dt;
        self.existence *= SURVIVES.powf(dt / 0.1);
        if self.tile.is_some() {
            return;
        }
        if self.moving {
            self.yaw = wrap_angle(self.yaw + self.motion.turn_rate() * dt);
        }
        let noise = YAW_NOISE[usize::from(self.moving)];
        self.yaw_variance = (self.yaw_variance + noise * noise * dt).min(2.0);
        let pedestrian = self.class().0 == Class::Pedestrian;
        self.motion.predict(dt, if pedestrian { ACCELERATION_PEDESTRIAN } else { ACCELERATION });
    }

    /// How a detection, with its hull, would be seen as this object.
    pub fn sight(&self, d: &Detection, hull: &[DVec2], sensor: DVec2) -> Sighting {
        let center = self.motion.position();
        let extent = Extent::of(hull, center, self.yaw);
        let view = DVec2::from_angle(-self.yaw).rotate(sensor - center);
        let face = FACE_SIGMA_M + FACE_SIGMA_PER_M * view.length();
        let half = 0.5 * self.size;
        let axis = |i: usize| axis_sight(extent.low[i], extent.high[i], half[i], view[i], face);
        let ([along, across], established) = ([axis(0), axis(1)], self.hits >= ESTABLISHED);
        let more = extent.high - extent.low - self.size;
        let seen = extent.high - extent.low;
        let larger = more.cmpgt(DVec2::splat(MERGED_M)) & seen.cmpgt(CAR_M);
        let merged = established && larger.any() && self.merged_votes < STAYS_MERGED;
        let loose = if merged { 4.0 } else { 1.0 };
        let turn = self.yaw_variance.min(0.25);
        // A heading that is not known moves the faces sideways.
        let sigma = DVec2::new(
            loose * (along.sigma * along.sigma) + turn * half.y * half.y * 0.25,
            loose * (across.sigma * across.sigma) + turn * half.x * half.x * 0.25,
        );
        let axes = DMat2::from_angle(self.yaw);
        Sighting {
            innovation: axes * DVec2::new(along.off, across.off),
            noise: axes * DMat2::from_diagonal(sigma) * axes.transpose(),
            extent,
            side: DVec2::new(along.side, across.side),
            merged,
            narrow: is_narrow(hull, sensor),
            grazed: is_grazed(&d.rect, sensor),
        }
    }

    /// Takes a detection that is this object.
    /// `scanner_velocity` (m/s) tells what only seems to move.
    pub fn update(&mut self, d: &Detection, sighting: &Sighting, scanner_velocity: DVec2) {
        self.seen();
        if self.tile.is_some() {
            return self.update_structure(d);
        }
        self.motion.update(sighting.innovation, sighting.noise);
        if !sighting.merged {
            self.resize(sighting);
            let taller = d.high - self.heights[1];
            self.heights[0] = self.heights[0].min(d.low);
            self.heights[1] += taller * if taller > 0.0 { GROW } else { SHRINK };
            let quarter = FRAC_PI_2;
            let off = wrap_angle(d.rect.yaw - self.yaw);
            self.turn(off - quarter * (off / quarter).round(), d.yaw_sigma * d.yaw_sigma);
        }
        self.ground_z += 0.2 * (d.ground_z - self.ground_z);
        self.merged_votes = if sighting.merged { self.merged_votes + 1 } else { 0 };
        self.judge_motion(sighting, scanner_velocity);
        self.align();
        self.classes.observe(&self.look());
    }

    fn seen(&mut self) {
        self.hits += 1;
        self.unseen_s = 0.0;
        let seen = SEEN_RATIO * self.existence;
        self.existence = (seen / (1.0 - self.existence + seen)).min(0.999);
        self.confirmed |= self.existence >= CONFIRMED;
    }

    fn update_structure(&mut self, d: &Detection) {
        // Where less of it is seen than before, it has not become smaller.
        if d.points * 2 >= self.structure_points {
            self.structure_points = d.points;
            self.motion.shift(d.rect.center - self.motion.position());
            (self.yaw, self.size) = (wrap_angle(d.rect.yaw), DVec2::new(d.rect.length, d.rect.width));
            (self.heights, self.ground_z) = ([d.low, d.high], d.ground_z);
        }
    }

    /// Takes over how large the object is seen; it grows and shrinks on the side away from the reference point.
    fn resize(&mut self, sighting: &Sighting) {
        let seen = sighting.extent.high - sighting.extent.low;
        let mut change = seen - self.size;
        for i in 0..2 {
            change[i] *= if change[i] > 0.0 { GROW } else { SHRINK };
        }
        self.size = (self.size + change).max(DVec2::splat(0.1));
        let shift = DMat2::from_angle(self.yaw) * (-0.5 * change * sighting.side);
        self.motion.shift(shift);
        self.anchor += shift;
        if !self.moving && self.size.y > ACROSS * self.size.x {
            self.yaw = wrap_angle(self.yaw + FRAC_PI_2);
            self.size = self.size.yx();
        }
    }

    fn turn(&mut self, off: f64, variance: f64) {
        let gain = self.yaw_variance / (self.yaw_variance + variance.max(1e-6));
        self.yaw = wrap_angle(self.yaw + gain * off);
        self.yaw_variance *= 1.0 - gain;
    }

    /// Decides whether the object moves: fast enough, certainly, and away from where it was first seen.
    fn judge_motion(&mut self, sighting: &Sighting, scanner: DVec2) {
        let (v, p) = (self.motion.velocity(), self.motion.velocity_covariance());
        let significance = v.dot(p.inverse() * v);
        let way = self.motion.position().distance(self.anchor);
        let speed = v.length();
        let vote = if self.moving {
            if speed < 0.4 || significance < 4.0 { -1 } else { 1 }
        } else {
            let far = way > 0.4 + 0.1 * self.size.max_element().min(10.0);
            let [low, high] = self.heights;
            let dragged = (sighting.narrow || high < LOW_M || low > FLOATS_FROM_M)
                && scanner.length() > DRAGGED_FROM_MPS
                && v.distance(scanner) < DRAGGED_SHARE * scanner.length();
            if speed > 0.7 && significance > 13.8 && far && !dragged && !sighting.grazed { 1 } else { -1 }
        };
        self.motion_votes = (self.motion_votes + vote).clamp(if self.moving { -5 } else { 0 }, 3);
        if self.motion_votes >= 3 {
            self.moving = true;
        } else if self.motion_votes <= -5 && self.moving {
            self.moving = false;
            self.anchor = self.motion.position();
        }
    }

    /// Turns the heading of what moves into the direction of its way.
    fn align(&mut self) {
        let (v, p) = (self.motion.velocity(), self.motion.velocity_covariance());
        let speed = v.length();
        if !self.moving || speed < 1.0 {
            return;
        }
        let way = v.y.atan2(v.x);
        let off = wrap_angle(way - self.yaw);
        self.heading_votes = if off.abs() > FRAC_PI_3 { self.heading_votes + 1 } else { 0 };
        if self.heading_votes >= 3 {
            let quarters = (off / FRAC_PI_2).round();
            self.yaw = wrap_angle(self.yaw + quarters * FRAC_PI_2);
            if quarters.rem_euclid(2.0) > 0.5 {
                self.size = DVec2::new(self.size.y, self.size.x);
            }
            self.heading_votes = 0;
        }
        let off = wrap_angle(way - self.yaw);
        if off.abs() < FRAC_PI_3 {
            let across = v.perp() / speed;
            let sigma2 = across.dot(p * across) / (speed * speed) + 0.03 * 0.03;
            self.turn(off, sigma2);
        }
    }

    /// Was not seen although it was looked for; `hidden` says whether that was to be expected.
    pub fn miss(&mut self, hidden: bool) {
        let chance = match (hidden, self.tile) {
            (true, _) => CHANCE_HIDDEN,
            (false, Some(_)) => 0.5 * CHANCE_OPEN,
            (false, None) => CHANCE_OPEN,
        };
        self.existence *= (1.0 - chance) / (1.0 - self.existence * chance);
    }

    /// Whether it is worth being followed on.
    pub fn is_alive(&self) -> bool {
        let p = self.motion.position_covariance();
        let sigma = p.col(0).x.max(p.col(1).y).sqrt();
        let tentative = !self.confirmed && self.unseen_s > 0.25;
        self.existence > GIVEN_UP
            && !tentative
            && self.unseen_s < MAX_UNSEEN_S
            && (sigma < MAX_POSITION_SIGMA_M || self.unseen_s <= 0.0)
    }

    /// Whether a point lies within its box, widened by `margin` m.
    pub fn contains(&self, point: DVec2, margin: f64) -> bool {
        let local = DVec2::from_angle(-self.yaw).rotate(point - self.motion.position());
        local.abs().cmple(0.5 * self.size + margin).all()
    }

    /// The frame has changed.
    pub fn transform(&mut self, rotation: f64, map: impl Fn(DVec2) -> DVec2) {
        self.motion.transform(rotation, &map);
        self.anchor = map(self.anchor);
        self.yaw = wrap_angle(self.yaw + rotation);
    }
}

/// Whether a hull is hardly wider than the gap between two beams, seen from the scanner.
fn is_narrow(hull: &[DVec2], sensor: DVec2) -> bool {
    let Some(first) = hull.first() else { return true };
    let view = *first - sensor;
    let across = Extent::of(hull, sensor, view.y.atan2(view.x));
    across.high.y - across.low.y < NARROW_M + NARROW_PER_M * view.length()
}

/// Whether a box is a line that the scanner looks along.
fn is_grazed(rect: &Rect, sensor: DVec2) -> bool {
    let view = rect.center - sensor;
    let angle = DVec2::from_angle(rect.yaw).perp_dot(view).abs() / view.length().max(1e-9);
    rect.length > GRAZED_LENGTH_M && rect.width < GRAZED_WIDTH_M && angle < GRAZED_ANGLE
}

/// The measurement along one axis of a box.
struct AxisSight {
    off: f64,
    side: f64,
    sigma: f64,
}

/// Chooses the reference of an axis: the face that the scanner looks at; or, beside the object and with all of it in
/// view, its middle; or, of an object that is partly hidden, the face that lies where it was expected.
fn axis_sight(low: f64, high: f64, half: f64, view: f64, face: f64) -> AxisSight {
    let (low_off, high_off) = (low + half, high - half);
    let partly = (high - low - 2.0 * half).abs() > 0.4;
    let nearer_low = low_off.abs() < high_off.abs();
    let beside = view > low && view < high;
    let side = match (beside, partly) {
        (true, false) => 0.0,
        (true, true) => {
            if nearer_low {
                -1.0
            } else {
                1.0
            }
        }
        (false, _) => {
            let near = if view <= low { -1.0 } else { 1.0 };
            let (near_off, far_off) = if near < 0.0 { (low_off, high_off) } else { (high_off, low_off) };
            let hidden = high - low < 2.0 * half - 0.4 && far_off.abs() + 0.3 < near_off.abs();
            if hidden { -near } else { near }
        }
    };
    let off = if side < 0.0 {
        low_off
    } else if side > 0.0 {
        high_off
    } else {
        0.5 * (low_off + high_off)
    };
    let sigma = if beside { face + 0.1 } else { face };
    AxisSight { off, side, sigma }
}
