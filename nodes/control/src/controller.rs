//! The whole controller, without ports: inputs are checked and kept, a step makes a command of them.

use std::time::Duration;

use msgs::atlasmesh_msgs::msg::{Trajectory, VehicleState};
use msgs::nav_msgs::msg::Odometry;
use runtime::time::Time;
use vehicle::{Pose2, wrap_angle};

use crate::lateral::{Lateral, Steering};
use crate::longitudinal::{Aim, Longitudinal, Reference};
use crate::path::{Path, PathPoint, Projection, Refusal};
use crate::predictor::{Command, Motion, Prediction, Predictor};
use crate::{ControlParams, PERIOD_S};

/// Odometry older than this says nothing of the present any more.
pub const ODOMETRY_TIMEOUT: Duration = Duration::from_millis(200);
/// A trajectory older than this, s, is not followed to its end: what is left of its path is needed to stop on. That is later
/// than the gate's own timeout, so this is for a vehicle without the gate.
const TRAJECTORY_TIMEOUT_S: f64 = 1.0;
/// Clocks of the publishers may be ahead by this much.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(100);
/// A trajectory that is shorter than this has no direction to steer by, m.
const MIN_PATH_M: f64 = 0.5;
/// The reference is at most this far from the vehicle along the path, m; beyond that the trajectory's time means nothing.
const MAX_WAY_ERROR_M: f64 = 3.0;
/// Along the path the vehicle is looked for this far behind and ahead of where it was, m.
const SEARCH_M: f64 = 10.0;
/// Most steps that were missed and are made up for.
const MAX_MISSED: u64 = 20;
/// No position is farther out, m, no speed higher, m/s.
const MAX_POSITION_M: f64 = 1e7;
const MAX_SPEED_MPS: f64 = 100.0;

/// What the odometry said last.
#[derive(Clone, Copy, Debug)]
struct Measured {
    stamp: Time,
    pose: Pose2,
    speed_mps: f64,
}

/// What controls the vehicle at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The trajectory.
    Follow,
    /// It stands, and is to.
    Hold,
    /// `fallback_mode`: stops, then holds.
    Fallback,
    /// The trajectory is over: stops along its path.
    TrajectoryStale,
    /// There was no trajectory yet.
    NoTrajectory,
    /// The odometry is too old: stops with the steering held.
    OdometryStale,
}

/// What comes out of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// Steering.
    pub steering: Steering,
    /// Speed that is to be had now, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
    /// What controls.
    pub mode: Mode,
    /// Distance to the path now, m, positive to its left.
    pub lateral_error_m: f64,
    /// Heading against that of the path now, rad.
    pub heading_error_rad: f64,
    /// Speed now less that of the trajectory, m/s.
    pub speed_error_mps: f64,
}

/// The controller.
pub struct Controller {
    params: ControlParams,
    predictor: Predictor,
    lateral: Lateral,
    longitudinal: Longitudinal,
    measured: Option<Measured>,
    steering_stamp: Option<Time>,
    /// The trajectory, and a place to check the next one.
    trajectory: Path,
    incoming: Path,
    /// The last trajectory that led anywhere, to steer by.
    shape: Path,
    /// Way along `shape` at which the vehicle was last; unknown on a new one.
    way_m: Option<f64>,
    refusal: Option<Refusal>,
    last_step: Option<Time>,
}

impl Controller {
    /// Makes all memory that it needs, and the gains.
    pub fn new(params: &ControlParams) -> Self {
        Self {
            params: params.clone(),
            predictor: Predictor::new(&params.vehicle),
            lateral: Lateral::new(&params.vehicle, &params.lateral),
            longitudinal: Longitudinal::new(&params.vehicle, &params.longitudinal),
            measured: None,
            steering_stamp: None,
            trajectory: Path::default(),
            incoming: Path::default(),
            shape: Path::default(),
            way_m: None,
            refusal: None,
            last_step: None,
        }
    }

    /// Takes over other parameters; the gains anew only if they depend on what changed. Allocates nothing.
    pub fn set_params(&mut self, params: &ControlParams) {
        if params.vehicle != self.params.vehicle || params.lateral != self.params.lateral {
            self.lateral.set_params(&params.vehicle, &params.lateral);
        }
        self.longitudinal.set_params(&params.vehicle, &params.longitudinal);
        self.predictor.set_vehicle(&params.vehicle);
        // Plain numbers only: this clone does not allocate.
        self.params = params.clone();
    }

