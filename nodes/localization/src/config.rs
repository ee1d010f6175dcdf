//! What the filter assumes about the sensors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the filter assumes about the sensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterConfig {
    /// Noise density of the accelerometer with the vibrations of driving, m/s^2/sqrt(Hz).
    #[schemars(range(min = 0.0001, max = 2.0))]
    pub accel_noise: f64,
    /// Noise density of the gyroscope, rad/s/sqrt(Hz).
    #[schemars(range(min = 0.000001, max = 0.1))]
    pub gyro_noise: f64,
    /// Random walk of the accelerometer's bias, m/s^2/sqrt(s).
    #[schemars(range(min = 0.0, max = 0.1))]
    pub accel_bias_walk: f64,
    /// Random walk of the gyroscope's bias, rad/s/sqrt(s).
    #[schemars(range(min = 0.0, max = 0.01))]
    pub gyro_bias_walk: f64,
    /// Standard deviation of the accelerometer's bias at the start, m/s^2.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub accel_bias_sigma: f64,
    /// Standard deviation of the gyroscope's bias at the start, rad/s.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub gyro_bias_sigma: f64,
    /// Standard deviation of the wheel speed's scale, 1.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub wheel_scale_sigma: f64,
    /// Random walk of that scale, 1/sqrt(s).
    #[schemars(range(min = 0.0, max = 0.01))]
    pub wheel_scale_walk: f64,
    /// Standard deviation of the IMU's mount, pitch and yaw against the direction of travel, rad.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub mount_sigma: f64,
    /// Random walk of the mount: suspension and load, rad/sqrt(s).
    #[schemars(range(min = 0.0, max = 0.01))]
    pub mount_walk: f64,
    /// Standard deviation of sideways slip at the rear axle when driving straight, m/s.
    #[schemars(range(min = 0.001, max = 2.0))]
    pub lateral_slip_sigma_mps: f64,
    /// Cornering compliance of the rear axle: the slip angle of its tyres per lateral acceleration, which is its load over its
    /// cornering stiffness, rad/(m/s^2); 0.003 to 0.01 for cars and buses. The filter finds the vehicle's own.
    #[schemars(range(min = 0.0, max = 0.05))]
    pub cornering_compliance: f64,
    /// Standard deviation of what is given for the cornering compliance, rad/(m/s^2).
    #[schemars(range(min = 0.0, max = 0.05))]
    pub cornering_compliance_sigma: f64,
    /// Standard deviation of the speed across the road (suspension), m/s.
    #[schemars(range(min = 0.001, max = 2.0))]
    pub vertical_slip_sigma_mps: f64,
    /// Smallest standard deviation that the wheel speed is believed to have, m/s.
    #[schemars(range(min = 0.001, max = 2.0))]
    pub wheel_speed_sigma_mps: f64,
    /// Share of the variance of a GNSS position that does not average out from fix to fix, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gnss_correlated_share: f64,
    /// Time in which that error changes, s.
    #[schemars(range(min = 1.0, max = 3600.0))]
    pub gnss_correlation_time_s: f64,
    /// Standard deviation of a GNSS position whose receiver states none, m, horizontal; twice that vertical.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub gnss_sigma_m: f64,
    /// After so much time in which all fixes were rejected the position is taken from them anew, s.
    #[schemars(range(min = 2.0, max = 600.0))]
    pub gnss_recovery_s: f64,
    /// The IMU sits so far ahead of base_link, m.
    #[schemars(range(min = -10.0, max = 20.0))]
    pub imu_x_m: f64,
    /// GNSS positions are those of a point so far ahead of base_link, m; 0 where the receiver takes the antenna's lever
    /// arm out.
    #[schemars(range(min = -10.0, max = 20.0))]
    pub antenna_x_m: f64,
}

impl Default for FilterConfig {
    /// A MEMS IMU of industrial grade at base_link, wheel encoders, a receiver with RTK.
    fn default() -> Self {
        Self {
            accel_noise: 0.03,
            gyro_noise: 3e-4,
            accel_bias_walk: 5e-4,
            gyro_bias_walk: 2e-5,
            accel_bias_sigma: 0.1,
            gyro_bias_sigma: 0.01,
            wheel_scale_sigma: 0.02,
            wheel_scale_walk: 1e-4,
            mount_sigma: 0.005,
            mount_walk: 1e-4,
            lateral_slip_sigma_mps: 0.05,
            cornering_compliance: 0.005,
            cornering_compliance_sigma: 0.004,
            vertical_slip_sigma_mps: 0.2,
            wheel_speed_sigma_mps: 0.05,
            gnss_correlated_share: 0.5,
            gnss_correlation_time_s: 40.0,
            gnss_sigma_m: 2.0,
            gnss_recovery_s: 20.0,
            imu_x_m: 0.0,
            antenna_x_m: 0.0,
        }
    }
}
