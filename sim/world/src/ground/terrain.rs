//! The terrain around the roads: as high as the nearest road, smoothed.

use glam::{DVec2, DVec3};

/// The terrain lies this far below the roads that it touches, m.
const BELOW_ROAD_M: f64 = 0.03;
/// Most cells of the grid.
const MAX_CELLS: f64 = 1.0e6;
/// How often heights are smoothed.
const SMOOTHINGS: usize = 24;

/// Heights on a grid, interpolated.
pub(crate) struct Terrain {
    origin: DVec2,
    cell_m: f64,
    columns: usize,
    rows: usize,
    heights: Vec<f64>,
    /// The same height everywhere, which is quick to look up.
    level: Option<f64>,
}

impl Terrain {
    /// From points on roads: within `min` to `max`, and on beyond.
    pub fn around(min: DVec2, max: DVec2, points: impl Iterator<Item = DVec3>) -> Self {
        let size = (max - min).max(DVec2::ONE);
        let cell_m = (size.x * size.y / MAX_CELLS).sqrt().max(8.0);
        let (columns, rows) = ((size.x / cell_m) as usize + 2, (size.y / cell_m) as usize + 2);
        let mut lowest = vec![f64::INFINITY; columns * rows];
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for point in points {
            let at = ((point.truncate() - min) / cell_m).round();
            if at.is_finite() && at.x >= 0.0 && at.y >= 0.0 && at.x < columns as f64 && at.y < rows as f64 {
                let cell = &mut lowest[at.y as usize * columns + at.x as usize];
                *cell = cell.min(point.z - BELOW_ROAD_M);
                (low, high) = (low.min(point.z), high.max(point.z));
            }
        }
        let level =
            (high - low < 1e-6 || low > high).then(|| if low.is_finite() { low - BELOW_ROAD_M } else { 0.0 });
        let heights = if level.is_some() { vec![] } else { smooth(spread(lowest, columns), columns) };
        Self { origin: min, cell_m, columns, rows, heights, level }
    }

    /// Height and upwards direction.
    pub fn at(&self, point: DVec2) -> (f64, DVec3) {
        if let Some(level) = self.level {
            return (level, DVec3::Z);
        }
        let limit = DVec2::new((self.columns - 1) as f64, (self.rows - 1) as f64) - 1e-6;
        let at = ((point - self.origin) / self.cell_m).clamp(DVec2::ZERO, limit);
        let (i, j) = (at.x as usize, at.y as usize);
        let f = at - DVec2::new(i as f64, j as f64);
        let h = |di: usize, dj: usize| self.heights[(j + dj) * self.columns + i + di];
        let bottom = h(0, 0) + f.x * (h(1, 0) - h(0, 0));
        let top = h(0, 1) + f.x * (h(1, 1) - h(0, 1));
        let slope_x = (h(1, 0) - h(0, 0)) * (1.0 - f.y) + (h(1, 1) - h(0, 1)) * f.y;
        let normal = DVec3::new(-slope_x / self.cell_m, -(top - bottom) / self.cell_m, 1.0).normalize();
        (bottom + f.y * (top - bottom), normal)
    }
}

fn neighbours(cell: usize, columns: usize, cells: usize) -> impl Iterator<Item = usize> {
    let column = cell % columns;
    let all = [
        (column > 0).then(|| cell - 1),
        (column + 1 < columns).then_some(cell + 1),
        cell.checked_sub(columns),
        (cell + columns < cells).then_some(cell + columns),
    ];
    all.into_iter().flatten()
}

/// Gives cells without a height that of the nearest one with a height.
fn spread(lowest: Vec<f64>, columns: usize) -> (Vec<f64>, Vec<bool>) {
    let fixed: Vec<bool> = lowest.iter().map(|h| h.is_finite()).collect();
    let mut heights = lowest;
    let mut front: Vec<usize> = (0..heights.len()).filter(|i| fixed[*i]).collect();
    while !front.is_empty() {
        let mut next = vec![];
        for cell in front {
            for n in neighbours(cell, columns, heights.len()) {
                if heights[n].is_infinite() {
                    heights[n] = heights[cell];
                    next.push(n);
                }
            }
        }
        front = next;
    }
    (heights, fixed)
}

fn smooth((mut heights, fixed): (Vec<f64>, Vec<bool>), columns: usize) -> Vec<f64> {
    for _ in 0..SMOOTHINGS {
        let before = heights.clone();
        for cell in (0..heights.len()).filter(|c| !fixed[*c]) {
            let (mut sum, mut count) = (0.0, 0.0);
            for n in neighbours(cell, columns, before.len()) {
                (sum, count) = (sum + before[n], count + 1.0);
            }
            heights[cell] = sum / f64::max(count, 1.0);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_roads_and_joins_them() {
        let road = |x: f64, z: f64| (0..100).map(move |i| DVec3::new(x, f64::from(i), z));
        let terrain =
            Terrain::around(DVec2::ZERO, DVec2::new(200.0, 100.0), road(8.0, 0.0).chain(road(184.0, 10.0)));
        assert!((terrain.at(DVec2::new(8.0, 50.0)).0 + BELOW_ROAD_M).abs() < 1e-9);
        assert!((terrain.at(DVec2::new(184.0, 50.0)).0 - 10.0 + BELOW_ROAD_M).abs() < 1e-9);
        let middle = terrain.at(DVec2::new(96.0, 50.0)).0;
        assert!(middle > 0.0 && middle < 10.0);
        // Far outside it goes on.
        assert!((terrain.at(DVec2::new(-1e6, 50.0)).0 + BELOW_ROAD_M).abs() < 1.0);
    }

    #[test]
    fn nothing_at_all_is_level() {
        assert_eq!(
            Terrain::around(DVec2::ZERO, DVec2::ONE, std::iter::empty()).at(DVec2::new(3.0, 4.0)).0,
            0.0
        );
    }
}
