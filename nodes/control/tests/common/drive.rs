//! Closes the loop: plant, odometry with its age, planner, controller.

use std::collections::VecDeque;
use std::time::Duration;

use control::ControlParams;
use control::controller::{Control, Controller};
use msgs::atlasmesh_msgs::msg::VehicleState;
use msgs::nav_msgs::msg::Odometry;
use runtime::time::Time;
use vehicle::{Pose2, VehicleParams, pose_to_msg};

use super::course::Course;
use super::plant::Plant;

pub const START: Time = Time::from_ns(1_000_000_000_000);

/// One moment of a drive.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub time_s: f64,
    pub lateral: f64,
    pub way: f64,
    pub speed: f64,
    pub wanted_speed: f64,
    pub steering: f64,
    pub acceleration: f64,
    pub control: Control,
}

/// How a drive is set up.
#[derive(Clone)]
pub struct Setup {
    pub vehicle: VehicleParams,
    /// Dead times and lags of the plant's actuators against those that the controller is told.
    pub actuator_scale: f64,
    /// Where the vehicle begins, to the left of the course, m.
    pub offset: f64,
    pub speed: f64,
    pub slope_mps2: f64,
    /// `fallback_mode` is true in this time, s.
    pub fallback: std::ops::Range<f64>,
    /// The planner is silent from then on, s.
    pub planner_dies_s: f64,
}

impl Setup {
    pub fn new(vehicle: &VehicleParams) -> Self {
        Self {
            vehicle: vehicle.clone(),
            actuator_scale: 1.0,
            offset: 0.0,
            speed: 0.0,
            slope_mps2: 0.0,
            fallback: 0.0..0.0,
            planner_dies_s: f64::INFINITY,
        }
    }
}

pub fn odometry(stamp: Time, pose: Pose2, speed: f64) -> Odometry {
    let mut message = Odometry::default();
    message.header.stamp = stamp.to_msg();
    message.header.frame_id = "map".into();
    message.child_frame_id = "base_link".into();
    message.pose.pose = pose_to_msg(pose, 0.0);
    message.twist.twist.linear.x = speed;
    message
}

/// Drives a course for so long, s.
pub fn drive(course: &Course, setup: &Setup, duration_s: f64) -> Vec<Sample> {
    let params = ControlParams { vehicle: setup.vehicle.clone(), ..ControlParams::default() };
    let mut controller = Controller::new(&params);
    let begin = course.points[0].pose;
    let pose = Pose2 { position: begin.transform(glam::DVec2::new(0.0, setup.offset)), ..begin };
    let mut plant = Plant::new(&setup.vehicle, pose, setup.speed, setup.actuator_scale);
    plant.slope_mps2 = setup.slope_mps2;
    let mut samples = vec![];
    let mut on_the_way: VecDeque<Odometry> = VecDeque::new();
    let (mut index, mut planned, mut fallback) = (0, 0.0, false);
    for tick in 0..(duration_s * 100.0) as u64 {
        let now = START + Duration::from_millis(10 * tick);
        let time_s = tick as f64 * 0.01;
        index = course.nearest(plant.pose.position, index);
        let way = index as f64 * 0.05 + course.points[index].pose.inverse_transform(plant.pose.position).x;
        if tick % 2 == 0 {
            on_the_way.push_back(odometry(now, plant.pose, plant.speed));
        }
        // Odometry takes a step to arrive.
        if tick % 2 == 1
            && let Some(message) = on_the_way.pop_front()
        {
            assert!(controller.odometry(&message, now));
        }
        if tick % 5 == 0 {
            let mut state = VehicleState::default();
            state.header.stamp = now.to_msg();
            state.steering_angle_rad = plant.steering() as f32;
            controller.vehicle_state(&state, now);
        }
        if tick % 10 == 0 && time_s < setup.planner_dies_s {
            // Goes on from where the last trajectory is now, unless the vehicle is elsewhere.
            if f64::abs(planned - way) > 1.0 {
                planned = way;
            }
            let trajectory = course.trajectory(now, planned, 6.0);
            planned += f64::from(trajectory.points[1].arc_length_m as f32);
            controller.trajectory(&trajectory, now);
        }
        let wanted = setup.fallback.contains(&time_s);
        if wanted != fallback {
            fallback = wanted;
            controller.set_params(&ControlParams { fallback_mode: fallback, ..params.clone() });
        }
        let Some(control) = controller.step(now) else { continue };
        let hold = control.acceleration_mps2 < 0.0 && plant.speed.abs() < 0.05;
        plant.step(control.steering.angle_rad, control.acceleration_mps2, hold);
        samples.push(Sample {
            time_s,
            lateral: course.lateral(plant.pose.position, course.nearest(plant.pose.position, index)),
            way,
            speed: plant.speed,
            wanted_speed: course.points[index].speed,
            steering: control.steering.angle_rad,
            acceleration: plant.acceleration,
            control,
        });
    }
    samples
}

/// The value that a share of all absolute values does not exceed.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.map(f64::abs).collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
