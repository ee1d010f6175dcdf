//! The whole estimator, without ROS: start, filter, check of the heading, dead reckoning.

use std::collections::VecDeque;

use glam::DVec2;
use nalgebra::Vector3;
use vehicle::{Pose2, wrap_angle};

use crate::alignment::{Alignment, Turn};
use crate::config::FilterConfig;
use crate::correct::{Measurement, split_variance};
use crate::dead_reckoning::DeadReckoning;
use crate::predict::ImuInput;
use crate::start::{Start, tilt_from_gravity};
use crate::state::State;
use crate::timeline::{ImuReading, NotTaken, Timeline};

/// A pose that is given at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GivenPose {
    /// Position in map, m.
    pub position: Vector3<f64>,
    /// Its standard deviation, m.
    pub position_sigma_m: f64,
    /// Heading, rad.
    pub heading: f64,
    /// Its standard deviation, rad.
    pub heading_sigma: f64,
}

/// Orientation that an AHRS reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahrs {
    /// Roll, rad.
    pub roll: f64,
    /// Pitch, rad.
    pub pitch: f64,
    /// Heading, rad.
    pub heading: f64,
    /// Standard deviation of the heading, rad.
    pub heading_sigma: f64,
}

/// How well the place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No pose yet.
    Initialising,
    /// Fixes are used.
    Tracking,
    /// No fix was used for a second.
    DeadReckoning,
    /// The position is less sure than is of use.
    Lost,
}

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Measurements that came too late, too early, or twice.
    pub not_taken: u64,
    /// IMU readings that were guessed because none came.
    pub imu_guessed: u64,
    /// Times that the heading was wrong and was taken from the course over ground.
    pub realigned: u64,
    /// Times that the state was not finite and the filter began anew.
    pub restarted: u64,
}

/// IMU readings that are kept for the start.
const IMU_KEPT: usize = 150;
/// Wheel speeds that are kept for the start.
const WHEELS_KEPT: usize = 150;
/// IMU readings that the start needs.
const IMU_NEEDED: usize = 10;
/// Fixes that are averaged at a start at standstill.
const FIXES_NEEDED: usize = 3;
const FIXES_KEPT: usize = 10;
/// Start from a given pose without a fix after this time, ns.
const WITHOUT_FIX_AFTER_NS: i64 = 3_000_000_000;
/// A heading this unsure is none, rad.
const HEADING_OF_USE: f64 = 0.35;
/// A course over ground as sure as this is enough to start with, rad.
const COURSE_OF_USE: f64 = 0.1;
/// A heading this much off is wrong, rad, if it is also four standard deviations.
const HEADING_WRONG: f64 = 0.35;
/// Above this speed a vehicle does not stand, m/s.
const STANDING_MPS: f64 = 0.1;
/// No fix for longer than this is dead reckoning, ns.
const FIX_MAX_AGE_NS: i64 = 1_000_000_000;

fn is_finite(v: &Vector3<f64>) -> bool {
    v.iter().all(|x| x.is_finite())
}

struct InitialFix {
    stamp_ns: i64,
    position: Vector3<f64>,
    variance: Vector3<f64>,
}

/// Estimates the pose; see the crate's documentation.
pub struct Estimator {
    config: FilterConfig,
    given: Option<GivenPose>,
    lost_sigma_m: f64,
    timeline: Option<Timeline>,
    reckoning: DeadReckoning,
    alignment: Alignment,
    imu: VecDeque<ImuReading>,
    first_imu_ns: Option<i64>,
    ahrs: Option<Ahrs>,
    wheels_known: bool,
    wheel_yaw_rate: f64,
    /// Wheel speeds of the last second and a half, for the start.
    recent_wheels: VecDeque<(i64, Measurement)>,
    fixes: VecDeque<InitialFix>,
    last_fix_ns: Option<i64>,
    gyro_bias: Vector3<f64>,
    counts: Counts,
}

