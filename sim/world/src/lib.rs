//! The simulated world: vehicles, sensors and traffic.
//!
//! [`World`] is a value that holds a map, any number of vehicles under test, and everything else on the roads; it is
//! stepped by 10 ms. [`SimWorldNode`] puts one such vehicle on the topics of the device link; nodes of one process may share a world. The same seed and the same
//! commands give the same bytes.
//!
//! Models, parameters and what is not simulated: `docs/guides/simulator.md`.
//!
//! | what comes on `/device/actuation` | reaction |
//! |---|---|
//! | nothing yet | the vehicle is parked |
//! | nothing for 200 ms | the drive-by-wire unit brakes with 6 m/s² and holds |
//! | NaN, infinity or a gear that is none | the command counts as not come |
//! | angle or acceleration out of range | limited to what the vehicle can do |
//! | another gear while rolling | the gear stays, no drive force until it can change |
//! | stale stamps, repetition, any order | stamps are not looked at: the last that came counts |

mod config;
mod dynamics;
mod ego;
mod events;
mod frame;
mod ground;
#[cfg(test)]
mod handling_tests;
mod messages;
mod node;
mod physics;
mod random;
mod sensors;
mod shared;
mod statics;
mod traffic;
mod world;

pub use config::{EgoConfig, SensorParams, WorldConfig, WorldError};
pub use dynamics::{
    Battery, Command, Drive, DynamicsParams, Gear, Suspension, Tyre, UnknownDynamics, shipped_dynamics,
};
pub use events::{Happening, Kind};
pub use node::{SimWorldNode, SimWorldParams, StartPose};
pub use sensors::{
    Fix, GnssParams, ImuParams, Inertial, LidarParams, POINT_STEP, Scan, WheelOdometryParams, WheelTwist,
};
pub use world::{ChassisReport, EgoId, RoadUser, STEP_NS, STEP_S, Truth, World};
