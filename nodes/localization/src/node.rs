//! The node: ports, and what of the messages is believed.

use std::time::Duration;

use maps::{GeoReference, Map, Wgs84};
use msgs::geometry_msgs::msg::TransformStamped;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::{Imu, NavSatFix};
use nalgebra::{Quaternion, UnitQuaternion, Vector3};
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Diagnostic, Level, Output, Ports, Queue, Status};
use runtime::qos::Qos;
use runtime::tf::TfBroadcaster;
use runtime::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::FilterConfig;
use crate::estimator::{Ahrs, Estimator, GivenPose, Phase};
use crate::output::{fill_odometry, fill_transforms, pose_at};
use crate::predict::ImuInput;
use crate::timeline::{ImuReading, REACH_NS};

/// Parameters of `localization_node`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LocalizationParams {
    /// Map: path of an OpenDRIVE file, or name of a shipped map; it says how `map` lies on the earth. Read at the start.
    /// Empty: a plane that touches the earth at the first fix.
    pub map: String,
    /// A pose to start from.
    pub initial_pose: InitialPose,
    /// Above this standard deviation of the position the vehicle counts as lost, m.
    #[schemars(range(min = 0.1, max = 1000.0))]
    pub lost_sigma_m: f64,
    /// Smallest standard deviation that the heading of the IMU's AHRS is believed to have, rad.
    #[schemars(range(min = 0.001, max = 3.2))]
    pub ahrs_heading_sigma_rad: f64,
    /// What the filter assumes about the sensors.
    pub filter: FilterConfig,
}

impl Default for LocalizationParams {
    fn default() -> Self {
        Self {
            map: String::new(),
            initial_pose: InitialPose::default(),
            lost_sigma_m: 5.0,
            ahrs_heading_sigma_rad: 0.05,
            filter: FilterConfig::default(),
        }
    }
}

/// A pose to start from. Read at the start. Fixes go before its position, its heading before that of the AHRS if it is
/// surer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InitialPose {
    /// Whether it is given.
    pub is_given: bool,
    /// In map, m.
    pub x_m: f64,
    /// In map, m.
    pub y_m: f64,
    /// In map, m.
    pub z_m: f64,
    /// Counter-clockwise from the map's x, rad.
    #[schemars(range(min = -6.3, max = 6.3))]
    pub heading_rad: f64,
    /// Standard deviation of the position, m.
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub position_sigma_m: f64,
    /// Standard deviation of the heading, rad.
    #[schemars(range(min = 0.001, max = 3.2))]
    pub heading_sigma_rad: f64,
}

impl Default for InitialPose {
    fn default() -> Self {
        let (x_m, y_m, z_m, heading_rad) = (0.0, 0.0, 0.0, 0.0);
        Self { is_given: false, x_m, y_m, z_m, heading_rad, position_sigma_m: 0.5, heading_sigma_rad: 0.05 }
    }
}

impl InitialPose {
    fn given(&self) -> Option<GivenPose> {
        self.is_given.then_some(GivenPose {
            position: Vector3::new(self.x_m, self.y_m, self.z_m),
            position_sigma_m: self.position_sigma_m,
            heading: self.heading_rad,
            heading_sigma: self.heading_sigma_rad,
        })
    }
}

/// Stamps may be so much ahead of the present, ns.
const MAX_AHEAD_NS: i64 = 50_000_000;
/// Without an IMU reading for this long one is guessed, ns.
const IMU_TIMEOUT_NS: i64 = 100_000_000;
/// The guess is for so long ago, so that a late reading still counts, ns.
const IMU_GUESS_AGE_NS: i64 = 50_000_000;
/// Longest time that is extrapolated, ns.
const MAX_EXTRAPOLATION_NS: i64 = 200_000_000;
/// Messages that are dropped make the diagnostic a warning for so long, ns.
const WARN_FOR_NS: i64 = 2_000_000_000;

/// Estimates where the vehicle is.
pub struct LocalizationNode {
    imu: Queue<Imu>,
    fix: Queue<NavSatFix>,
    wheels: Queue<Odometry>,
    odometry: Output<Odometry>,
    tf: TfBroadcaster,
    health: Diagnostic,
    earth: Option<GeoReference>,
    params: LocalizationParams,
    estimator: Estimator,
    transforms: [TransformStamped; 2],
    dropped: u64,
    dropped_at: Option<Time>,
    now: Time,
}

impl Node for LocalizationNode {
    const NAME: &'static str = "localization_node";
    type Params = LocalizationParams;