impl Estimator {
    /// Knows nothing but what is given.
    pub fn new(config: FilterConfig, given: Option<GivenPose>, lost_sigma_m: f64) -> Self {
        Self {
            config,
            given,
            lost_sigma_m,
            timeline: None,
            reckoning: DeadReckoning::default(),
            alignment: Alignment::default(),
            imu: VecDeque::with_capacity(IMU_KEPT + 1),
            first_imu_ns: None,
            ahrs: None,
            wheels_known: false,
            wheel_yaw_rate: 0.0,
            recent_wheels: VecDeque::with_capacity(WHEELS_KEPT + 1),
            fixes: VecDeque::with_capacity(FIXES_KEPT + 1),
            last_fix_ns: None,
            gyro_bias: Vector3::zeros(),
            counts: Counts::default(),
        }
    }

    /// Changes what is assumed about the sensors.
    pub fn set_config(&mut self, config: FilterConfig, lost_sigma_m: f64) {
        self.lost_sigma_m = lost_sigma_m;
        if let Some(timeline) = &mut self.timeline {
            timeline.set_config(config.clone());
        }
        self.config = config;
    }

    /// State at the last IMU reading; none before the start.
    pub fn state(&self) -> Option<&State> {
        self.timeline.as_ref().map(Timeline::state)
    }

    /// Dead reckoning from wheels and gyroscope.
    pub fn reckoning(&self) -> &DeadReckoning {
        &self.reckoning
    }

    /// How often things happened.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How well the place is known at a time.
    pub fn phase(&self, now_ns: i64) -> Phase {
        let Some(state) = self.state() else { return Phase::Initialising };
        let sigma_m = state.horizontal_sigma();
        if sigma_m.is_nan() || sigma_m > self.lost_sigma_m {
            return Phase::Lost;
        }
        match state.history.fix_accepted_ns {
            Some(at) if now_ns.saturating_sub(at) <= FIX_MAX_AGE_NS => Phase::Tracking,
            _ => Phase::DeadReckoning,
        }
    }

    /// Takes an IMU reading, with the orientation of its AHRS if it has one.
    pub fn imu(&mut self, reading: ImuReading, ahrs: Option<Ahrs>) {
        let is_old = self.imu.back().is_some_and(|last| reading.stamp_ns <= last.stamp_ns);
        if is_old || !is_finite(&reading.input.gyro) || !is_finite(&reading.input.accel) {
            self.counts.not_taken += 1;
            return;
        }
        self.first_imu_ns.get_or_insert(reading.stamp_ns);
        if self.imu.len() == IMU_KEPT {
            self.imu.pop_front();
        }
        self.imu.push_back(reading);
        let (bias, up) = match self.state() {
            Some(state) => (state.gyro_bias, state.orientation.inverse_transform_vector(&Vector3::z())),
            None => (self.gyro_bias, Vector3::z()),
        };
        self.reckoning.turn(reading.stamp_ns, (reading.input.gyro - bias).dot(&up));
        let ahrs =
            ahrs.filter(|a| [a.roll, a.pitch, a.heading, a.heading_sigma].iter().all(|v| v.is_finite()));
        self.ahrs = ahrs.or(self.ahrs);
        let Some(timeline) = &mut self.timeline else {
            self.start_without_fix(reading.stamp_ns);
            return;
        };
        let mut refused = timeline.push_imu(reading).is_err();
        if let Some(ahrs) = ahrs {
            let (heading, variance) = (ahrs.heading, ahrs.heading_sigma.powi(2));
            refused |= timeline.push(reading.stamp_ns, Measurement::Heading { heading, variance }).is_err();
        }
        self.counts.not_taken += u64::from(refused);
        self.restart_if_broken();
    }

    /// Goes on without an IMU: a reading is guessed from the wheels' yaw rate.
    pub fn guess_imu(&mut self, stamp_ns: i64) {
        let (Some(last), Some(state)) = (self.imu.back(), self.state()) else { return };
        if stamp_ns <= last.stamp_ns {
            return;
        }
        let up = state.orientation.inverse_transform_vector(&Vector3::z());
        let gyro = state.gyro_bias + up * self.wheel_yaw_rate;
        let accel = state.accel_bias + up * crate::predict::GRAVITY_MPS2;
        self.counts.imu_guessed += 1;
        // The way driven is a guess too: it says nothing about the heading.
        self.alignment.clear();
        self.imu(ImuReading { stamp_ns, input: ImuInput { gyro, accel, measured: false } }, None);
    }

    /// When the last IMU reading was, ns.
    pub fn last_imu_ns(&self) -> Option<i64> {
        self.imu.back().map(|r| r.stamp_ns)
    }

