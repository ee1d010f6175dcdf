//! The ground that the vehicle's outline sweeps on its way, as a grid around the vehicle.

use glam::DVec2;
use msgs::atlasmesh_msgs::msg::Trajectory;
use vehicle::{Pose2, VehicleParams, wrap_angle};

use super::Motion;

/// Distance between the poses that the outline is swept over, m.
pub const STEP_M: f64 = 0.5;
/// Every so many poses the whole outline is drawn, at the others only its front, where it comes to new ground.
const WHOLE_EVERY: usize = 4;
/// Slices of the corridor at most: 75 m.
pub const MAX_SLICES: usize = 150;
/// The grid: its cells, m, its size and where base_link is in it.
const CELL_M: f64 = 0.2;
const CELLS_X: usize = 450;
const CELLS_Y: usize = 300;
const BEHIND_M: f64 = 10.0;
const BESIDE_M: f64 = 30.0;
/// Values of cells that are not in a slice.
const OUTSIDE: u8 = 255;
const VEHICLE: u8 = 254;
/// Farther from the trajectory than this, the vehicle is not on it.
const MAX_OFFSET_M: f64 = 1.5;
const MAX_TURNED_RAD: f64 = 0.6;
/// On this way an offset from the trajectory is taken to die away, m.
const OFFSET_DIES_M: f64 = 6.0;

/// Outline of the vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// From base_link to the front end, m.
    pub front_m: f64,
    rear_m: f64,
    half_width_m: f64,
    margin_m: f64,
}

impl Shape {
    /// With a margin on both sides, m.
    pub fn new(vehicle: &VehicleParams, margin_m: f64) -> Self {
        Self {
            front_m: vehicle.front_m(),
            rear_m: -vehicle.rear_overhang_m,
            half_width_m: 0.5 * vehicle.width_m,
            margin_m,
        }
    }
}

/// Points of a trajectory that are kept at most.
const MAX_POINTS: usize = 512;

/// The path of the last good trajectory.
#[derive(Debug)]
pub struct PathAhead(Vec<Pose2>);

impl Default for PathAhead {
    fn default() -> Self {
        Self(Vec::with_capacity(MAX_POINTS))
    }
}

impl PathAhead {
    /// Takes over a trajectory if all its numbers make sense; says whether it did. Allocates nothing.
    pub fn set(&mut self, trajectory: &Trajectory) -> bool {
        let fits = |value: f64, limit: f64| value.abs() <= limit; // false for NaN
        let good = trajectory.header.frame_id == "map"
            && trajectory.points.len() >= 2
            && trajectory.points.iter().all(|p| {
                let (position, q) = (&p.pose.position, &p.pose.orientation);
                fits(position.x, 1e7)
                    && fits(position.y, 1e7)
                    && [q.x, q.y, q.z, q.w].iter().all(|v| fits(*v, 1.1))
                    && fits(p.speed_mps.into(), 100.0)
                    && fits(p.time_from_start_s.into(), 1e4)
                    && fits(p.curvature_per_m.into(), 100.0)
                    && fits(p.acceleration_mps2.into(), 100.0)
            });
        if good {
            self.0.clear();
            self.0.extend(trajectory.points.iter().take(MAX_POINTS).map(|p| Pose2::from(&p.pose)));
        }
        good
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Index of the point nearest to a pose, unless the vehicle is not on the path.
    fn nearest(&self, pose: &Pose2) -> Option<usize> {
        let distance = |p: &Pose2| p.position.distance_squared(pose.position);
        let (index, point) =
            self.0.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
        let on_it = point.inverse_transform(pose.position).y.abs() < MAX_OFFSET_M
            && distance(point) < 25.0
            && wrap_angle(point.heading - pose.heading).abs() < MAX_TURNED_RAD;
        on_it.then_some(index)
    }
}

/// The corridor of one scan. A slice is what the outline newly covers at one of the poses; its number times [`STEP_M`] is
/// about the way to it.
pub struct Corridor {
    cells: Vec<u8>,
    poses: [Pose2; MAX_SLICES],
    count: usize,
}

impl Default for Corridor {
    fn default() -> Self {
        Self { cells: vec![OUTSIDE; CELLS_X * CELLS_Y], poses: [Pose2::default(); MAX_SLICES], count: 0 }
    }
}

impl Corridor {
    /// Sweeps the outline over `reach_m` of the way ahead.
    pub fn sweep(&mut self, shape: &Shape, path: &PathAhead, motion: &Motion, reach_m: f64) {
        self.cells.fill(OUTSIDE);
        self.count = ((reach_m / STEP_M).ceil() as usize + 1).clamp(2, MAX_SLICES);
        self.lay_poses(path, motion);
        let half = shape.half_width_m;
        self.draw(&Pose2::default(), (shape.rear_m, shape.front_m), half, VEHICLE);
        for i in 1..self.count {
            let whole = i.is_multiple_of(WHOLE_EVERY) || i + 1 == self.count;
            let begin = if whole { shape.rear_m } else { shape.front_m - 2.0 * STEP_M };
            let pose = self.poses[i];
            self.draw(&pose, (begin, shape.front_m), half + shape.margin_m, i as u8);
        }
    }

