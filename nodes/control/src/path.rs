//! The trajectory as the controller holds it: checked, in memory of its own, to be asked by time and by place.

use glam::DVec2;
use msgs::atlasmesh_msgs::msg::{Trajectory, TrajectoryPoint};
use runtime::time::Time;
use vehicle::{Pose2, wrap_angle, yaw_of};

/// Points that are held at most; those beyond are left out.
pub const MAX_POINTS: usize = 512;

/// Why a trajectory is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing between the first and the last point.
    #[error("trajectory refused: fewer than 2 points")]
    TooShort,
    /// A number that no vehicle drives.
    #[error("trajectory refused: a value is not finite or out of all bounds")]
    Absurd,
    /// Times that do not rise.
    #[error("trajectory refused: the times of its points do not rise")]
    Times,
    /// Given in a frame that the odometry is not in.
    #[error("trajectory refused: its frame is not map")]
    Frame,
    /// Backward speed.
    #[error("trajectory refused: backward driving is not supported")]
    Backward,
}

impl Refusal {
    /// In words that live as long as the program.
    pub fn text(self) -> &'static str {
        match self {
            Self::TooShort => "trajectory refused: fewer than 2 points",
            Self::Absurd => "trajectory refused: a value is not finite or out of all bounds",
            Self::Times => "trajectory refused: the times of its points do not rise",
            Self::Frame => "trajectory refused: its frame is not map",
            Self::Backward => "trajectory refused: backward driving is not supported",
        }
    }
}

/// One point of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathPoint {
    /// Time after the stamp, s.
    pub time_s: f64,
    /// Way along the path from its first point, m.
    pub way_m: f64,
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Curvature, 1/m, positive to the left.
    pub curvature_per_m: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
}

/// Where on the path a position is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Projection {
    /// Way along the path of the nearest point, m; beyond the ends it goes on straight.
    pub way_m: f64,
    /// Distance to the path, m, positive to its left.
    pub lateral_m: f64,
    /// The point of the path.
    pub point: PathPoint,
}

/// A trajectory; its memory is made once.
#[derive(Debug)]
pub struct Path {
    /// Time of the first point.
    pub stamp: Time,
    points: Vec<PathPoint>,
}

impl Default for Path {
    fn default() -> Self {
        Self { stamp: Time::default(), points: Vec::with_capacity(MAX_POINTS) }
    }
}

/// No number of a trajectory is larger, whatever its unit.
const LIMIT: f64 = 1e7;
/// Nor a speed, m/s, an acceleration, m/s^2, or a curvature, 1/m.
const LIMIT_OF_MOTION: f64 = 100.0;
/// Shorter steps have no direction of their own, m.
const SAME_PLACE_M: f64 = 1e-6;

fn checked(p: &TrajectoryPoint) -> Result<PathPoint, Refusal> {
    let point = PathPoint {
        time_s: f64::from(p.time_from_start_s),
        way_m: 0.0,
        pose: Pose2::new(p.pose.position.x, p.pose.position.y, yaw_of(&p.pose.orientation)),
        curvature_per_m: f64::from(p.curvature_per_m),
        speed_mps: f64::from(p.speed_mps),
        acceleration_mps2: f64::from(p.acceleration_mps2),
    };
    let fits = |value: f64, limit: f64| value.abs() <= limit; // false for NaN
    let sane = fits(point.time_s, LIMIT)
        && fits(point.pose.position.x, LIMIT)
        && fits(point.pose.position.y, LIMIT)
        && point.pose.heading.is_finite()
        && fits(point.curvature_per_m, LIMIT_OF_MOTION)
        && fits(point.speed_mps, LIMIT_OF_MOTION)
        && fits(point.acceleration_mps2, LIMIT_OF_MOTION);
    match sane {
        false => Err(Refusal::Absurd),
        true if point.speed_mps < -0.01 => Err(Refusal::Backward),
        true => Ok(point),
    }
}

impl Path {
    /// Takes over a message, or refuses it and stays empty. Allocates nothing.
    pub fn set(&mut self, message: &Trajectory) -> Result<(), Refusal> {
        self.points.clear();
        self.fill(message).inspect_err(|_| self.points.clear())
    }

    fn fill(&mut self, message: &Trajectory) -> Result<(), Refusal> {
        if message.header.frame_id != "map" {
            return Err(Refusal::Frame);
        }
        self.stamp = Time::from(&message.header.stamp);
        for p in message.points.iter().take(MAX_POINTS) {
            let mut point = checked(p)?;
            if let Some(last) = self.points.last() {
                if point.time_s <= last.time_s {
                    return Err(Refusal::Times);
                }
                point.way_m = last.way_m + point.pose.position.distance(last.pose.position);
                // Along the way headings go on without jumps, so that they can be interpolated.
                point.pose.heading = last.pose.heading + wrap_angle(point.pose.heading - last.pose.heading);
            }
            self.points.push(point);
        }
        if self.points.len() < 2 { Err(Refusal::TooShort) } else { Ok(()) }
    }

    /// Becomes the same as another. Allocates nothing.
    pub fn copy_from(&mut self, other: &Self) {
        self.stamp = other.stamp;
        self.points.clear();
        self.points.extend_from_slice(&other.points);
    }

    /// Whether it holds a trajectory.
    pub fn is_set(&self) -> bool {
        !self.points.is_empty()
    }

