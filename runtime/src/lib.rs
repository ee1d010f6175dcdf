//! What every AtlasMesh node stands on: ports, executors, real time, parameters, recording, ROS transports.

pub mod clock;
pub mod qos;
pub mod rt;
pub mod transport;
