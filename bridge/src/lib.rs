//! The vehicle's end of the link to the cloud. `PROTOCOL.md` beside this crate specifies the link.
//!
//! [`uplink`] is the link itself and knows no ROS: simulated vehicles use it as it is. [`Bridge`] puts it beside the nodes
//! of a vehicle: [`relay`] says which topics go up, [`orders`] executes what comes down.

mod bridge;
mod cloud_clock;
pub mod command;
mod convert;
pub mod orders;
mod places;
pub mod relay;
pub mod spool;
mod trace;
pub mod uplink;

pub use bridge::{Bridge, BridgeConfig, BridgeError};
