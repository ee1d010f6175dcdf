//! The one gate between any wish and the actuators. What it watches, how it reacts and how to drive on is the table
//! in [`causes`], printed with its reasons in `docs/SAFETY.md`.
//!
//! - [`causes`]: what stops the vehicle; [`machine`]: the state machine, without time or numbers, checked exhaustively;
//! - [`freshness`]: how old an input is; [`envelope`]: what a command may ask;
//! - [`monitor`]: the collision monitor on raw LiDAR points;
//! - [`checks`]: turns inputs into causes; [`gate`]: the whole, without ports.
//!
//! # Inputs, and what bad ones do
//!
//! A message counts only if its stamp is newer than that of the last one and not more than 20 ms in the future; its age is the
//! greater of the times since its stamp and since its arrival. So stale, duplicated, out-of-order and future messages
//! all come to the same as silence, whose reaction is the cause `*_timeout` of that input. Before all inputs have come once the
//! vehicle is held and nothing latches.
//!
//! | input | NaN, infinite or absurd | silence and all that counts as such |
//! |---|---|---|
//! | `/control/commands` | `command_invalid` | `command_timeout` |
//! | `/planning/trajectory` | as silence | `trajectory_timeout` |
//! | `/localization/odometry` | as silence; covariance: `localization_uncertain` | `localization_timeout` |
//! | `/sensors/lidar/points` | points left out; a cloud without x, y, z or with a wrong size: as silence | `lidar_timeout` |
//! | `/perception/objects` | only its stamp is read | `perception_timeout` |
//! | `/diagnostics_agg` | a level above STALE counts as ERROR | `health_timeout` |
//! | `/vehicle/state` | as silence | only used for the speed while odometry is old; without it the vehicle does not count as standing |

pub mod causes;
pub mod checks;
pub mod envelope;
pub mod freshness;
pub mod gate;
pub mod machine;
pub mod monitor;
mod node;
mod params;
mod report;

pub use node::DecisionNode;
pub use params::{DecisionParams, LimitParams, MonitorParams, TimeoutParams};
