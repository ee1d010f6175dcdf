//! What the filter knows, as it is published: extrapolated to the present, of base_link, with covariances in ROS's order.

use msgs::geometry_msgs::msg::{Quaternion, TransformStamped, Vector3 as Vector3Msg};
use msgs::nav_msgs::msg::Odometry;
use nalgebra::{Matrix3, SMatrix, UnitQuaternion, Vector3};
use runtime::time::Time;
use vehicle::{Pose2, wrap_angle};

use crate::state::{Covariance, N, State, at};

/// Variance of an angular rate beside that of the bias, rad²/s².
const RATE_NOISE_VARIANCE: f64 = 1e-4;
/// How the speed can change in the time that is extrapolated, m/s².
const EXTRAPOLATED_ACCEL_MPS2: f64 = 2.0;

/// Pose and twist of base_link at a time.
#[derive(Clone, Debug)]
pub struct PoseAt {
    /// Position in map, m.
    pub position: Vector3<f64>,
    /// From base_link to map.
    pub orientation: UnitQuaternion<f64>,
    /// Velocity in base_link, m/s.
    pub velocity: Vector3<f64>,
    /// Angular rate in base_link, rad/s.
    pub rate: Vector3<f64>,
    /// Covariance of x, y, z (m) and rotation about map's x, y, z (rad).
    pub pose_covariance: SMatrix<f64, 6, 6>,
    /// Covariance of velocity and angular rate, in base_link.
    pub twist_covariance: SMatrix<f64, 6, 6>,
}

/// `state` so much later, s, with its velocity and rate; `imu_x_m` is how far ahead of base_link the IMU sits.
pub fn pose_at(state: &State, ahead_s: f64, imu_x_m: f64) -> PoseAt {
    let rate = state.rate();
    let orientation = state.orientation * UnitQuaternion::from_scaled_axis(rate * ahead_s);
    let lever = Vector3::new(-imu_x_m, 0.0, 0.0);
    let rotation: Matrix3<f64> = orientation.to_rotation_matrix().into();
    let (pose_h, twist_h) = jacobians(state, rotation, lever, ahead_s);
    let mut pose_covariance = pose_h * state.covariance * pose_h.transpose();
    let mut twist_covariance = twist_h * state.covariance * twist_h.transpose();
    for i in 0..3 {
        twist_covariance[(i + 3, i + 3)] += RATE_NOISE_VARIANCE;
        pose_covariance[(i, i)] += (0.5 * EXTRAPOLATED_ACCEL_MPS2 * ahead_s * ahead_s).powi(2);
    }
    PoseAt {
        position: state.position + state.velocity * ahead_s + rotation * lever,
        orientation,
        velocity: state.body_velocity() + rate.cross(&lever),
        rate,
        pose_covariance,
        twist_covariance,
    }
}

fn jacobians(
    state: &State,
    rotation: Matrix3<f64>,
    lever: Vector3<f64>,
    ahead_s: f64,
) -> (SMatrix<f64, 6, N>, SMatrix<f64, 6, N>) {
    let mut pose = SMatrix::<f64, 6, N>::zeros();
    pose.fixed_view_mut::<3, 3>(0, at::POSITION).fill_with_identity();
    pose.fixed_view_mut::<3, 3>(0, at::VELOCITY).copy_from(&(Matrix3::identity() * ahead_s));
    pose.fixed_view_mut::<3, 3>(0, at::ORIENTATION).copy_from(&(-rotation * lever.cross_matrix()));
    pose.fixed_view_mut::<3, 3>(3, at::ORIENTATION).copy_from(&rotation);
    let to_body: Matrix3<f64> = state.orientation.inverse().to_rotation_matrix().into();
    let mut twist = SMatrix::<f64, 6, N>::zeros();
    twist.fixed_view_mut::<3, 3>(0, at::VELOCITY).copy_from(&to_body);
    twist.fixed_view_mut::<3, 3>(0, at::ORIENTATION).copy_from(&state.body_velocity().cross_matrix());
    twist.fixed_view_mut::<3, 3>(0, at::GYRO_BIAS).copy_from(&lever.cross_matrix());
    twist.fixed_view_mut::<3, 3>(3, at::GYRO_BIAS).copy_from(&-Matrix3::identity());
    (pose, twist)
}

/// 95 % of χ² with 2 degrees of freedom: the horizontal ellipse in which 95 of 100 errors lie.
pub const ELLIPSE_95: f64 = 5.991;

/// Squared Mahalanobis distance of a horizontal error, m, under the covariance of the position; compare with
/// [`ELLIPSE_95`].
pub fn horizontal_distance(covariance: &Covariance, error: nalgebra::Vector2<f64>) -> f64 {
    let block = covariance.fixed_view::<2, 2>(0, 0).into_owned();
    block.try_inverse().map_or(f64::INFINITY, |inverse| (error.transpose() * inverse * error)[0])
}

/// Writes the pose into an odometry message, of which the frames are set.
pub fn fill_odometry(out: &mut Odometry, stamp: Time, pose: &PoseAt) {
    out.header.stamp = stamp.to_msg();
    let p = &mut out.pose.pose;
    (p.position.x, p.position.y, p.position.z) = (pose.position.x, pose.position.y, pose.position.z);
    p.orientation = quaternion(&pose.orientation);
    out.twist.twist.linear = vector(pose.velocity);
    out.twist.twist.angular = vector(pose.rate);
    for (i, (c, t)) in out.pose.covariance.iter_mut().zip(&mut out.twist.covariance).enumerate() {
        *c = pose.pose_covariance[(i / 6, i % 6)];
        *t = pose.twist_covariance[(i / 6, i % 6)];
    }
}

/// map→odom and odom→base_link. The vehicle's roll and pitch are in odom→base_link, so that map→odom is a shift and a turn
/// about the vertical.
pub fn fill_transforms(transforms: &mut [TransformStamped; 2], stamp: Time, pose: &PoseAt, odom: Pose2) {
    let turn = wrap_angle(pose.orientation.euler_angles().2 - odom.heading);
    let to_map = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), turn);
    let in_odom = Vector3::new(odom.position.x, odom.position.y, 0.0);
    let [map_odom, odom_base] = transforms;
    map_odom.header.stamp = stamp.to_msg();
    map_odom.transform.translation = vector(pose.position - to_map * in_odom);
    map_odom.transform.rotation = quaternion(&to_map);
    odom_base.header.stamp = stamp.to_msg();
    odom_base.transform.translation = vector(in_odom);
    odom_base.transform.rotation = quaternion(&(to_map.inverse() * pose.orientation));
}

fn vector(v: Vector3<f64>) -> Vector3Msg {
    Vector3Msg { x: v.x, y: v.y, z: v.z }
}

fn quaternion(q: &UnitQuaternion<f64>) -> Quaternion {
    Quaternion { x: q.i, y: q.j, z: q.k, w: q.w }
}
