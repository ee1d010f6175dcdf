//! Route and trajectory.

mod barrier;
mod crossing;
mod lateral;
mod limits;
mod line;
mod markers;
mod node;
mod object;
mod occupancy;
mod params;
mod path;
mod planner;
mod poly;
mod predict;
mod route_line;
mod routing;
mod scene;
mod smooth;
mod smooth_line;
mod speed;
mod trip;

pub use barrier::Reason;
pub use node::PlanningNode;
pub use object::{Kind, Object};
pub use params::{Comfort, Crossing, Distances, PlanningParams};
pub use planner::{Gate, Measured, Plan, Planner, StopsFor, TrajectoryState};
pub use route_line::{ChangeZone, LaneSpan, RouteLine, Station};
