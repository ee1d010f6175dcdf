//! Four wheels on springs under a rigid body: where they touch the ground and which forces come from there.

use std::array;

use glam::{DQuat, DVec3};
use vehicle::VehicleParams;

use super::battery::Charge;
use super::drive_by_wire::{Demand, GRAVITY, air_drag_n};
use super::params::DynamicsParams;
use super::tyre::{Motion, Patch};
use crate::ground::Surface;

/// The tyres are stepped this often while the body stands still in between, because a wheel is quick.
const TYRE_STEPS: u32 = 5;
/// From here on the bump stops push, m of travel from rest.
const BUMP_STOP_M: f64 = 0.10;

/// Position and motion of the vehicle's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyMotion {
    /// base_link, m.
    pub position: DVec3,
    /// Its orientation.
    pub rotation: DQuat,
    /// Centre of mass, m.
    pub center: DVec3,
    /// Velocity of the centre of mass, m/s.
    pub velocity: DVec3,
    /// Angular velocity, rad/s, in the frame of `position`.
    pub angular: DVec3,
}

impl BodyMotion {
    /// Velocity of a point of the body, m/s.
    pub fn velocity_at(&self, point: DVec3) -> DVec3 {
        self.velocity + self.angular.cross(point - self.center)
    }
}

/// Force (N) and torque about the centre of mass (N m).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wrench {
    pub force: DVec3,
    pub torque: DVec3,
}

impl Wrench {
    fn add(&mut self, force: DVec3, lever: DVec3) {
        self.force += force;
        self.torque += lever.cross(force);
    }
}

#[derive(Clone, Copy, Default)]
struct Wheel {
    /// Where it stands at rest, in base_link, m.
    mount: DVec3,
    /// Load at rest, N.
    rest_load_n: f64,
    stiffness: f64,
    damping: f64,
    anti_roll: f64,
    drive_share: f64,
    brake_share: f64,
    /// Angular speed, rad/s.
    speed: f64,
    patch: Patch,
    travel: f64,
    load_n: f64,
}

/// The wheels, and what turns them.
pub(crate) struct Chassis {
    params: DynamicsParams,
    wheelbase_m: f64,
    wheels: [Wheel; 4],
    /// Corners of the body, in base_link, m: they touch the ground when it lies on its side.
    corners: [DVec3; 8],
    /// The battery.
    pub charge: Charge,
    /// Slope of the road between the axles, rad, positive uphill.
    pub grade_rad: f64,
    /// Way driven, m.
    pub odometer_m: f64,
}

impl Chassis {
    pub fn new(params: &DynamicsParams, vehicle: &VehicleParams) -> Self {
        let d = params;
        let half_track = 0.5 * d.track_width_m;
        let front_load = 0.5 * d.mass_kg * GRAVITY * d.cg_to_rear_m / vehicle.wheelbase_m;
        let rear_load = 0.5 * d.mass_kg * GRAVITY - front_load;
        let wheel = |front: bool, left: bool| {
            let s = &d.suspension;
            let (x, rest_load_n, stiffness, anti_roll) = if front {
                (vehicle.wheelbase_m, front_load, s.front_stiffness_n_per_m, s.front_anti_roll_n_per_m)
            } else {
                (0.0, rear_load, s.rear_stiffness_n_per_m, s.rear_anti_roll_n_per_m)
            };
            let share = |front_share: f64| 0.5 * if front { front_share } else { 1.0 - front_share };
            Wheel {
                mount: DVec3::new(x, if left { half_track } else { -half_track }, 0.0),
                rest_load_n,
                stiffness,
                damping: 2.0 * s.damping_ratio * (stiffness * rest_load_n.max(1.0) / GRAVITY).sqrt(),
                anti_roll,
                drive_share: share(d.drive.front_share),
                brake_share: share(d.drive.brake_front_share),
                load_n: rest_load_n,
                ..Wheel::default()
            }
        };
        let corner = |i: usize| {
            DVec3::new(
                if i & 1 == 0 { -vehicle.rear_overhang_m } else { vehicle.front_m() },
                if i & 2 == 0 { 0.5 } else { -0.5 } * vehicle.width_m,
                if i & 4 == 0 { d.ground_clearance_m } else { vehicle.height_m },
            )
        };
        Self {
            wheelbase_m: vehicle.wheelbase_m,
            wheels: [wheel(true, true), wheel(true, false), wheel(false, true), wheel(false, false)],
            corners: array::from_fn(corner),
            charge: Charge::new(&d.battery),
            grade_rad: 0.0,
            odometer_m: 0.0,
            params: params.clone(),
        }
    }

