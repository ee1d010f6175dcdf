//! What every AtlasMesh node stands on: ports, executors, real time, parameters, recording, ROS transports.

#[cfg(feature = "zenoh")]
mod app;
pub mod args;
pub mod clock;
mod diagnostics;
mod host;
pub mod live;
pub mod lockstep;
pub mod logging;
pub mod names;
pub mod node;
pub mod params;
pub mod ports;
pub mod qos;
pub mod recording;
pub mod replay;
pub mod rt;
pub mod tf;
pub mod time;
pub mod transport;

#[cfg(feature = "zenoh")]
pub use app::{NodeSet, run, run_nodes};
