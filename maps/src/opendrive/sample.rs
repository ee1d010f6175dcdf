//! From a lane's polynomials to points: close enough for the curve, and no closer.

use glam::DVec3;

use super::cubic::{Cubic, Jet, piece_at};
use super::model::{LaneRecord, Road, Section};
use super::surface::Surface;
use crate::polyline::{PolylinePoint, SAME_POINT_M, wrap_angle};

/// Points are at most this far apart, m.
const SPACING_M: f64 = 1.99;
/// Chords deviate less than this from the middle, and less than twice this from the edges, m.
const DEVIATION_M: f64 = 0.005;
/// Places where a polynomial of the file changes closer to each other than this are one, m.
const SAME_PLACE_M: f64 = 1e-6;
/// Where geometries of the file miss each other by less than this, the later one's first point is left out, m.
const JOINT_M: f64 = 0.02;

/// A cross-section of a lane, looking along the road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// On the road, m.
    pub s: f64,
    pub centre: PolylinePoint,
    pub left: DVec3,
    pub right: DVec3,
}

/// The points of a lane along its road.
pub(super) struct Samples {
    pub samples: Vec<Sample>,
    /// Whether it runs backwards somewhere, inside of a curve that is too tight for it.
    pub folded: bool,
}

/// More points than the map may have.
pub(super) struct TooMany;

/// Samples a lane; `budget` is how many points the map may still have.
pub(super) fn lane(road: &Road, section: &Section, id: i32, budget: &mut usize) -> Result<Samples, TooMany> {
    let inward = inward(section, id);
    let (from, to) = (section.s.min(road.length), section.end(id).min(road.length));
    let mut out = Collector { samples: vec![], folded: false, budget };
    let places = places(road, &inward, from, to);
    for pair in places.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let stretch = Stretch::new(road, &inward, 0.5 * (from + to));
        stretch.sample(from, to, &mut out)?;
    }
    Ok(Samples { samples: out.samples, folded: out.folded })
}

/// The lane and those between it and the middle, from the middle outwards.
fn inward(section: &Section, id: i32) -> Vec<&LaneRecord> {
    let mut lanes: Vec<_> = section
        .lanes
        .iter()
        .filter(|l| l.id != 0 && l.id.signum() == id.signum() && l.id.unsigned_abs() <= id.unsigned_abs())
        .collect();
    lanes.sort_by_key(|l| l.id.unsigned_abs());
    lanes
}

/// Where anything changes, with both ends.
fn places(road: &Road, inward: &[&LaneRecord], from: f64, to: f64) -> Vec<f64> {
    let starts = |pieces: &[Cubic]| pieces.iter().map(|p| p.start).collect::<Vec<_>>();
    let mut places: Vec<f64> = road.plan.iter().map(|g| g.s).collect();
    places.extend(starts(&road.elevation));
    places.extend(starts(&road.superelevation));
    places.extend(starts(&road.lane_offset));
    places.extend(road.shapes.iter().map(|(s, _)| *s));
    for lane in inward {
        places.extend(starts(&lane.widths));
        places.extend(starts(&lane.borders));
        places.extend(lane.heights.iter().map(|h| h.0));
    }
    places.retain(|s| *s > from + SAME_PLACE_M && *s < to - SAME_PLACE_M);
    places.extend([from, to]);
    places.sort_by(f64::total_cmp);
    places.dedup_by(|a, b| (*a - *b).abs() < SAME_PLACE_M && *a < to);
    if places.len() < 2 {
        places.push(to);
    }
    places
}

/// How far a lane reaches outwards.
enum Reach {
    Width(Cubic),
    Border(Cubic),
}

/// A piece of a lane on which no polynomial changes.
struct Stretch<'a> {
    surface: Surface<'a>,
    offset: Cubic,
    side: f64,
    /// From the middle outwards; the last is the lane itself.
    reaches: Vec<Reach>,
    /// Which of these, from inside, is the first level one.
    level_from: Option<usize>,
    inner_height: f64,
    outer_height: f64,
}

impl<'a> Stretch<'a> {
    fn new(road: &'a Road, inward: &[&LaneRecord], s: f64) -> Self {
        let reach = |lane: &&LaneRecord| {
            if lane.widths.is_empty() && !lane.borders.is_empty() {
                Reach::Border(piece_at(&lane.borders, s))
            } else {
                Reach::Width(piece_at(&lane.widths, s))
            }
        };
        let heights = inward.last().map_or(&[][..], |l| &l.heights[..]);
        let height = heights.partition_point(|h| h.0 <= s).checked_sub(1).map(|i| heights[i]);
        Self {
            surface: Surface::at(road, s),
            offset: piece_at(&road.lane_offset, s),
            side: f64::from(inward.last().map_or(1, |l| l.id.signum())),
            reaches: inward.iter().map(reach).collect(),
            level_from: inward.iter().position(|l| l.level),
            inner_height: height.map_or(0.0, |h| h.1),
            outer_height: height.map_or(0.0, |h| h.2),
        }
    }