    /// How long the trajectory is, s.
    pub fn duration_s(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.time_s)
    }

    /// How long the path is, m.
    pub fn length_m(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.way_m)
    }

    /// Where it is to be at a time after the stamp, s; at the ends for times beyond. At a standstill no acceleration is left.
    pub fn at_time(&self, time_s: f64) -> PathPoint {
        let after = self.points.partition_point(|p| p.time_s <= time_s);
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return PathPoint::default();
        };
        match after {
            0 => *first,
            n if n == self.points.len() => PathPoint { acceleration_mps2: 0.0, ..*last },
            n => {
                let (a, b) = (&self.points[n - 1], &self.points[n]);
                between(a, b, (time_s - a.time_s) / (b.time_s - a.time_s))
            }
        }
    }

    /// The path at a way from its first point, m; at the ends for ways beyond.
    pub fn at_way(&self, way_m: f64) -> PathPoint {
        let after = self.points.partition_point(|p| p.way_m <= way_m);
        match (after, self.points.len()) {
            (_, 0) => PathPoint::default(),
            (0, _) => self.points[0],
            (n, len) if n == len => self.points[len - 1],
            (n, _) => {
                let (a, b) = (&self.points[n - 1], &self.points[n]);
                between(a, b, (way_m - a.way_m) / (b.way_m - a.way_m))
            }
        }
    }

    /// Begins to walk along the path at a way, m.
    pub fn walk(&self, way_m: f64) -> Walk<'_> {
        Walk { points: &self.points, next: self.points.partition_point(|p| p.way_m <= way_m) }
    }

    /// The point of the path nearest to a position among those whose way is within `window`, m, and that lead about where
    /// `heading` does; of equally near ones that nearest to the way `expected_m`. `None` if there is none.
    pub fn project(&self, pose: Pose2, expected_m: f64, window: (f64, f64)) -> Option<Projection> {
        let mut best: Option<(f64, Projection)> = None;
        let last = self.points.len().saturating_sub(2);
        for (i, pair) in self.points.windows(2).enumerate() {
            let (a, b) = (&pair[0], &pair[1]);
            let length = b.way_m - a.way_m;
            if length < SAME_PLACE_M || b.way_m < window.0 || a.way_m > window.1 {
                continue;
            }
            let along = (b.pose.position - a.pose.position) / length;
            let offset = pose.position - a.pose.position;
            let at_end = i == last || self.points[i + 2..].iter().all(|p| p.way_m - b.way_m < SAME_PLACE_M);
            let low = if a.way_m < SAME_PLACE_M { f64::NEG_INFINITY } else { 0.0 };
            let high = if at_end { f64::INFINITY } else { length };
            let way = along.dot(offset).clamp(low, high);
            let gap = offset - along * way;
            let turned = wrap_angle(pose.heading - a.pose.heading).abs();
            let mut cost = gap.length_squared() + (TIE_BREAKER * (a.way_m + way - expected_m)).powi(2);
            if turned > std::f64::consts::FRAC_PI_2 {
                cost += OTHER_WAY_M2;
            }
            if best.as_ref().is_none_or(|(c, _)| cost < *c) {
                let share = (way / length).clamp(0.0, 1.0);
                // The arc between two points bulges out of their chord.
                let curvature = 0.5 * (a.curvature_per_m + b.curvature_per_m);
                let bulge = -0.5 * curvature * share * (1.0 - share) * length * length;
                let lateral_m = along.perp_dot(offset) - bulge;
                let mut point = between(a, b, share);
                point.pose.position = a.pose.position + along * way + bulge * along.perp();
                best = Some((cost, Projection { way_m: a.way_m + way, lateral_m, point }));
            }
        }
        best.map(|(_, projection)| projection)
    }
}

/// Goes along a path, forwards only.
pub struct Walk<'a> {
    points: &'a [PathPoint],
    next: usize,
}

impl Walk<'_> {
    /// Curvature at a way not before the last one, 1/m; at the ends for ways beyond.
    pub fn curvature_at(&mut self, way_m: f64) -> f64 {
        while self.points.get(self.next).is_some_and(|p| p.way_m <= way_m) {
            self.next += 1;
        }
        let before = self.next.checked_sub(1).and_then(|i| self.points.get(i));
        match (before, self.points.get(self.next)) {
            (Some(a), Some(b)) => between(a, b, (way_m - a.way_m) / (b.way_m - a.way_m)).curvature_per_m,
            (Some(p), None) | (None, Some(p)) => p.curvature_per_m,
            (None, None) => 0.0,
        }
    }
}

/// Weighs way against distance where a path comes by the same place twice.
const TIE_BREAKER: f64 = 0.02;
/// Cost of a stretch that leads elsewhere, m^2.
const OTHER_WAY_M2: f64 = 1e4;

fn between(a: &PathPoint, b: &PathPoint, share: f64) -> PathPoint {
    let mix = |a: f64, b: f64| a + share * (b - a);
    let position: DVec2 = a.pose.position + share * (b.pose.position - a.pose.position);
    PathPoint {
        time_s: mix(a.time_s, b.time_s),
        way_m: mix(a.way_m, b.way_m),
        pose: Pose2 { position, heading: mix(a.pose.heading, b.pose.heading) },
        curvature_per_m: mix(a.curvature_per_m, b.curvature_per_m),
        speed_mps: mix(a.speed_mps, b.speed_mps),
        acceleration_mps2: mix(a.acceleration_mps2, b.acceleration_mps2),
    }
}
