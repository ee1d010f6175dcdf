//! Five nodes with the topics, rates and sizes of a vehicle's main chain, and next to no algorithm: what is measured is
//! the executor with its ports and codecs.

use std::time::Duration;

use bytes::Bytes;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::geometry_msgs::msg::PoseStamped;
use msgs::nav_msgs::msg::{Odometry, Path};
use msgs::sensor_msgs::msg::{Imu, PointCloud2};
use msgs::std_msgs::msg::Float64;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Latest, Output, Ports, Queue};
use runtime::qos::Qos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const PERIOD: Duration = Duration::from_millis(10);
/// Steps from one 10 Hz message to the next.
const TENTH: u64 = 10;
/// Bytes of a point cloud.
const CLOUD: usize = 500_000;
const POINT: usize = 16;

/// No parameters.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoParams {}

/// Sensors: IMU at 100 Hz and a cloud of 500 kB at 10 Hz.
pub struct Lidar {
    imu: Output<Imu>,
    points: Output<PointCloud2>,
}

impl Node for Lidar {
    const NAME: &'static str = "lidar";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        let imu = ports.output("/sensors/imu", Qos::sensor())?;
        Ok(Self { imu, points: ports.output("/sensors/lidar/points", Qos::sensor())? })
    }
    fn step(&mut self, step: Step) {
        let phase = step.index as f64 * 0.01;
        self.imu.send_with(|m| {
            m.header.stamp = step.now.to_msg();
            m.angular_velocity.z = phase.sin();
            m.linear_acceleration.x = phase.cos();
        });
        if step.index.is_multiple_of(TENTH) {
            let mut data = vec![0; CLOUD];
            for (n, point) in data.chunks_exact_mut(POINT).enumerate() {
                let range = (n as f32 * 0.001 + phase as f32).sin() * 50.0;
                point[..4].copy_from_slice(&range.to_le_bytes());
            }
            self.points.send_with(|m| {
                m.header.stamp = step.now.to_msg();
                (m.height, m.width) = (1, (CLOUD / POINT) as u32);
                (m.point_step, m.row_step) = (POINT as u32, CLOUD as u32);
                m.data = Bytes::from(data);
            });
        }
    }
}

/// Sums the IMU up into an odometry, as it comes.
pub struct Localization {
    imu: Queue<Imu>,
    odometry: Output<Odometry>,
    heading: f64,
    x: f64,
}

impl Node for Localization {
    const NAME: &'static str = "localization";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            imu: ports.trigger("/sensors/imu", Qos::sensor())?,
            odometry: ports.output("/localization/odometry", Qos::default())?,
            heading: 0.0,
            x: 0.0,
        })
    }
    fn step(&mut self, step: Step) {
        while let Some(imu) = self.imu.next() {
            self.heading += 0.01 * imu.angular_velocity.z;
            self.x += 0.01 * self.heading.cos();
            let (x, heading) = (self.x, self.heading);
            self.odometry.send_with(|m| {
                m.header.stamp = step.now.to_msg();
                m.pose.pose.position.x = x;
                m.pose.pose.orientation.z = heading;
            });
        }
    }
}

/// The nearest point of each cloud.
pub struct Perception {
    points: Queue<PointCloud2>,
    nearest: Output<Float64>,
}

impl Node for Perception {
    const NAME: &'static str = "perception";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            points: ports.trigger("/sensors/lidar/points", Qos::sensor())?,
            nearest: ports.output("/perception/nearest", Qos::default())?,
        })
    }
    fn step(&mut self, _: Step) {
        while let Some(cloud) = self.points.next() {
            let (chunks, _) = cloud.data.as_chunks::<POINT>();
            let range = |p: &[u8; POINT]| f32::from_le_bytes([p[0], p[1], p[2], p[3]]).abs();
            let nearest = chunks.iter().map(range).fold(f32::MAX, f32::min);
            self.nearest.send(Float64 { data: nearest.into() });
        }
    }
}

/// A path of 50 poses at 100 Hz.
pub struct Planning {
    odometry: Latest<Odometry>,
    nearest: Latest<Float64>,
    path: Output<Path>,
}

impl Node for Planning {
    const NAME: &'static str = "planning";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        Ok(Self {
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            nearest: ports.latest("/perception/nearest", Qos::default())?,
            path: ports.output_like(
                "/planning/path",
                Qos::default(),
                Path { poses: vec![PoseStamped::default(); 50], ..Path::default() },
            )?,
        })
    }
    fn step(&mut self, step: Step) {
        let (Some(odometry), Some(nearest)) = (self.odometry.get(), self.nearest.get()) else { return };
        let (x, gap) = (odometry.pose.pose.position.x, nearest.data.min(1.0));
        self.path.send_with(|m| {
            m.header.stamp = step.now.to_msg();
            for (n, pose) in m.poses.iter_mut().enumerate() {
                pose.pose.position.x = x + n as f64 * gap;
            }
        });
    }
}

/// A command at 100 Hz.
pub struct Control {
    odometry: Latest<Odometry>,
    path: Latest<Path>,
    command: Output<AckermannDriveStamped>,
}

impl Node for Control {
    const NAME: &'static str = "control";
    type Params = NoParams;
    fn new(_: &NoParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        Ok(Self {
            odometry: ports.latest("/localization/odometry", Qos::default())?,
            path: ports.latest("/planning/path", Qos::default())?,
            command: ports.output("/control/commands", Qos::command())?,
        })
    }
    fn step(&mut self, step: Step) {
        let (Some(odometry), Some(path)) = (self.odometry.get(), self.path.get()) else { return };
        let last = path.poses.last().map_or(0.0, |p| p.pose.position.x);
        let error = last - odometry.pose.pose.position.x;
        self.command.send_with(|m| {
            m.header.stamp = step.now.to_msg();
            m.drive.speed = error as f32;
        });
    }
}
