//! Closes the loop over the vehicle: the simulated world and all nodes of the stack together.
//!
//! - [`Drive`] runs them in lockstep from a start to a goal, judges what happens against the truth of the simulator, and
//!   gives a [`DriveReport`].
//! - [`VehicleNodes`] are the same nodes for a live process.
//! - [`replay_drive`] repeats each node from the recording of a drive.

mod drive;
mod error;
mod geometry;
mod judge;
mod nodes;
mod replay;
mod report;
mod settings;
mod tour;
mod trip;

pub use drive::{Drive, Progress};
pub use error::ScenarioError;
pub use nodes::{NODE_NAMES, StackNodes, VehicleNodes};
pub use replay::{NodeReplay, RecordedDrive, replay_drive};
pub use report::{DriveEvent, DriveReport, LateralError, Stop, TracePoint};
pub use settings::{DriveSettings, Place};
pub use tour::{TourNode, TourParams};
pub use trip::{Ends, choose_ends};
