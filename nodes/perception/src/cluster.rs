//! Connected components of what stands on the ground.
//!
//! Points are put into a grid of 0.25 m seen from above. Cells are connected when they are near enough for the distance
//! from the scanner, whose points lie the farther apart the farther away they are. Along the line of sight they are
//! connected over more: a wall seen at a grazing angle is hit at points that lie metres apart (the angle criterion of
//! Bogoslavskyi, Stachniss, "Fast range image-based segmentation of sparse 3D laser scans", IROS 2016, in the grid), and
//! so are the bonnet and the roof of a car between two channels.

use crate::cloud::Point;

/// Side of a cell, m.
const CELL_M: f32 = 0.25;
/// The lengths below, for each metre and at most, are those for a scan of so many points, 16 channels of 900; those of a finer
/// scanner lie nearer together, by the root of how many more there are.
const COARSE_POINTS: f32 = 14_400.0;
const FINEST: f32 = 0.5;
/// From which distance on cells are connected over so many cells.
const REACH: [(f32, i32); 2] = [(45.0, 3), (20.0, 2)];
/// Reach along the line of sight: at once, for each metre of distance, at most, m.
const SIGHT_M: f32 = 0.3;
const SIGHT_PER_M: f32 = 0.035;
const MAX_SIGHT_M: f32 = 2.0;
/// Half width of that reach, for each metre of distance: one azimuth step of a coarse scanner, m.
const SIDE_PER_M: f32 = 0.008;
/// Surfaces seen from above reach over the length of a car to what stands before them, m.
const SIGHT_ABOVE_M: f32 = 4.5;
/// A surface seen from above begins so high and is so thin, m.
const ABOVE_FROM_M: f32 = 0.6;
const ABOVE_THIN_M: f32 = 0.3;
const NONE: u32 = u32::MAX;

/// How near together the points of a scan of so many points lie, compared to a coarse one: at most 1.
pub fn spacing(points: usize) -> f32 {
    (COARSE_POINTS / points.max(1) as f32).sqrt().clamp(FINEST, 1.0)
}

/// Finds clusters; keeps its memory between scans.
#[derive(Default)]
pub struct Clusters {
    side: i32,
    grid: Vec<u32>,
    cells: Vec<Cell>,
    parent: Vec<u32>,
    cell_of: Vec<u32>,
    ranges: Vec<(u32, u32)>,
    slot: Vec<u32>,
    order: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Cell {
    x: i32,
    y: i32,
    low: f32,
    high: f32,
    points: u32,
}

impl Clusters {
    /// Finds the clusters of the points whose heights above ground are within `band`, m. `spacing` is that of the scan, from
    /// [`spacing`].
    pub fn find(
        &mut self,
        points: &[Point],
        heights: &[f32],
        band: impl Fn(f32, f32) -> bool,
        range_m: f32,
        spacing: f32,
    ) {
        self.clear(range_m);
        let half = self.side / 2;
        let to_cell = |v: f32| (v / CELL_M).floor() as i32 + half;
        for ([x, y, _], height) in points.iter().zip(heights) {
            let range = (x * x + y * y).sqrt();
            let (cx, cy) = (to_cell(*x), to_cell(*y));
            let inside = cx > 0 && cy > 0 && cx < self.side - 1 && cy < self.side - 1;
            if !inside || !band(*height, range) {
                self.cell_of.push(NONE);
                continue;
            }
            let place = &mut self.grid[(cy * self.side + cx) as usize];
            if *place == NONE {
                *place = self.cells.len() as u32;
                self.cells.push(Cell { x: cx, y: cy, low: *height, high: *height, points: 0 });
            }
            let cell = &mut self.cells[*place as usize];
            cell.low = cell.low.min(*height);
            cell.high = cell.high.max(*height);
            cell.points += 1;
            self.cell_of.push(*place);
        }
        self.connect(spacing);
        self.sort_points();
    }

    /// The clusters: indices of their points.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.ranges.iter().map(|(from, to)| &self.order[*from as usize..*to as usize])
    }

    fn clear(&mut self, range_m: f32) {
        let side = 2 * (range_m / CELL_M).ceil() as i32 + 4;
        if side != self.side {
            self.side = side;
            self.grid = vec![NONE; (side * side) as usize];
        }
        for cell in &self.cells {
            self.grid[(cell.y * self.side + cell.x) as usize] = NONE;
        }
        self.cells.clear();
        self.cell_of.clear();
    }

    fn connect(&mut self, spacing: f32) {
        self.parent.clear();
        self.parent.extend(0..self.cells.len() as u32);
        let half = self.side / 2;
        for index in 0..self.cells.len() {
            let cell = self.cells[index];
            let (x, y) = ((cell.x - half) as f32 * CELL_M, (cell.y - half) as f32 * CELL_M);
            let range = (x * x + y * y).sqrt();
            let reach = REACH.iter().find(|(from, _)| range * spacing > *from).map_or(1, |r| r.1);
            // Neighbours are mutual, so half of them is enough.
            for sy in 0..=reach {
                for sx in if sy == 0 { 1 } else { -reach }..=reach {
                    self.join_at(index, cell.x + sx, cell.y + sy);
                }
            }
            self.join_along_sight(index, [x, y], range, spacing);
        }
    }