    /// Takes speed, m/s, and yaw rate, rad/s, of the wheels with their variances.
    pub fn wheels(&mut self, stamp_ns: i64, speed_mps: f64, variance: f64, yaw_rate: Option<(f64, f64)>) {
        let yaw_rate = yaw_rate.filter(|(rate, variance)| rate.is_finite() && variance.is_finite());
        let measurement = Measurement::Wheels { speed_mps, variance, yaw_rate };
        if !speed_mps.is_finite() || !variance.is_finite() {
            self.counts.not_taken += 1;
            return;
        }
        if self.recent_wheels.back().is_none_or(|(last, _)| *last < stamp_ns) {
            self.wheels_known = true;
            self.wheel_yaw_rate = yaw_rate.map_or(0.0, |(rate, _)| rate);
            self.reckoning.wheels(speed_mps);
            if self.recent_wheels.len() == WHEELS_KEPT {
                self.recent_wheels.pop_front();
            }
            self.recent_wheels.push_back((stamp_ns, measurement));
        }
        self.push(stamp_ns, measurement);
    }

    /// Takes a GNSS position in map, m, with its variances, m².
    pub fn fix(&mut self, stamp_ns: i64, position: Vector3<f64>, variance: Vector3<f64>) {
        if !is_finite(&position) || !is_finite(&variance) {
            self.counts.not_taken += 1;
            return;
        }
        let is_newest = self.last_fix_ns.is_none_or(|last| last < stamp_ns);
        let driven = self.reckoning.at(stamp_ns).filter(|_| is_newest);
        self.last_fix_ns = self.last_fix_ns.max(Some(stamp_ns));
        let is_new_place =
            driven.is_some_and(|d| self.alignment.add(d.position, DVec2::new(position.x, position.y)));
        if self.timeline.is_some() {
            self.push(stamp_ns, Measurement::Fix { position, variance });
            if is_new_place {
                self.check_heading(stamp_ns, position, variance);
            }
            return;
        }
        if self.fixes.back().is_some_and(|f| f.stamp_ns >= stamp_ns) {
            self.counts.not_taken += 1;
            return;
        }
        if self.fixes.len() == FIXES_KEPT {
            self.fixes.pop_front();
        }
        self.fixes.push_back(InitialFix { stamp_ns, position, variance });
        self.start_with_fix();
    }

    fn push(&mut self, stamp_ns: i64, measurement: Measurement) {
        let Some(timeline) = &mut self.timeline else { return };
        match timeline.push(stamp_ns, measurement) {
            Ok(()) => self.restart_if_broken(),
            Err(NotTaken::TooOld | NotTaken::Twice | NotTaken::TooNew) => self.counts.not_taken += 1,
        }
    }

    fn stands(&self) -> bool {
        self.reckoning.speed_mps().abs() < STANDING_MPS
    }

    fn start_with_fix(&mut self) {
        let Some(last) = self.fixes.back() else { return };
        let needed = if self.stands() { FIXES_NEEDED } else { 1 };
        if self.fixes.len() < needed || self.imu.len() < IMU_NEEDED {
            return;
        }
        let stamp_ns = last.stamp_ns;
        let Some(heading) = self.first_heading(last) else { return };
        let (white, correlated) = split_variance(last.variance, &self.config);
        let (position, white) = if self.stands() {
            let count = self.fixes.len() as f64;
            let sum: Vector3<f64> = self.fixes.iter().map(|f| f.position).sum();
            (sum / count, white / count)
        } else {
            (last.position, white)
        };
        self.begin(stamp_ns, position, white, correlated, heading);
    }

    /// A pose that is given is taken as it is if no fix comes.
    fn start_without_fix(&mut self, stamp_ns: i64) {
        let Some(given) = self.given else { return };
        let waited = self.first_imu_ns.is_some_and(|first| stamp_ns - first >= WITHOUT_FIX_AFTER_NS);
        if !waited || !self.fixes.is_empty() || self.imu.len() < IMU_NEEDED {
            return;
        }
        let white = Vector3::repeat(given.position_sigma_m.powi(2));
        let heading = (given.heading, given.heading_sigma);
        self.begin(stamp_ns, given.position, white, Vector3::zeros(), heading);
        self.given = None;
    }

