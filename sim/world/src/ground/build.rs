//! Makes the ground from a map.

use glam::{DVec2, DVec3};
use maps::{Lane, LaneKind, Map};

use super::terrain::Terrain;
use super::{Ground, Material, Triangle};

/// A walkway lies this far above the road, m: the usual height of a kerb.
const KERB_M: f64 = 0.12;
/// Terrain goes on this far around the map before it is level, m.
const MARGIN_M: f64 = 120.0;
/// Smallest cell of the grid, m.
const MIN_CELL_M: f64 = 4.0;
/// Most cells of the grid.
const MAX_CELLS: f64 = 8.0e6;

fn material(kind: LaneKind) -> Option<Material> {
    match kind {
        LaneKind::Driving => Some(Material::Road),
        LaneKind::Sidewalk => Some(Material::Sidewalk),
        LaneKind::Parking | LaneKind::Shoulder | LaneKind::Border | LaneKind::Median | LaneKind::Biking => {
            Some(Material::Beside)
        }
        LaneKind::Other => None,
    }
}

/// Whether a walkway is level with the lane beside it, because its map says nothing of a kerb.
fn lacks_kerb(map: &Map, lane: &Lane) -> bool {
    let beside = [lane.left, lane.right].into_iter().flatten().map(|n| map.lane(n.lane));
    let gaps = beside.filter(|b| b.kind != LaneKind::Sidewalk).filter_map(|b| {
        let own = lane.left_edge.get(lane.left_edge.len() / 2).into_iter();
        let own = own.chain(lane.right_edge.get(lane.right_edge.len() / 2));
        let pairs = own.flat_map(|p| b.left_edge.iter().chain(&b.right_edge).map(move |q| (*p, *q)));
        let flat = |(p, q): &(DVec3, DVec3)| p.truncate().distance_squared(q.truncate());
        pairs.min_by(|a, b| flat(a).total_cmp(&flat(b))).map(|(p, q)| (p.z - q.z).abs())
    });
    gaps.fold(0.0, f64::max) < 0.03
}

/// Surface of a lane as triangles, moved by `-origin`.
fn surface(map: &Map, lane: &Lane, origin: DVec3, out: &mut Vec<Triangle>) {
    let Some(material) = material(lane.kind) else { return };
    let raise = if material == Material::Sidewalk && lacks_kerb(map, lane) { KERB_M } else { 0.0 };
    let shift = DVec3::Z * raise - origin;
    for (left, right) in lane.left_edge.windows(2).zip(lane.right_edge.windows(2)) {
        let [a, b] = [left[0] + shift, left[1] + shift];
        let [c, d] = [right[0] + shift, right[1] + shift];
        out.extend(Triangle::new(c, d, b, material));
        out.extend(Triangle::new(c, b, a, material));
    }
}

impl Ground {
    /// The ground of a map, in a frame whose origin is at `origin` of the map.
    pub fn new(map: &Map, origin: DVec3) -> Self {
        let mut triangles = vec![];
        for lane in &map.lanes {
            surface(map, lane, origin, &mut triangles);
        }
        Self::from_triangles(triangles)
    }

    fn from_triangles(triangles: Vec<Triangle>) -> Self {
        let (mut min, mut max) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        for corner in triangles.iter().flat_map(|t| t.corners) {
            (min, max) = (min.min(corner.truncate()), max.max(corner.truncate()));
        }
        if triangles.is_empty() {
            (min, max) = (DVec2::ZERO, DVec2::ZERO);
        }
        let corners = triangles.iter().filter(|t| t.material != Material::Sidewalk).flat_map(|t| t.corners);
        let terrain = Terrain::around(min - MARGIN_M, max + MARGIN_M, corners);
        let size = max - min;
        let cell_m = (size.x * size.y / MAX_CELLS).sqrt().max(MIN_CELL_M);
        let (columns, rows) = ((size.x / cell_m) as usize + 1, (size.y / cell_m) as usize + 1);
        let mut ground =
            Self { origin: min, cell_m, columns, rows, starts: vec![], entries: vec![], terrain, triangles };
        ground.fill_grid();
        ground
    }