    /// Connects a cell with what lies before it on the line of sight.
    fn join_along_sight(&mut self, index: usize, [x, y]: [f32; 2], range: f32, spacing: f32) {
        let cell = self.cells[index];
        let above = cell.low > ABOVE_FROM_M && cell.high - cell.low < ABOVE_THIN_M;
        let reach = if above {
            SIGHT_ABOVE_M * spacing
        } else {
            SIGHT_M + (SIGHT_PER_M * range).min(MAX_SIGHT_M - SIGHT_M) * spacing
        };
        let (ux, uy) = (-x / range.max(0.1), -y / range.max(0.1));
        let sides = (SIDE_PER_M * spacing * range / CELL_M).ceil() as i32;
        let steps = (reach.min(range) / CELL_M) as i32;
        for step in 2..=steps {
            for side in -sides..=sides {
                let (along, across) = (step as f32, side as f32);
                let sx = (ux * along - uy * across).round() as i32;
                let sy = (uy * along + ux * across).round() as i32;
                self.join_at(index, cell.x + sx, cell.y + sy);
            }
        }
    }

    fn join_at(&mut self, index: usize, x: i32, y: i32) {
        if x < 0 || y < 0 || x >= self.side || y >= self.side {
            return;
        }
        let other = self.grid[(y * self.side + x) as usize];
        if other != NONE && other as usize != index {
            self.join(index as u32, other);
        }
    }

    fn root(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            let above = self.parent[self.parent[i as usize] as usize];
            self.parent[i as usize] = above;
            i = above;
        }
        i
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parent[a.max(b) as usize] = a.min(b);
        }
    }

    /// Sorts points by cluster; clusters in the order in which their first cells were seen.
    fn sort_points(&mut self) {
        self.ranges.clear();
        self.slot.clear();
        self.slot.resize(self.cells.len(), NONE);
        for index in 0..self.cells.len() as u32 {
            let root = self.root(index) as usize;
            if self.slot[root] == NONE {
                self.slot[root] = self.ranges.len() as u32;
                self.ranges.push((0, 0));
            }
            let slot = self.slot[root];
            self.slot[index as usize] = slot;
            self.ranges[slot as usize].1 += self.cells[index as usize].points;
        }
        let mut from = 0;
        for range in &mut self.ranges {
            let count = range.1;
            *range = (from, from);
            from += count;
        }
        self.order.clear();
        self.order.resize(from as usize, 0);
        for (point, cell) in self.cell_of.iter().enumerate() {
            if *cell != NONE {
                let range = &mut self.ranges[self.slot[*cell as usize] as usize];
                self.order[range.1 as usize] = point as u32;
                range.1 += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(points: &[Point]) -> Vec<usize> {
        let heights: Vec<f32> = points.iter().map(|p| p[2]).collect();
        let mut clusters = Clusters::default();
        clusters.find(points, &heights, |h, _| h > 0.2 && h < 3.0, 50.0, 1.0);
        clusters.iter().map(<[u32]>::len).collect()
    }

    fn block(x: f32, y: f32, z: f32) -> impl Iterator<Item = Point> {
        (0..10).flat_map(move |i| (0..10).map(move |j| [x + 0.1 * i as f32, y + 0.1 * j as f32, z]))
    }

    #[test]
    fn gaps_divide_and_nearness_joins() {
        let two: Vec<Point> = block(5.0, 0.0, 0.5).chain(block(5.0, 1.6, 0.5)).collect();
        assert_eq!(sizes(&two), [100, 100]);
        let one: Vec<Point> = block(5.0, 0.0, 0.5).chain(block(5.0, 1.1, 0.5)).collect();
        assert_eq!(sizes(&one), [200]);
        let far: Vec<Point> = block(30.0, 0.0, 0.5).chain(block(30.0, 1.3, 0.5)).collect();
        assert_eq!(sizes(&far), [200], "points of far things lie farther apart");
    }

    #[test]
    fn ground_and_what_is_out_of_range_is_left_out() {
        let points: Vec<Point> =
            block(5.0, 0.0, 0.1).chain(block(5.0, 0.0, 3.5)).chain(block(70.0, 0.0, 1.0)).collect();
        assert!(sizes(&points).is_empty());
        assert!(sizes(&[]).is_empty());
    }

    #[test]
    fn memory_is_reused_without_traces_of_the_last_scan() {
        let mut clusters = Clusters::default();
        let points: Vec<Point> = block(5.0, 0.0, 0.5).collect();
        let heights = vec![0.5; points.len()];
        for _ in 0..3 {
            clusters.find(&points, &heights, |_, _| true, 50.0, 1.0);
            assert_eq!(clusters.iter().count(), 1);
            clusters.find(&[], &[], |_, _| true, 50.0, 1.0);
            assert_eq!(clusters.iter().count(), 0);
        }
    }
}
