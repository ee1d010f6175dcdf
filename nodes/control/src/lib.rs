//! Makes the vehicle follow the trajectory: steering and acceleration at 100 Hz, in hard real time.
//!
//! Each step asks where the vehicle will be when a command sent now begins to act, and compares that with where it is to be
//! then: [`predictor`] rolls the odometry forward over its age and the actuators' dead times, with the commands already
//! sent; [`lateral`] steers by an LQR ([`lqr`]) around the curvature ahead; [`longitudinal`] follows speed and way;
//! [`controller`] puts them together and decides when to stop and to hold.
//!
//! # Inputs, and what bad ones do
//!
//! | input | fault | reaction |
//! |---|---|---|
//! | `/planning/trajectory` | NaN, infinite, absurd values; fewer than 2 points; times not rising; backward speeds; not in `map` | refused whole, the last good one goes on; diagnostic WARN |
//! | | duplicated, out of order, stamp more than 100 ms in the future | refused; the last good one goes on |
//! | | more than 512 points | the first 512 count |
//! | | silent, stale | followed for 1 s, at most to its end in time, then a comfortable stop along its path; diagnostic WARN |
//! | | never came | the vehicle is held |
//! | `/localization/odometry` | NaN, infinite, absurd values, not in `map` | refused; the last good one ages |
//! | | duplicated, out of order, stamp more than 100 ms in the future | refused; the last good one ages |
//! | | older than 200 ms | comfortable stop with the steering held; diagnostic ERROR; anew after a younger one |
//! | | never came | nothing is sent |
//! | `/vehicle/state` | NaN, absurd steering angle, duplicated, out of order | refused; the model of the steering goes on alone |
//! | | silent, stale | the same |

pub mod controller;
pub mod lateral;
pub mod longitudinal;
pub mod lqr;
mod node;
mod params;
pub mod path;
pub mod predictor;

pub use node::ControlNode;
pub use params::{ControlParams, LateralParams, LongitudinalParams};

/// Time from one step to the next, s.
pub const PERIOD_S: f64 = 0.01;