    fn new(params: &LocalizationParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(20));
        let earth = match params.map.as_str() {
            "" => None,
            map => Some(Map::load(map).map_err(|e| NodeError::Refused(e.to_string()))?.georeference),
        };
        let mut prototype = Odometry::default();
        prototype.header.frame_id = "map".into();
        prototype.child_frame_id = "base_link".into();
        let mut transforms = [TransformStamped::default(), TransformStamped::default()];
        for (transform, (parent, child)) in
            transforms.iter_mut().zip([("map", "odom"), ("odom", "base_link")])
        {
            transform.header.frame_id = parent.into();
            transform.child_frame_id = child.into();
        }
        Ok(Self {
            imu: ports.queue("/sensors/imu", Qos::sensor().depth(100))?,
            fix: ports.queue("/sensors/gnss/fix", Qos::sensor().depth(20))?,
            wheels: ports.queue("/sensors/wheel_odometry", Qos::sensor().depth(100))?,
            odometry: ports.output_like("/localization/odometry", Qos::default(), prototype)?,
            tf: TfBroadcaster::new(ports)?,
            health: ports.diagnostic("localization"),
            earth,
            estimator: new_estimator(params),
            params: params.clone(),
            transforms,
            dropped: 0,
            dropped_at: None,
            now: Time::default(),
        })
    }

    fn set_params(&mut self, params: &LocalizationParams) {
        self.params.clone_from(params);
        self.estimator.set_config(params.filter.clone(), params.lost_sigma_m);
    }

    fn step(&mut self, step: Step) {
        if step.now < self.now {
            // The clock went back: a simulation began again.
            self.estimator = new_estimator(&self.params);
        }
        self.now = step.now;
        self.take_imu();
        self.take_wheels();
        self.take_fixes();
        let now_ns = step.now.as_ns();
        if self.estimator.last_imu_ns().is_some_and(|last| now_ns - last > IMU_TIMEOUT_NS) {
            self.estimator.guess_imu(now_ns - IMU_GUESS_AGE_NS);
        }
        if step.due {
            self.publish();
            self.report();
        }
    }
}

fn new_estimator(params: &LocalizationParams) -> Estimator {
    Estimator::new(params.filter.clone(), params.initial_pose.given(), params.lost_sigma_m)
}

fn is_finite(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_finite())
}

/// Highest rate, rad/s, specific force, m/s², and speed, m/s, that are believed.
const MAX_RATE: f64 = 50.0;
const MAX_ACCEL: f64 = 200.0;
const MAX_SPEED: f64 = 100.0;
/// A variance above this says that something is not measured.
const NOT_MEASURED: f64 = 1e4;

impl LocalizationNode {
    fn take_imu(&mut self) {
        while let Some(m) = self.imu.next() {
            let stamp_ns = Time::from(&m.header.stamp).as_ns();
            let gyro = Vector3::new(m.angular_velocity.x, m.angular_velocity.y, m.angular_velocity.z);
            let accel =
                Vector3::new(m.linear_acceleration.x, m.linear_acceleration.y, m.linear_acceleration.z);
            // Written so that NaN is refused.
            let believed =
                gyro.iter().all(|v| v.abs() <= MAX_RATE) && accel.iter().all(|v| v.abs() <= MAX_ACCEL);
            if !believed || !is_near(stamp_ns, self.now) {
                (self.dropped, self.dropped_at) = (self.dropped + 1, Some(self.now));
                continue;
            }
            let ahrs = ahrs(m, self.params.ahrs_heading_sigma_rad);
            self.estimator
                .imu(ImuReading { stamp_ns, input: ImuInput { gyro, accel, measured: true } }, ahrs);
        }
    }

    fn take_wheels(&mut self) {
        while let Some(m) = self.wheels.next() {
            let stamp_ns = Time::from(&m.header.stamp).as_ns();
            let (speed, rate) = (m.twist.twist.linear.x, m.twist.twist.angular.z);
            let (variance, rate_variance) = (m.twist.covariance[0], m.twist.covariance[35]);
            if speed.abs() > MAX_SPEED || !is_finite(&[speed, variance]) || !is_near(stamp_ns, self.now) {
                (self.dropped, self.dropped_at) = (self.dropped + 1, Some(self.now));
                continue;
            }
            // A variance of zero is that of a publisher that knows none.
            let turns = rate.abs() <= MAX_RATE && rate_variance > 0.0 && rate_variance < NOT_MEASURED;
            self.estimator.wheels(stamp_ns, speed, variance, turns.then_some((rate, rate_variance)));
        }
    }

    fn take_fixes(&mut self) {
        while let Some(m) = self.fix.next() {
            if m.status.status < 0 {
                continue;
            }
            let stamp_ns = Time::from(&m.header.stamp).as_ns();
            let on_earth = m.latitude.abs() <= 90.0 && m.longitude.abs() <= 180.0 && m.altitude.abs() <= 2e4;
            let variance = variance(m, self.params.filter.gnss_sigma_m);
            let place =
                Wgs84 { latitude_deg: m.latitude, longitude_deg: m.longitude, altitude_m: m.altitude };
            let position = (on_earth && is_near(stamp_ns, self.now))
                .then(|| self.earth.get_or_insert_with(|| GeoReference::at(place)).to_map(place))
                .filter(|p| p.is_finite());
            match (position, variance) {
                (Some(p), Some(variance)) => {
                    self.estimator.fix(stamp_ns, Vector3::new(p.x, p.y, p.z), variance);
                }
                _ => (self.dropped, self.dropped_at) = (self.dropped + 1, Some(self.now)),
            }
        }
    }

