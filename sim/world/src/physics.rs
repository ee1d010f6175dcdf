//! The rigid-body world: rapier3d with its deterministic arithmetic.

use glam::{DQuat, DVec3};
use rapier3d_f64::prelude::*;

use crate::dynamics::{BodyMotion, DynamicsParams, Wrench};
use vehicle::VehicleParams;

/// What a collider belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// A vehicle under test.
    Ego(u32),
    /// A vehicle of the traffic.
    Vehicle(u32),
    /// Somebody on foot.
    Pedestrian(u32),
    /// A thing of the map.
    Object(u32),
}

impl Owner {
    fn to_data(self) -> u128 {
        let (kind, id) = match self {
            Self::Ego(id) => (1, id),
            Self::Vehicle(id) => (2, id),
            Self::Pedestrian(id) => (3, id),
            Self::Object(id) => (4, id),
        };
        kind << 32 | u128::from(id)
    }

    fn from_data(data: u128) -> Option<Self> {
        let id = data as u32;
        match data >> 32 {
            1 => Some(Self::Ego(id)),
            2 => Some(Self::Vehicle(id)),
            3 => Some(Self::Pedestrian(id)),
            4 => Some(Self::Object(id)),
            _ => None,
        }
    }
}

/// A contact of a body with something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub other: Owner,
    /// Where, m.
    pub point: DVec3,
    /// From the body to the other, length 1.
    pub normal: DVec3,
}

/// A box for traffic, people and things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// Middle, m.
    pub center: DVec3,
    pub rotation: DQuat,
    /// Half of length, width and height, m.
    pub half: DVec3,
}

/// Dynamic body with its collider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyHandle {
    body: RigidBodyHandle,
    collider: ColliderHandle,
}

/// Body that is moved from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MovedHandle(RigidBodyHandle);

pub(crate) struct Physics {
    world: PhysicsWorld,
}

impl Physics {
    /// An empty world that is stepped by `dt_s`.
    pub fn new(dt_s: f64) -> Self {
        let mut world = PhysicsWorld::new();
        world.gravity = DVec3::new(0.0, 0.0, -crate::dynamics::GRAVITY);
        world.integration_parameters.dt = dt_s;
        Self { world }
    }

    /// Adds a vehicle with base_link at a pose.
    pub fn add_vehicle(
        &mut self,
        owner: Owner,
        vehicle: &VehicleParams,
        dynamics: &DynamicsParams,
        position: DVec3,
        rotation: DQuat,
    ) -> BodyHandle {
        let d = dynamics;
        let inertia = DVec3::new(d.roll_inertia_kg_m2, d.pitch_inertia_kg_m2, d.yaw_inertia_kg_m2);
        let center = DVec3::new(d.cg_to_rear_m, 0.0, d.cg_height_m);
        let body = RigidBodyBuilder::dynamic()
            .pose(Pose::from_parts(position, rotation))
            .additional_mass_properties(MassProperties::new(center, d.mass_kg, inertia))
            .can_sleep(false)
            .ccd_enabled(false);
        let body = self.world.insert_body(body);
        let height = (vehicle.height_m - d.ground_clearance_m).max(0.2);
        let middle = DVec3::new(
            0.5 * vehicle.length_m - vehicle.rear_overhang_m,
            0.0,
            d.ground_clearance_m + 0.5 * height,
        );
        let collider = ColliderBuilder::cuboid(0.5 * vehicle.length_m, 0.5 * vehicle.width_m, 0.5 * height)
            .translation(middle)
            .density(0.0)
            .friction(0.4)
            .user_data(owner.to_data());
        let collider = self.world.insert_collider(collider, Some(body));
        if let Some(rigid) = self.world.bodies.get_mut(body) {
            rigid.recompute_mass_properties_from_colliders(&self.world.colliders);
        }
        BodyHandle { body, collider }
    }

    /// Adds a thing that never moves.
    pub fn add_fixed(&mut self, owner: Owner, block: Block) {
        let collider = ColliderBuilder::cuboid(block.half.x, block.half.y, block.half.z)
            .position(Pose::from_parts(block.center, block.rotation))
            .user_data(owner.to_data());
        self.world.insert_collider(collider, None);
    }

    /// Adds a body that is moved with [`Self::move_to`].
    pub fn add_moved(&mut self, owner: Owner, block: Block) -> MovedHandle {
        let body = RigidBodyBuilder::kinematic_velocity_based()
            .pose(Pose::from_parts(block.center, block.rotation))
            .can_sleep(false);
        let body = self.world.insert_body(body);
        let collider = ColliderBuilder::cuboid(block.half.x, block.half.y, block.half.z)
            .friction(0.4)
            .user_data(owner.to_data());
        self.world.insert_collider(collider, Some(body));
        MovedHandle(body)
    }

    /// Lets a body get to a pose within `dt_s`, with the velocity that this takes.
    pub fn move_to(&mut self, handle: MovedHandle, position: DVec3, rotation: DQuat, dt_s: f64) {
        let Some(body) = self.world.bodies.get_mut(handle.0) else { return };
        let turn = (rotation * body.rotation().inverse()).to_scaled_axis();
        let way = position - body.translation();
        body.set_linvel(way / dt_s, true);
        body.set_angvel(turn / dt_s, true);
    }

    /// Puts a body to a place at once.
    pub fn put(&mut self, handle: MovedHandle, position: DVec3, rotation: DQuat) {
        let Some(body) = self.world.bodies.get_mut(handle.0) else { return };
        body.set_position(Pose::from_parts(position, rotation), true);
        body.set_linvel(DVec3::ZERO, true);
        body.set_angvel(DVec3::ZERO, true);
    }

    /// Position and motion of a vehicle.
    pub fn motion(&self, handle: BodyHandle) -> BodyMotion {
        let body = &self.world.bodies[handle.body];
        BodyMotion {
            position: body.translation(),
            rotation: *body.rotation(),
            center: body.center_of_mass(),
            velocity: body.linvel(),
            angular: body.angvel(),
        }
    }

    /// Gives a vehicle a velocity, m/s.
    #[cfg(test)]
    pub fn set_velocity(&mut self, handle: BodyHandle, velocity: DVec3) {
        self.world.bodies[handle.body].set_linvel(velocity, true);
    }

    /// Replaces the forces on a vehicle.
    pub fn push(&mut self, handle: BodyHandle, wrench: Wrench) {
        let body = &mut self.world.bodies[handle.body];
        body.reset_forces(false);
        body.reset_torques(false);
        body.add_force(wrench.force, true);
        body.add_torque(wrench.torque, true);
    }

    /// Steps the world.
    pub fn step(&mut self) {
        self.world.step();
    }

    /// What a vehicle touches now.
    pub fn touches(&self, handle: BodyHandle) -> Vec<Touch> {
        let mut touches = vec![];
        for pair in self.world.narrow_phase.contact_pairs_with(handle.collider) {
            let Some((manifold, contact)) = pair.find_deepest_contact() else { continue };
            if contact.dist > 0.005 {
                continue;
            }
            let first = pair.collider1 == handle.collider;
            let other = if first { pair.collider2 } else { pair.collider1 };
            let Some(collider) = self.world.colliders.get(other) else { continue };
            let Some(other) = Owner::from_data(collider.user_data) else { continue };
            let Some(base) = self.world.colliders.get(pair.collider1) else { continue };
            let point = base.position().transform_point(contact.local_p1);
            let normal = manifold.data.normal * if first { 1.0 } else { -1.0 };
            touches.push(Touch { other, point, normal });
        }
        touches.sort_by_key(|t| t.other);
        touches
    }
}
