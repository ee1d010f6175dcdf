//! Other road users: vehicles that follow the lanes, and people on foot.

mod driver;
mod idm;
mod junctions;
mod path;
mod spawn;
mod surroundings;
mod walker;

use std::sync::Arc;

use glam::{DQuat, DVec3};
use maps::Map;

use crate::config::WorldConfig;
use crate::ego::Ego;
use crate::frame::Frame;
use crate::ground::Ground;
use crate::physics::{Block, MovedHandle, Owner, Physics};
use crate::random::Random;
use crate::sensors::{Looks, Solid};
use crate::world::RoadUser;
use driver::Driver;
use junctions::Junctions;
use surroundings::{Body, Surroundings};
use walker::Walker;

/// Everyone decides anew this often, s; on different steps.
const DECISION_STEPS: u64 = 10;

/// One of the other road users: a box that moves.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub id: u32,
    /// One of `TrackedObject.CLASS_*`.
    pub class: u8,
    /// Half of length, width and height, m.
    pub half: DVec3,
    /// Middle of the box in the world, m.
    pub center: DVec3,
    pub rotation: DQuat,
    /// m/s.
    pub velocity: DVec3,
    /// rad/s.
    pub yaw_rate: f64,
    pub looks: Looks,
    handle: MovedHandle,
}

impl Actor {
    fn new(physics: &mut Physics, owner: Owner, id: u32, class: u8, half: DVec3, looks: Looks) -> Self {
        // Out of the way until it is put to its place.
        let center = DVec3::new(0.0, 0.0, -1000.0 - 10.0 * f64::from(id));
        let rotation = DQuat::IDENTITY;
        let handle = physics.add_moved(owner, Block { center, rotation, half });
        Self { id, class, half, center, rotation, velocity: DVec3::ZERO, yaw_rate: 0.0, looks, handle }
    }

    /// What a LiDAR sees of it.
    pub fn solid(&self) -> Solid {
        Solid { center: self.center, rotation: self.rotation, half: self.half, looks: self.looks }
    }

    /// What is told of it.
    pub fn road_user(&self, frame: Frame) -> RoadUser {
        RoadUser {
            id: self.id,
            class: self.class,
            center: frame.to_map(self.center),
            heading: self.heading(),
            size: 2.0 * self.half,
            velocity: self.velocity,
            yaw_rate: self.yaw_rate,
        }
    }

    fn heading(&self) -> f64 {
        let ahead = self.rotation * DVec3::X;
        ahead.y.atan2(ahead.x)
    }

    /// Puts it on the ground at a foot point with a heading, at once or by moving there within `dt_s`.
    fn place(&mut self, physics: &mut Physics, foot: DVec3, heading: f64, normal: DVec3, dt_s: Option<f64>) {
        let tilt = DQuat::from_rotation_arc(DVec3::Z, normal);
        let rotation = (tilt * DQuat::from_rotation_z(heading)).normalize();
        let center = foot + normal * self.half.z;
        match dt_s {
            Some(dt_s) => {
                self.velocity = (center - self.center) / dt_s;
                self.yaw_rate = vehicle::wrap_angle(heading - self.heading()) / dt_s;
                physics.move_to(self.handle, center, rotation, dt_s);
            }
            None => {
                (self.velocity, self.yaw_rate) = (DVec3::ZERO, 0.0);
                physics.put(self.handle, center, rotation);
            }
        }
        (self.center, self.rotation) = (center, rotation);
    }

    fn body(&self) -> Body {
        Body {
            center: self.center,
            heading: self.heading(),
            half: self.half.truncate(),
            velocity: self.velocity.truncate(),
            yaw_rate: self.yaw_rate,
        }
    }
}

/// All other road users.
pub(crate) struct Crowd {
    map: Arc<Map>,
    frame: Frame,
    random: Random,
    drivers: Vec<Driver>,
    walkers: Vec<Walker>,
    junctions: Junctions,
    wanted: (usize, usize),
    steps: u64,
}

impl Crowd {
    pub fn new(config: &WorldConfig, map: Arc<Map>, frame: Frame) -> Self {
        Self {
            junctions: Junctions::new(&map),
            random: Random::new(config.seed, "crowd", 0),
            map,
            frame,
            drivers: vec![],
            walkers: vec![],
            wanted: (config.traffic, config.pedestrians),
            steps: 0,
        }
    }

    /// All of them, by id.
    pub fn actors(&self) -> impl Iterator<Item = &Actor> {
        self.drivers.iter().map(|d| &d.actor).chain(self.walkers.iter().map(|w| &w.actor))
    }

    /// Velocity of one of them, m/s.
    pub fn velocity_of(&self, id: u32) -> DVec3 {
        self.actors().find(|a| a.id == id).map_or(DVec3::ZERO, |a| a.velocity)
    }

    /// Goes on by `dt_s`.
    pub fn step(&mut self, egos: &[Ego], ground: &Ground, physics: &mut Physics, dt_s: f64) {
        if self.wanted == (0, 0) {
            return;
        }
        let surroundings = Surroundings {
            egos: egos.iter().map(surroundings::body_of).collect(),
            vehicles: self.drivers.iter().map(|d| d.actor.body()).collect(),
            walkers: self.walkers.iter().map(|w| w.actor.body()).collect(),
        };
        if self.steps == 0 {
            self.populate(ground, physics, &surroundings);
        }
        if self.steps.is_multiple_of(DECISION_STEPS) {
            self.junctions.look_at_egos(
                &self.map,
                self.frame,
                &surroundings.egos,
                dt_s * DECISION_STEPS as f64,
            );
        }
        let decision_s = dt_s * DECISION_STEPS as f64;
        for (index, driver) in self.drivers.iter_mut().enumerate() {
            if (self.steps + index as u64).is_multiple_of(DECISION_STEPS) {
                driver.decide(&self.map, self.frame, &surroundings, index, &mut self.junctions, decision_s);
            }
            driver.drive(&self.map, self.frame, ground, physics, dt_s);
        }
        for (index, walker) in self.walkers.iter_mut().enumerate() {
            let decides = (self.steps + index as u64).is_multiple_of(DECISION_STEPS);
            walker.walk(&self.map, self.frame, ground, physics, &surroundings, decides, dt_s);
        }
        if self.steps.is_multiple_of(DECISION_STEPS) {
            self.respawn(ground, physics, &surroundings);
        }
        self.steps += 1;
    }
}