    fn cells_of(&self, triangle: &Triangle) -> impl Iterator<Item = usize> + use<> {
        let [a, b, c] = triangle.corners.map(|p| (p.truncate() - self.origin) / self.cell_m);
        // A point at a seam must find both its triangles.
        let slack = DVec2::splat(super::SEAM_M / self.cell_m);
        let (low, high) = (a.min(b).min(c) - slack, a.max(b).max(c) + slack);
        let clamp = |x: f64, count: usize| (x.max(0.0) as usize).min(count - 1);
        let (i0, i1) = (clamp(low.x, self.columns), clamp(high.x, self.columns));
        let (j0, j1) = (clamp(low.y, self.rows), clamp(high.y, self.rows));
        let columns = self.columns;
        (j0..=j1).flat_map(move |j| (i0..=i1).map(move |i| j * columns + i))
    }

    /// Lists the triangles of each cell: counts first, then writes.
    fn fill_grid(&mut self) {
        let mut starts = vec![0_u32; self.columns * self.rows + 1];
        for triangle in &self.triangles {
            for cell in self.cells_of(triangle) {
                starts[cell + 1] += 1;
            }
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![0_u32; starts.last().map_or(0, |n| *n as usize)];
        for (index, triangle) in self.triangles.iter().enumerate() {
            for cell in self.cells_of(triangle) {
                entries[next[cell] as usize] = index as u32;
                next[cell] += 1;
            }
        }
        (self.starts, self.entries) = (starts, entries);
    }

    /// A square of road with its middle at the origin.
    #[cfg(test)]
    pub(crate) fn square(half_m: f64, slope: f64) -> Self {
        Self::patches(&[(DVec2::splat(-half_m), DVec2::splat(half_m), 0.0, slope, Material::Road)])
    }

    /// Rectangles from corner to corner with a height at x = 0 and a slope along x.
    #[cfg(test)]
    pub(crate) fn patches(patches: &[(DVec2, DVec2, f64, f64, Material)]) -> Self {
        let mut triangles = vec![];
        for (low, high, height, slope, material) in patches {
            let corner = |x: f64, y: f64| DVec3::new(x, y, height + slope * x);
            let (a, b) = (corner(low.x, low.y), corner(high.x, low.y));
            let (c, d) = (corner(high.x, high.y), corner(low.x, high.y));
            triangles.extend(Triangle::new(a, b, c, *material));
            triangles.extend(Triangle::new(a, c, d, *material));
        }
        Self::from_triangles(triangles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_told_apart_by_height() {
        let square = DVec2::splat(50.0);
        let strip = DVec2::new(50.0, 5.0);
        let ground = Ground::patches(&[
            (-square, square, 0.0, 0.0, Material::Road),
            (-strip, strip, 6.0, 0.0, Material::Road),
        ]);
        assert_eq!(ground.at(DVec3::new(1.0, 1.0, 0.3)).height_m, 0.0);
        assert_eq!(ground.at(DVec3::new(1.0, 1.0, 5.5)).height_m, 6.0);
        assert_eq!(ground.at(DVec3::new(1.0, 10.0, 5.5)).height_m, 0.0);
        assert!(!ground.is_road(DVec3::new(1.0, 10.0, 6.0)));
        assert_eq!(ground.at(DVec3::new(500.0, 0.0, 0.0)).material, Material::Terrain);
    }

    #[test]
    fn seams_have_no_cracks() {
        let ground = Ground::square(20.0, 0.05);
        for i in -190..190 {
            let x = f64::from(i) * 0.1;
            let surface = ground.at(DVec3::new(x, x, 0.0));
            assert_eq!(surface.material, Material::Road);
            assert!((surface.height_m - 0.05 * x).abs() < 1e-9);
        }
    }
}
