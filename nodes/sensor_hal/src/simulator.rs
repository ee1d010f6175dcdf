//! The device link: topics `/device/…`, on which the simulator stands for the devices.

use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, PointCloud2};
use runtime::node::NodeError;
use runtime::ports::{Latest, Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::time::Time;

use crate::driver::{ActuatorDriver, Reading, SensorDriver};

/// Sensors of the simulator.
pub struct SimulatorSensors {
    cloud: Queue<PointCloud2>,
    imu: Queue<Imu>,
    fix: Queue<NavSatFix>,
    wheels: Queue<Odometry>,
    image: Queue<CompressedImage>,
    chassis: Queue<ChassisState>,
}

impl SensorDriver for SimulatorSensors {
    fn open(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            // Steps the node at once: a scan is what the collision monitor waits for.
            cloud: ports.trigger("/device/lidar/points", Qos::sensor())?,
            imu: ports.queue("/device/imu", Qos::sensor().depth(50))?,
            fix: ports.queue("/device/gnss/fix", Qos::sensor())?,
            wheels: ports.queue("/device/wheel_odometry", Qos::sensor().depth(25))?,
            image: ports.queue("/device/camera/image/compressed", Qos::sensor())?,
            chassis: ports.queue("/device/chassis", Qos::sensor().depth(25))?,
        })
    }

    fn poll(&mut self, take: &mut dyn FnMut(Reading<'_>)) {
        while let Some(message) = self.imu.next() {
            take(Reading::Imu(message));
        }
        while let Some(message) = self.wheels.next() {
            take(Reading::Wheels(message));
        }
        while let Some(message) = self.fix.next() {
            take(Reading::Fix(message));
        }
        while let Some(message) = self.chassis.next() {
            take(Reading::Chassis(message));
        }
        while let Some(message) = self.cloud.next() {
            take(Reading::Cloud(message));
        }
        while let Some(message) = self.image.next() {
            take(Reading::Image(message));
        }
    }
}

/// Drive-by-wire unit of the simulator.
pub struct SimulatorActuators {
    chassis: Latest<ChassisState>,
    commands: Output<ActuationCommand>,
}

impl ActuatorDriver for SimulatorActuators {
    fn open(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        let prototype = ActuationCommand { reason: " ".repeat(64), ..ActuationCommand::default() };
        Ok(Self {
            chassis: ports.latest("/device/chassis", Qos::sensor())?,
            commands: ports.output_like("/device/actuation", Qos::command(), prototype)?,
        })
    }

    fn speed(&mut self) -> Option<(f64, Time)> {
        let chassis = self.chassis.get()?;
        chassis.speed_mps.is_finite().then(|| (f64::from(chassis.speed_mps), chassis.received))
    }

    fn apply(&mut self, fill: impl FnOnce(&mut ActuationCommand)) {
        self.commands.send_with(fill);
    }
}
