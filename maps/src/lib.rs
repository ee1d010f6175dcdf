//! What the vehicle, the simulator and the fleet service know of the roads.
//!
//! A [`Map`] is the lane graph that vehicles drive on, loaded from OpenDRIVE. All of it is in the frame `map`: x and y in m
//! as in the file, z up, angles in rad counter-clockwise from x. A [`road::RoadGraph`] is what trips are routed on, loaded
//! from OpenStreetMap or made of a lane graph, in WGS84; so are [`geofence`]s.

mod error;
mod geo;
pub mod geofence;
mod index;
mod lane;
mod map;
mod opendrive;
mod polyline;
pub mod road;
mod route;
mod shipped;
pub mod validate;

pub use error::{MapError, Place, Warning};
pub use geo::{GeoReference, Wgs84};
pub use lane::{
    Conflict, Junction, JunctionId, Lane, LaneChange, LaneId, LaneKey, LaneKind, Neighbour, Object,
    ObjectShape, Signal, SignalKind, SpeedLimit,
};
pub use map::{LaneFilter, LanePosition, Map};
pub use polyline::{Polyline, PolylinePoint};
pub use route::{Route, RouteCost, RouteError, RouteLaneChange, RouteOptions, RouteSegment};
pub use shipped::SHIPPED;
