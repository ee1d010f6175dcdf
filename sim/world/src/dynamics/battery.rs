//! The charge of the drive battery.

use super::params::Battery;

const J_PER_KWH: f64 = 3.6e6;

/// Charge of a battery.
pub(crate) struct Charge {
    /// Charge, 0 to 1.
    pub fraction: f64,
}

impl Charge {
    pub fn new(params: &Battery) -> Self {
        Self { fraction: params.initial_fraction }
    }

    /// Takes the power at the wheels (W, negative when braking) for `dt_s`.
    pub fn step(&mut self, params: &Battery, wheel_power_w: f64, dt_s: f64) {
        let drive = if wheel_power_w > 0.0 {
            wheel_power_w / params.efficiency
        } else {
            wheel_power_w * params.recuperation
        };
        let used_j = (drive + params.auxiliary_w) * dt_s;
        self.fraction = (self.fraction - used_j / (params.capacity_kwh * J_PER_KWH)).clamp(0.0, 1.0);
    }
}
