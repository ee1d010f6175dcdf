//! The world as a value: everything in it, stepped by 10 ms.

use std::sync::Arc;

use glam::{DQuat, DVec3};
use maps::Map;
use vehicle::Pose2;

use crate::config::{EgoConfig, WorldConfig, WorldError};
use crate::dynamics::{Command, Gear};
use crate::ego::Ego;
use crate::events::{Happening, watch};
use crate::frame::Frame;
use crate::ground::{Ground, Rasters};
use crate::physics::{Block, Physics};
use crate::random::Random;
use crate::sensors::{Camera, Fix, Inertial, LidarSensor, Looks, Scan, Solid, WheelTwist};
use crate::statics::Statics;
use crate::traffic::{Actor, Crowd};

/// Time of a step, s.
pub const STEP_S: f64 = 0.01;
/// The same, ns.
pub const STEP_NS: i64 = 10_000_000;
/// Physics steps per step.
const SUBSTEPS: u32 = 2;
/// Lanes are watched every so many steps.
const WATCH_STEPS: u64 = 5;

/// Number of a vehicle under test in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EgoId(pub(crate) usize);

impl EgoId {
    /// Its place in the order in which vehicles came into the world, from 0.
    pub fn index(self) -> usize {
        self.0
    }
}

/// How a vehicle truly moves, in map.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// base_link, m.
    pub position: DVec3,
    /// Orientation of base_link.
    pub orientation: DQuat,
    /// Velocity of base_link in its own axes, m/s.
    pub velocity: DVec3,
    /// Angular velocity in the axes of base_link, rad/s.
    pub angular_velocity: DVec3,
}

/// What the drive-by-wire unit of a vehicle reports.
#[derive(Clone, Copy, Debug)]
pub struct ChassisReport {
    /// Angle of the virtual front wheel, rad.
    pub steering_angle_rad: f64,
    /// Speed from the wheels, m/s.
    pub speed_mps: f64,
    /// Acceleration along base_link x over ground, m/s^2.
    pub acceleration_mps2: f64,
    /// The gear that is in.
    pub gear: Gear,
    /// Charge of the battery, 0 to 1.
    pub battery_fraction: f64,
    /// Way driven, m.
    pub odometer_m: f64,
    /// It brakes by itself.
    pub deadman_active: bool,
}

/// Another road user as it truly is, in map.
#[derive(Clone, Copy, Debug)]
pub struct RoadUser {
    /// Number, never used again.
    pub id: u32,
    /// One of `TrackedObject.CLASS_*`.
    pub class: u8,
    /// Middle of its box, m.
    pub center: DVec3,
    /// Heading, rad.
    pub heading: f64,
    /// Length, width, height, m.
    pub size: DVec3,
    /// Velocity, m/s.
    pub velocity: DVec3,
    /// Yaw rate, rad/s.
    pub yaw_rate: f64,
}

/// Ids of other vehicles under test begin here, so that they differ from those of the traffic.
const EGO_ID: u32 = 1_000_000;

/// A world.
pub struct World {
    map: Arc<Map>,
    frame: Frame,
    seed: u64,
    ground: Ground,
    rasters: Rasters,
    statics: Statics,
    physics: Physics,
    egos: Vec<Ego>,
    crowd: Crowd,
    /// Made with the first picture.
    camera: Option<Camera>,
    happenings: Vec<Happening>,
    steps: u64,
}

impl World {
    /// The world of a map, without vehicles under test.
    pub fn new(config: &WorldConfig, map: Arc<Map>) -> Self {
        let frame = Frame::of(&map);
        let mut physics = Physics::new(STEP_S / f64::from(SUBSTEPS));
        let statics = Statics::new(&map, frame, &mut physics);
        let crowd = Crowd::new(config, Arc::clone(&map), frame);
        Self {
            ground: Ground::new(&map, frame.origin),
            rasters: Rasters::default(),
            map,
            frame,
            seed: config.seed,
            statics,
            physics,
            egos: vec![],
            crowd,
            camera: None,
            happenings: vec![],
            steps: 0,
        }
    }

