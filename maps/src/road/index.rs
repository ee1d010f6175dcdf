//! Which roads are near a place: an R-tree over short pieces of lines.
//!
//! The tree lies in the plane of Mercator's projection. It is conformal: what is nearest there is nearest on the ground,
//! but for the flattening of the earth.

use glam::DVec2;
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::geometry::{LocalPlane, Point, lerp};
use super::graph::Network;
use crate::geo::Wgs84;

/// Segments in one piece.
const SEGMENTS: u32 = 8;
/// Distances in the tree are wrong by less than this share: the flattening of the earth, and what scales change nearby.
const TOLERANCE: f64 = 0.01;
const EARTH_RADIUS_M: f64 = 6_378_137.0;

struct Piece {
    shape: u32,
    /// Segments, the last not included, counted in all points.
    first: u32,
    end: u32,
    rectangle: AABB<[f64; 2]>,
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.rectangle
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        let point = DVec2::from_array(*point);
        let nearest =
            point.clamp(DVec2::from_array(self.rectangle.lower()), DVec2::from_array(self.rectangle.upper()));
        nearest.distance_squared(point)
    }
}

/// The nearest point on a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub shape: u32,
    pub place: Wgs84,
    pub distance_m: f64,
    /// How far along the line, from 0 to 1.
    pub fraction: f64,
}

pub(super) struct ShapeIndex {
    tree: RTree<Piece>,
}

impl ShapeIndex {
    pub fn new(network: &Network) -> Self {
        let mut pieces = vec![];
        for shape in 0..network.shape_edges.len() as u32 {
            let (begin, end) =
                (network.first_point[shape as usize], network.first_point[shape as usize + 1] - 1);
            for first in (begin..end).step_by(SEGMENTS as usize) {
                let end = (first + SEGMENTS).min(end);
                let corners: Vec<[f64; 2]> = network.points[first as usize..=end as usize]
                    .iter()
                    .map(|p| mercator(p.wgs84()).to_array())
                    .collect();
                let rectangle = AABB::from_points(&corners);
                pieces.push(Piece { shape, first, end, rectangle });
            }
        }
        Self { tree: RTree::bulk_load(pieces) }
    }

    /// The nearest line that is accepted, if it is within a distance.
    pub fn nearest(
        &self,
        network: &Network,
        place: Wgs84,
        within_m: f64,
        accept: impl Fn(u32) -> bool,
    ) -> Option<Hit> {
        let mut best: Option<(f64, &Piece, u32, f64)> = None;
        let plane = LocalPlane::at(place);
        for (piece, least_m) in self.by_distance(place) {
            if least_m > best.map_or(within_m, |b| b.0) {
                break;
            }
            if !accept(piece.shape) {
                continue;
            }
            let (distance_m, segment, share) = project(network, &plane, piece);
            if distance_m <= within_m && best.is_none_or(|b| distance_m < b.0) {
                best = Some((distance_m, piece, segment, share));
            }
        }
        let (distance_m, piece, segment, share) = best?;
        Some(hit(network, piece.shape, segment, share, distance_m))
    }

    /// Pieces with a lower bound of their distance, m, from the nearest on.
    fn by_distance(&self, place: Wgs84) -> impl Iterator<Item = (&Piece, f64)> {
        let scale = place.latitude_deg.to_radians().cos() * (1.0 - TOLERANCE);
        let found = self.tree.nearest_neighbor_iter_with_distance_2(mercator(place).to_array());
        found.map(move |(piece, distance_2)| (piece, distance_2.sqrt() * scale))
    }
}

/// Distance of the nearest point of a piece, the segment it is on and the share along that.
fn project(network: &Network, plane: &LocalPlane, piece: &Piece) -> (f64, u32, f64) {
    let mut best = (f64::INFINITY, piece.first, 0.0);
    for segment in piece.first..piece.end {
        let ends = [segment, segment + 1].map(|i| plane.to_plane(network.points[i as usize].wgs84()));
        let chord = ends[1] - ends[0];
        let length_2 = chord.length_squared();
        let share = if length_2 > 0.0 { (-ends[0].dot(chord) / length_2).clamp(0.0, 1.0) } else { 0.0 };
        let distance = (ends[0] + chord * share).length();
        if distance < best.0 {
            best = (distance, segment, share);
        }
    }
    best
}

fn hit(network: &Network, shape: u32, segment: u32, share: f64, distance_m: f64) -> Hit {
    let within = (segment - network.first_point[shape as usize]) as usize;
    let steps: Vec<f64> = network.shape(shape).windows(2).map(|p| p[0].distance_m(p[1])).collect();
    let (before, all): (f64, f64) = (steps[..within].iter().sum(), steps.iter().sum());
    let fraction = if all > 0.0 { ((before + share * steps[within]) / all).clamp(0.0, 1.0) } else { 0.0 };
    let [a, b] = [segment, segment + 1].map(|i| network.points[i as usize]).map(Point::wgs84);
    Hit { shape, place: lerp(a, b, share), distance_m, fraction }
}

/// In the plane of Mercator's projection of the sphere, m at the equator.
fn mercator(place: Wgs84) -> DVec2 {
    // The poles are at infinity; no road leads there.
    let latitude = place.latitude_deg.clamp(-89.0, 89.0).to_radians();
    DVec2::new(place.longitude_deg.to_radians(), latitude.tan().asinh()) * EARTH_RADIUS_M
}
