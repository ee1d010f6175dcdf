//! The last line before the actuators: passes commands on, and brakes by itself when they stop or make no sense.

use msgs::atlasmesh_msgs::msg::ActuationCommand;
use runtime::time::Time;
use vehicle::VehicleParams;

/// Why the deadman brakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No command came since the start: the vehicle is held.
    NoCommand,
    /// Commands stopped coming.
    Silence,
    /// Commands come, but their stamps are old, ahead, or do not advance.
    Stale,
    /// A command was not a number or outside of what the vehicle can do.
    Invalid,
}

impl Cause {
    /// Id, as it goes with the command to the unit.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoCommand => "deadman_no_command",
            Self::Silence => "deadman_silence",
            Self::Stale => "deadman_stale",
            Self::Invalid => "deadman_invalid",
        }
    }
}

/// What limits it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time without a command, ns.
    pub timeout_ns: i64,
    /// Deceleration that it brakes with, m/s².
    pub deceleration_mps2: f64,
    /// How fast the deceleration builds up, m/s³.
    pub jerk_mps3: f64,
    /// Highest steering angle, rad.
    pub max_steering_rad: f64,
    /// Highest acceleration, m/s².
    pub max_acceleration_mps2: f64,
    /// Highest deceleration that may be commanded, m/s².
    pub max_deceleration_mps2: f64,
    /// Speed from which the time of a full stop is known, m/s.
    pub max_speed_mps: f64,
}

impl Limits {
    /// Of a vehicle, with the envelope 2 % wider for rounding.
    pub fn new(vehicle: &VehicleParams, timeout_ms: u32, deceleration_mps2: f64, jerk_mps3: f64) -> Self {
        Self {
            timeout_ns: i64::from(timeout_ms) * 1_000_000,
            deceleration_mps2,
            jerk_mps3,
            max_steering_rad: 1.02 * vehicle.max_steering_angle_rad,
            max_acceleration_mps2: 1.02 * vehicle.max_acceleration_mps2,
            max_deceleration_mps2: 1.02 * vehicle.max_deceleration_mps2,
            max_speed_mps: vehicle.max_speed_mps,
        }
    }

    fn allow(&self, command: &Wish) -> bool {
        let (steering, acceleration) = (command.steering_rad, command.acceleration_mps2);
        steering.abs() <= self.max_steering_rad // false for NaN, as the next
            && (-self.max_deceleration_mps2..=self.max_acceleration_mps2).contains(&acceleration)
            && command.gear <= ActuationCommand::GEAR_DRIVE
            && !(command.hold_brake && acceleration > 0.0)
    }
}

/// What the actuators are asked to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// Angle of the virtual front wheel, rad.
    pub steering_rad: f64,
    /// Acceleration, m/s²; negative brakes.
    pub acceleration_mps2: f64,
    /// One of `ActuationCommand::GEAR_*`.
    pub gear: u8,
    /// Keeps the vehicle standing.
    pub hold_brake: bool,
}

/// A command as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// What it asks for.
    pub wish: Wish,
    /// Its stamp.
    pub stamp: Time,
    /// When it arrived.
    pub received: Time,
}

/// Below this speed the vehicle stands, m/s.
const STANDING_MPS: f64 = 0.05;
/// A speed older than this is not known, ns.
const SPEED_MAX_AGE_NS: i64 = 200_000_000;
/// For so long must good commands come before a stop ends, ns.
const GOOD_FOR_NS: i64 = 100_000_000;
/// Farthest that a command's stamp may be ahead, ns.
const MAX_AHEAD_NS: i64 = 50_000_000;

/// The deadman: see [`Self::step`].
#[derive(Clone, Debug)]
pub struct Deadman {
    /// What limits it.
    pub limits: Limits,
    braking: Option<Cause>,
    /// When braking began; when the commands became good again; when the last good one arrived.
    since: Time,
    good_since: Option<Time>,
    last_good: Option<(Time, Time)>,
    last_step: Option<Time>,
    /// The last command that arrived, whatever it was, by stamp and arrival.
    seen: Option<(Time, Time)>,
    sent: Wish,
}

