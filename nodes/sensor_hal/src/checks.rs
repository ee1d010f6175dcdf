//! Whether what a device says can be true.

use msgs::atlasmesh_msgs::msg::{ActuationCommand, ChassisState};
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{CompressedImage, Imu, NavSatFix};
use runtime::time::Time;

/// Why a reading is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a number, or one that is out of what physics or the format allows.
    Value,
    /// Its stamp is not after that of the reading before: out of order or twice.
    OutOfOrder,
    /// Its stamp is more than [`MAX_AGE_NS`] ago.
    Stale,
    /// Its stamp is more than [`MAX_AHEAD_NS`] ahead.
    Future,
    /// Larger than any real one, or its parts do not fit together.
    Size,
}

/// Oldest reading that is passed on, ns. The slowest device (GNSS) takes some 0.1 s.
pub const MAX_AGE_NS: i64 = 1_000_000_000;
/// Farthest that a stamp may be ahead, ns: clocks of a vehicle are synchronized much better than that.
pub const MAX_AHEAD_NS: i64 = 50_000_000;
/// Largest picture, bytes.
pub const MAX_IMAGE_BYTES: usize = 16 << 20;

/// Stamps of one sensor.
#[derive(Clone, Copy, Debug, Default)]
pub struct StampCheck {
    last: Option<Time>,
    now: Time,
}

impl StampCheck {
    /// Takes the stamp of a reading that arrived at `now`.
    pub fn check(&mut self, stamp: Time, now: Time) -> Result<(), Fault> {
        // A clock that went back (a simulation that began again) makes what was last meaningless.
        if now < self.now {
            self.last = None;
        }
        self.now = now;
        let ahead_ns = stamp.as_ns().saturating_sub(now.as_ns());
        if ahead_ns > MAX_AHEAD_NS {
            return Err(Fault::Future);
        }
        if ahead_ns < -MAX_AGE_NS {
            return Err(Fault::Stale);
        }
        if self.last.is_some_and(|last| stamp <= last) {
            return Err(Fault::OutOfOrder);
        }
        self.last = Some(stamp);
        Ok(())
    }
}

fn within(limit: f64, values: &[f64]) -> bool {
    values.iter().all(|v| v.abs() <= limit) // false for NaN
}

/// A covariance of n×n: finite, and no negative variance.
fn covariance(values: &[f64], n: usize) -> bool {
    values.iter().all(|v| v.is_finite()) && values.iter().step_by(n + 1).all(|v| *v >= 0.0)
}

fn require(truth: bool) -> Result<(), Fault> {
    if truth { Ok(()) } else { Err(Fault::Value) }
}

/// At most 50 rad/s and 200 m/s²; the orientation a unit quaternion, unless its covariance begins with -1, which says in
/// ROS that there is none.
pub fn imu(m: &Imu) -> Result<(), Fault> {
    let (w, a, q) = (&m.angular_velocity, &m.linear_acceleration, &m.orientation);
    require(within(50.0, &[w.x, w.y, w.z]) && within(200.0, &[a.x, a.y, a.z]))?;
    require(
        covariance(&m.angular_velocity_covariance, 3) && covariance(&m.linear_acceleration_covariance, 3),
    )?;
    if m.orientation_covariance[0] == -1.0 {
        return Ok(());
    }
    let norm = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w;
    require((norm - 1.0).abs() <= 0.02 && covariance(&m.orientation_covariance, 3))
}

/// A place on earth up to 20 km high. Without a fix (status below 0) the position does not count.
pub fn fix(m: &NavSatFix) -> Result<(), Fault> {
    if m.status.status < 0 {
        return Ok(());
    }
    require(within(90.0, &[m.latitude]) && within(180.0, &[m.longitude]) && within(20_000.0, &[m.altitude]))?;
    require(covariance(&m.position_covariance, 3))
}

/// At most 100 m/s and 10 rad/s.
pub fn wheels(m: &Odometry) -> Result<(), Fault> {
    let twist = &m.twist.twist;
    require(within(100.0, &[twist.linear.x]) && within(10.0, &[twist.angular.z]))?;
    require(covariance(&m.twist.covariance, 6))
}

/// JPEG of a sensible size.
pub fn image(m: &CompressedImage) -> Result<(), Fault> {
    if m.data.len() > MAX_IMAGE_BYTES {
        return Err(Fault::Size);
    }
    require(m.data.starts_with(&[0xff, 0xd8]))
}

/// What a road vehicle can do.
pub fn chassis(m: &ChassisState) -> Result<(), Fault> {
    let (speed, acceleration) = (f64::from(m.speed_mps), f64::from(m.acceleration_mps2));
    require(within(100.0, &[speed, acceleration]) && within(1.6, &[f64::from(m.steering_angle_rad)]))?;
    require(m.odometer_m.is_finite() && (-0.01..=1.01).contains(&m.battery_fraction))?;
    require(m.gear <= ActuationCommand::GEAR_DRIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn stamps_go_forward_and_are_near_the_present() {
        let (t, at) = (100 * S, |ns| Time::from_ns(ns));
        let mut check = StampCheck::default();
        assert_eq!(check.check(at(t), at(t)), Ok(()));
        assert_eq!(check.check(at(t), at(t + S / 100)), Err(Fault::OutOfOrder));
        assert_eq!(check.check(at(t - 1), at(t + S / 100)), Err(Fault::OutOfOrder));
        assert_eq!(check.check(at(t + S), at(t + S / 50)), Err(Fault::Future));
        assert_eq!(check.check(at(t + 1), at(t + 2 * S)), Err(Fault::Stale));
        assert_eq!(check.check(at(t + 2 * S), at(t + 2 * S)), Ok(()));
        // A simulation that begins again.
        assert_eq!(check.check(at(S), at(S)), Ok(()));
        assert_eq!(check.check(at(i64::MIN), at(S)), Err(Fault::Stale));
        assert_eq!(check.check(at(i64::MAX), at(S)), Err(Fault::Future));
    }

    #[test]
    fn an_imu_without_orientation_passes_and_a_broken_one_does_not() {
        let mut m = Imu::default();
        m.orientation.w = 0.0;
        assert_eq!(imu(&m), Err(Fault::Value));
        m.orientation_covariance[0] = -1.0;
        assert_eq!(imu(&m), Ok(()));
        m.angular_velocity.y = f64::NAN;
        assert_eq!(imu(&m), Err(Fault::Value));
    }

    #[test]
    fn a_fix_without_position_passes_only_as_no_fix() {
        let mut m = NavSatFix { latitude: f64::NAN, ..NavSatFix::default() };
        m.status.status = 0;
        assert_eq!(fix(&m), Err(Fault::Value));
        m.status.status = -1;
        assert_eq!(fix(&m), Ok(()));
    }
}
