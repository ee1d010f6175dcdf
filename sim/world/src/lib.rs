//! The simulated world: vehicles, sensors and traffic.
