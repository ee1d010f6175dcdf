//! What can keep a drive from being made.

use std::path::PathBuf;

/// Why a drive can't be made or replayed.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The map can't be loaded.
    #[error(transparent)]
    Map(#[from] maps::MapError),
    /// There is no such vehicle.
    #[error(transparent)]
    Vehicle(#[from] vehicle::UnknownVehicle),
    /// Nothing is known of how it moves.
    #[error(transparent)]
    Dynamics(#[from] world::UnknownDynamics),
    /// A parameter is wrong.
    #[error(transparent)]
    Param(#[from] runtime::params::ParamError),
    /// A node can't be made.
    #[error(transparent)]
    Node(#[from] runtime::node::NodeError),
    /// The run can't go on.
    #[error(transparent)]
    Lockstep(#[from] runtime::lockstep::LockstepError),
    /// The recording can't be written.
    #[error(transparent)]
    Record(#[from] runtime::recording::RecordError),
    /// The recording can't be read.
    #[error(transparent)]
    Bag(#[from] runtime::recording::BagError),
    /// A node can't be replayed.
    #[error(transparent)]
    Replay(#[from] runtime::replay::ReplayError),
    /// A message can't be encoded.
    #[error(transparent)]
    Cdr(#[from] msgs::CdrError),
    /// A place that is not on the roads.
    #[error(
        "{what} {x:.1},{y:.1} is {distance} drivable lane of {map}; `atlas map plot {map}` shows where lanes are"
    )]
    OffRoad {
        /// `--from` or `--to`.
        what: &'static str,
        /// In map, m.
        x: f64,
        /// In map, m.
        y: f64,
        /// E.g. `12.0 m from the nearest`.
        distance: String,
        /// The map.
        map: String,
    },
    /// No way from start to goal.
    #[error("no route on {map}: {source}")]
    NoRoute {
        /// The map.
        map: String,
        /// Why.
        source: maps::RouteError,
    },
    /// No way from start to goal that the vehicle can drive.
    #[error("no route on {map}: {source}")]
    Undrivable {
        /// The map.
        map: String,
        /// Why.
        source: planning::NoRoute,
    },
    /// A map on which no vehicle of this size can go anywhere.
    #[error("{map} has no route of at least {least_m:.0} m for a vehicle of this size")]
    NothingToDrive {
        /// The map.
        map: String,
        /// Shortest way that is worth a drive, m.
        least_m: f64,
    },
    /// A bag that no drive wrote.
    #[error("{0} is not the recording of a drive: record one with `atlas drive --record`")]
    NotADrive(PathBuf),
}
