//! Where the vehicle was when a scan was taken.

use std::collections::VecDeque;
use std::time::Duration;

use glam::{DMat3, DQuat, DVec2, DVec3};
use msgs::nav_msgs::msg::Odometry;
use runtime::time::Time;
use vehicle::wrap_angle;

/// Poses that are kept: over two seconds at 50 Hz.
const KEPT: usize = 128;
/// Over how long a pose is extrapolated, and how far poses may lie apart to interpolate between them.
const MAX_EXTRAPOLATION: Duration = Duration::from_millis(200);
const MAX_GAP: Duration = Duration::from_millis(500);
/// A clock that goes back by more begins anew.
const RESTART: Duration = Duration::from_secs(1);
/// A pose that lies so far from where the last one and its twist lead is a jump of the localization.
const JUMP_M: f64 = 0.4;
const JUMP_RAD: f64 = 0.04;

/// Pose of `base_link` in `map`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VehiclePose {
    /// Position, m.
    pub position: DVec3,
    /// Orientation.
    pub rotation: DQuat,
}

impl VehiclePose {
    /// Heading, rad.
    pub fn heading(&self) -> f64 {
        let ahead = self.rotation * DVec3::X;
        ahead.y.atan2(ahead.x)
    }

    /// Matrix and offset that take points of `base_link` to `map`.
    pub fn matrix(&self) -> (DMat3, DVec3) {
        (DMat3::from_quat(self.rotation), self.position)
    }

    /// Where a point on the ground plane of `base_link` is in `map`.
    pub fn at(&self, x: f64, y: f64) -> DVec2 {
        (self.position + self.rotation * DVec3::new(x, y, 0.0)).truncate()
    }
}

/// A change of the localization's mind: rotates about the vehicle, then shifts, both in `map`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Where the vehicle would be had the localization not jumped, m.
    pub from: DVec2,
    /// Where it is now, m.
    pub to: DVec2,
    /// Turn of the heading, rad.
    pub rotation: f64,
}

impl Correction {
    /// Where a point known before the jump is after it.
    pub fn apply(&self, point: DVec2) -> DVec2 {
        self.to + DVec2::from_angle(self.rotation).rotate(point - self.from)
    }
}

/// What became of an odometry message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pushed {
    /// Kept.
    Kept,
    /// Kept, and the localization has jumped.
    Jumped(Correction),
    /// The clock went back: everything before is forgotten.
    Restarted,
    /// Not a number, or not newer than the last one: dropped.
    Refused,
}

#[derive(Clone, Copy)]
struct Entry {
    time: Time,
    pose: VehiclePose,
    /// In base_link, m/s and rad/s.
    velocity: DVec3,
    turn: DVec3,
}

impl Entry {
    fn after(&self, dt: f64) -> VehiclePose {
        let half = DQuat::from_scaled_axis(self.turn * (0.5 * dt));
        let turn = DQuat::from_scaled_axis(self.turn * dt);
        VehiclePose {
            position: self.pose.position + self.pose.rotation * (half * (self.velocity * dt)),
            rotation: (self.pose.rotation * turn).normalize(),
        }
    }
}

/// The last poses of the vehicle.
#[derive(Default)]
pub struct Poses {
    entries: VecDeque<Entry>,
}

impl Poses {
    /// Takes a message of `/localization/odometry`.
    pub fn push(&mut self, odometry: &Odometry) -> Pushed {
        let Some(entry) = entry(odometry) else { return Pushed::Refused };
        let Some(last) = self.entries.back() else {
            self.entries.push_back(entry);
            return Pushed::Kept;
        };
        if entry.time <= last.time {
            if last.time.since(entry.time) < RESTART {
                return Pushed::Refused;
            }
            self.entries.clear();
            self.entries.push_back(entry);
            return Pushed::Restarted;
        }
        let gap = entry.time.since(last.time);
        let expected = last.after(gap.as_secs_f64());
        let rotation = wrap_angle(entry.pose.heading() - expected.heading());
        let (from, to) = (expected.position.truncate(), entry.pose.position.truncate());
        let jumped = gap <= MAX_GAP && (from.distance(to) > JUMP_M || rotation.abs() > JUMP_RAD);
        if jumped {
            // Interpolating across the jump would give poses that never were.
            self.entries.clear();
        }
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        if jumped { Pushed::Jumped(Correction { from, to, rotation }) } else { Pushed::Kept }
    }

