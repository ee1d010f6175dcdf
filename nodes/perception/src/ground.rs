//! Which points are ground.
//!
//! The scan is cut into sectors, as in Himmelsbach, v. Hundelshausen, Wuensche, "Fast segmentation of 3D point clouds
//! for ground vehicles" (IV 2010). In each sector the lowest points are followed outwards from the wheels, which stand
//! on the ground by definition of `base_link`: a point belongs to the ground if it continues the slope so far within
//! what roads do, which holds on slopes and over kerbs. What a sector took for ground while its neighbours see ground
//! much lower is the foot of an object and is taken back, in the spirit of Patchwork++ (Lee, Lim, Myung, IROS 2022).
//! Between these nodes the ground is a polyline; where a sector saw none, its neighbours' is used. There are no planes
//! to fit, so that 16 channels, of which a patch of ground may see one, do as well as 64.

use crate::cloud::Point;

/// Sectors of the scan.
const SECTORS: usize = 180;
/// Rings of cells: 0.5 m wide up to 20 m, 1 m up to 50 m, 2 m beyond.
const RINGS: usize = 120;
/// Where rings become wider.
const NEAR_M: f32 = 20.0;
const MIDDLE_M: f32 = 50.0;
/// Steepest ground, m/m.
const MAX_SLOPE: f32 = 0.3;
/// How far the next ground point may lie off the slope so far: at once, and for each metre of way.
const STEP_M: f32 = 0.12;
const BEND_PER_M: f32 = 0.06;
/// Way over which the tolerance grows.
const MAX_BEND_WAY_M: f32 = 8.0;
/// A cell taller than that holds an object; its lowest point is ground only where ground is expected.
const TALL_M: f32 = 0.4;
/// How far above its neighbours the ground of a sector may lie.
const ABOVE_NEIGHBOURS_M: f32 = 0.22;
/// So near to a node the ground of a sector counts as seen.
const SEEN_M: f32 = 4.0;

/// Splits scans into ground and the rest; keeps its memory between scans.
pub struct Ground {
    cells: Vec<Cell>,
    nodes: Vec<bool>,
    line: Vec<Line>,
    smooth: Vec<Line>,
    cell_of: Vec<u32>,
}

/// What a cell saw.
#[derive(Clone, Copy)]
struct Cell {
    low: f32,
    low_range: f32,
    high: f32,
}

const EMPTY: Cell = Cell { low: f32::INFINITY, low_range: 0.0, high: f32::NEG_INFINITY };

/// The ground in a cell: height at its inner edge, slope outwards, and how far away the next node is.
#[derive(Clone, Copy, Default)]
struct Line {
    height: f32,
    slope: f32,
    node_distance: f32,
}

/// Angle around the vehicle as a number from 0 to 4 that grows with the angle but needs no arc tangent.
pub(crate) fn pseudo_angle(x: f32, y: f32) -> f32 {
    let sum = x.abs() + y.abs();
    if sum <= 0.0 {
        return 0.0;
    }
    let p = y / sum;
    if x < 0.0 {
        2.0 - p
    } else if y < 0.0 {
        4.0 + p
    } else {
        p
    }
}

fn sector(x: f32, y: f32) -> usize {
    ((pseudo_angle(x, y) * (SECTORS as f32 / 4.0)) as usize).min(SECTORS - 1)
}

fn ring(range: f32) -> usize {
    let ring = if range < NEAR_M {
        range * 2.0
    } else if range < MIDDLE_M {
        NEAR_M * 2.0 + (range - NEAR_M)
    } else {
        NEAR_M * 2.0 + (MIDDLE_M - NEAR_M) + (range - MIDDLE_M) * 0.5
    };
    (ring as usize).min(RINGS - 1)
}

/// Inner edge of a ring, m.
fn inner(ring: usize) -> f32 {
    let (near, middle) = ((NEAR_M * 2.0) as usize, (NEAR_M * 2.0 + MIDDLE_M - NEAR_M) as usize);
    if ring < near {
        ring as f32 * 0.5
    } else if ring < middle {
        NEAR_M + (ring - near) as f32
    } else {
        MIDDLE_M + (ring - middle) as f32 * 2.0
    }
}

impl Default for Ground {
    fn default() -> Self {
        let n = SECTORS * RINGS;
        Self {
            cells: vec![EMPTY; n],
            nodes: vec![false; n],
            line: vec![Line::default(); n],
            smooth: vec![Line::default(); n],
            cell_of: vec![],
        }
    }
}

impl Ground {
    /// Height of each point above the ground, m, into `heights`.
    pub fn heights(&mut self, points: &[Point], heights: &mut Vec<f32>) {
        self.fill_cells(points);
        for sector in 0..SECTORS {
            self.follow(sector);
        }
        for sector in 0..SECTORS {
            self.draw(sector);
        }
        self.take_back();
        for _ in 0..2 {
            self.blend();
        }
        heights.clear();
        heights.extend(points.iter().zip(&self.cell_of).map(|(p, cell)| {
            let line = self.line[*cell as usize];
            let range = (p[0] * p[0] + p[1] * p[1]).sqrt();
            p[2] - (line.height + line.slope * (range - inner(*cell as usize % RINGS)))
        }));
    }

