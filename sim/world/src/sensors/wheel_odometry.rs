//! Odometry from the rear wheels: speed from their mean, yaw rate from their difference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Errors of the wheel odometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WheelOdometryParams {
    /// Standard deviation of the scale of the speed, 1: wear and pressure of the tyres.
    #[schemars(range(min = 0.0, max = 0.1))]
    pub scale_sigma: f64,
    /// Standard deviation of the difference in scale of left and right wheel, 1.
    #[schemars(range(min = 0.0, max = 0.05))]
    pub difference_sigma: f64,
    /// Noise of the speed of each wheel, m/s; there is none at standstill.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub noise_mps: f64,
}

impl Default for WheelOdometryParams {
    fn default() -> Self {
        Self { scale_sigma: 0.005, difference_sigma: 0.0005, noise_mps: 0.02 }
    }
}

/// A measurement.
#[derive(Clone, Copy, Debug)]
pub struct WheelTwist {
    /// Speed along base_link x, m/s.
    pub speed_mps: f64,
    /// Yaw rate, rad/s.
    pub yaw_rate_rad_per_s: f64,
    /// Variance of the speed, (m/s)^2.
    pub speed_variance: f64,
    /// Variance of the yaw rate, (rad/s)^2.
    pub yaw_rate_variance: f64,
}

pub(crate) struct WheelOdometry {
    params: WheelOdometryParams,
    random: Random,
    scale: [f64; 2],
}

impl WheelOdometry {
    pub fn new(params: &WheelOdometryParams, mut random: Random) -> Self {
        let common = 1.0 + random.normal(params.scale_sigma);
        let difference = random.normal(0.5 * params.difference_sigma);
        Self { params: params.clone(), random, scale: [common - difference, common + difference] }
    }

    /// Measures the true speeds of the treads of the rear wheels, left and right, m/s.
    pub fn measure(&mut self, treads: [f64; 2], track_width_m: f64) -> WheelTwist {
        let p = &self.params;
        let random = &mut self.random;
        let mut wheel = |i: usize| {
            // A wheel that stands gives no pulses.
            let noise = if treads[i].abs() < 1e-3 { 0.0 } else { random.normal(p.noise_mps) };
            treads[i] * self.scale[i] + noise
        };
        let (left, right) = (wheel(0), wheel(1));
        let speed = 0.5 * (left + right);
        let noise = p.noise_mps.powi(2);
        let yaw_scale = (p.difference_sigma * speed).powi(2);
        WheelTwist {
            speed_mps: speed,
            yaw_rate_rad_per_s: (right - left) / track_width_m,
            speed_variance: 0.5 * noise + (p.scale_sigma * speed).powi(2) + 1e-6,
            yaw_rate_variance: (2.0 * noise + yaw_scale) / (track_width_m * track_width_m) + 1e-6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_shows_in_the_difference() {
        let exact = WheelOdometryParams { scale_sigma: 0.0, difference_sigma: 0.0, noise_mps: 0.0 };
        let mut odometry = WheelOdometry::new(&exact, Random::new(0, "wheels", 0));
        let twist = odometry.measure([4.0, 6.0], 2.0);
        assert_eq!((twist.speed_mps, twist.yaw_rate_rad_per_s), (5.0, 1.0));
        let mut real = WheelOdometry::new(&WheelOdometryParams::default(), Random::new(0, "wheels", 0));
        assert_eq!(real.measure([0.0, 0.0], 2.0).speed_mps, 0.0);
        let errors: Vec<f64> = (0..200)
            .map(|i| {
                WheelOdometry::new(&WheelOdometryParams::default(), Random::new(0, "w", i)).scale[0] - 1.0
            })
            .collect();
        let spread = (errors.iter().map(|e| e * e).sum::<f64>() / 200.0).sqrt();
        assert!((spread / 0.005 - 1.0).abs() < 0.2, "{spread}");
    }
}
