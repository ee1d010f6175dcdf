//! Courses to drive: a path with a speed over way.

use glam::DVec2;
use msgs::atlasmesh_msgs::msg::{Trajectory, TrajectoryPoint};
use runtime::time::Time;
use vehicle::{Pose2, pose_to_msg};

/// Distance of the points of a course, m.
const DS: f64 = 0.05;

/// A point of a course.
#[derive(Clone, Copy)]
pub struct CoursePoint {
    pub pose: Pose2,
    pub curvature: f64,
    pub speed: f64,
}

/// A path with speeds, a point every 5 cm.
pub struct Course {
    pub points: Vec<CoursePoint>,
}

impl Course {
    /// Pieces of linearly changing curvature: (length, curvature at the end); from the origin along x.
    pub fn new(pieces: &[(f64, f64)]) -> Self {
        let (mut pose, mut curvature) = (Pose2::default(), 0.0);
        let mut points = vec![CoursePoint { pose, curvature, speed: 0.0 }];
        for &(length, end) in pieces {
            let (count, begin) = ((length / DS).round() as usize, curvature);
            for i in 1..=count {
                let next = begin + (end - begin) * i as f64 / count as f64;
                let heading = pose.heading + 0.5 * DS * 0.5 * (curvature + next);
                pose.position += DS * DVec2::from_angle(heading);
                pose.heading += DS * 0.5 * (curvature + next);
                curvature = next;
                points.push(CoursePoint { pose, curvature, speed: 0.0 });
            }
        }
        Self { points }
    }

    pub fn length(&self) -> f64 {
        (self.points.len() - 1) as f64 * DS
    }

    /// With speeds no higher than `top`, `sqrt(lateral / curvature)` and what accelerations up to `a` from `from` on and
    /// down to `to` at the end allow.
    pub fn with_speed(mut self, from: f64, top: f64, to: f64, a: f64, lateral: f64) -> Self {
        let mut v = from;
        for p in &mut self.points {
            p.speed = top.min((lateral / p.curvature.abs().max(1e-9)).sqrt()).min(v);
            v = (p.speed * p.speed + 2.0 * a * DS).sqrt();
        }
        let mut v = to;
        for p in self.points.iter_mut().rev() {
            p.speed = p.speed.min(v);
            v = (p.speed * p.speed + 2.0 * a * DS).sqrt();
        }
        self
    }

    /// Index of the point nearest to a position, from `from` on.
    pub fn nearest(&self, position: DVec2, from: usize) -> usize {
        let end = (from + 400).min(self.points.len());
        let start = from.saturating_sub(20);
        let distance = |i: &usize| (self.points[*i].pose.position - position).length_squared();
        (start..end).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap()
    }

    /// Distance of a position from the course, m, positive to the left.
    pub fn lateral(&self, position: DVec2, index: usize) -> f64 {
        self.points[index].pose.inverse_transform(position).y
    }

    /// The trajectory of the next `horizon_s` from the way `way` on, a point every 0.1 s, at the speed there.
    pub fn trajectory(&self, stamp: Time, way: f64, horizon_s: f64) -> Trajectory {
        let mut message = Trajectory::default();
        message.header.frame_id = "map".into();
        message.header.stamp = stamp.to_msg();
        let (mut way, begin) = (way.clamp(0.0, self.length()), way);
        for tick in 0..=(horizon_s * 100.0) as usize {
            let p = self.at(way);
            let next = self.at((way + 0.05).min(self.length()));
            let slope = (next.speed.powi(2) - p.speed.powi(2)) / 0.1;
            let ended = way >= self.length();
            if tick % 10 == 0 {
                message.points.push(TrajectoryPoint {
                    time_from_start_s: tick as f32 * 0.01,
                    pose: pose_to_msg(p.pose, 0.0),
                    arc_length_m: way - begin,
                    curvature_per_m: p.curvature as f32,
                    speed_mps: if ended { 0.0 } else { p.speed as f32 },
                    acceleration_mps2: if ended { 0.0 } else { slope as f32 },
                });
            }
            // Off a stand it creeps at first, where speed over way has no slope.
            way = (way + p.speed.max(0.02) * 0.01).min(self.length());
        }
        message
    }

    fn at(&self, way: f64) -> CoursePoint {
        let at = (way / DS).clamp(0.0, (self.points.len() - 1) as f64);
        let i = (at as usize).min(self.points.len() - 2);
        let (a, b, part) = (self.points[i], self.points[i + 1], at - i as f64);
        let mix = |a: f64, b: f64| a + part * (b - a);
        CoursePoint {
            pose: Pose2 {
                position: a.pose.position + part * (b.pose.position - a.pose.position),
                heading: mix(a.pose.heading, b.pose.heading),
            },
            curvature: mix(a.curvature, b.curvature),
            speed: mix(a.speed, b.speed),
        }
    }
}