    /// Speeds of the treads of the rear wheels, left and right, m/s.
    pub fn rear_treads_mps(&self) -> [f64; 2] {
        [2, 3].map(|i| self.wheels[i].speed * self.params.tyre.radius_m)
    }

    /// Speed along base_link x from the rear wheels, m/s.
    pub fn wheel_speed_mps(&self) -> f64 {
        let [left, right] = self.rear_treads_mps();
        0.5 * (left + right)
    }

    /// Distance of the rear wheels, m.
    pub fn track_width_m(&self) -> f64 {
        self.params.track_width_m
    }

    /// Loads of the wheels, N: front left, front right, rear left, rear right.
    #[cfg(test)]
    pub fn loads_n(&self) -> [f64; 4] {
        self.wheels.map(|w| w.load_n)
    }

    /// Lets the wheels turn as for rolling ahead at `speed`, m/s.
    #[cfg(test)]
    pub fn roll_at(&mut self, speed: f64) {
        for wheel in &mut self.wheels {
            wheel.speed = speed / self.params.tyre.radius_m;
        }
    }

    /// Angle of a wheel for an angle of the virtual front wheel in the middle, after Ackermann, rad.
    fn wheel_angle(&self, wheel: &Wheel, virtual_angle: f64) -> f64 {
        let curvature = virtual_angle.tan() / self.wheelbase_m;
        (wheel.mount.x * curvature).atan2(1.0 - wheel.mount.y * curvature)
    }

    /// Forces on the body over the next `dt_s`. `ground` gives the surface at a point.
    pub fn step(
        &mut self,
        body: &BodyMotion,
        demand: &Demand,
        ground: impl Fn(DVec3) -> Surface,
        dt_s: f64,
    ) -> Wrench {
        let up = body.rotation * DVec3::Z;
        let ahead = body.rotation * DVec3::X;
        let contacts: [_; 4] = array::from_fn(|i| {
            let point = body.position + body.rotation * self.wheels[i].mount;
            let surface = ground(point);
            let upright = surface.normal.dot(up);
            // From the nominal contact point to the ground along the strut; positive when the spring is pressed.
            let travel = (surface.height_m - point.z) * surface.normal.z / upright.max(0.2);
            (point, surface, upright, travel)
        });
        let rise = 0.5 * (0..4).map(|i| contacts[i].1.height_m * if i < 2 { 1.0 } else { -1.0 }).sum::<f64>();
        self.grade_rad = rise.atan2(self.wheelbase_m);
        for (wheel, contact) in self.wheels.iter_mut().zip(&contacts) {
            wheel.travel = contact.3;
        }
        let mut wrench = Wrench::default();
        let mut power_w = 0.0;
        for (i, (point, surface, upright, travel)) in contacts.into_iter().enumerate() {
            let angle = self.wheel_angle(&self.wheels[i], demand.steering_angle_rad);
            let velocity = body.velocity_at(point);
            let other = self.wheels[i ^ 1].travel;
            let wheel = &mut self.wheels[i];
            let closing = -velocity.dot(surface.normal);
            wheel.load_n = if upright > 0.2 { spring_force(wheel, travel, other, closing) } else { 0.0 };
            let heading = body.rotation * DQuat::from_rotation_z(angle) * DVec3::X;
            let along = (heading - surface.normal * heading.dot(surface.normal)).normalize_or(ahead);
            let left = surface.normal.cross(along);
            let motion = Motion { forward: velocity.dot(along), left: velocity.dot(left), rolling: 0.0 };
            let force = turn_wheel(&self.params, wheel, motion, demand, surface.friction, dt_s, &mut power_w);
            let lever = point + DVec3::Z * (surface.height_m - point.z) - body.center;
            wrench.add(surface.normal * wheel.load_n + along * force.x + left * force.y, lever);
        }
        wrench.force += ahead * air_drag_n(&self.params, body.velocity.dot(ahead));
        self.touch_ground(body, &mut wrench, &ground);
        self.charge.step(&self.params.battery, power_w, dt_s);
        self.odometer_m += self.wheel_speed_mps().abs() * dt_s;
        wrench
    }

