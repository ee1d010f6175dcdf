//! Objects as messages.

use glam::{DMat2, DVec2};
use msgs::atlasmesh_msgs::msg::{TrackedObject, TrackedObjects};
use msgs::geometry_msgs::msg::Vector3;
use runtime::time::Time;
use vehicle::{Pose2, pose_to_msg};

use crate::predict;
use crate::track::Track;
use crate::tracker::Tracker;

/// Time between predicted poses, s.
pub const PREDICTION_STEP_S: f64 = 0.5;
/// Variance of height (m^2) and of roll and pitch (rad^2), which are not estimated.
const HEIGHT_VARIANCE: f64 = 0.04;
const TILT_VARIANCE: f64 = 0.01;

/// Writes all confirmed objects into `message`, whose memory is used again.
pub fn fill(message: &mut TrackedObjects, tracker: &Tracker, stamp: Time, prediction_s: f64) {
    message.header.stamp = stamp.to_msg();
    message.header.frame_id.clear();
    message.header.frame_id.push_str("map");
    let steps = (prediction_s / PREDICTION_STEP_S).round() as usize;
    let mut count = 0;
    for track in tracker.tracks().iter().filter(|t| t.confirmed) {
        if count == message.objects.len() {
            message.objects.push(TrackedObject::default());
        }
        fill_object(&mut message.objects[count], track, tracker.sensor(), steps);
        count += 1;
    }
    message.objects.truncate(count);
}

fn fill_object(o: &mut TrackedObject, track: &Track, sensor: DVec2, steps: usize) {
    let (rect, velocity) = (track.rect(sensor), track.velocity());
    let (class, class_probability) = track.class();
    let height = (track.heights[1]).max(0.1);
    let z = track.ground_z + 0.5 * height;
    o.id = track.id;
    o.classification = class.to_msg();
    o.existence_probability = track.existence as f32;
    o.classification_probability = class_probability as f32;
    o.pose.pose = pose_to_msg(Pose2 { position: rect.center, heading: rect.yaw }, z);
    o.size_m = Vector3 { x: rect.length.max(0.1), y: rect.width.max(0.1), z: height };
    covariance(
        &mut o.pose.covariance,
        track.motion.position_covariance(),
        HEIGHT_VARIANCE,
        track.yaw_variance,
    );
    let turn_rate = if track.moving { track.motion.turn_rate() } else { 0.0 };
    o.twist.twist.linear = Vector3 { x: velocity.x, y: velocity.y, z: 0.0 };
    o.twist.twist.angular = Vector3 { x: 0.0, y: 0.0, z: turn_rate };
    let turn_variance = if track.moving { track.motion.turn_rate_variance() } else { 0.01 };
    covariance(&mut o.twist.covariance, track.velocity_covariance(), HEIGHT_VARIANCE, turn_variance);
    o.predicted_path.clear();
    // What stands stays where it is: no path is needed to say so.
    if track.moving {
        let path = predict::path(rect.center, rect.yaw, velocity, turn_rate, PREDICTION_STEP_S, steps);
        o.predicted_path.extend(path.map(|(position, heading)| pose_to_msg(Pose2 { position, heading }, z)));
    }
    o.prediction_step_s = PREDICTION_STEP_S as f32;
    o.age_s = track.age_s as f32;
    o.time_since_seen_s = track.unseen_s as f32;
}

/// Fills a covariance over x, y, z, roll, pitch, yaw, row by row.
fn covariance(out: &mut [f64; 36], plane: DMat2, z: f64, yaw: f64) {
    *out = [0.0; 36];
    (out[0], out[1]) = (plane.x_axis.x, plane.y_axis.x);
    (out[6], out[7]) = (plane.x_axis.y, plane.y_axis.y);
    (out[14], out[21], out[28], out[35]) = (z, TILT_VARIANCE, TILT_VARIANCE, yaw);
}