    /// Why the newest trajectory was not taken.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Takes odometry, unless it is out of order, of the future, or absurd; says whether it did.
    pub fn odometry(&mut self, message: &Odometry, now: Time) -> bool {
        let stamp = Time::from(&message.header.stamp);
        let pose = Pose2::from(&message.pose.pose);
        let speed_mps = message.twist.twist.linear.x;
        let fits = |value: f64, limit: f64| value.abs() <= limit; // false for NaN
        let sane = message.header.frame_id == "map"
            && fits(pose.position.x, MAX_POSITION_M)
            && fits(pose.position.y, MAX_POSITION_M)
            && pose.heading.is_finite()
            && fits(speed_mps, MAX_SPEED_MPS);
        if !sane || !is_next(stamp, self.measured.map(|m| m.stamp), now) {
            return false;
        }
        self.measured = Some(Measured { stamp, pose, speed_mps });
        true
    }

    /// Takes a measured steering angle.
    pub fn vehicle_state(&mut self, message: &VehicleState, now: Time) {
        let stamp = Time::from(&message.header.stamp);
        let angle = f64::from(message.steering_angle_rad);
        let plausible = angle.abs() <= 1.2 * self.params.vehicle.max_steering_angle_rad;
        if !plausible || !is_next(stamp, self.steering_stamp, now) {
            return;
        }
        if self.steering_stamp.is_none() && self.last_step.is_none() {
            self.predictor.begin_at(angle);
            self.lateral.begin_at(angle);
        }
        self.steering_stamp = Some(stamp);
        let steps_ago = (now.since(stamp).as_secs_f64() / PERIOD_S).round() as usize;
        self.predictor.correct_steering(angle, steps_ago);
    }

    /// Takes a trajectory, unless it is out of order, of the future, or absurd.
    pub fn trajectory(&mut self, message: &Trajectory, now: Time) {
        let stamp = Time::from(&message.header.stamp);
        let last = self.trajectory.is_set().then_some(self.trajectory.stamp);
        if !is_next(stamp, last, now) {
            return;
        }
        self.refusal = self.incoming.set(message).err();
        if self.refusal.is_some() {
            return;
        }
        std::mem::swap(&mut self.trajectory, &mut self.incoming);
        if self.trajectory.length_m() >= MIN_PATH_M {
            self.shape.copy_from(&self.trajectory);
            self.way_m = None;
        }
    }

    /// One step; `None` before the first odometry.
    pub fn step(&mut self, now: Time) -> Option<Control> {
        let measured = self.measured?;
        let age = now.since(measured.stamp);
        let prediction = self.predictor.predict(measured.pose, measured.speed_mps, age.as_secs_f64());
        let projection = self.project(&prediction, now);
        let reference = self.reference(&prediction, projection.as_ref(), now);
        let mode = self.mode(now, age, &prediction.now);
        let aim = match (mode, reference) {
            (Mode::Follow, Some(reference)) => Aim::Follow(reference),
            _ => Aim::Stop,
        };
        let (speed, predicted) = (prediction.now.speed_mps, prediction.drive.speed_mps);
        let acceleration_mps2 = self.longitudinal.step(aim, speed, predicted);
        let steering = match &projection {
            Some(p) if mode != Mode::OdometryStale && !self.longitudinal.holds() => {
                self.lateral.step(&prediction.steering, &self.shape, p)
            }
            _ => self.lateral.hold(),
        };
        self.remember(Command { steering_rad: steering.angle_rad, acceleration_mps2 }, now);
        let mode = if mode == Mode::Follow && self.longitudinal.holds() { Mode::Hold } else { mode };
        let speed_mps = match aim {
            Aim::Follow(reference) => reference.speed_mps,
            Aim::Stop => 0.0,
        };
        let (lateral_error_m, heading_error_rad) = self.errors(&prediction.now);
        let speed_error_mps = speed - speed_mps;
        Some(Control {
            steering,
            speed_mps,
            acceleration_mps2,
            mode,
            lateral_error_m,
            heading_error_rad,
            speed_error_mps,
        })
    }