    /// Heading and its standard deviation from the surest source: given, AHRS, course over ground.
    fn first_heading(&self, fix: &InitialFix) -> Option<(f64, f64)> {
        let given = self.given.map(|g| (g.heading, g.heading_sigma));
        let ahrs = self.ahrs.map(|a| (a.heading, a.heading_sigma));
        let course = self
            .course(fix.variance)
            .filter(|turn| turn.sigma < COURSE_OF_USE && turn.fits)
            .map(|turn| (wrap_angle(self.reckoned_heading(fix.stamp_ns) + turn.angle), turn.sigma));
        let sources = [given, ahrs, course];
        let surest = sources.into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1));
        surest.filter(|(_, sigma)| *sigma < HEADING_OF_USE)
    }

    fn reckoned_heading(&self, stamp_ns: i64) -> f64 {
        self.reckoning.at(stamp_ns).map_or(0.0, |p| p.heading)
    }

    fn course(&self, variance: Vector3<f64>) -> Option<Turn> {
        let (white, _) = split_variance(variance, &self.config);
        self.alignment.turn(white.x.max(white.y).sqrt())
    }

    /// Begins the filter at a time, and catches up with what IMU and wheels said since.
    fn begin(
        &mut self,
        stamp_ns: i64,
        position: Vector3<f64>,
        white: Vector3<f64>,
        correlated: Vector3<f64>,
        (heading, heading_sigma): (f64, f64),
    ) {
        let mean = self.imu.iter().map(|r| r.input.accel).sum::<Vector3<f64>>() / self.imu.len() as f64;
        let (roll, pitch) = match self.ahrs {
            Some(ahrs) => (ahrs.roll, ahrs.pitch),
            None => tilt_from_gravity(mean),
        };
        let tilt_sigma = if self.stands() { 0.02 } else { 0.05 };
        let speed = (self.reckoning.speed_mps(), if self.wheels_known { 0.3 } else { 5.0 });
        let start = Start {
            stamp_ns,
            position,
            white,
            correlated,
            tilt: (roll, pitch, tilt_sigma),
            heading: (heading, heading_sigma.max(0.02)),
            speed,
            gyro_bias: self.gyro_bias,
        };
        // What the fix is older than.
        let next = self.imu.partition_point(|r| r.stamp_ns <= stamp_ns);
        let Some(before) = self.imu.get(next.saturating_sub(1)) else { return };
        let mut timeline = Timeline::new(self.config.clone(), start.state(&self.config), *before);
        for reading in self.imu.range(next..) {
            let _ = timeline.push_imu(*reading);
        }
        for (stamp_ns, measurement) in &self.recent_wheels {
            let _ = timeline.push(*stamp_ns, *measurement);
        }
        self.timeline = Some(timeline);
        self.fixes.clear();
    }

    /// Begins anew with the heading of the course over ground if the filter's can't be right.
    fn check_heading(&mut self, stamp_ns: i64, position: Vector3<f64>, variance: Vector3<f64>) {
        let (Some(turn), Some(state)) = (self.course(variance), self.state()) else { return };
        if !turn.fits || turn.sigma > COURSE_OF_USE {
            return;
        }
        let course = wrap_angle(self.reckoned_heading(state.stamp_ns) + turn.angle);
        let off = wrap_angle(course - state.heading()).abs();
        let sigma = (turn.sigma.powi(2) + state.heading_variance()).sqrt();
        if off < HEADING_WRONG.max(4.0 * sigma) {
            return;
        }
        self.counts.realigned += 1;
        self.ahrs = None;
        self.given = None;
        let (white, correlated) = split_variance(variance, &self.config);
        let heading = wrap_angle(self.reckoned_heading(stamp_ns) + turn.angle);
        self.begin(stamp_ns, position, white, correlated, (heading, turn.sigma));
    }

    fn restart_if_broken(&mut self) {
        let Some(state) = self.state() else { return };
        if !state.is_finite() {
            self.counts.restarted += 1;
            self.timeline = None;
            self.alignment.clear();
        }
    }

    /// The pose in `odom` so much after the last reading, s, with the state's rate.
    pub fn reckoned_pose(&self, ahead_s: f64) -> Pose2 {
        let rate = self
            .state()
            .map_or(0.0, |s| s.rate().dot(&s.orientation.inverse_transform_vector(&Vector3::z())));
        self.reckoning.ahead(ahead_s, rate)
    }
}
