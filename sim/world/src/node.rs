//! The world with one vehicle, on the topics of the device link.

use std::sync::Arc;
use std::time::Duration;

use maps::{GeoReference, Map};
use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState, SimEvent, TrackedObjects};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, PointCloud2};
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Latest, Output, Ports};
use runtime::qos::Qos;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vehicle::{Pose2, VehicleParams};

use crate::config::{EgoConfig, SensorParams, WorldConfig};
use crate::dynamics::{Command, DynamicsParams};
use crate::messages;
use crate::sensors::Scan;
use crate::shared::{Paced, SharedWorld};
use crate::world::{EgoId, STEP_S};

/// Stands for no start pose, because parameters can't be absent, m.
const ANYWHERE_M: f64 = 1e9;

/// Where the vehicle starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StartPose {
    /// x of base_link in map, m; 1e9 or NaN: somewhere on a drivable lane, by the seed.
    #[serde(deserialize_with = "number_or_nan")]
    #[schemars(extend("readOnly" = true))]
    pub x_m: f64,
    /// y of base_link in map, m.
    #[serde(deserialize_with = "number_or_nan")]
    #[schemars(extend("readOnly" = true))]
    pub y_m: f64,
    /// Heading, rad.
    #[serde(deserialize_with = "number_or_nan")]
    #[schemars(extend("readOnly" = true))]
    pub heading_rad: f64,
}

/// NaN has no place in JSON, which parameters pass through: it becomes null there.
fn number_or_nan<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Default for StartPose {
    fn default() -> Self {
        Self { x_m: ANYWHERE_M, y_m: 0.0, heading_rad: 0.0 }
    }
}

impl StartPose {
    fn pose(&self) -> Option<Pose2> {
        let pose = Pose2::new(self.x_m, self.y_m, self.heading_rad);
        (self.x_m < ANYWHERE_M).then_some(pose)
    }
}

/// Parameters of [`SimWorldNode`]. All are taken at the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimWorldParams {
    /// The map: a file, or the name of one that ships.
    #[schemars(extend("readOnly" = true))]
    pub map: String,
    /// Seed of everything random.
    #[schemars(range(min = 0), extend("readOnly" = true))]
    pub seed: i64,
    /// Where the vehicle starts.
    pub start: StartPose,
    /// Vehicles of the traffic.
    #[schemars(range(min = 0, max = 1000), extend("readOnly" = true))]
    pub traffic: u32,
    /// People on foot.
    #[schemars(range(min = 0, max = 1000), extend("readOnly" = true))]
    pub pedestrians: u32,
    /// Whether it is one world with other nodes of this process that have the same map, seed and traffic.
    #[schemars(extend("readOnly" = true))]
    pub shared: bool,
    /// Whether the LiDAR is on.
    pub lidar_enabled: bool,
    /// Whether the satellite receiver is on.
    pub gnss_enabled: bool,
    /// Whether the IMU is on.
    pub imu_enabled: bool,
    /// Whether the camera is on.
    pub camera_enabled: bool,
    /// Outline, limits and actuators of the vehicle.
    pub vehicle: VehicleParams,
    /// Mass, tyres and drive of the vehicle.
    pub dynamics: DynamicsParams,
    /// Its sensors.
    pub sensors: SensorParams,
}

impl Default for SimWorldParams {
    fn default() -> Self {
        Self {
            map: "terminal-yard".into(),
            seed: 1,
            start: StartPose::default(),
            traffic: 0,
            pedestrians: 0,
            shared: false,
            lidar_enabled: true,
            gnss_enabled: true,
            imu_enabled: true,
            camera_enabled: false,
            vehicle: VehicleParams::default(),
            dynamics: DynamicsParams::default(),
            sensors: SensorParams::default(),
        }
    }
}

struct Outputs {
    lidar: Output<PointCloud2>,
    imu: Output<Imu>,
    gnss: Output<NavSatFix>,
    wheels: Output<Odometry>,
    camera: Output<CompressedImage>,
    chassis: Output<ChassisState>,
    truth: Output<Odometry>,
    objects: Output<TrackedObjects>,
    events: Output<SimEvent>,
}

/// The world with one vehicle.
pub struct SimWorldNode {
    params: SimWorldParams,
    world: SharedWorld,
    ego: EgoId,
    georeference: GeoReference,
    scan: Scan,
    actuation: Latest<ActuationCommand>,
    out: Outputs,
    /// Steps of the world that this vehicle's sensors have seen.
    sensed: u64,
}

/// Steps between two messages of each rate.
const EVERY_50_HZ: u64 = 2;
const EVERY_10_HZ: u64 = 10;
/// Between the scans of two vehicles in one world, so that no step has to do both.
const SCANS_APART: u64 = 3;