    /// The pose at `time`; `None` if it is too far from those that are known.
    pub fn at(&self, time: Time) -> Option<VehiclePose> {
        let after = self.entries.partition_point(|e| e.time < time);
        let seconds = |a: Time, b: Time| b.since(a).as_secs_f64() - a.since(b).as_secs_f64();
        match (after.checked_sub(1).and_then(|i| self.entries.get(i)), self.entries.get(after)) {
            (_, Some(exact)) if exact.time == time => Some(exact.pose),
            (Some(a), Some(b)) => {
                let gap = b.time.since(a.time);
                let t = seconds(a.time, time) / gap.as_secs_f64();
                (gap <= MAX_GAP).then(|| VehiclePose {
                    position: a.pose.position.lerp(b.pose.position, t),
                    rotation: a.pose.rotation.slerp(b.pose.rotation, t),
                })
            }
            (Some(e), None) | (None, Some(e)) => {
                let dt = seconds(e.time, time);
                (dt.abs() <= MAX_EXTRAPOLATION.as_secs_f64()).then(|| e.after(dt))
            }
            (None, None) => None,
        }
    }
}

fn entry(odometry: &Odometry) -> Option<Entry> {
    let (p, q) = (&odometry.pose.pose.position, &odometry.pose.pose.orientation);
    let (v, w) = (&odometry.twist.twist.linear, &odometry.twist.twist.angular);
    let rotation = DQuat::from_xyzw(q.x, q.y, q.z, q.w);
    let entry = Entry {
        time: Time::from(&odometry.header.stamp),
        pose: VehiclePose { position: DVec3::new(p.x, p.y, p.z), rotation: rotation.normalize() },
        velocity: DVec3::new(v.x, v.y, v.z),
        turn: DVec3::new(w.x, w.y, w.z),
    };
    // Farther away than any map reaches, or faster than any vehicle: not a measurement.
    let sane =
        entry.pose.position.length() < 1e7 && entry.velocity.length() < 150.0 && entry.turn.length() < 20.0;
    let unit = (0.5..2.0).contains(&rotation.length());
    (sane && unit && entry.pose.rotation.is_finite()).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odometry(ms: i64, x: f64, yaw: f64, speed: f64) -> Odometry {
        let mut o = Odometry::default();
        o.header.stamp = Time::from_ns(ms * 1_000_000).to_msg();
        o.pose.pose = vehicle::pose_to_msg(vehicle::Pose2::new(x, 0.0, yaw), 0.0);
        o.twist.twist.linear.x = speed;
        o
    }

    fn ms(ms: i64) -> Time {
        Time::from_ns(ms * 1_000_000)
    }

    #[test]
    fn between_and_beyond_the_known_poses() {
        let mut poses = Poses::default();
        assert_eq!(poses.at(ms(0)), None);
        for i in 50..60 {
            assert_eq!(poses.push(&odometry(20 * i, 0.2 * i as f64, 0.0, 10.0)), Pushed::Kept);
        }
        let x = |t| poses.at(ms(t)).map(|p| (p.position.x * 1e6).round() / 1e6);
        assert_eq!(x(1010), Some(10.1));
        assert_eq!(x(1020), Some(10.2));
        assert_eq!(x(1280), Some(12.8), "a little ahead");
        assert_eq!(x(900), Some(9.0));
        assert_eq!(x(1500), None);
        assert_eq!(x(500), None);
    }

    #[test]
    fn doubled_late_and_senseless_messages_are_refused() {
        let mut poses = Poses::default();
        assert_eq!(poses.push(&odometry(1000, f64::NAN, 0.0, 0.0)), Pushed::Refused);
        assert_eq!(poses.push(&odometry(1000, 1e300, 0.0, 0.0)), Pushed::Refused);
        assert_eq!(poses.push(&odometry(1000, 0.0, 0.0, f64::INFINITY)), Pushed::Refused);
        let mut zeros = odometry(1000, 0.0, 0.0, 0.0);
        zeros.pose.pose.orientation.z = 0.0;
        zeros.pose.pose.orientation.w = 0.0;
        assert_eq!(poses.push(&zeros), Pushed::Refused, "a quaternion of zeros");
        assert_eq!(poses.push(&odometry(5000, 0.0, 0.0, 0.0)), Pushed::Kept);
        assert_eq!(poses.push(&odometry(5000, 3.0, 0.0, 0.0)), Pushed::Refused);
        assert_eq!(poses.push(&odometry(4900, 0.0, 0.0, 0.0)), Pushed::Refused);
        assert_eq!(poses.push(&odometry(1000, 0.0, 0.0, 0.0)), Pushed::Restarted);
    }

    #[test]
    fn a_jump_is_seen_and_its_correction_keeps_things_in_place() {
        let mut poses = Poses::default();
        poses.push(&odometry(1000, 0.0, 0.0, 10.0));
        poses.push(&odometry(1020, 0.2, 0.0, 10.0));
        let Pushed::Jumped(jump) = poses.push(&odometry(1040, 2.4, 0.1, 10.0)) else { panic!("no jump") };
        // Ten metres ahead of the vehicle before, and ten metres ahead after.
        let moved = jump.apply(DVec2::new(10.4, 0.0));
        assert!(moved.distance(DVec2::new(2.4, 0.0) + DVec2::from_angle(0.1) * 10.0) < 1e-9);
        assert_eq!(poses.at(ms(1030)).map(|p| p.position.x.round()), Some(2.0), "from the new pose only");
    }
}
