//! The sensor half: devices to `/sensors/…`, and `/vehicle/state`.

use std::time::Duration;

use maps::{GeoReference, Map};
use msgs::atlasmesh_msgs::msg::{ChassisState, Trajectory, Trip, VehicleState};
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, PointCloud2};
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Latest, Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::VehicleParams;

use crate::checks;
use crate::cloud::{Mount, to_base_link};
use crate::driver::{Reading, SensorDriver};
use crate::health::SensorHealth;
use crate::simulator::SimulatorSensors;
use crate::vehicle_state::{TripProgress, mode, set_chassis, set_faults, set_pose};

/// Parameters of `sensor_hal_node`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SensorHalParams {
    /// Id of the vehicle in the fleet.
    pub vehicle_id: String,
    /// Map: path of an OpenDRIVE file, or name of a shipped map. Read at the start. Empty: `/vehicle/state` has no
    /// latitude and longitude.
    pub map: String,
    /// The vehicle.
    pub vehicle: VehicleParams,
}

impl Default for SensorHalParams {
    fn default() -> Self {
        Self { vehicle_id: "AV-001".into(), map: String::new(), vehicle: VehicleParams::default() }
    }
}

/// `/vehicle/state` goes out in every such step of the timer.
const STATE_EVERY: u64 = 5;
/// What is older than this is not known, for chassis, localization, safety state.
const MAX_AGE: Duration = Duration::from_millis(500);
/// Diagnostics are gathered once a second.
const DIAGNOSTICS_MAX_AGE: Duration = Duration::from_secs(3);

/// Republishes what the sensors say, and the state of the vehicle.
pub struct SensorHalNode {
    driver: SimulatorSensors,
    link: Link,
    state: StatePorts,
    message: VehicleState,
    earth: Option<GeoReference>,
    trip: TripProgress,
    ticks: u64,
}

/// From devices to sensor topics.
struct Link {
    mount: Mount,
    cloud: (SensorHealth, Output<PointCloud2>),
    imu: (SensorHealth, Output<Imu>),
    fix: (SensorHealth, Output<NavSatFix>),
    wheels: (SensorHealth, Output<Odometry>),
    image: (SensorHealth, Output<CompressedImage>),
    chassis: SensorHealth,
    last_chassis: ChassisState,
}

/// What `/vehicle/state` is made from.
struct StatePorts {
    odometry: Latest<Odometry>,
    safety: Latest<SafetyState>,
    trip: Queue<Trip>,
    trajectory: Latest<Trajectory>,
    diagnostics: Latest<DiagnosticArray>,
    output: Output<VehicleState>,
}

impl Node for SensorHalNode {
    const NAME: &'static str = "sensor_hal_node";
    type Params = SensorHalParams;

    fn new(params: &SensorHalParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(10));
        let earth = match params.map.as_str() {
            "" => None,
            map => Some(Map::load(map).map_err(|e| NodeError::Refused(e.to_string()))?.georeference),
        };
        let mut message = VehicleState { vehicle_id: params.vehicle_id.clone(), ..VehicleState::default() };
        message.header.frame_id = "map".into();
        Ok(Self {
            driver: SimulatorSensors::open(ports)?,
            link: Link::open(params, ports)?,
            state: StatePorts::open(ports)?,
            message,
            earth,
            trip: TripProgress::default(),
            ticks: 0,
        })
    }

    fn set_params(&mut self, params: &SensorHalParams) {
        self.message.vehicle_id.clone_from(&params.vehicle_id);
        self.link.mount = mount(&params.vehicle);
    }

    fn step(&mut self, step: Step) {
        let link = &mut self.link;
        self.driver.poll(&mut |reading| link.take(reading, step.now));
        if !step.due {
            return;
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(STATE_EVERY) {
            self.publish_state(step.now);
            self.link.report(step.now);
        }
    }
}

impl SensorHalNode {
    fn publish_state(&mut self, now: Time) {
        let Self { link, state: ports, message, earth, trip, .. } = self;
        while let Some(order) = ports.trip.next() {
            trip.order(order);
        }
        let chassis = link.chassis.is_alive(now).then_some(&link.last_chassis);
        let odometry = ports.odometry.younger_than(MAX_AGE, now).map(|m| &m.message);
        if let Some(trajectory) = ports.trajectory.new_value() {
            trip.watch(trajectory, odometry, chassis);
        }
        let safety = ports.safety.younger_than(MAX_AGE, now).map(|m| &m.message);
        message.header.stamp = now.to_msg();
        set_pose(message, odometry, earth.as_ref());
        set_chassis(message, chassis);
        message.mode = mode(chassis, safety, trip.id().is_some());
        message.trip_id.clear();
        message.trip_id.push_str(trip.id().unwrap_or_default());
        set_faults(message, ports.diagnostics.younger_than(DIAGNOSTICS_MAX_AGE, now).map(|m| &m.message));
        ports.output.send_with(|out| out.clone_from(message));
    }
}