    /// Adds a vehicle, at rest.
    pub fn add_ego(&mut self, config: &EgoConfig) -> Result<EgoId, WorldError> {
        let index = self.egos.len() as u32;
        let start = match config.start {
            Some(pose) if pose.position.is_finite() && pose.heading.is_finite() => pose,
            Some(Pose2 { position, heading }) => {
                return Err(WorldError::BadStart { x_m: position.x, y_m: position.y, heading_rad: heading });
            }
            None => self.random_start(index)?,
        };
        let z = self.map.surface_height(start.position.extend(0.0)).unwrap_or(0.0);
        let pose = Pose2 { position: start.position - self.frame.origin.truncate(), heading: start.heading };
        let ego = Ego::new(&mut self.physics, &self.ground, config, (pose, z), (self.seed, index), STEP_S);
        self.egos.push(ego);
        Ok(EgoId(index as usize))
    }

    /// A place on a drivable lane outside junctions; longer lanes are likelier.
    fn random_start(&self, index: u32) -> Result<Pose2, WorldError> {
        let mut random = Random::new(self.seed, "start", index.into());
        let lanes: Vec<_> = self
            .map
            .lanes
            .iter()
            .filter(|l| l.kind.is_drivable() && l.junction.is_none() && l.length() > 12.0)
            .collect();
        let total: f64 = lanes.iter().map(|l| l.length()).sum();
        let mut way = random.uniform(0.0, total);
        for lane in lanes {
            if way <= lane.length() {
                let s = way.clamp(3.0, lane.length() - 6.0);
                let point = lane.centre.at(s);
                return Ok(Pose2 { position: point.position.truncate(), heading: point.heading });
            }
            way -= lane.length();
        }
        Err(WorldError::NoStart { map: self.map.name.clone() })
    }

    /// The map.
    pub fn map(&self) -> &Arc<Map> {
        &self.map
    }

    /// Time since the start, s.
    pub fn time_s(&self) -> f64 {
        self.steps as f64 * STEP_S
    }

    /// Gives a command to a vehicle's drive-by-wire unit.
    pub fn apply(&mut self, ego: EgoId, command: Command) {
        self.egos[ego.0].unit.apply(command);
    }

    /// Goes on by [`STEP_S`].
    pub fn step(&mut self) {
        self.crowd.step(&self.egos, &self.ground, &mut self.physics, STEP_S);
        for ego in &mut self.egos {
            ego.control(STEP_S);
        }
        let dt_s = STEP_S / f64::from(SUBSTEPS);
        for _ in 0..SUBSTEPS {
            for ego in &mut self.egos {
                ego.push(&mut self.physics, &self.ground, dt_s);
            }
            self.physics.step();
        }
        self.steps += 1;
        let now = self.time_s();
        for ego in &mut self.egos {
            ego.update(&self.physics, STEP_S);
        }
        let on_watch = self.steps.is_multiple_of(WATCH_STEPS);
        let motions: Vec<_> = self.egos.iter().map(|e| (e.motion.velocity, e.velocity())).collect();
        for index in 0..self.egos.len() {
            let velocity_of = |other: u32| motions.get(other as usize).map_or(DVec3::ZERO, |m| m.0);
            let ego = &mut self.egos[index];
            let touches = self.physics.touches(ego.body);
            let seen =
                watch(ego, &touches, &self.crowd, &self.statics, &self.ground, on_watch, now, velocity_of);
            let frame = self.frame;
            self.happenings.extend(seen.into_iter().map(|mut h| {
                h.ego = EgoId(index);
                h.position = frame.to_map(h.position);
                h
            }));
        }
    }

    /// What happened since the last call.
    pub fn take_happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    /// The same of one vehicle only.
    pub(crate) fn take_happenings_of(&mut self, ego: EgoId) -> Vec<Happening> {
        let (own, of_others) = self.take_happenings().into_iter().partition(|h| h.ego == ego);
        self.happenings = of_others;
        own
    }

    /// How a vehicle truly moves.
    pub fn truth(&self, ego: EgoId) -> Truth {
        let ego = &self.egos[ego.0];
        let inverse = ego.motion.rotation.inverse();
        Truth {
            position: self.frame.to_map(ego.motion.position),
            orientation: ego.motion.rotation,
            velocity: inverse * ego.velocity(),
            angular_velocity: inverse * ego.motion.angular,
        }
    }

    /// What a vehicle's drive-by-wire unit reports.
    pub fn chassis(&self, ego: EgoId) -> ChassisReport {
        let ego = &self.egos[ego.0];
        let ahead = ego.motion.rotation * DVec3::X;
        ChassisReport {
            steering_angle_rad: ego.unit.steering_angle_rad(),
            speed_mps: ego.chassis.wheel_speed_mps(),
            acceleration_mps2: ego.specific_force.x - crate::dynamics::GRAVITY * ahead.z,
            gear: ego.unit.gear,
            battery_fraction: ego.chassis.charge.fraction,
            odometer_m: ego.chassis.odometer_m,
            deadman_active: ego.unit.deadman_active,
        }
    }

