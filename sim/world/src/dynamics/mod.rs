//! How a vehicle moves: drive-by-wire unit, actuators, suspension and tyres. What comes out are forces on a rigid body.

mod actuator;
mod battery;
mod chassis;
mod drive_by_wire;
mod params;
mod tyre;

pub use params::{Battery, Drive, DynamicsParams, Suspension, Tyre, UnknownDynamics, shipped_dynamics};

pub(crate) use chassis::{BodyMotion, Chassis, Wrench};
pub use drive_by_wire::{Command, Gear};
pub(crate) use drive_by_wire::{Demand, DriveByWire, GRAVITY};
