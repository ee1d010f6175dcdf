//! Objects around the vehicle from LiDAR: ground removal, clustering, box fitting, tracking, prediction.
//!
//! Works on any spinning or solid-state scanner, from 16 channels up: it needs nothing but x, y and z. A scan goes through
//! [`cloud`] (read, own body cut out), [`ground`] (height above ground), [`cluster`], [`shape`] and [`wall`] (boxes; large
//! structures cut into pieces), [`tracker`] (which box is which object; [`track`], [`motion`], [`classify`]) and
//! [`message`], with the methods cited there.
//!
//! | input | reaction |
//! |---|---|
//! | points that are NaN, infinite, beyond `range_m`, or on the vehicle itself | left out |
//! | a cloud without float32 x, y, z; sizes that contradict each other; over [`cloud::MAX_POINTS`] points; another frame | dropped, diagnostic `lidar` ERROR; nothing is published |
//! | a cloud without points | objects age; published; ERROR |
//! | a cloud not newer than the last one | dropped, WARN; over 2 s older (or newer): tracking begins anew |
//! | no cloud for 0.5 s, or `sensor_lidar_enabled` false | nothing is published, ERROR |
//! | odometry missing or over 0.2 s from the stamp of the cloud | nothing is published, ERROR |
//! | odometry that is not finite, absurd, doubled or late | left out, counted; over 1 s back: tracking begins anew |
//! | odometry that jumps by over 0.4 m or 0.04 rad | objects move along, so that the jump does not look like their motion |
//!
//! What does not move has velocity zero, a covariance that says how sure that is, and an empty `predicted_path`.

pub mod assignment;
pub mod classify;
pub mod cloud;
pub mod cluster;
pub mod detect;
pub mod ground;
pub mod markers;
pub mod message;
pub mod motion;
mod node;
mod params;
pub mod pipeline;
pub mod pose;
pub mod predict;
pub mod shape;
pub mod track;
pub mod tracker;
pub mod wall;

pub use node::PerceptionNode;
pub use params::PerceptionParams;
