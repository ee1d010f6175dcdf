//! What vehicles drive and people walk on: the surfaces of the map's lanes, and the terrain around them.
//!
//! All of it is in the world's own frame, whose origin lies in the middle of the map, so that maps in UTM coordinates
//! lose no precision.

mod build;
mod raster;
mod terrain;

use glam::{DVec2, DVec3};

pub(crate) use raster::{Rasters, Window};
use terrain::Terrain;

/// What a surface is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// Beside the roads.
    Terrain,
    /// A lane for vehicles.
    Road,
    /// Shoulders, parking bays, medians.
    Beside,
    /// A raised walkway.
    Sidewalk,
}

/// The ground at a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surface {
    /// Height, m.
    pub height_m: f64,
    /// Upwards, length 1.
    pub normal: DVec3,
    /// Friction as a share of that of a dry road.
    pub friction: f64,
    /// What it is made of.
    pub material: Material,
}

/// A piece of a lane's surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triangle {
    /// Corners, counter-clockwise from above, m.
    corners: [DVec3; 3],
    material: Material,
}

/// Slack at the seams of triangles, m.
const SEAM_M: f64 = 0.01;

impl Triangle {
    /// From its corners in either sense; none if it has no area from above.
    fn new(a: DVec3, b: DVec3, c: DVec3, material: Material) -> Option<Self> {
        let area = (b - a).truncate().perp_dot((c - a).truncate());
        if !area.is_finite() || area.abs() < 1e-6 {
            return None;
        }
        Some(Self { corners: if area > 0.0 { [a, b, c] } else { [a, c, b] }, material })
    }

    fn contains(&self, point: DVec2, slack_m: f64) -> bool {
        let [a, b, c] = self.corners.map(DVec3::truncate);
        let inside = |p: DVec2, q: DVec2| {
            let edge = q - p;
            let side = edge.perp_dot(point - p);
            side >= 0.0 || side >= -slack_m * edge.length()
        };
        inside(a, b) && inside(b, c) && inside(c, a)
    }

    fn normal(&self) -> DVec3 {
        let [a, b, c] = self.corners;
        (b - a).cross(c - a).normalize_or(DVec3::Z)
    }

    fn height_at(&self, point: DVec2) -> f64 {
        let (a, n) = (self.corners[0], self.normal());
        a.z - n.truncate().dot(point - a.truncate()) / n.z.max(1e-3)
    }
}

/// The ground.
pub(crate) struct Ground {
    triangles: Vec<Triangle>,
    /// Lower corner of the grid, m.
    origin: DVec2,
    /// Size of a cell, m.
    cell_m: f64,
    columns: usize,
    rows: usize,
    /// For each cell the beginning of its list in `entries`; one more at the end.
    starts: Vec<u32>,
    entries: Vec<u32>,
    terrain: Terrain,
}

impl Ground {
    fn cell(&self, point: DVec2) -> Option<usize> {
        let at = (point - self.origin) / self.cell_m;
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x < self.columns as f64 && at.y < self.rows as f64;
        inside.then(|| at.y as usize * self.columns + at.x as usize)
    }

    /// Pieces of lanes under or over a point.
    fn over(&self, point: DVec2) -> impl Iterator<Item = &Triangle> {
        let range = self.cell(point).map_or(0..0, |c| self.starts[c] as usize..self.starts[c + 1] as usize);
        self.entries[range]
            .iter()
            .map(|i| &self.triangles[*i as usize])
            .filter(move |t| t.contains(point, SEAM_M))
    }

    /// The surface at a point: of several layers the one nearest in height. Raised walkways come before the road that
    /// they overlap with.
    pub fn at(&self, point: DVec3) -> Surface {
        let flat = point.truncate();
        let mut best: Option<(f64, f64, &Triangle)> = None;
        for triangle in self.over(flat) {
            let height = triangle.height_at(flat);
            let distance = (height - point.z).abs();
            if best.is_none_or(|(d, h, _)| distance < d - 0.5 || ((distance - d).abs() <= 0.5 && height > h))
            {
                best = Some((distance, height, triangle));
            }
        }
        let (terrain, slope) = self.terrain.at(flat);
        match best {
            // The terrain is what one stands on only well below a bridge.
            Some((distance, height, triangle))
                if terrain > height - 1.5 || distance < (terrain - point.z).abs() =>
            {
                let friction = 1.0;
                Surface { height_m: height, normal: triangle.normal(), friction, material: triangle.material }
            }
            _ => Surface { height_m: terrain, normal: slope, friction: 0.7, material: Material::Terrain },
        }
    }

    /// Whether a point is on a lane for vehicles, at about its height.
    pub fn is_road(&self, point: DVec3) -> bool {
        let flat = point.truncate();
        self.over(flat).any(|t| t.material == Material::Road && (t.height_at(flat) - point.z).abs() < 1.5)
    }
}
