//! What every AtlasMesh node stands on: ports, executors, real time, parameters, recording, ROS transports.

pub mod args;
pub mod clock;
pub mod names;
pub mod params;
pub mod qos;
pub mod rt;
pub mod transport;
