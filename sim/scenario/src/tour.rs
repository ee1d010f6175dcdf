//! Orders one trip after the other, so that a live vehicle has somewhere to go.

use std::time::Duration;

use maps::{LaneFilter, Map};
use msgs::atlasmesh_msgs::msg::{Trajectory, Trip};
use msgs::nav_msgs::msg::Odometry;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Latest, Output, Ports};
use runtime::qos::Qos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::{VehicleParams, yaw_of};

use crate::trip::{choose_ends, order};

/// Parameters of the tour.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TourParams {
    /// Map: a file, or the name of one that ships with the product.
    #[schemars(extend("readOnly" = true))]
    pub map: String,
    /// Decides where the trips go.
    pub seed: u32,
    /// Where the vehicle can stand follows from its size.
    pub vehicle: VehicleParams,
}

impl Default for TourParams {
    fn default() -> Self {
        Self { map: "terminal-yard".into(), seed: 1, vehicle: VehicleParams::default() }
    }
}

/// Orders one trip after the other: the next when the vehicle stands at its goal.
pub struct TourNode {
    map: Map,
    params: TourParams,
    odometry: Latest<Odometry>,
    trajectory: Latest<Trajectory>,
    trip: Output<Trip>,
    trips: u64,
    /// Steps since the last order.
    waited: u64,
}

/// Steps, of half a second, before the first order and between two of them.
const PAUSE: u64 = 6;

impl Node for TourNode {
    const NAME: &'static str = "tour_node";
    type Params = TourParams;

    fn new(params: &TourParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(500));
        Ok(Self {
            map: Map::load(&params.map).map_err(|e| NodeError::Refused(e.to_string()))?,
            params: params.clone(),
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            trajectory: ports.latest("/planning/trajectory", Qos::command())?,
            trip: ports.output("/mission/trip", Qos::state())?,
            trips: 0,
            waited: 0,
        })
    }

    fn step(&mut self, step: Step) {
        self.waited += 1;
        let (Some(odometry), Some(trajectory)) = (self.odometry.get(), self.trajectory.get()) else { return };
        let stands = odometry.twist.twist.linear.x.abs() < 0.1;
        let arrived = self.trips == 0 || trajectory.stop_reason == Trajectory::STOP_REASON_GOAL;
        if !(stands && arrived && self.waited >= PAUSE) {
            return;
        }
        let pose = &odometry.pose.pose;
        let point = glam::DVec3::new(pose.position.x, pose.position.y, pose.position.z);
        let filter = LaneFilter { heading: Some(yaw_of(&pose.orientation)), ..LaneFilter::default() };
        let Some(here) = self.map.nearest_lane(point, filter) else { return };
        let seed = u64::from(self.params.seed) << 32 | self.trips;
        let Some(ends) = choose_ends(&self.map, &self.params.vehicle, seed, Some(here), None) else { return };
        self.trips += 1;
        self.waited = 0;
        let id = format!("tour-{}", self.trips);
        tracing::info!(trip = id, length_m = ends.route.length_m.round(), "ordered");
        self.trip.send(order(&self.map, ends.goal, &id, step.now));
    }
}
