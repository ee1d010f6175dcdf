//! The gate without ports: what it knows in, one actuation command out.

use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::PointCloud2;
use runtime::time::Time;

use crate::DecisionParams;
use crate::causes::{Cause, CauseSet};
use crate::checks::{Checks, STANDING_MPS};
use crate::envelope::{Cut, Envelope};
use crate::machine::{Input, Machine, Mode, ResetAnswer};

/// What is commanded while the vehicle is to stand, m/s^2.
const HOLD_MPS2: f64 = -1.0;
/// Longest time that a step accounts for, s.
const MAX_DT_S: f64 = 0.05;
/// An emergency stop begins in the step that sees its cause, even one that takes no time, s.
const FIRST_DT_S: f64 = 0.01;
/// Share of the deceleration that a comfortable stop must show.
const EFFECTIVE: f64 = 0.4;

/// What is sent to the actuators.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Actuation {
    /// Angle of the virtual front wheel, rad.
    pub steering_rad: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
    /// Keeps it standing.
    pub hold_brake: bool,
    /// In park, else in drive.
    pub park: bool,
    /// Id of what limits the wish; empty if nothing does.
    pub reason: &'static str,
}

/// The gate.
pub struct Gate {
    params: DecisionParams,
    envelope: Envelope,
    /// Age and content of the inputs.
    pub checks: Checks,
    machine: Machine,
    input: Input,
    present: CauseSet,
    mode_since: Time,
    last: Actuation,
    last_step: Option<Time>,
    stop_check: Option<(Time, f64)>,
    stop_ineffective: bool,
}

impl Gate {
    /// Starting. Makes all memory that it needs.
    pub fn new(params: &DecisionParams) -> Self {
        Self {
            params: params.clone(),
            envelope: Envelope::new(&params.vehicle, &params.limits),
            checks: Checks::new(params),
            machine: Machine::default(),
            input: Input::default(),
            present: CauseSet::EMPTY,
            mode_since: Time::default(),
            last: Actuation::default(),
            last_step: None,
            stop_check: None,
            stop_ineffective: false,
        }
    }

    /// Takes over other parameters. Allocates nothing.
    pub fn set_params(&mut self, params: &DecisionParams) {
        self.envelope = Envelope::new(&params.vehicle, &params.limits);
        self.checks.set_params(params);
        // Plain numbers only: this clone does not allocate.
        self.params = params.clone();
    }

    /// Takes `/control/commands`.
    pub fn command(&mut self, message: &AckermannDriveStamped, received: Time, now: Time) {
        self.checks.command(message, received, now, &self.params);
    }

    /// Takes `/localization/odometry`.
    pub fn odometry(&mut self, message: &Odometry, received: Time, now: Time) {
        self.checks.odometry(message, received, now, &self.params);
    }

    /// Takes `/sensors/lidar/points`.
    pub fn lidar(&mut self, message: &PointCloud2, received: Time, now: Time) {
        self.checks.lidar(message, received, now, self.last.steering_rad, &self.params);
    }

    /// Its parameters.
    pub fn params(&self) -> &DecisionParams {
        &self.params
    }

    /// What it does.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The causes present at the last step; while starting also the timeouts of the inputs that never came.
    pub fn present(&self) -> CauseSet {
        self.present
    }

    /// When the present mode began.
    pub fn mode_since(&self) -> Time {
        self.mode_since
    }

    /// Highest speed allowed now, m/s.
    pub fn speed_limit_mps(&self) -> f64 {
        match self.machine.mode() {
            Mode::Nominal => self.params.vehicle.max_speed_mps,
            Mode::Slow => self.params.limits.slow_speed_mps.min(self.params.vehicle.max_speed_mps),
            _ => 0.0,
        }
    }

    /// `/safety/reset` is called, after the step that it belongs to.
    pub fn reset(&mut self) -> ResetAnswer {
        self.machine.reset(&self.input)
    }