    fn at(&self, s: f64) -> (Sample, bool) {
        let offset = self.offset.jet(s);
        let (mut inner, mut outer) = (Jet::default(), Jet::default());
        let mut level_t = None;
        for (i, reach) in self.reaches.iter().enumerate() {
            inner = outer;
            if self.level_from == Some(i) {
                level_t = Some(offset.value + self.side * inner.value);
            }
            outer = match reach {
                Reach::Width(width) => {
                    let width = width.jet(s);
                    if width.value > 0.0 { inner + width } else { inner }
                }
                Reach::Border(border) => {
                    let border = border.jet(s);
                    let border = if border.value < 0.0 { border * -1.0 } else { border };
                    if border.value > inner.value { border } else { inner }
                }
            };
        }
        let (inner, outer) = (offset + inner * self.side, offset + outer * self.side);
        let middle = (inner + outer) * 0.5;
        let point = |t: Jet, height: f64| {
            let mut point = self.surface.point(s, t, level_t.unwrap_or(t.value));
            point.position.z += height;
            point
        };
        let centre = point(middle, 0.5 * (self.inner_height + self.outer_height));
        let edges = (point(inner, self.inner_height), point(outer, self.outer_height));
        let (left, right) = if self.side > 0.0 { (edges.1, edges.0) } else { edges };
        let sample = Sample {
            s,
            centre: PolylinePoint {
                s: 0.0,
                position: centre.position,
                heading: wrap_angle(centre.heading),
                curvature: centre.curvature,
            },
            left: left.position,
            right: right.position,
        };
        (sample, centre.folded)
    }

    fn sample(&self, from: f64, to: f64, out: &mut Collector<'_>) -> Result<(), TooMany> {
        let parts = ((to - from) / SPACING_M).ceil().max(1.0);
        if parts > *out.budget as f64 {
            return Err(TooMany);
        }
        let (mut a, folded) = self.at(from);
        out.push(a, folded)?;
        for i in 1..=parts as usize {
            let s = if i as f64 == parts { to } else { from + (to - from) * i as f64 / parts };
            let (b, folded) = self.at(s);
            self.between(&a, &b, 12, out)?;
            out.push(b, folded)?;
            a = b;
        }
        out.end(a);
        Ok(())
    }

    /// Adds points between two until the chords are close to the curves.
    fn between(&self, a: &Sample, b: &Sample, depth: u32, out: &mut Collector<'_>) -> Result<(), TooMany> {
        let (middle, folded) = self.at(0.5 * (a.s + b.s));
        let off = |a: DVec3, b: DVec3, m: DVec3| distance_to_chord(a, b, m);
        let (p, q) = (a.centre.position, b.centre.position);
        let fine = p.truncate().distance(q.truncate()) <= SPACING_M + 0.01
            && off(p, q, middle.centre.position) <= DEVIATION_M
            && off(a.left, b.left, middle.left) <= 2.0 * DEVIATION_M
            && off(a.right, b.right, middle.right) <= 2.0 * DEVIATION_M;
        if fine || depth == 0 {
            return Ok(());
        }
        self.between(a, &middle, depth - 1, out)?;
        out.push(middle, folded)?;
        self.between(&middle, b, depth - 1, out)
    }
}

fn distance_to_chord(a: DVec3, b: DVec3, point: DVec3) -> f64 {
    let chord = b - a;
    let length = chord.length_squared();
    let u = if length > 0.0 { ((point - a).dot(chord) / length).clamp(0.0, 1.0) } else { 0.0 };
    point.distance(a + chord * u)
}

struct Collector<'b> {
    samples: Vec<Sample>,
    folded: bool,
    budget: &'b mut usize,
}

impl Collector<'_> {
    fn gap(&self, sample: &Sample) -> f64 {
        let last = self.samples.last().map(|l| l.centre.position.truncate());
        last.map_or(f64::INFINITY, |last| last.distance(sample.centre.position.truncate()))
    }

    fn push(&mut self, sample: Sample, folded: bool) -> Result<(), TooMany> {
        self.folded |= folded;
        let joint = self.samples.last().is_some_and(|l| (l.s - sample.s).abs() < SAME_PLACE_M);
        if self.gap(&sample) < if joint { JOINT_M } else { SAME_POINT_M } {
            return Ok(());
        }
        *self.budget = self.budget.checked_sub(1).ok_or(TooMany)?;
        self.samples.push(sample);
        Ok(())
    }

    /// The last point of a stretch is kept exactly.
    fn end(&mut self, sample: Sample) {
        if self.samples.last().is_some_and(|l| l.s == sample.s) {
            return;
        }
        while self.samples.len() > 1 && self.gap(&sample) < SAME_POINT_M {
            self.samples.pop();
        }
        if self.gap(&sample) >= SAME_POINT_M {
            self.samples.push(sample);
        }
    }
}
