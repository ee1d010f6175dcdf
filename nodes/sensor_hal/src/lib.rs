//! Sensors and actuators: drivers, the deadman, the state of the vehicle.
//!
//! Two nodes, both in the executable `sensor_hal_node`:
//!
//! - [`SensorHalNode`] (100 Hz, scans at once) checks what the devices say, republishes it as `/sensors/…` and gathers
//!   `/vehicle/state` at 20 Hz.
//! - [`ActuationNode`] (hard real time, 100 Hz) is the only one that talks to the actuators: it passes `/vehicle/command`
//!   on, and brakes by itself when that stops or makes no sense ([`deadman`]).
//!
//! What they do about inputs that are not as they should be:
//!
//! | input | what is wrong | reaction |
//! |---|---|---|
//! | any sensor | NaN, infinite, beyond physics ([`checks`]) | dropped, counted, diagnostic WARN; ERROR if nothing good comes besides |
//! | any sensor | stamp repeated or earlier than the last | dropped, counted, as above |
//! | any sensor | stamp more than 1 s old, or more than 50 ms ahead | dropped, counted, as above |
//! | any sensor | silent (IMU, wheels 100 ms, chassis 200 ms, LiDAR 300 ms, GNSS, camera 500 ms) | diagnostic STALE; a camera that never spoke is OK |
//! | LiDAR | layout or sizes that do not fit, over 2²⁰ points | scan dropped, counted |
//! | LiDAR | single points NaN, infinite, beyond 1000 m | points left out, counted |
//! | camera | over 16 MiB, not JPEG | dropped, counted |
//! | GNSS | status below 0 (no fix) | passed on |
//! | chassis | silent for 200 ms | `/vehicle/state`: speed NaN, mode OFFLINE |
//! | `/safety/state` | older than 0.5 s | mode OFFLINE |
//! | `/localization/odometry` | older than 0.5 s, or none | latitude, longitude and deviation NaN, pose as last known |
//! | `/diagnostics_agg` | older than 3 s, or none | fault level STALE |
//! | `/mission/trip` | older revision | ignored |
//! | `/vehicle/command` | silent for 100 ms (`command_timeout_ms`) | brakes to a stop, holds; ERROR `deadman_silence` |
//! | `/vehicle/command` | stamp old, ahead, repeated or earlier | as if silent; ERROR `deadman_stale` |
//! | `/vehicle/command` | NaN, out of the vehicle's envelope, unknown gear, hold brake with acceleration | brakes at once; ERROR `deadman_invalid` |
//! | chassis (actuation) | older than 200 ms, or NaN | a stop holds after the time that the fastest vehicle needs |

pub mod actuation;
pub mod checks;
pub mod cloud;
pub mod deadman;
pub mod driver;
mod health;
mod node;
mod simulator;
mod vehicle_state;

pub use actuation::{ActuationNode, ActuationParams};
pub use node::{SensorHalNode, SensorHalParams};
