//! A vehicle under test: its body, its drive-by-wire unit, its sensors.

use std::collections::BTreeMap;

use glam::{DQuat, DVec2, DVec3};
use vehicle::{Pose2, VehicleParams};

use crate::config::EgoConfig;
use crate::dynamics::{BodyMotion, Chassis, Demand, DriveByWire, GRAVITY};
use crate::ground::{Ground, Surface};
use crate::physics::{Block, BodyHandle, Owner, Physics};
use crate::random::{Random, mix};
use crate::sensors::{Gnss, Imu, Inertial, LidarSensor, WheelOdometry};

pub(crate) struct Ego {
    pub vehicle: VehicleParams,
    pub dynamics: crate::dynamics::DynamicsParams,
    pub body: BodyHandle,
    pub chassis: Chassis,
    pub unit: DriveByWire,
    demand: Demand,
    pub motion: BodyMotion,
    /// The motion one step ago.
    before: BodyMotion,
    /// Specific force at base_link in its axes, m/s^2.
    pub specific_force: DVec3,
    pub imu: Imu,
    pub gnss: Gnss,
    pub wheel_odometry: WheelOdometry,
    pub lidar: LidarSensor,
    /// What it touches, with the time it last did, s.
    pub touching: BTreeMap<Owner, f64>,
    /// Its outline is off the lanes.
    pub departed: bool,
}

/// Orientation of a vehicle that stands at a place: heading, and up as the ground below its wheels.
pub(crate) fn stand(
    ground: impl Fn(DVec3) -> Surface,
    pose: Pose2,
    z_hint: f64,
    vehicle: &VehicleParams,
) -> (DVec3, DQuat) {
    let height = |x: f64, y: f64| {
        let point = pose.transform(DVec2::new(x, y));
        point.extend(ground(point.extend(z_hint)).height_m)
    };
    let half = 0.4 * vehicle.width_m;
    let (rear, front) = (height(0.0, 0.0), height(vehicle.wheelbase_m, 0.0));
    let (left, right) = (height(0.5 * vehicle.wheelbase_m, half), height(0.5 * vehicle.wheelbase_m, -half));
    let x = (front - rear).normalize_or(DVec3::X);
    let z = x.cross(left - right).normalize_or(DVec3::Z);
    let y = z.cross(x);
    (rear, DQuat::from_mat3(&glam::DMat3::from_cols(x, y, z)).normalize())
}

impl Ego {
    pub fn new(
        physics: &mut Physics,
        ground: &Ground,
        config: &EgoConfig,
        (pose, z_hint): (Pose2, f64),
        (seed, index): (u64, u32),
        dt_s: f64,
    ) -> Self {
        let vehicle = &config.vehicle;
        let (position, rotation) = stand(|p| ground.at(p), pose, z_hint, vehicle);
        let body = physics.add_vehicle(Owner::Ego(index), vehicle, &config.dynamics, position, rotation);
        let stream = |name: &str| Random::new(seed, name, index.into());
        let sensors = &config.sensors;
        Self {
            body,
            chassis: Chassis::new(&config.dynamics, vehicle),
            unit: DriveByWire::new(vehicle, dt_s),
            demand: Demand::default(),
            motion: physics.motion(body),
            before: physics.motion(body),
            specific_force: rotation.inverse() * DVec3::Z * GRAVITY,
            imu: Imu::new(&sensors.imu, stream("imu")),
            gnss: Gnss::new(&sensors.gnss, stream("gnss")),
            wheel_odometry: WheelOdometry::new(&sensors.wheel_odometry, stream("wheels")),
            lidar: LidarSensor::new(&sensors.lidar, mix(seed ^ mix(u64::from(index)))),
            touching: BTreeMap::new(),
            departed: false,
            vehicle: config.vehicle.clone(),
            dynamics: config.dynamics.clone(),
        }
    }

    /// Lets the drive-by-wire unit go on by `dt_s`.
    pub fn control(&mut self, dt_s: f64) {
        let (speed, grade) = (self.chassis.wheel_speed_mps(), self.chassis.grade_rad);
        self.demand = self.unit.step(&self.dynamics, speed, grade, dt_s);
    }

    /// Puts the forces of the next `dt_s` on the body.
    pub fn push(&mut self, physics: &mut Physics, ground: &Ground, dt_s: f64) {
        let motion = physics.motion(self.body);
        let wrench = self.chassis.step(&motion, &self.demand, |p| ground.at(p), dt_s);
        physics.push(self.body, wrench);
    }

    /// Takes over how it moves now, `dt_s` after the last time.
    pub fn update(&mut self, physics: &Physics, dt_s: f64) {
        self.before = self.motion;
        self.motion = physics.motion(self.body);
        let acceleration =
            (self.velocity() - self.before.velocity_at(self.before.position)) / dt_s + DVec3::Z * GRAVITY;
        self.specific_force = self.motion.rotation.inverse() * acceleration;
    }

    /// Velocity of base_link in the world, m/s.
    pub fn velocity(&self) -> DVec3 {
        self.motion.velocity_at(self.motion.position)
    }

    /// Velocity of one of its points one step ago, before a contact changed it, m/s.
    pub fn velocity_before_contact(&self, point: DVec3) -> DVec3 {
        self.before.velocity_at(point)
    }

    /// Speed along base_link x, m/s.
    pub fn speed_mps(&self) -> f64 {
        self.velocity().dot(self.motion.rotation * DVec3::X)
    }

    /// Position and heading from above, in the world.
    pub fn pose(&self) -> Pose2 {
        let ahead = self.motion.rotation * DVec3::X;
        Pose2 { position: self.motion.position.truncate(), heading: ahead.y.atan2(ahead.x) }
    }

    /// What an ideal IMU would measure.
    pub fn inertial(&self) -> Inertial {
        Inertial {
            orientation: self.motion.rotation,
            angular_velocity: self.motion.rotation.inverse() * self.motion.angular,
            specific_force: self.specific_force,
        }
    }

    /// Its body as a box.
    pub fn block(&self) -> Block {
        let v = &self.vehicle;
        let clearance = self.dynamics.ground_clearance_m;
        let half = 0.5 * DVec3::new(v.length_m, v.width_m, (v.height_m - clearance).max(0.2));
        let middle = DVec3::new(half.x - v.rear_overhang_m, 0.0, clearance + half.z);
        Block {
            center: self.motion.position + self.motion.rotation * middle,
            rotation: self.motion.rotation,
            half,
        }
    }

    /// Points of its outline, moved inwards by `inset_m`, at most 1 m apart, in the world.
    pub fn outline(&self, inset_m: f64) -> impl Iterator<Item = DVec3> {
        let v = &self.vehicle;
        let (front, rear) = (v.front_m() - inset_m, -v.rear_overhang_m + inset_m);
        let side = 0.5 * v.width_m - inset_m;
        let pieces = (front - rear).ceil().max(1.0) as usize;
        let along = (0..=pieces).map(move |i| rear + (front - rear) * i as f64 / pieces as f64);
        let sides = along.flat_map(move |x| [DVec3::new(x, side, 0.0), DVec3::new(x, -side, 0.0)]);
        let ends = [DVec3::new(front, 0.0, 0.0), DVec3::new(rear, 0.0, 0.0)];
        let motion = self.motion;
        sides.chain(ends).map(move |p| motion.position + motion.rotation * p)
    }
}
