//! Turns inputs into causes.

use glam::DVec2;
use msgs::ackermann_msgs::msg::AckermannDriveStamped;
use msgs::atlasmesh_msgs::msg::{Trajectory, VehicleState};
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::PointCloud2;
use runtime::time::Time;
use vehicle::Pose2;

use crate::DecisionParams;
use crate::causes::{Cause, CauseSet};
use crate::envelope::{self, Wish};
use crate::freshness::Freshness;
use crate::monitor::corridor::PathAhead;
use crate::monitor::points::Points;
use crate::monitor::{Monitor, Motion};

/// Below this speed the vehicle counts as standing, m/s.
pub const STANDING_MPS: f64 = 0.1;
/// Nodes whose errors stop the vehicle. The gate itself is not among them, else no reset would ever succeed.
pub const SAFETY_RELEVANT: [&str; 6] = [
    "actuation_node",
    "control_node",
    "localization_node",
    "perception_node",
    "planning_node",
    "sensor_hal_node",
];
/// What `/diagnostics_agg` puts before the name of a node.
const DIAGNOSTICS_ROOT: &str = "/vehicle/";
/// Levels of `diagnostic_msgs/DiagnosticStatus`.
const ERROR: u8 = 2;
const STALE: u8 = 3;
/// Positions are compared over at most this time, s; after a longer gap the timeout has said all.
const MAX_JUMP_TIME_S: f64 = 0.5;
/// No position is farther out, m, no speed higher, m/s.
const MAX_POSITION_M: f64 = 1e7;
const MAX_SPEED_MPS: f64 = 100.0;

/// What the odometry said last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Odo {
    stamp: Time,
    pose: Pose2,
    speed_mps: f64,
    yaw_rate_rad_per_s: f64,
    position_stddev_m: f64,
    heading_stddev_rad: f64,
}

/// Age and content of all inputs.
pub struct Checks {
    command: Freshness,
    trajectory: Freshness,
    localization: Freshness,
    lidar: Freshness,
    perception: Freshness,
    health: Freshness,
    state: Freshness,
    /// The last command; `None` if it made no sense.
    wish: Option<Wish>,
    odo: Option<Odo>,
    jumped: bool,
    state_speed_mps: f64,
    diagnostic_error: bool,
    path: PathAhead,
    monitor: Monitor,
}

fn fits(value: f64, limit: f64) -> bool {
    value.abs() <= limit // false for NaN
}

impl Checks {
    /// Nothing has come yet. Makes all memory that it needs.
    pub fn new(params: &DecisionParams) -> Self {
        let deceleration = params.limits.emergency_deceleration_mps2;
        Self {
            command: Freshness::default(),
            trajectory: Freshness::default(),
            localization: Freshness::default(),
            lidar: Freshness::default(),
            perception: Freshness::default(),
            health: Freshness::default(),
            state: Freshness::default(),
            wish: None,
            odo: None,
            jumped: false,
            state_speed_mps: 0.0,
            diagnostic_error: false,
            path: PathAhead::default(),
            monitor: Monitor::new(&params.vehicle, &params.monitor, deceleration),
        }
    }

    /// Takes over other parameters. Allocates nothing.
    pub fn set_params(&mut self, params: &DecisionParams) {
        let deceleration = params.limits.emergency_deceleration_mps2;
        self.monitor.set_params(&params.vehicle, &params.monitor, deceleration);
    }

    /// Takes `/control/commands`.
    pub fn command(
        &mut self,
        message: &AckermannDriveStamped,
        received: Time,
        now: Time,
        params: &DecisionParams,
    ) {
        if self.command.accept(Time::from(&message.header.stamp), received, now) {
            self.wish = envelope::wish(&message.drive, &params.vehicle);
        }
    }

    /// Takes `/planning/trajectory`.
    pub fn trajectory(&mut self, message: &Trajectory, received: Time, now: Time) {
        let stamp = Time::from(&message.header.stamp);
        let mut next = self.trajectory;
        if next.accept(stamp, received, now) && self.path.set(message) {
            self.trajectory = next;
        }
    }