    fn fill_cells(&mut self, points: &[Point]) {
        self.cells.fill(EMPTY);
        self.nodes.fill(false);
        self.cell_of.clear();
        for [x, y, z] in points {
            let range = (x * x + y * y).sqrt();
            let index = sector(*x, *y) * RINGS + ring(range);
            self.cell_of.push(index as u32);
            // Reflections of reflections seem to lie deep below the road.
            if *z < -0.5 - MAX_SLOPE * range {
                continue;
            }
            let cell = &mut self.cells[index];
            if *z < cell.low {
                (cell.low, cell.low_range) = (*z, range);
            }
            cell.high = cell.high.max(*z);
        }
    }

    /// Marks the cells of a sector whose lowest point is ground.
    fn follow(&mut self, sector: usize) {
        let (mut range, mut height, mut slope) = (0.0_f32, 0.0_f32, 0.0_f32);
        for index in sector * RINGS..(sector + 1) * RINGS {
            let cell = self.cells[index];
            if cell.high < cell.low {
                continue;
            }
            let way = (cell.low_range - range).max(0.1);
            let off = cell.low - (height + slope * way);
            let tall = cell.high - cell.low > TALL_M;
            let bend = if tall { 0.5 * BEND_PER_M } else { BEND_PER_M };
            let steep = (cell.low - height).abs() > MAX_SLOPE * way + STEP_M;
            if off.abs() > STEP_M + bend * way.min(MAX_BEND_WAY_M) || steep {
                continue;
            }
            self.nodes[index] = true;
            // A kerb is no slope: the slope follows slowly.
            slope += (way / (way + 4.0)) * (off / way.max(1.0));
            slope = slope.clamp(-MAX_SLOPE, MAX_SLOPE);
            (range, height) = (cell.low_range, cell.low);
        }
    }

    /// Draws the polyline through the nodes of a sector.
    fn draw(&mut self, sector: usize) {
        let first = sector * RINGS;
        let (mut range, mut height, mut slope) = (0.0_f32, 0.0_f32, 0.0_f32);
        let mut from = 0;
        for ring in 0..RINGS {
            if !self.nodes[first + ring] {
                continue;
            }
            let cell = self.cells[first + ring];
            let way = (cell.low_range - range).max(0.25);
            slope = ((cell.low - height) / way).clamp(-MAX_SLOPE, MAX_SLOPE);
            for between in from..=ring {
                let edge = inner(between);
                let node_distance = (edge - range).abs().min((cell.low_range - edge).abs());
                self.line[first + between] =
                    Line { height: height + slope * (edge - range), slope, node_distance };
            }
            (range, height, from) = (cell.low_range, cell.low, ring + 1);
        }
        // Beyond the last node the slope runs out.
        for ring in from..RINGS {
            let edge = inner(ring);
            let way = edge - range;
            let run_out = 10.0_f32;
            let (rise, slope) = if way < run_out { (slope * way, slope) } else { (slope * run_out, 0.0) };
            self.line[first + ring] = Line { height: height + rise, slope, node_distance: way };
        }
    }

    /// Takes back nodes that lie well above the ground that the sectors beside them see.
    fn take_back(&mut self) {
        for sector in 0..SECTORS {
            let mut changed = false;
            for ring in 0..RINGS {
                let index = sector * RINGS + ring;
                if !self.nodes[index] {
                    continue;
                }
                let mut around = [f32::INFINITY; 6];
                let mut known = 0;
                for shift in [1, 2, 4, SECTORS - 1, SECTORS - 2, SECTORS - 4] {
                    let beside = self.line[(sector + shift) % SECTORS * RINGS + ring];
                    // What lies far from a node is a guess and contradicts nobody.
                    if beside.node_distance < SEEN_M {
                        around[known] = beside.height;
                        known += 1;
                    }
                }
                around.sort_unstable_by(f32::total_cmp);
                let cell = self.cells[index];
                let here = self.line[index].height.max(cell.low);
                if here > around[known / 3] + ABOVE_NEIGHBOURS_M + 0.01 * cell.low_range {
                    self.nodes[index] = false;
                    changed = true;
                }
            }
            if changed {
                self.draw(sector);
            }
        }
    }