impl Deadman {
    /// Holds the vehicle until the first command.
    pub fn new(limits: Limits) -> Self {
        let gear = ActuationCommand::GEAR_PARK;
        Self {
            limits,
            braking: Some(Cause::NoCommand),
            since: Time::default(),
            good_since: None,
            last_good: None,
            last_step: None,
            seen: None,
            sent: Wish { steering_rad: 0.0, acceleration_mps2: 0.0, gear, hold_brake: true },
        }
    }

    /// What it brakes for.
    pub fn cause(&self) -> Option<Cause> {
        self.braking
    }

    /// One step at `now`: `command` is the latest command, `speed` the latest speed along base_link x, m/s, with its
    /// time of arrival.
    ///
    /// Good commands pass unchanged. A command that is not good begins a stop at once, silence after the timeout. The
    /// stop keeps the last good steering and gear, builds its deceleration up with limited jerk, holds at standstill, and
    /// ends when the vehicle stands and good commands have been coming for 0.1 s. Meanwhile a good command may brake
    /// harder and steer, but not less.
    pub fn step(&mut self, now: Time, command: Option<Arrived>, speed: Option<(f64, Time)>) -> Wish {
        let dt = self.last_step.map_or(0.0, |last| now.since(last).as_secs_f64()).min(0.1);
        self.last_step = Some(now);
        let wish = self.good(now, command);
        let speed =
            speed.filter(|(_, at)| now.since(*at).as_nanos() <= SPEED_MAX_AGE_NS as u128).map(|(v, _)| v);
        let standing = match speed {
            Some(speed) => speed.abs() < STANDING_MPS,
            None => now.since(self.since).as_secs_f64() > self.time_of_full_stop(),
        };
        let first = self.braking == Some(Cause::NoCommand);
        let good_long_enough =
            self.good_since.is_some_and(|t| now.since(t).as_nanos() >= GOOD_FOR_NS as u128);
        // The first command ends the hold at once: it has nothing to make good.
        if let Some(wish) = wish
            && (self.braking.is_none() || first || (standing && good_long_enough))
        {
            self.braking = None;
            self.sent = wish;
            return wish;
        }
        self.brake(dt, wish, standing)
    }

    /// The wish of the latest command if commands are good; begins a stop if they are not.
    fn good(&mut self, now: Time, command: Option<Arrived>) -> Option<Wish> {
        if let Some(command) = command {
            let key = (command.stamp, command.received);
            if self.seen != Some(key) {
                self.seen = Some(key);
                if !self.limits.allow(&command.wish) {
                    self.fail(now, Cause::Invalid);
                } else if self.is_fresh(now, &command) {
                    self.last_good = Some(key);
                    self.good_since.get_or_insert(now);
                }
            }
        }
        let Some((_, received)) = self.last_good else {
            // Commands came, none of them good.
            if self.seen.is_some() && self.braking == Some(Cause::NoCommand) {
                self.fail(now, Cause::Stale);
            }
            return None;
        };
        if now.since(received).as_nanos() > self.limits.timeout_ns as u128 {
            let alive =
                self.seen.is_some_and(|(_, at)| now.since(at).as_nanos() <= self.limits.timeout_ns as u128);
            self.fail(now, if alive { Cause::Stale } else { Cause::Silence });
            return None;
        }
        self.good_since?;
        command.filter(|c| Some((c.stamp, c.received)) == self.last_good).map(|c| c.wish).or(Some(self.sent))
    }

    /// Whether its stamp is after the last good one's and near the present. A clock that went back begins anew.
    fn is_fresh(&self, now: Time, command: &Arrived) -> bool {
        let age_ns = now.as_ns().saturating_sub(command.stamp.as_ns());
        let advances = self.last_good.is_none_or(|(stamp, received)| command.stamp > stamp || now < received);
        advances && (-MAX_AHEAD_NS..=self.limits.timeout_ns).contains(&age_ns)
    }