    /// Takes `/localization/odometry`.
    pub fn odometry(&mut self, message: &Odometry, received: Time, now: Time, params: &DecisionParams) {
        let covariance = &message.pose.covariance;
        // Row-major over x, y, z, roll, pitch, yaw. The larger axis of the ellipse of the position:
        let (xx, xy, yy) = (covariance[0], covariance[1], covariance[7]);
        let variance = 0.5 * (xx + yy) + (0.25 * (xx - yy).powi(2) + xy * xy).sqrt();
        // A covariance that makes no sense is taken as no knowledge.
        let stddev = |variance: f64| if variance >= 0.0 { variance.sqrt() } else { f64::INFINITY };
        let odo = Odo {
            stamp: Time::from(&message.header.stamp),
            pose: Pose2::from(&message.pose.pose),
            speed_mps: message.twist.twist.linear.x,
            yaw_rate_rad_per_s: message.twist.twist.angular.z,
            position_stddev_m: stddev(variance),
            heading_stddev_rad: stddev(covariance[35]),
        };
        let sane = message.header.frame_id == "map"
            && fits(odo.pose.position.x, MAX_POSITION_M)
            && fits(odo.pose.position.y, MAX_POSITION_M)
            && odo.pose.heading.is_finite()
            && fits(odo.speed_mps, MAX_SPEED_MPS)
            && fits(odo.yaw_rate_rad_per_s, MAX_SPEED_MPS);
        if sane && self.localization.accept(odo.stamp, received, now) {
            self.jumped = self.odo.is_some_and(|last| jumped(&last, &odo, params.limits.position_jump_m));
            self.odo = Some(odo);
        }
    }

    /// Takes `/sensors/lidar/points`. `steering_rad` is where the wheels are.
    pub fn lidar(
        &mut self,
        message: &PointCloud2,
        received: Time,
        now: Time,
        steering_rad: f64,
        params: &DecisionParams,
    ) {
        let stamp = Time::from(&message.header.stamp);
        let Some(points) = Points::new(message) else { return };
        if !self.lidar.accept(stamp, received, now) {
            return;
        }
        let motion = self.motion_at(stamp, now, steering_rad, params);
        if self.trajectory.timed_out(params.timeouts.trajectory_ms, now) {
            self.path.clear();
        }
        self.monitor.scan(&points, stamp, &motion, &self.path);
    }

    /// Takes `/perception/objects`, of which only the stamp counts.
    pub fn objects(&mut self, stamp: Time, received: Time, now: Time) {
        self.perception.accept(stamp, received, now);
    }

    /// Takes `/diagnostics_agg`.
    pub fn diagnostics(&mut self, message: &DiagnosticArray, received: Time, now: Time) {
        if self.health.accept(Time::from(&message.header.stamp), received, now) {
            self.diagnostic_error = message.status.iter().any(|s| {
                let bad = s.level == ERROR || s.level > STALE;
                bad && is_safety_relevant(&s.name)
            });
        }
    }

    /// Takes `/vehicle/state`, of which only the speed counts.
    pub fn vehicle_state(&mut self, message: &VehicleState, received: Time, now: Time) {
        let speed = f64::from(message.speed_mps);
        if fits(speed, MAX_SPEED_MPS) && self.state.accept(Time::from(&message.header.stamp), received, now) {
            self.state_speed_mps = speed;
        }
    }

    /// The causes present now, but for those that only the gate knows.
    pub fn causes(&self, now: Time, params: &DecisionParams) -> CauseSet {
        let (t, limits) = (&params.timeouts, &params.limits);
        let mut set = CauseSet::default();
        set.set(Cause::ObstacleInPath, self.monitor.obstacle());
        set.set(Cause::LidarTimeout, self.lidar.timed_out(t.lidar_ms, now));
        set.set(Cause::LocalizationTimeout, self.localization.timed_out(t.localization_ms, now));
        set.set(Cause::PerceptionTimeout, self.perception.timed_out(t.perception_ms, now));
        set.set(Cause::TrajectoryTimeout, self.trajectory.timed_out(t.trajectory_ms, now));
        set.set(Cause::CommandTimeout, self.command.timed_out(t.command_ms, now));
        set.set(Cause::CommandInvalid, self.command.seen() && self.wish.is_none());
        set.set(Cause::HealthTimeout, self.health.timed_out(t.health_ms, now));
        set.set(Cause::DiagnosticError, self.diagnostic_error);
        set.set(Cause::LocalizationJump, self.jumped);
        if let Some(odo) = &self.odo {
            let uncertain = odo.position_stddev_m > limits.position_stddev_stop_m
                || odo.heading_stddev_rad > limits.heading_stddev_stop_rad;
            set.set(Cause::LocalizationUncertain, uncertain);
            set.set(Cause::LocalizationDegraded, odo.position_stddev_m > limits.position_stddev_slow_m);
        }
        set
    }