    /// Evens the ground out between neighbouring sectors; the nearer a node, the more it counts.
    fn blend(&mut self) {
        for sector in 0..SECTORS {
            let rows = [(sector + SECTORS - 1) % SECTORS, sector, (sector + 1) % SECTORS].map(|s| s * RINGS);
            for ring in 0..RINGS {
                let (mut sum, mut height, mut slope, mut nearest) = (0.0, 0.0, 0.0, f32::INFINITY);
                for row in rows {
                    let line = self.line[row + ring];
                    let weight = 1.0 / (0.25 + line.node_distance * line.node_distance);
                    sum += weight;
                    height += weight * line.height;
                    slope += weight * line.slope;
                    nearest = nearest.min(line.node_distance + if row == rows[1] { 0.0 } else { 0.5 });
                }
                self.smooth[rows[1] + ring] =
                    Line { height: height / sum, slope: slope / sum, node_distance: nearest };
            }
        }
        std::mem::swap(&mut self.line, &mut self.smooth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What 16 channels see of a ground `z(x, y)`, from 2 m above it, with a box 4 m long and 2 m wide on it.
    fn scan(z: impl Fn(f32, f32) -> f32, object: Option<[f32; 2]>) -> (Vec<Point>, Vec<bool>) {
        let (mut points, mut truth) = (vec![], vec![]);
        for channel in 0..16 {
            let down = (-25.0 + 2.0 * channel as f32).to_radians().tan();
            for azimuth in 0..900 {
                let (sin, cos) = (azimuth as f32 * 0.4).to_radians().sin_cos();
                for step in 10..1600 {
                    let r = step as f32 * 0.05;
                    let (x, y, height) = (r * cos, r * sin, 2.0 + down * r);
                    let ground = z(x, y);
                    let hit = object.is_some_and(|[ox, oy]| {
                        (x - ox).abs() < 2.0 && (y - oy).abs() < 1.0 && height < ground + 1.5
                    });
                    if hit || height <= ground {
                        // On the box when it is higher than what counts as ground.
                        points.push([x, y, height.max(ground)]);
                        truth.push(hit && height > ground + 0.3);
                        break;
                    }
                }
            }
        }
        (points, truth)
    }

    /// Shares of ground points called obstacles, and of object points called ground.
    fn errors(z: impl Fn(f32, f32) -> f32, object: Option<[f32; 2]>) -> (f64, f64) {
        let (points, truth) = scan(&z, object);
        let mut heights = vec![];
        Ground::default().heights(&points, &mut heights);
        let (mut wrong, mut count) = ([0.0; 2], [1e-9; 2]);
        for ((p, h), object) in points.iter().zip(&heights).zip(&truth) {
            let kind = usize::from(*object);
            let ground = p[2] < z(p[0], p[1]) + 0.05;
            if !object && !ground {
                continue; // the foot of the box
            }
            count[kind] += 1.0;
            // As the detector has it.
            let limit = 0.2 + 0.003 * p[0].hypot(p[1]);
            wrong[kind] += f64::from(u8::from((*h > limit) != *object));
        }
        (wrong[0] / count[0], wrong[1] / count[1])
    }

    #[test]
    fn flat_ground_with_a_car() {
        let (ground, object) = errors(|_, _| 0.0, Some([12.0, 2.0]));
        assert!(ground < 0.002 && object < 0.02, "{ground} {object}");
    }

    #[test]
    fn slopes_that_begin_ahead_and_beside() {
        let ramp = |x: f32, _: f32| 0.1 * (x - 8.0).max(0.0);
        let (ground, object) = errors(ramp, Some([18.0, 0.0]));
        assert!(ground < 0.02 && object < 0.05, "{ground} {object}");
        let hill = |x: f32, y: f32| 0.06 * y + 0.04 * x;
        let (ground, object) = errors(hill, Some([10.0, -4.0]));
        assert!(ground < 0.02 && object < 0.05, "{ground} {object}");
        let down = |x: f32, _: f32| -0.08 * (x - 5.0).max(0.0);
        let (ground, object) = errors(down, Some([14.0, 0.0]));
        assert!(ground < 0.02 && object < 0.05, "{ground} {object}");
    }

    #[test]
    fn kerbs_are_ground() {
        let kerb = |_: f32, y: f32| if y.abs() > 4.0 { 0.15 } else { 0.0 };
        let (ground, object) = errors(kerb, Some([12.0, 6.0]));
        assert!(ground < 0.01 && object < 0.05, "{ground} {object}");
    }

    #[test]
    fn the_pseudo_angle_grows_with_the_angle() {
        let mut last = -1.0;
        for i in 0..3600 {
            let (sin, cos) = (i as f32 * 0.1).to_radians().sin_cos();
            let angle = pseudo_angle(cos, sin);
            assert!(angle >= last - 1e-5 && angle < 4.001, "{i}");
            last = angle;
        }
        assert_eq!(pseudo_angle(0.0, 0.0), 0.0);
    }

    #[test]
    fn rings_and_their_edges_agree() {
        for ring_index in 0..RINGS {
            assert_eq!(ring(inner(ring_index) + 0.01), ring_index);
        }
    }
}