fn mount(vehicle: &VehicleParams) -> Mount {
    Mount { x_m: vehicle.lidar.x_m as f32, z_m: vehicle.lidar.z_m as f32 }
}

impl Link {
    fn open(params: &SensorHalParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        let mut health = |name, timeout_ms: i64, optional| {
            SensorHealth::new(ports.diagnostic(name), timeout_ms * 1_000_000, optional)
        };
        let cloud = health("lidar", 300, false);
        let imu = health("imu", 100, false);
        let fix = health("gnss", 500, false);
        let wheels = health("wheel odometry", 100, false);
        let image = health("camera", 500, true);
        let chassis = health("chassis", 200, false);
        Ok(Self {
            mount: mount(&params.vehicle),
            cloud: (cloud, ports.output("/sensors/lidar/points", Qos::sensor())?),
            imu: (imu, ports.output("/sensors/imu", Qos::sensor())?),
            fix: (fix, ports.output("/sensors/gnss/fix", Qos::sensor())?),
            wheels: (wheels, ports.output("/sensors/wheel_odometry", Qos::sensor())?),
            image: (image, ports.output("/sensors/camera/image/compressed", Qos::sensor())?),
            chassis,
            last_chassis: ChassisState::default(),
        })
    }

    fn take(&mut self, reading: Reading<'_>, now: Time) {
        match reading {
            Reading::Cloud(m) => self.take_cloud(m, now),
            Reading::Imu(m) => pass(&mut self.imu, m, &m.header.stamp, now, checks::imu(m)),
            Reading::Fix(m) => pass(&mut self.fix, m, &m.header.stamp, now, checks::fix(m)),
            Reading::Wheels(m) => pass(&mut self.wheels, m, &m.header.stamp, now, checks::wheels(m)),
            Reading::Image(m) => pass(&mut self.image, m, &m.header.stamp, now, checks::image(m)),
            Reading::Chassis(m) => {
                if self.chassis.admit(Time::from(&m.stamp), now, checks::chassis(m)) {
                    self.last_chassis.clone_from(m);
                }
            }
        }
    }

    fn take_cloud(&mut self, cloud: &PointCloud2, now: Time) {
        let moved = to_base_link(cloud, self.mount);
        let contents = moved.as_ref().map(|_| ()).map_err(|fault| *fault);
        let (health, output) = &mut self.cloud;
        if !health.admit(Time::from(&cloud.header.stamp), now, contents) {
            return;
        }
        let Ok(moved) = moved else { return };
        health.left_out(moved.left_out);
        output.send_with(|out| {
            out.header.stamp = cloud.header.stamp.clone();
            out.header.frame_id.replace_range(.., "base_link");
            out.fields.clone_from(&cloud.fields);
            (out.height, out.width) = (1, moved.points as u32);
            (out.point_step, out.row_step) = (cloud.point_step, moved.data.len() as u32);
            out.is_bigendian = false;
            out.is_dense = true;
            out.data = moved.data;
        });
    }

    fn report(&mut self, now: Time) {
        for health in [
            &mut self.cloud.0,
            &mut self.imu.0,
            &mut self.fix.0,
            &mut self.wheels.0,
            &mut self.image.0,
            &mut self.chassis,
        ] {
            health.report(now);
        }
    }
}

/// Passes a message on if it is well.
fn pass<M: msgs::Message>(
    (health, output): &mut (SensorHealth, Output<M>),
    message: &M,
    stamp: &msgs::builtin_interfaces::msg::Time,
    now: Time,
    contents: Result<(), checks::Fault>,
) {
    if health.admit(Time::from(stamp), now, contents) {
        output.send_with(|out| out.clone_from(message));
    }
}

impl StatePorts {
    fn open(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            safety: ports.latest("/safety/state", Qos::state())?,
            trip: ports.queue("/mission/trip", Qos::state())?,
            trajectory: ports.latest("/planning/trajectory", Qos::command())?,
            diagnostics: ports.latest("/diagnostics_agg", Qos::default())?,
            output: ports.output("/vehicle/state", Qos::state())?,
        })
    }
}