impl SimWorldNode {
    /// What the sensors say after the world's newest step.
    fn sense(&mut self, paced: &mut Paced) {
        let (ego, now) = (self.ego, paced.time());
        let (before, after) = (std::mem::replace(&mut self.sensed, paced.steps), paced.steps);
        // More than one step has passed where another vehicle's node was first.
        let dt_s = STEP_S * (after - before) as f64;
        let every =
            |steps: u64, phase: u64| (after + phase).div_ceil(steps) != (before + phase).div_ceil(steps);
        let phase = ego.index() as u64 * SCANS_APART;
        let (world, out) = (&mut paced.world, &mut self.out);
        let truth = world.truth(ego);
        out.truth.send(messages::truth(&truth, now));
        if self.params.imu_enabled {
            let inertial = world.measure_imu(ego, dt_s);
            out.imu.send(messages::imu(&inertial, &self.params.sensors.imu, now));
        }
        if every(EVERY_50_HZ, 0) {
            out.chassis.send(messages::chassis(&world.chassis(ego), now));
            out.wheels.send(messages::wheels(&world.measure_wheels(ego), now));
        }
        if every(EVERY_10_HZ, phase) {
            world.measure_gnss(ego, STEP_S * EVERY_10_HZ as f64);
            out.objects.send(messages::objects(&world.road_users(ego), now));
            if self.params.lidar_enabled {
                world.scan(ego, &mut self.scan);
                let data = std::mem::take(&mut self.scan.data);
                out.lidar.send(messages::cloud(data, now));
            }
        }
        // Between the scans, so that no step has to do both.
        if self.params.camera_enabled && every(EVERY_10_HZ, phase + EVERY_10_HZ / 2) {
            out.camera.send(messages::picture(world.shoot(ego), now));
        }
        while let Some(fix) = world.arrived_fix(ego) {
            if self.params.gnss_enabled {
                let age = Duration::from_secs_f64((world.time_s() - fix.time_s).max(0.0));
                let measured = Time::from_ns(now.as_ns() - i64::try_from(age.as_nanos()).unwrap_or(0));
                out.gnss.send(messages::fix(&fix, &self.georeference, measured));
            }
        }
        for happening in world.take_happenings_of(ego) {
            out.events.send(messages::event(&happening, now));
        }
    }
}

impl Node for SimWorldNode {
    const NAME: &'static str = "sim_world_node";
    type Params = SimWorldParams;

    fn new(params: &SimWorldParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_secs_f64(STEP_S));
        let refuse = |e: &dyn std::fmt::Display| NodeError::Refused(e.to_string());
        let map = Arc::new(Map::load(&params.map).map_err(|e| refuse(&e))?);
        let config = WorldConfig {
            seed: params.seed.unsigned_abs(),
            traffic: params.traffic as usize,
            pedestrians: params.pedestrians as usize,
        };
        let georeference = map.georeference.clone();
        let world = if params.shared {
            SharedWorld::join(&params.map, &config, map)
        } else {
            SharedWorld::alone(&config, map)
        };
        let ego = EgoConfig {
            vehicle: params.vehicle.clone(),
            dynamics: params.dynamics.clone(),
            sensors: params.sensors.clone(),
            start: params.start.pose(),
        };
        let (ego, sensed) = {
            let mut paced = world.lock();
            (paced.world.add_ego(&ego).map_err(|e| refuse(&e))?, paced.steps)
        };
        let out = Outputs {
            lidar: ports.output("/device/lidar/points", Qos::sensor())?,
            imu: ports.output("/device/imu", Qos::sensor())?,
            gnss: ports.output("/device/gnss/fix", Qos::sensor())?,
            wheels: ports.output("/device/wheel_odometry", Qos::sensor())?,
            camera: ports.output("/device/camera/image/compressed", Qos::sensor())?,
            chassis: ports.output("/device/chassis", Qos::sensor())?,
            truth: ports.output("/sim/ground_truth", Qos::sensor())?,
            objects: ports.output("/sim/objects", Qos::sensor())?,
            events: ports.output("/sim/events", Qos::default())?,
        };
        let actuation = ports.latest("/device/actuation", Qos::command())?;
        let (params, scan) = (params.clone(), Scan::default());
        Ok(Self { params, world, ego, georeference, scan, actuation, out, sensed })
    }

    fn set_params(&mut self, params: &SimWorldParams) {
        // What the world was made with stays; switches of sensors take effect.
        let p = &mut self.params;
        (p.lidar_enabled, p.gnss_enabled) = (params.lidar_enabled, params.gnss_enabled);
        (p.imu_enabled, p.camera_enabled) = (params.imu_enabled, params.camera_enabled);
    }

    fn step(&mut self, step: Step) {
        if !step.due {
            return;
        }
        let world = self.world.clone();
        let mut paced = world.lock();
        if let Some(command) = self.actuation.new_value().and_then(|m| Command::from_msg(&m.message)) {
            paced.world.apply(self.ego, command);
        }
        let due = paced.due(step.now);
        while self.sensed < due {
            if paced.steps == self.sensed {
                paced.step();
            }
            self.sense(&mut paced);
        }
    }
}
