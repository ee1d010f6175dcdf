//! Inertial measurement unit with attitude and heading reference.

use glam::{DQuat, DVec3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::{GaussMarkov, Random};

/// Errors of the IMU. The defaults are those of a good MEMS unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImuParams {
    /// Noise of the angular velocity in each message, rad/s.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gyro_noise_rad_per_s: f64,
    /// Bias of the angular velocity at the start, rad/s.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub gyro_bias_rad_per_s: f64,
    /// Random walk of that bias, rad/s per square root of s.
    #[schemars(range(min = 0.0, max = 0.1))]
    pub gyro_bias_walk: f64,
    /// Noise of the specific force in each message, m/s^2.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub accelerometer_noise_mps2: f64,
    /// Bias of the specific force at the start, m/s^2.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub accelerometer_bias_mps2: f64,
    /// Random walk of that bias, m/s^2 per square root of s.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub accelerometer_bias_walk: f64,
    /// Error of roll and pitch, rad.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub tilt_sigma_rad: f64,
    /// Error of the heading, rad.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub heading_sigma_rad: f64,
}

impl Default for ImuParams {
    fn default() -> Self {
        Self {
            gyro_noise_rad_per_s: 0.002,
            gyro_bias_rad_per_s: 0.002,
            gyro_bias_walk: 2e-5,
            accelerometer_noise_mps2: 0.04,
            accelerometer_bias_mps2: 0.03,
            accelerometer_bias_walk: 5e-4,
            tilt_sigma_rad: 0.004,
            heading_sigma_rad: 0.035,
        }
    }
}

/// A measurement, in base_link.
#[derive(Clone, Copy, Debug)]
pub struct Inertial {
    /// Orientation of base_link in map.
    pub orientation: DQuat,
    /// Angular velocity, rad/s.
    pub angular_velocity: DVec3,
    /// Specific force, m/s^2: +9.81 along z at rest.
    pub specific_force: DVec3,
}

/// Correlation times of the errors of orientation, s.
const TILT_TIME_S: f64 = 60.0;
const HEADING_TIME_S: f64 = 100.0;

pub(crate) struct Imu {
    params: ImuParams,
    random: Random,
    gyro_bias: DVec3,
    accelerometer_bias: DVec3,
    /// Roll, pitch, heading.
    attitude: [GaussMarkov; 3],
}

fn normal3(random: &mut Random, sigma: f64) -> DVec3 {
    DVec3::new(random.normal(sigma), random.normal(sigma), random.normal(sigma))
}

impl Imu {
    pub fn new(params: &ImuParams, mut random: Random) -> Self {
        let gyro_bias = normal3(&mut random, params.gyro_bias_rad_per_s);
        let accelerometer_bias = normal3(&mut random, params.accelerometer_bias_mps2);
        let attitude = [
            GaussMarkov::new(&mut random, params.tilt_sigma_rad, TILT_TIME_S),
            GaussMarkov::new(&mut random, params.tilt_sigma_rad, TILT_TIME_S),
            GaussMarkov::new(&mut random, params.heading_sigma_rad, HEADING_TIME_S),
        ];
        Self { params: params.clone(), random, gyro_bias, accelerometer_bias, attitude }
    }

    /// A measurement of the true motion, `dt_s` after the last one.
    pub fn measure(&mut self, truth: &Inertial, dt_s: f64) -> Inertial {
        let (p, random) = (&self.params, &mut self.random);
        self.gyro_bias += normal3(random, p.gyro_bias_walk * dt_s.sqrt());
        self.accelerometer_bias += normal3(random, p.accelerometer_bias_walk * dt_s.sqrt());
        let [roll, pitch, heading] = &mut self.attitude;
        let tilt = DQuat::from_rotation_x(roll.step(random, dt_s))
            * DQuat::from_rotation_y(pitch.step(random, dt_s));
        Inertial {
            orientation: DQuat::from_rotation_z(heading.step(random, dt_s)) * truth.orientation * tilt,
            angular_velocity: truth.angular_velocity
                + self.gyro_bias
                + normal3(random, p.gyro_noise_rad_per_s),
            specific_force: truth.specific_force
                + self.accelerometer_bias
                + normal3(random, p.accelerometer_noise_mps2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_bias_are_as_large_as_they_say() {
        let params = ImuParams::default();
        let truth = Inertial {
            orientation: DQuat::IDENTITY,
            angular_velocity: DVec3::ZERO,
            specific_force: DVec3::Z * 9.81,
        };
        let mut biases = vec![];
        for index in 0..200 {
            let mut imu = Imu::new(&params, Random::new(3, "imu", index));
            let rates: Vec<f64> = (0..200).map(|_| imu.measure(&truth, 0.01).angular_velocity.z).collect();
            let mean = rates.iter().sum::<f64>() / 200.0;
            let sigma = (rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
            assert!((sigma / params.gyro_noise_rad_per_s - 1.0).abs() < 0.25, "{sigma}");
            biases.push(mean);
        }
        let spread = (biases.iter().map(|b| b * b).sum::<f64>() / 200.0).sqrt();
        assert!((spread / params.gyro_bias_rad_per_s - 1.0).abs() < 0.2, "{spread}");
    }
}
