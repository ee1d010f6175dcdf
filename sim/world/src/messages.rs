//! From the world's values to messages.

use glam::{DQuat, DVec3};
use maps::GeoReference;
use msgs::atlasmesh_msgs::msg::{ChassisState, SimEvent, TrackedObject, TrackedObjects};
use msgs::geometry_msgs::msg::{Point, Quaternion, Vector3};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix, NavSatStatus, PointCloud2, PointField};
use msgs::std_msgs::msg::Header;
use runtime::time::Time;

use crate::events::{Happening, Kind};
use crate::sensors::{Fix, ImuParams, Inertial, POINT_STEP, WheelTwist};
use crate::world::{ChassisReport, RoadUser, Truth};

fn header(now: Time, frame: &str) -> Header {
    Header { stamp: now.to_msg(), frame_id: frame.into() }
}

fn vector(v: DVec3) -> Vector3 {
    Vector3 { x: v.x, y: v.y, z: v.z }
}

fn point(v: DVec3) -> Point {
    Point { x: v.x, y: v.y, z: v.z }
}

fn quaternion(q: DQuat) -> Quaternion {
    Quaternion { x: q.x, y: q.y, z: q.z, w: q.w }
}

/// Diagonal of a 3×3 covariance.
fn diagonal3(d: [f64; 3]) -> [f64; 9] {
    [d[0], 0.0, 0.0, 0.0, d[1], 0.0, 0.0, 0.0, d[2]]
}

pub(crate) fn truth(truth: &Truth, now: Time) -> Odometry {
    let mut msg =
        Odometry { header: header(now, "map"), child_frame_id: "base_link".into(), ..Odometry::default() };
    msg.pose.pose.position = point(truth.position);
    msg.pose.pose.orientation = quaternion(truth.orientation);
    msg.twist.twist.linear = vector(truth.velocity);
    msg.twist.twist.angular = vector(truth.angular_velocity);
    msg
}

pub(crate) fn imu(inertial: &Inertial, errors: &ImuParams, now: Time) -> Imu {
    let variance = |sigma: f64| (sigma * sigma).max(1e-12);
    let tilt = variance(errors.tilt_sigma_rad);
    Imu {
        header: header(now, "base_link"),
        orientation: quaternion(inertial.orientation),
        orientation_covariance: diagonal3([tilt, tilt, variance(errors.heading_sigma_rad)]),
        angular_velocity: vector(inertial.angular_velocity),
        angular_velocity_covariance: diagonal3([variance(errors.gyro_noise_rad_per_s); 3]),
        linear_acceleration: vector(inertial.specific_force),
        linear_acceleration_covariance: diagonal3([variance(errors.accelerometer_noise_mps2); 3]),
    }
}

pub(crate) fn wheels(twist: &WheelTwist, now: Time) -> Odometry {
    let mut msg =
        Odometry { header: header(now, "odom"), child_frame_id: "base_link".into(), ..Odometry::default() };
    msg.twist.twist.linear.x = twist.speed_mps;
    msg.twist.twist.angular.z = twist.yaw_rate_rad_per_s;
    // What it does not measure has a variance that says so.
    for axis in 0..6 {
        msg.twist.covariance[7 * axis] = 1e6;
        msg.pose.covariance[7 * axis] = 1e6;
    }
    msg.twist.covariance[0] = twist.speed_variance;
    msg.twist.covariance[35] = twist.yaw_rate_variance;
    msg.pose.pose.orientation.w = 1.0;
    msg
}

pub(crate) fn chassis(report: &ChassisReport, now: Time) -> ChassisState {
    ChassisState {
        stamp: now.to_msg(),
        steering_angle_rad: report.steering_angle_rad as f32,
        speed_mps: report.speed_mps as f32,
        acceleration_mps2: report.acceleration_mps2 as f32,
        gear: report.gear.to_msg(),
        battery_fraction: report.battery_fraction as f32,
        odometer_m: report.odometer_m,
        deadman_active: report.deadman_active,
    }
}

pub(crate) fn fix(fix: &Fix, georeference: &GeoReference, measured: Time) -> NavSatFix {
    let mut msg = NavSatFix { header: header(measured, "base_link"), ..NavSatFix::default() };
    msg.status.service = NavSatStatus::SERVICE_GPS;
    msg.status.status = NavSatStatus::STATUS_NO_FIX;
    (msg.latitude, msg.longitude, msg.altitude) = (f64::NAN, f64::NAN, f64::NAN);
    if let Some(position) = fix.position {
        let place = georeference.to_wgs84(position);
        (msg.latitude, msg.longitude, msg.altitude) =
            (place.latitude_deg, place.longitude_deg, place.altitude_m);
        msg.status.status = NavSatStatus::STATUS_GBAS_FIX;
        msg.position_covariance = diagonal3(fix.variance_m2.to_array());
        msg.position_covariance_type = NavSatFix::COVARIANCE_TYPE_DIAGONAL_KNOWN;
    }
    msg
}

pub(crate) fn cloud(data: Vec<u8>, now: Time) -> PointCloud2 {
    let field = |name: &str, offset, datatype| PointField { name: name.into(), offset, datatype, count: 1 };
    let points = data.len() / POINT_STEP;
    PointCloud2 {
        header: header(now, "lidar_link"),
        height: 1,
        width: points as u32,
        fields: vec![
            field("x", 0, PointField::FLOAT32),
            field("y", 4, PointField::FLOAT32),
            field("z", 8, PointField::FLOAT32),
            field("intensity", 12, PointField::FLOAT32),
            field("ring", 16, PointField::UINT16),
        ],
        is_bigendian: false,
        point_step: POINT_STEP as u32,
        row_step: (points * POINT_STEP) as u32,
        data: data.into(),
        is_dense: true,
    }
}

pub(crate) fn picture(jpeg: Vec<u8>, now: Time) -> CompressedImage {
    CompressedImage { header: header(now, "camera_link"), format: "jpeg".into(), data: jpeg.into() }
}

pub(crate) fn objects(users: &[RoadUser], now: Time) -> TrackedObjects {
    let object = |user: &RoadUser| {
        let mut msg = TrackedObject {
            id: user.id,
            classification: user.class,
            existence_probability: 1.0,
            classification_probability: 1.0,
            size_m: vector(user.size),
            ..TrackedObject::default()
        };
        msg.pose.pose.position = point(user.center);
        msg.pose.pose.orientation = vehicle::quaternion_of_yaw(user.heading);
        msg.twist.twist.linear = vector(user.velocity);
        msg.twist.twist.angular.z = user.yaw_rate;
        msg
    };
    TrackedObjects { header: header(now, "map"), objects: users.iter().map(object).collect() }
}

pub(crate) fn event(happening: &Happening, now: Time) -> SimEvent {
    let (kind, other, at_fault) = match &happening.kind {
        Kind::Collision { other, at_fault } => (SimEvent::KIND_COLLISION, other.clone(), *at_fault),
        Kind::LaneDeparture => (SimEvent::KIND_LANE_DEPARTURE, String::new(), true),
    };
    SimEvent {
        stamp: now.to_msg(),
        kind,
        other,
        at_fault,
        position: point(happening.position),
        speed_mps: happening.speed_mps as f32,
    }
}