    fn fail(&mut self, now: Time, cause: Cause) {
        self.good_since = None;
        if self.braking.is_none() || self.braking == Some(Cause::NoCommand) {
            self.braking = Some(cause);
            self.since = now;
        }
    }

    /// Time after which even the fastest vehicle stands, s.
    fn time_of_full_stop(&self) -> f64 {
        let Limits { max_speed_mps, deceleration_mps2, jerk_mps3, .. } = self.limits;
        max_speed_mps / deceleration_mps2 + deceleration_mps2 / jerk_mps3 + 2.0
    }

    fn brake(&mut self, dt: f64, good: Option<Wish>, standing: bool) -> Wish {
        let sent = &mut self.sent;
        if let Some(good) = good {
            sent.steering_rad = good.steering_rad;
        }
        sent.hold_brake = standing;
        if standing {
            sent.acceleration_mps2 = 0.0;
        } else {
            let ramp = sent.acceleration_mps2.min(0.0) - self.limits.jerk_mps3 * dt;
            // What was commanded harder before stays.
            let limit = (-self.limits.deceleration_mps2).min(sent.acceleration_mps2);
            let harder = good.map_or(0.0, |g| g.acceleration_mps2);
            sent.acceleration_mps2 = ramp.max(limit).min(harder);
        }
        *sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: i64 = 1_000_000;

    fn deadman() -> Deadman {
        Deadman::new(Limits::new(&VehicleParams::default(), 100, 6.0, 30.0))
    }

    fn at(ms: i64) -> Time {
        Time::from_ns(1_000_000 * MS + ms * MS)
    }

    fn wish(acceleration_mps2: f64) -> Wish {
        Wish { steering_rad: 0.1, acceleration_mps2, gear: ActuationCommand::GEAR_DRIVE, hold_brake: false }
    }

    fn command(ms: i64, acceleration: f64) -> Option<Arrived> {
        Some(Arrived { wish: wish(acceleration), stamp: at(ms), received: at(ms) })
    }

    /// Drives with good commands from 0 to `end` ms.
    fn driven(end: i64) -> Deadman {
        let mut deadman = deadman();
        for ms in (0..=end).step_by(10) {
            assert_eq!(deadman.step(at(ms), command(ms, 1.0), Some((10.0, at(ms)))), wish(1.0), "{ms}");
        }
        deadman
    }

    #[test]
    fn holds_until_the_first_command_and_passes_commands_unchanged() {
        let mut deadman = deadman();
        assert!(deadman.step(at(0), None, Some((0.0, at(0)))).hold_brake);
        assert_eq!(deadman.cause(), Some(Cause::NoCommand));
        assert_eq!(deadman.step(at(10), command(10, 1.5), None), wish(1.5));
        assert_eq!(deadman.cause(), None);
    }

    #[test]
    fn brakes_after_the_timeout_with_limited_jerk_then_holds() {
        let mut deadman = driven(100);
        let (mut speed, mut last, mut ms) = (10.0_f64, 1.0_f64, 100);
        loop {
            ms += 10;
            let out = deadman.step(at(ms), command(100, 1.0), Some((speed, at(ms))));
            if ms <= 200 {
                assert_eq!(out, wish(1.0), "{ms}");
                continue;
            }
            assert_eq!(deadman.cause(), Some(Cause::Silence));
            assert_eq!(out.steering_rad, 0.1);
            if out.hold_brake {
                break;
            }
            // Drive is taken away at once, braking builds up.
            assert!(out.acceleration_mps2 >= last.min(0.0) - 0.301 && out.acceleration_mps2 >= -6.0);
            last = out.acceleration_mps2;
            speed = (speed + last * 0.01).max(0.0);
        }
        assert_eq!(last, -6.0);
        assert!((0.0..0.05).contains(&speed), "{speed}");
    }

    #[test]
    fn drives_on_only_when_it_stands_and_commands_have_been_good_for_a_while() {
        let mut deadman = driven(100);
        deadman.step(at(300), None, Some((10.0, at(300))));
        for ms in (310..=1000).step_by(10) {
            let out = deadman.step(at(ms), command(ms, 1.0), Some((5.0, at(ms))));
            assert!(out.acceleration_mps2 < 0.0, "{ms}");
        }
        assert_eq!(deadman.step(at(1010), command(1010, 1.0), Some((0.0, at(1010)))), wish(1.0));
        // Good for a moment only.
        let mut deadman = driven(100);
        deadman.step(at(300), None, Some((0.0, at(300))));
        assert!(deadman.step(at(310), command(310, 1.0), Some((0.0, at(310)))).hold_brake);
    }

    #[test]
    fn one_bad_command_brakes_at_once() {
        let bad: [fn(&mut Wish); 7] = [
            |w| w.steering_rad = f64::NAN,
            |w| w.acceleration_mps2 = f64::NAN,
            |w| w.acceleration_mps2 = f64::INFINITY,
            |w| w.acceleration_mps2 = -20.0,
            |w| w.steering_rad = 1.0,
            |w| w.gear = 9,
            |w| w.hold_brake = true,
        ];
        for change in bad {
            let mut deadman = driven(100);
            let mut sick = command(110, 1.0).unwrap();
            change(&mut sick.wish);
            let out = deadman.step(at(110), Some(sick), Some((10.0, at(110))));
            assert!(out.acceleration_mps2 < 0.0 && out.steering_rad == 0.1, "{out:?}");
            assert_eq!(deadman.cause(), Some(Cause::Invalid));
        }
    }

    #[test]
    fn old_and_repeated_commands_count_as_none() {
        let stale = |stamp: fn(i64) -> i64| {
            let mut deadman = driven(100);
            for ms in (110..=300).step_by(10) {
                let mut old = command(ms, 1.0).unwrap();
                old.stamp = at(stamp(ms));
                deadman.step(at(ms), Some(old), Some((10.0, at(ms))));
            }
            deadman.cause()
        };
        assert_eq!(stale(|_| 100), Some(Cause::Stale)); // duplicates
        assert_eq!(stale(|ms| ms - 200), Some(Cause::Stale));
        assert_eq!(stale(|ms| ms + 1000), Some(Cause::Stale));
        assert_eq!(stale(|ms| ms - 20), None); // merely delayed
    }

    #[test]
    fn without_a_speed_it_brakes_as_long_as_the_fastest_vehicle_needs() {
        let mut deadman = driven(100);
        for ms in (110..=5000).step_by(10) {
            let out = deadman.step(at(ms), None, None);
            assert!(ms <= 200 || out.acceleration_mps2 < 0.0, "{ms}");
        }
        let mut last = None;
        for ms in (5010..=10_000).step_by(10) {
            last = Some(deadman.step(at(ms), None, None));
        }
        assert!(last.unwrap().hold_brake);
    }

    #[test]
    fn a_harder_stop_of_the_gate_is_not_weakened() {
        let mut deadman = driven(100);
        deadman.step(at(110), command(110, -8.0), Some((10.0, at(110))));
        assert_eq!(deadman.step(at(300), None, Some((8.0, at(300)))).acceleration_mps2, -8.0);
    }

    proptest! {
        /// Whatever comes, what leaves is within the envelope.
        #[test]
        fn never_outside_the_envelope(
            steps in prop::collection::vec(
                (any::<f64>(), any::<f64>(), any::<u8>(), any::<bool>(), any::<i64>(), any::<f64>()), 1..100),
        ) {
            let mut deadman = deadman();
            for (i, (steering_rad, acceleration_mps2, gear, hold_brake, stamp, speed)) in steps.into_iter().enumerate() {
                let now = at(10 * i as i64);
                let wish = Wish { steering_rad, acceleration_mps2, gear, hold_brake };
                let command = Arrived { wish, stamp: Time::from_ns(stamp), received: now };
                let out = deadman.step(now, Some(command), Some((speed, now)));
                prop_assert!(deadman.limits.allow(&out), "{out:?}");
            }
        }
    }
}