    /// Corners of the body that are below the ground are pushed out, with friction.
    fn touch_ground(&self, body: &BodyMotion, wrench: &mut Wrench, ground: &impl Fn(DVec3) -> Surface) {
        let upright = (body.rotation * DVec3::Z).z;
        for (i, corner) in self.corners.iter().enumerate() {
            // Only the lower corners of a vehicle that stands can touch.
            if i >= 4 && upright > 0.5 {
                break;
            }
            let point = body.position + body.rotation * *corner;
            let surface = ground(point);
            let depth = (surface.height_m - point.z) * surface.normal.z;
            if !(0.0..1.0).contains(&depth) {
                continue;
            }
            let velocity = body.velocity_at(point);
            let closing = -velocity.dot(surface.normal);
            let mass = self.params.mass_kg;
            let push = (depth * mass * 60.0 + closing * mass * 4.0).max(0.0);
            let slide = velocity + surface.normal * closing;
            let friction = -slide.normalize_or_zero() * (0.6 * push).min(slide.length() * mass * 4.0);
            wrench.add(surface.normal * push + friction, point - body.center);
        }
    }
}

/// Load of a wheel, N. `other` is the travel of the wheel on the other side of the axle.
fn spring_force(wheel: &Wheel, travel: f64, other: f64, closing: f64) -> f64 {
    let bump = 8.0 * wheel.stiffness * (travel - BUMP_STOP_M).clamp(0.0, 0.1);
    let spring = wheel.rest_load_n + wheel.stiffness * travel + bump + wheel.anti_roll * (travel - other);
    // Out of the ground there is no force at all, in it the damper never pulls.
    let lifted = wheel.rest_load_n + wheel.stiffness * travel < 0.0;
    if lifted { 0.0 } else { (spring + wheel.damping * closing).clamp(0.0, 12.0 * wheel.rest_load_n) }
}

/// Turns a wheel for `dt_s` and gives the mean force of the road on it, N: x along it, y to its left.
fn turn_wheel(
    d: &DynamicsParams,
    wheel: &mut Wheel,
    mut motion: Motion,
    demand: &Demand,
    surface: f64,
    dt_s: f64,
    power_w: &mut f64,
) -> glam::DVec2 {
    let tyre = &d.tyre;
    let radius = tyre.radius_m;
    // Anti-lock and traction control: never more than the road can take, above walking pace.
    let grip = 0.95 * tyre.friction_at(wheel.load_n, surface) * wheel.load_n;
    let controlled = |force: f64| if motion.forward.abs() > 1.0 { force.clamp(-grip, grip) } else { force };
    let drive = controlled(demand.drive_n * wheel.drive_share) * radius;
    let brake =
        if demand.lock { f64::INFINITY } else { controlled(demand.brake_n * wheel.brake_share) * radius };
    let resistance = brake + tyre.rolling_resistance * wheel.load_n * radius;
    let step = dt_s / f64::from(TYRE_STEPS);
    let mut mean = glam::DVec2::ZERO;
    for _ in 0..TYRE_STEPS {
        motion.rolling = wheel.speed * radius;
        let force = tyre.force(&mut wheel.patch, motion, wheel.load_n, surface, step);
        let free = wheel.speed + step * (drive - radius * force.x) / tyre.wheel_inertia_kg_m2;
        let slowing = step * resistance / tyre.wheel_inertia_kg_m2;
        wheel.speed = if free.abs() <= slowing { 0.0 } else { free - slowing.copysign(free) };
        mean += force / f64::from(TYRE_STEPS);
    }
    let braking = if demand.lock { 0.0 } else { brake };
    *power_w += drive * wheel.speed - braking * wheel.speed.abs();
    mean
}