    /// One step; `emergency_stop` says that it was called since the last one.
    pub fn step(&mut self, now: Time, emergency_stop: bool) -> Actuation {
        let dt = self.last_step.map_or(FIRST_DT_S, |last| now.since(last).as_secs_f64()).min(MAX_DT_S);
        self.last_step = Some(now);
        let speed = self.checks.speed_mps(now, &self.params);
        let standing = speed.is_some_and(|v| v.abs() < STANDING_MPS);
        let missing = self.checks.missing();
        let mut present = self.checks.causes(now, &self.params);
        present.set(Cause::EmergencyStop, emergency_stop);
        present.set(Cause::StopIneffective, self.stop_ineffective);
        let before = self.machine;
        self.input = Input { complete: missing.is_empty(), present, standing };
        self.machine.step(self.input);
        if before.mode() != self.machine.mode() || self.mode_since == Time::default() {
            self.mode_since = now;
        }
        self.present = present;
        if self.machine.mode() == Mode::Starting {
            self.present = present.with(missing);
        }
        self.check_stop(now, speed);
        let entered = before.mode() != self.machine.mode();
        self.last = self.actuation(now, dt, speed, standing, entered);
        self.last
    }

    /// Whether a comfortable stop slows the vehicle down, from one window of time to the next.
    fn check_stop(&mut self, now: Time, speed: Option<f64>) {
        let limits = &self.params.limits;
        if self.machine.mode() != Mode::ComfortStop {
            (self.stop_check, self.stop_ineffective) = (None, false);
            return;
        }
        let (begun, from) = *self.stop_check.get_or_insert((now, speed.unwrap_or(f64::INFINITY)));
        if now.since(begun).as_secs_f64() >= limits.stop_check_s {
            let wanted = EFFECTIVE * limits.comfort_deceleration_mps2 * limits.stop_check_s;
            // At walking speed it ends softly.
            self.stop_ineffective = speed.is_none_or(|v| v > 1.0 && v > from - wanted);
            self.stop_check = Some((now, speed.unwrap_or(f64::INFINITY)));
        }
    }

    fn actuation(&self, now: Time, dt: f64, speed: Option<f64>, standing: bool, entered: bool) -> Actuation {
        let wish = self.checks.wish(now, &self.params);
        let at = speed.unwrap_or(self.params.vehicle.max_speed_mps).abs();
        let last = self.last;
        let (steering_rad, steering_cut) = match wish {
            Some(wish) => self.envelope.steering(wish.steering_rad, last.steering_rad, dt, at),
            None => (last.steering_rad, None),
        };
        let wished = wish.map(|w| w.acceleration_mps2);
        let (acceleration_mps2, cut) = match (self.machine.mode(), wished) {
            (Mode::Nominal | Mode::Slow, Some(wish)) => {
                self.envelope.acceleration(wish, speed.unwrap_or(at), self.speed_limit_mps())
            }
            // Nominal without a wish lasts for no step: command_timeout ends it.
            (Mode::EmergencyStop | Mode::Stopped, wish) => {
                (self.emergency(dt, entered, standing, wish), None)
            }
            (_, wish) => (self.comfort(dt, standing, wish), None),
        };
        let (hold_brake, park) = self.hold(standing, acceleration_mps2);
        let reason = match self.machine.root() {
            Some(root) => root.id(),
            None if self.machine.mode() == Mode::Starting => "starting",
            None => steering_cut.max(cut).map_or("", Cut::id),
        };
        Actuation { steering_rad, acceleration_mps2, hold_brake, park, reason }
    }

    fn hold(&self, standing: bool, acceleration_mps2: f64) -> (bool, bool) {
        let hold = standing && acceleration_mps2 < 0.0;
        (hold, hold && matches!(self.machine.mode(), Mode::Starting | Mode::Stopped))
    }

    fn comfort(&self, dt: f64, standing: bool, wish: Option<f64>) -> f64 {
        let limits = &self.params.limits;
        let aim = if standing { HOLD_MPS2 } else { -limits.comfort_deceleration_mps2 };
        self.ramp(aim, limits.comfort_jerk_mps3 * dt, wish)
    }

    fn emergency(&self, dt: f64, entered: bool, standing: bool, wish: Option<f64>) -> f64 {
        let limits = &self.params.limits;
        let aim = if standing { HOLD_MPS2 } else { -limits.emergency_deceleration_mps2 };
        let dt = if entered { dt.max(FIRST_DT_S) } else { dt };
        self.ramp(aim, limits.emergency_jerk_mps3 * dt, wish)
    }

    /// From the last acceleration towards `aim`; drive is cut at once, and control may brake harder.
    fn ramp(&self, aim: f64, most: f64, wish: Option<f64>) -> f64 {
        let from = self.last.acceleration_mps2.min(0.0);
        let ramped = aim.clamp(from - most, from + most);
        let hardest = -self.params.vehicle.max_deceleration_mps2;
        wish.map_or(ramped, |wish| ramped.min(wish.max(hardest)))
    }
}