    /// The timeouts of the inputs that never came.
    pub fn missing(&self) -> CauseSet {
        let mut set = CauseSet::default();
        set.set(Cause::LidarTimeout, !self.lidar.seen());
        set.set(Cause::LocalizationTimeout, !self.localization.seen());
        set.set(Cause::PerceptionTimeout, !self.perception.seen());
        set.set(Cause::TrajectoryTimeout, !self.trajectory.seen());
        set.set(Cause::CommandTimeout, !self.command.seen());
        set.set(Cause::HealthTimeout, !self.health.seen());
        set
    }

    /// What control wishes, if it is there and young enough.
    pub fn wish(&self, now: Time, params: &DecisionParams) -> Option<Wish> {
        let young = self.command.seen() && !self.command.timed_out(params.timeouts.command_ms, now);
        self.wish.filter(|_| young)
    }

    /// Speed from the odometry, or while that is too old from the chassis, m/s; `None` if neither is young enough.
    pub fn speed_mps(&self, now: Time, params: &DecisionParams) -> Option<f64> {
        let limit = params.timeouts.localization_ms;
        let young = |f: &Freshness| f.seen() && !f.timed_out(limit, now);
        match self.odo {
            Some(odo) if young(&self.localization) => Some(odo.speed_mps),
            _ => young(&self.state).then_some(self.state_speed_mps),
        }
    }

    /// Distance from the front to the nearest thing in the way, m.
    pub fn obstacle_distance_m(&self) -> Option<f64> {
        self.monitor.distance_m()
    }

    /// How the vehicle moved at a time not long ago.
    fn motion_at(&self, stamp: Time, now: Time, steering_rad: f64, params: &DecisionParams) -> Motion {
        let speed_mps = self.speed_mps(now, params).unwrap_or(params.vehicle.max_speed_mps);
        let by_steering = steering_rad.tan() / params.vehicle.wheelbase_m;
        let located = self.odo.filter(|_| !self.localization.timed_out(params.timeouts.localization_ms, now));
        let Some(odo) = located else {
            return Motion { speed_mps, curvature_per_m: by_steering, pose: None };
        };
        let turning = odo.speed_mps > 2.0;
        let curvature_per_m = if turning { odo.yaw_rate_rad_per_s / odo.speed_mps } else { by_steering };
        let ahead_s = stamp.since(odo.stamp).as_secs_f64() - odo.stamp.since(stamp).as_secs_f64();
        let heading = odo.pose.heading + ahead_s * odo.yaw_rate_rad_per_s;
        let position = odo.pose.position
            + ahead_s * odo.speed_mps * DVec2::from_angle(0.5 * (heading + odo.pose.heading));
        Motion { speed_mps, curvature_per_m, pose: Some(Pose2 { position, heading }) }
    }
}

/// Whether the position moved in a way that neither the speed nor the uncertainty before explains.
fn jumped(last: &Odo, odo: &Odo, limit_m: f64) -> bool {
    let dt = odo.stamp.since(last.stamp).as_secs_f64();
    if dt <= 0.0 || dt > MAX_JUMP_TIME_S {
        return false;
    }
    let way = dt * 0.5 * (last.speed_mps + odo.speed_mps);
    let expected = last.pose.position + way * DVec2::from_angle(last.pose.heading);
    let explained = limit_m + 0.3 * way.abs() + 3.0 * last.position_stddev_m.min(1.0);
    odo.pose.position.distance(expected) > explained
}

/// Whether a status of `/diagnostics_agg` is what a node that matters said itself: `/vehicle/<node>/<status>`.
fn is_safety_relevant(name: &str) -> bool {
    let Some((node, _status)) = name.strip_prefix(DIAGNOSTICS_ROOT).and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    SAFETY_RELEVANT.contains(&node)
}
