//! Where the vehicle is: error-state Kalman filter over IMU, GNSS and wheel odometry.
//!
//! The filter is that of Solà 2017, "Quaternion kinematics for the error-state Kalman filter", with the orientation error
//! in the body frame. Its error state has 22 dimensions ([`state::at`]): position, velocity, orientation, biases of
//! accelerometer and gyroscope, scale of the wheel speed, mount of the IMU against the direction of travel, cornering
//! compliance of the rear axle, and the error of the GNSS positions that does not average out. That last one keeps the
//! covariance honest: a thousand fixes that share an error are not surer than one.
//!
//! - [`predict`]: propagation by the IMU.
//! - [`correct`]: wheels with the constraint that a vehicle does not slip sideways, standstill, fixes, heading of an AHRS;
//!   each with a gate.
//! - [`timeline`]: measurements count at their stamp, however late they arrive.
//! - [`alignment`]: heading from the course over ground, for the start and to find out that a heading is wrong.
//! - [`estimator`]: all of these together, without ROS.
//!
//! What the node does about inputs that are not as they should be:
//!
//! | input | what is wrong | reaction |
//! |---|---|---|
//! | any | NaN, infinite, beyond physics | dropped, counted; diagnostic WARN for 2 s |
//! | any | stamp more than 1.5 s old or more than 50 ms ahead | as above |
//! | any | a stamp that was there before | dropped, counted |
//! | IMU | stamp earlier than the last | dropped, counted |
//! | wheels, GNSS | out of order, delayed by up to 1.5 s | applied at its stamp; the same result to the bit as in order |
//! | IMU | silent for 100 ms | goes on with the wheels and guessed readings with the noise of ordinary driving; ERROR |
//! | IMU | orientation missing (covariance −1) or no rotation | goes without it |
//! | GNSS | no fix (status below 0), or silent | dead reckoning with growing covariance; WARN after 1 s |
//! | GNSS | jump (multipath) | rejected by the gate, counted; after 20 s without an accepted fix the position is taken anew |
//! | GNSS | covariance unknown or zero | that of the parameter `filter.gnss_sigma_m` |
//! | wheels | silent | the IMU carries on alone; the covariance grows accordingly |
//! | wheels | slip, or stuck at a value | rejected by the gate; after 1 s the filter's own speed is doubted |
//! | start | heading wrong (AHRS, parameter) | after some 10 m the course over ground shows it; the filter begins anew with that |
//! | all | clock goes back | begins anew |

pub mod alignment;
pub mod config;
pub mod correct;
pub mod dead_reckoning;
pub mod estimator;
mod node;
pub mod output;
pub mod predict;
pub mod start;
pub mod state;
pub mod timeline;

pub use node::{InitialPose, LocalizationNode, LocalizationParams};
