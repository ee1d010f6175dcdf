//! Way from wheels and gyroscope alone: it drifts but never jumps, which is what the frame `odom` is (REP-105).

use std::collections::VecDeque;

use vehicle::{Pose2, wrap_angle};

/// How long poses are kept, as so many IMU readings.
const KEPT: usize = 256;
/// A longer interval is not integrated, s.
const MAX_INTERVAL_S: f64 = 0.5;
/// Below these the vehicle stands and the heading is kept, m/s and rad/s.
const STANDING_MPS: f64 = 0.02;
const STANDING_RAD_PER_S: f64 = 0.03;

/// Pose in the frame `odom`.
#[derive(Clone, Debug, Default)]
pub struct DeadReckoning {
    pose: Pose2,
    stamp_ns: Option<i64>,
    speed_mps: f64,
    travelled_m: f64,
    kept: VecDeque<(i64, Pose2)>,
}

impl DeadReckoning {
    /// Speed of base_link from the wheels, m/s.
    pub fn wheels(&mut self, speed_mps: f64) {
        self.speed_mps = speed_mps;
    }

    /// Turns with that rate, rad/s, since the last call.
    pub fn turn(&mut self, stamp_ns: i64, rate_rad_per_s: f64) {
        let dt = self.stamp_ns.map_or(0.0, |last| 1e-9 * stamp_ns.saturating_sub(last) as f64);
        self.stamp_ns = Some(stamp_ns);
        if (0.0..=MAX_INTERVAL_S).contains(&dt) {
            self.pose = self.ahead(dt, rate_rad_per_s);
            self.travelled_m += self.speed_mps.abs() * dt;
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((stamp_ns, self.pose));
    }

    /// The pose after `dt` seconds with that rate.
    pub fn ahead(&self, dt: f64, rate_rad_per_s: f64) -> Pose2 {
        if self.speed_mps.abs() < STANDING_MPS && rate_rad_per_s.abs() < STANDING_RAD_PER_S {
            return self.pose;
        }
        let middle = self.pose.heading + 0.5 * rate_rad_per_s * dt;
        Pose2 {
            position: self.pose.position + self.speed_mps * dt * glam::DVec2::from_angle(middle),
            heading: wrap_angle(self.pose.heading + rate_rad_per_s * dt),
        }
    }

    /// The pose at a time within the last seconds: that of the nearest reading before.
    pub fn at(&self, stamp_ns: i64) -> Option<Pose2> {
        let next = self.kept.partition_point(|(s, _)| *s <= stamp_ns);
        Some(self.kept.get(next.checked_sub(1)?)?.1)
    }

    /// Way driven, m, in either direction.
    pub fn travelled_m(&self) -> f64 {
        self.travelled_m
    }

    /// Speed ahead, m/s.
    pub fn speed_mps(&self) -> f64 {
        self.speed_mps
    }
}
