//! Where the vehicle is when a cycle begins.

use maps::Map;

use crate::params::PlanningParams;
use crate::poly::Jet;
use crate::route_line::RouteLine;

/// Where the vehicle is when a cycle begins.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The map.
    pub map: &'a Map,
    /// The route.
    pub route: &'a RouteLine,
    /// Parameters.
    pub params: &'a PlanningParams,
    /// Arc length on the line, m.
    pub line_s: f64,
    /// Offset to the left of the line with its derivatives by arc length.
    pub offset: Jet,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
    /// How far ahead is planned, m.
    pub horizon_m: f64,
    /// Highest speed, m/s.
    pub max_speed_mps: f64,
    /// Now, ns.
    pub now_ns: i64,
}
