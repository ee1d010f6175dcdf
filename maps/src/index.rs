//! Which lanes are near a point: an R-tree over short pieces of lanes.

use glam::{DVec2, DVec3};
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use crate::lane::{Lane, LaneId};

/// Segments of a lane's middle in one piece.
const SEGMENTS: usize = 8;

/// A piece of a lane with the rectangle around its edges.
pub(crate) struct Piece {
    pub lane: LaneId,
    /// Segments of the middle, the last not included.
    pub first: usize,
    pub end: usize,
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
        let (low, high) = (self.rectangle.lower(), self.rectangle.upper());
        let nearest = [point[0].clamp(low[0], high[0]), point[1].clamp(low[1], high[1])];
        (nearest[0] - point[0]).powi(2) + (nearest[1] - point[1]).powi(2)
    }
}

pub(crate) struct LaneIndex {
    /// Drivable lanes have a tree of their own: most searches are for these.
    drivable: RTree<Piece>,
    others: RTree<Piece>,
}

impl LaneIndex {
    pub fn new(lanes: &[Lane]) -> Self {
        let pieces = |drivable: bool| {
            let lanes = lanes.iter().filter(|l| l.kind.is_drivable() == drivable);
            RTree::bulk_load(lanes.flat_map(pieces_of).collect())
        };
        Self { drivable: pieces(true), others: pieces(false) }
    }

    fn trees(&self, only_drivable: bool) -> impl Iterator<Item = &RTree<Piece>> {
        std::iter::once(&self.drivable).chain((!only_drivable).then_some(&self.others))
    }

    /// Pieces whose rectangles meet one.
    pub fn in_rectangle(&self, min: DVec2, max: DVec2, only_drivable: bool) -> impl Iterator<Item = &Piece> {
        let rectangle = AABB::from_corners(min.to_array(), max.to_array());
        self.trees(only_drivable).flat_map(move |t| t.locate_in_envelope_intersecting(rectangle))
    }

    /// Pieces by the distance of their rectangles, from the nearest on; first drivable ones, then others.
    pub fn by_distance(
        &self,
        point: DVec3,
        only_drivable: bool,
    ) -> impl Iterator<Item = impl Iterator<Item = (&Piece, f64)>> {
        let point = [point.x, point.y];
        self.trees(only_drivable).map(move |t| t.nearest_neighbor_iter_with_distance_2(point))
    }

    /// The rectangle around all.
    pub fn bounds(&self) -> Option<(DVec2, DVec2)> {
        let corners = self.trees(false).filter(|t| t.size() > 0).map(|t| {
            let envelope = t.root().envelope();
            (DVec2::from_array(envelope.lower()), DVec2::from_array(envelope.upper()))
        });
        corners.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

fn pieces_of(lane: &Lane) -> impl Iterator<Item = Piece> + '_ {
    let points = lane.centre.points();
    let segments = points.len().saturating_sub(1);
    // A lane of a single point still has one piece, without segments.
    let count = segments.div_ceil(SEGMENTS).max(usize::from(!points.is_empty()));
    (0..count).map(move |i| {
        let (first, end) = (i * SEGMENTS, ((i + 1) * SEGMENTS).min(segments));
        let of = first..=end;
        let corners =
            lane.left_edge[of.clone()].iter().chain(&lane.right_edge[of.clone()]).map(|p| p.truncate());
        let middle = points[of].iter().map(|p| p.position.truncate());
        let empty = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        let (min, max) = corners.chain(middle).fold(empty, |(min, max), p| (min.min(p), max.max(p)));
        // Between points the true edge bulges out by less than this.
        let rectangle = AABB::from_corners((min - 0.01).to_array(), (max + 0.01).to_array());
        Piece { lane: lane.id, first, end, rectangle }
    })
}