    /// The slice that a point lies in, if any.
    pub fn slice_at(&self, x: f32, y: f32) -> Option<u8> {
        // What is not a number becomes 0, a cell at the border, which is never drawn.
        let column = ((f64::from(x) + BEHIND_M) / CELL_M) as usize;
        let row = ((f64::from(y) + BESIDE_M) / CELL_M) as usize;
        if column >= CELLS_X || row >= CELLS_Y {
            return None;
        }
        let cell = self.cells[row * CELLS_X + column];
        (cell < VEHICLE).then_some(cell)
    }

    /// How many slices there are.
    pub fn slices(&self) -> usize {
        self.count
    }

    /// Way of the front, `front_m` ahead of base_link, until it touches a point in a slice, m.
    pub fn way_to(&self, slice: usize, point: DVec2, front_m: f64) -> f64 {
        let ahead = self.poses[slice.min(MAX_SLICES - 1)].inverse_transform(point).x;
        (slice as f64 * STEP_M + ahead - front_m).max(0.0)
    }

    fn lay_poses(&mut self, path: &PathAhead, motion: &Motion) {
        let on_path = motion.pose.and_then(|pose| Some((pose, path.nearest(&pose)?)));
        match on_path {
            Some((pose, index)) => self.lay_along(&pose, &path.0[index..]),
            None => {
                let mut pose = Pose2::default();
                for slot in &mut self.poses[..self.count] {
                    *slot = pose;
                    let turn = STEP_M * motion.curvature_per_m;
                    pose.position += STEP_M * DVec2::from_angle(pose.heading + 0.5 * turn);
                    pose.heading += turn;
                }
            }
        }
    }

    /// Poses along a path, which goes on straight beyond its end. What the vehicle is beside it dies away.
    fn lay_along(&mut self, vehicle: &Pose2, path: &[Pose2]) {
        let to_base = |p: &Pose2| Pose2 {
            position: vehicle.inverse_transform(p.position),
            heading: wrap_angle(p.heading - vehicle.heading),
        };
        let first = to_base(&path[0]);
        // The point of the path beside base_link, and how far base_link is to its left.
        let along = DVec2::from_angle(first.heading);
        let lead = -first.position.dot(along);
        let offset = along.perp_dot(-first.position);
        let (mut from, mut next, mut begun_m) = (first, 1, 0.0);
        for i in 0..self.count {
            let way = i as f64 * STEP_M + lead;
            while let Some(point) = path.get(next) {
                let to = to_base(point);
                let length = to.position.distance(from.position);
                if begun_m + length >= way {
                    break;
                }
                (from, begun_m, next) = (to, begun_m + length, next + 1);
            }
            let rest = way - begun_m;
            let (direction, heading) = match path.get(next).map(to_base) {
                Some(to) if to.position.distance(from.position) > 1e-3 => {
                    let length = to.position.distance(from.position);
                    let share = rest / length;
                    let heading = from.heading + share * wrap_angle(to.heading - from.heading);
                    ((to.position - from.position) / length, heading)
                }
                _ => (DVec2::from_angle(from.heading), from.heading),
            };
            let left = offset * (1.0 - i as f64 * STEP_M / OFFSET_DIES_M).max(0.0);
            let position = from.position + rest * direction + left * direction.perp();
            self.poses[i] = Pose2 { position, heading };
        }
    }

    /// Marks the cells whose middle lies in a rectangle of a pose and that are in none yet.
    fn draw(&mut self, pose: &Pose2, along: (f64, f64), half_width: f64, value: u8) {
        let (sin, cos) = pose.heading.sin_cos();
        let middle = pose.transform(DVec2::new(0.5 * (along.0 + along.1), 0.0));
        let half_length = 0.5 * (along.1 - along.0);
        let reach = DVec2::new(
            half_length * cos.abs() + half_width * sin.abs(),
            half_length * sin.abs() + half_width * cos.abs(),
        );
        let cells = |low: f64, high: f64, origin: f64, count: usize| {
            let low = ((low + origin) / CELL_M - 0.5).ceil().max(1.0) as usize;
            let high = ((high + origin) / CELL_M - 0.5).floor().min(count as f64 - 2.0).max(-1.0);
            low..(high + 1.0) as usize
        };
        let columns = cells(middle.x - reach.x, middle.x + reach.x, BEHIND_M, CELLS_X);
        for row in cells(middle.y - reach.y, middle.y + reach.y, BESIDE_M, CELLS_Y) {
            let dy = (row as f64 + 0.5) * CELL_M - BESIDE_M - middle.y;
            let line = &mut self.cells[row * CELLS_X..(row + 1) * CELLS_X];
            for column in columns.clone() {
                let dx = (column as f64 + 0.5) * CELL_M - BEHIND_M - middle.x;
                let inside =
                    (dx * cos + dy * sin).abs() <= half_length && (dy * cos - dx * sin).abs() <= half_width;
                if inside && line[column] == OUTSIDE {
                    line[column] = value;
                }
            }
        }
    }
}
