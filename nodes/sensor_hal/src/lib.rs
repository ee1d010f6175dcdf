//! Sensors and actuators: drivers, the deadman, the state of the vehicle.