    fn publish(&mut self) {
        let Some(state) = self.estimator.state() else { return };
        let ahead_ns = (self.now.as_ns() - state.stamp_ns).clamp(0, MAX_EXTRAPOLATION_NS);
        let ahead_s = 1e-9 * ahead_ns as f64;
        let pose = pose_at(state, ahead_s, self.params.filter.imu_x_m);
        let now = self.now;
        self.odometry.send_with(|out| fill_odometry(out, now, &pose));
        fill_transforms(&mut self.transforms, now, &pose, self.estimator.reckoned_pose(ahead_s));
        self.tf.send(&self.transforms);
    }

    fn report(&mut self) {
        let (now_ns, counts) = (self.now.as_ns(), self.estimator.counts());
        let dropped_lately =
            self.dropped_at.is_some_and(|t| self.now.since(t).as_nanos() < WARN_FOR_NS as u128);
        let guessing = self.estimator.last_imu_ns().is_some_and(|t| now_ns - t >= IMU_GUESS_AGE_NS);
        let (level, message) = match self.estimator.phase(now_ns) {
            Phase::Initialising => (Level::Warn, "initialising: waits for IMU, fixes and a heading"),
            Phase::Lost => (Level::Error, "lost: the position is not known well enough"),
            _ if guessing => (Level::Error, "the IMU is silent"),
            Phase::DeadReckoning => (Level::Warn, "dead reckoning: no GNSS position is used"),
            Phase::Tracking if dropped_lately => {
                (Level::Warn, "messages are dropped: not numbers, or stamps")
            }
            Phase::Tracking => (Level::Ok, "ok"),
        };
        let mut status = Status::new(level, message);
        if let Some(state) = self.estimator.state() {
            let fix_age_s =
                state.history.fix_accepted_ns.map_or(f64::NAN, |t| 1e-9 * now_ns.saturating_sub(t) as f64);
            status = status
                .value("position_sigma_m", state.horizontal_sigma())
                .value("heading_sigma_rad", state.heading_variance().max(0.0).sqrt())
                .value("fix_age_s", fix_age_s)
                .value("fixes_rejected", state.history.fixes_rejected as f64)
                .value("recoveries", state.history.recoveries as f64)
                .value("wheel_scale", 1.0 + state.wheel_scale);
        }
        self.health.set(
            status
                .value("realigned", counts.realigned as f64)
                .value("restarted", counts.restarted as f64)
                .value("imu_guessed", counts.imu_guessed as f64)
                .value("dropped", (self.dropped + counts.not_taken) as f64),
        );
    }
}

/// Whether a stamp is within what the filter can look back to, and not ahead.
fn is_near(stamp_ns: i64, now: Time) -> bool {
    let ahead_ns = stamp_ns.saturating_sub(now.as_ns());
    (-REACH_NS..=MAX_AHEAD_NS).contains(&ahead_ns)
}

/// Variances of a fix in m²; none if they are no numbers.
fn variance(m: &NavSatFix, unknown_sigma_m: f64) -> Option<Vector3<f64>> {
    let c = &m.position_covariance;
    let stated = Vector3::new(c[0], c[4], c[8]);
    if !is_finite(stated.as_slice()) || stated.min() < 0.0 {
        return None;
    }
    if m.position_covariance_type == NavSatFix::COVARIANCE_TYPE_UNKNOWN || stated.max() == 0.0 {
        let v = unknown_sigma_m * unknown_sigma_m;
        return Some(Vector3::new(v, v, 4.0 * v));
    }
    Some(stated)
}

/// Orientation of the AHRS; none if the message has none (covariance begins with -1) or if it is no rotation.
fn ahrs(m: &Imu, min_sigma: f64) -> Option<Ahrs> {
    let (q, variance) = (&m.orientation, m.orientation_covariance[8]);
    let norm = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w;
    let is_rotation = (norm - 1.0).abs() < 0.02;
    if m.orientation_covariance[0] < 0.0 || !is_rotation || !variance.is_finite() {
        return None;
    }
    let rotation = UnitQuaternion::from_quaternion(Quaternion::new(q.w, q.x, q.y, q.z));
    let (roll, pitch, heading) = rotation.euler_angles();
    Some(Ahrs { roll, pitch, heading, heading_sigma: variance.max(0.0).sqrt().max(min_sigma) })
}
