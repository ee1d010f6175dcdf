//! The one gate between any wish and the actuators.