    fn mode(&self, now: Time, odometry_age: Duration, motion: &Motion) -> Mode {
        let age_s = now.since(self.trajectory.stamp).as_secs_f64();
        let over = age_s > self.trajectory.duration_s().min(TRAJECTORY_TIMEOUT_S);
        if odometry_age > ODOMETRY_TIMEOUT {
            Mode::OdometryStale
        } else if !self.trajectory.is_set() {
            Mode::NoTrajectory
        } else if self.params.fallback_mode {
            Mode::Fallback
        } else if over && (motion.speed_mps > 0.1 || self.trajectory.at_time(f64::INFINITY).speed_mps > 0.1) {
            Mode::TrajectoryStale
        } else {
            Mode::Follow
        }
    }

    /// Where on the path the vehicle will be when a steering command sent now begins to act.
    fn project(&mut self, prediction: &Prediction, now: Time) -> Option<Projection> {
        if !self.shape.is_set() {
            return None;
        }
        let (expected, window) = match self.way_m {
            Some(way) => (way, (way - SEARCH_M, way + SEARCH_M)),
            None => {
                let time_s = now.since(self.shape.stamp).as_secs_f64() + self.predictor.steering_delay_s();
                (self.shape.at_time(time_s).way_m, (f64::NEG_INFINITY, f64::INFINITY))
            }
        };
        let projection = self.shape.project(prediction.steering.pose, expected, window)?;
        self.way_m = Some(projection.way_m);
        Some(projection)
    }

    /// What the trajectory says of the moment in which an acceleration sent now begins to act; `None` if it says nothing
    /// while the vehicle moves.
    fn reference(
        &self,
        prediction: &Prediction,
        projection: Option<&Projection>,
        now: Time,
    ) -> Option<Reference> {
        let path = &self.trajectory;
        let time_s = now.since(path.stamp).as_secs_f64() + self.predictor.drive_delay_s();
        let lag_s = self.params.vehicle.drive.time_constant_s;
        let mut at = path.at_time(time_s);
        let mut late_m = 0.0;
        if path.length_m() < MIN_PATH_M && path.stamp != self.shape.stamp {
            // It is to stand where it is. Moving, it is to stop along the path that it had before.
            if prediction.now.speed_mps > 0.3 {
                return None;
            }
            let way = projection.map_or(0.0, |p| p.way_m);
            let target = self.shape.project(at.pose, way, (way - MAX_WAY_ERROR_M, way + MAX_WAY_ERROR_M));
            late_m = target.map_or(0.0, |target| target.way_m - way);
        } else if let Some(projection) = projection {
            let ahead_s = self.predictor.drive_delay_s() - self.predictor.steering_delay_s();
            let way = projection.way_m + ahead_s * prediction.drive.speed_mps;
            late_m = at.way_m - way;
            if late_m.abs() > MAX_WAY_ERROR_M {
                late_m = late_m.clamp(-MAX_WAY_ERROR_M, MAX_WAY_ERROR_M);
                at = path.at_way(way + late_m);
            }
        }
        let soon = path.at_time(at.time_s.max(0.0) + 1.0);
        let acceleration_mps2 = path.at_time(at.time_s + lag_s).acceleration_mps2;
        let speed_mps = at.speed_mps;
        Some(Reference { speed_mps, acceleration_mps2, late_m, soon_mps: soon.speed_mps.max(speed_mps) })
    }

    /// Distance (m, positive to the left) and heading (rad) against the path.
    fn errors(&self, motion: &Motion) -> (f64, f64) {
        let Some(way) = self.way_m else { return (0.0, 0.0) };
        let window = (way - SEARCH_M, way + SEARCH_M);
        let Some(p) = self.shape.project(motion.pose, way, window) else { return (0.0, 0.0) };
        let PathPoint { pose, .. } = p.point;
        (p.lateral_m, wrap_angle(motion.pose.heading - pose.heading))
    }

    /// Tells the model of the vehicle what is sent, once for each period since the last step.
    fn remember(&mut self, command: Command, now: Time) {
        let periods = self.last_step.map_or(1.0, |last| now.since(last).as_secs_f64() / PERIOD_S);
        for _ in 0..(periods.round() as u64).clamp(1, MAX_MISSED) {
            self.predictor.sent(command);
        }
        self.last_step = Some(now);
    }
}

/// Whether a message of this stamp is newer than the last one and not of the future. After time jumped back, the last one
/// counts no more.
fn is_next(stamp: Time, last: Option<Time>, now: Time) -> bool {
    stamp <= now + CLOCK_TOLERANCE && last.is_none_or(|last| stamp > last || last > now + CLOCK_TOLERANCE)
}
