//! What stands between the node and devices.
//!
//! A driver connects through ports like everything else, so that a recording holds what the devices said and replay
//! repeats it. Hardware is spoken to by a program of its own that publishes the device link (`/device/…`), as the
//! simulator does; a device that speaks ROS by itself in another form gets a driver here.

use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, PointCloud2};
use runtime::node::NodeError;
use runtime::ports::Ports;
use runtime::time::Time;

/// What a sensor said.
#[derive(Clone, Copy, Debug)]
pub enum Reading<'a> {
    /// A scan, in the frame of the sensor.
    Cloud(&'a PointCloud2),
    /// Rates and specific force at base_link, orientation.
    Imu(&'a Imu),
    /// Position of base_link.
    Fix(&'a NavSatFix),
    /// Speed and yaw rate from the wheels.
    Wheels(&'a Odometry),
    /// A picture.
    Image(&'a CompressedImage),
    /// What the drive-by-wire unit reports.
    Chassis(&'a ChassisState),
}

/// The sensors of a vehicle.
pub trait SensorDriver: Send + Sized {
    /// Declares its ports.
    fn open(ports: &mut Ports<'_>) -> Result<Self, NodeError>;

    /// Gives everything that came since the last call, each sensor's readings in the order of arrival.
    fn poll(&mut self, take: &mut dyn FnMut(Reading<'_>));
}

/// The drive-by-wire unit of a vehicle. Its methods are called in real time: they allocate nothing.
pub trait ActuatorDriver: Send + Sized {
    /// Declares its ports.
    fn open(ports: &mut Ports<'_>) -> Result<Self, NodeError>;

    /// Speed along base_link x that the unit reported last, m/s, and when that arrived.
    fn speed(&mut self) -> Option<(f64, Time)>;

    /// Sends a command; `fill` sets all of its fields.
    fn apply(&mut self, fill: impl FnOnce(&mut ActuationCommand));
}