    /// A measurement of a vehicle's IMU, `dt_s` after the last one.
    pub fn measure_imu(&mut self, ego: EgoId, dt_s: f64) -> Inertial {
        let ego = &mut self.egos[ego.0];
        let truth = ego.inertial();
        ego.imu.measure(&truth, dt_s)
    }

    /// Lets a vehicle's satellite receiver measure, `dt_s` after the last time.
    pub fn measure_gnss(&mut self, ego: EgoId, dt_s: f64) {
        let now = self.time_s();
        let position = self.truth(ego).position;
        self.egos[ego.0].gnss.measure(now, position, dt_s);
    }

    /// The next measurement of a vehicle's satellite receiver that has arrived.
    pub fn arrived_fix(&mut self, ego: EgoId) -> Option<Fix> {
        let now = self.time_s();
        self.egos[ego.0].gnss.arrived(now)
    }

    /// A measurement of a vehicle's wheel odometry.
    pub fn measure_wheels(&mut self, ego: EgoId) -> WheelTwist {
        let ego = &mut self.egos[ego.0];
        let (treads, track) = (ego.chassis.rear_treads_mps(), ego.chassis.track_width_m());
        ego.wheel_odometry.measure(treads, track)
    }

    /// Takes a scan of a vehicle's LiDAR.
    pub fn scan(&mut self, ego: EgoId, out: &mut Scan) {
        let solids = self.solids_around(ego);
        let ego = &mut self.egos[ego.0];
        let (rotation, mount) = (ego.motion.rotation, &ego.vehicle.lidar);
        let position = ego.motion.position + rotation * DVec3::new(mount.x_m, 0.0, mount.z_m);
        let lidar: &mut LidarSensor = &mut ego.lidar;
        let window = self.rasters.window(&self.ground, position.truncate(), lidar.max_range_m() + 1.0);
        lidar.scan(position, rotation, &window, &solids, &self.statics.walls, out);
    }

    /// All boxes but that of a vehicle itself.
    fn solids_around(&self, but: EgoId) -> Vec<Solid> {
        let mut solids = self.statics.solids.clone();
        solids.extend(self.crowd.actors().map(Actor::solid));
        let others = self.egos.iter().enumerate().filter(|(i, _)| *i != but.0);
        solids.extend(others.map(|(_, e)| solid_of(e.block(), Looks(0.6))));
        solids
    }

    /// Takes a picture with a vehicle's camera, which looks ahead from below the roof; JPEG, 640 by 360 pixels.
    pub fn shoot(&mut self, ego: EgoId) -> Vec<u8> {
        let solids = self.solids_around(ego);
        let ego = &self.egos[ego.0];
        let rotation = ego.motion.rotation;
        let mount = DVec3::new(ego.vehicle.front_m(), 0.0, 0.75 * ego.vehicle.height_m);
        let position = ego.motion.position + rotation * mount;
        if self.camera.is_none() {
            self.camera = Camera::new();
        }
        let Some(camera) = &mut self.camera else { return vec![] };
        camera.shoot(&self.map, self.frame, (position, rotation), &solids, &self.statics.walls)
    }

    /// All road users but the vehicle itself, as they truly are, by id.
    pub fn road_users(&self, but: EgoId) -> Vec<RoadUser> {
        let frame = self.frame;
        let traffic = self.crowd.actors().map(|a| a.road_user(frame));
        let others = self.egos.iter().enumerate().filter(|(i, _)| *i != but.0).map(|(i, e)| {
            let block = e.block();
            RoadUser {
                id: EGO_ID + i as u32,
                class: msgs::atlasmesh_msgs::msg::TrackedObject::CLASS_TRUCK,
                center: frame.to_map(block.center),
                heading: e.pose().heading,
                size: 2.0 * block.half,
                velocity: e.motion.velocity,
                yaw_rate: e.motion.angular.z,
            }
        });
        traffic.chain(others).collect()
    }
}

fn solid_of(block: Block, looks: Looks) -> Solid {
    Solid { center: block.center, rotation: block.rotation, half: block.half, looks }
}
