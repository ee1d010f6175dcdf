//! From points to detections: what stands on the ground, as boxes in `map`.

use std::ops::Range;

use glam::{DVec2, DVec3};

use crate::cloud::Point;
use crate::cluster::{Clusters, spacing};
use crate::ground::{Ground, pseudo_angle};
use crate::pose::VehiclePose;
use crate::shape::{BoxFit, Rect};
use crate::wall::Walls;

/// What is wider or longer is no road user but part of what is built or grown.
const MAX_WIDTH_M: f64 = 4.0;
const MAX_LENGTH_M: f64 = 20.0;
/// Remains of a structure that are shorter stay part of it.
const MIN_BESIDE_M: f64 = 1.0;
/// What a child at 1 m would get of points from a scanner of 16 channels, a fifth of it; and what is needed at most.
const POINTS_AT_1M: f64 = 700.0;
const MOST_NEEDED: usize = 8;
/// Structures are cut along a grid that is fixed in the map, so that pieces stay where they are as the vehicle moves.
const TILE_M: f64 = 4.0;

/// Something that stands on the ground in one scan.
#[derive(Clone, Debug)]
pub struct Detection {
    /// Its convex hull in [`Detections::hulls`].
    pub hull: Range<usize>,
    /// The box around it.
    pub rect: Rect,
    /// Standard deviation of the box's heading, rad.
    pub yaw_sigma: f64,
    /// Its lowest and highest point above the ground, m.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// Height of the ground below it in `map`, m.
    pub ground_z: f64,
    /// Points on it.
    pub points: usize,
    /// The tile if it is a piece of a large structure.
    pub tile: Option<[i32; 2]>,
}

/// All detections of a scan.
#[derive(Default)]
pub struct Detections {
    /// The detections.
    pub list: Vec<Detection>,
    /// Corners of their hulls in `map`, m.
    pub hulls: Vec<DVec2>,
    /// Where the scanner is, in `map`, m.
    pub sensor: DVec2,
    /// Height of the scanner in `map`, m.
    pub sensor_height: f64,
    /// What hides what.
    pub skyline: Skyline,
}

/// What the detector needs to know.
#[derive(Clone, Copy, Debug)]
pub struct DetectorSettings {
    /// How far it looks, m.
    pub range_m: f64,
    /// What is lower above the ground is ground, m.
    pub ground_clearance_m: f64,
    /// What is higher above the ground is not looked at, m.
    pub max_height_m: f64,
    /// What begins higher above the ground is driven under, m.
    pub overhang_m: f64,
    /// Fewest points of a detection.
    pub min_points: usize,
    /// The scanner, ahead of base_link and above the ground, m.
    pub sensor_x_m: f64,
    /// See `sensor_x_m`.
    pub sensor_z_m: f64,
}

/// Finds detections; keeps its memory between scans.
#[derive(Default)]
pub struct Detector {
    ground: Ground,
    heights: Vec<f32>,
    clusters: Clusters,
    beside: Clusters,
    fit: BoxFit,
    walls: Walls,
    scratch: Scratch,
}

/// Points of one cluster in `map`, and what remains beside walls.
#[derive(Default)]
struct Scratch {
    in_map: Vec<DVec2>,
    rest: Vec<u32>,
    rest_points: Vec<Point>,
    rest_heights: Vec<f32>,
    structure: Vec<u32>,
    tiles: Vec<([i32; 2], u32)>,
    members: Vec<u32>,
}

impl Detector {
    /// Heights of the points of the last scan above the ground, m.
    pub fn heights(&self) -> &[f32] {
        &self.heights
    }

    /// The points of the last scan by cluster, before large ones are cut.
    pub fn clusters(&self) -> impl Iterator<Item = &[u32]> {
        self.clusters.iter()
    }

    /// Finds what stands on the ground in `points`, taken from `pose`.
    pub fn detect(
        &mut self,
        points: &[Point],
        pose: &VehiclePose,
        set: &DetectorSettings,
        out: &mut Detections,
    ) {
        let Self { ground, heights, clusters, beside, fit, walls, scratch } = self;
        out.list.clear();
        out.hulls.clear();
        out.sensor = pose.at(set.sensor_x_m, 0.0);
        out.sensor_height =
            (pose.position + pose.rotation * DVec3::new(set.sensor_x_m, 0.0, set.sensor_z_m)).z;
        ground.heights(points, heights);
        out.skyline.fill(points, heights, pose.heading(), set);
        let (clearance, top) = (set.ground_clearance_m as f32, set.max_height_m as f32);
        // Far away the ground is known less well.
        let band = |height: f32, range: f32| height > clearance + 0.003 * range && height < top;
        clusters.find(points, heights, band, set.range_m as f32, spacing(points.len()));
        let source = Source { points, heights, pose, set };
        for members in clusters.iter() {
            if members.len() < source.fewest(members) || source.lowest(members) > set.overhang_m {
                continue;
            }
            source.to_map(members, &mut scratch.in_map);
            let detection = source.detection(members, &scratch.in_map, fit, out);
            if is_large(&detection.rect) {
                out.hulls.truncate(detection.hull.start);
                split(&source, members, beside, fit, walls, scratch, out);
            } else {
                out.list.push(detection);
            }
        }
    }
}

fn is_large(rect: &Rect) -> bool {
    rect.width > MAX_WIDTH_M || rect.length > MAX_LENGTH_M
}

/// Takes road users off the walls that they stand beside, and cuts the rest along the tiles.
fn split(
    source: &Source<'_>,
    members: &[u32],
    beside: &mut Clusters,
    fit: &mut BoxFit,
    walls: &mut Walls,
    s: &mut Scratch,
    out: &mut Detections,
) {
    s.rest.clear();
    s.structure.clear();
    let is_wall = walls.find(&s.in_map);
    for (member, wall) in members.iter().zip(is_wall) {
        if *wall { s.structure.push(*member) } else { s.rest.push(*member) }
    }
    if s.structure.is_empty() {
        s.structure.append(&mut s.rest);
    }
    s.rest_points.clear();
    s.rest_points.extend(s.rest.iter().map(|i| source.points[*i as usize]));
    s.rest_heights.clear();
    s.rest_heights.extend(s.rest.iter().map(|i| source.heights[*i as usize]));
    let spacing = spacing(source.points.len());
    beside.find(&s.rest_points, &s.rest_heights, |_, _| true, source.set.range_m as f32, spacing);
    for part in beside.iter() {
        s.members.clear();
        s.members.extend(part.iter().map(|i| s.rest[*i as usize]));
        source.to_map(&s.members, &mut s.in_map);
        let detection = source.detection(&s.members, &s.in_map, fit, out);
        let alone = detection.rect.length >= MIN_BESIDE_M && part.len() >= source.set.min_points;
        if alone && !is_large(&detection.rect) {
            out.list.push(detection);
        } else {
            out.hulls.truncate(detection.hull.start);
            s.structure.extend_from_slice(&s.members);
        }
    }
    source.to_map(&s.structure, &mut s.in_map);
    let tile = |p: &DVec2| [(p.x / TILE_M).floor() as i32, (p.y / TILE_M).floor() as i32];
    s.tiles.clear();
    s.tiles.extend(s.in_map.iter().zip(&s.structure).map(|(p, i)| (tile(p), *i)));
    s.tiles.sort_unstable();
    for piece in s.tiles.chunk_by(|a, b| a.0 == b.0).filter(|piece| piece.len() >= 2) {
        s.members.clear();
        s.members.extend(piece.iter().map(|(_, i)| *i));
        source.to_map(&s.members, &mut s.in_map);
        let detection = source.detection(&s.members, &s.in_map, fit, out);
        out.list.push(Detection { tile: Some(piece[0].0), ..detection });
    }
}

/// The scan that detections are made from.
struct Source<'a> {
    points: &'a [Point],
    heights: &'a [f32],
    pose: &'a VehiclePose,
    set: &'a DetectorSettings,
}

impl Source<'_> {
    /// Fewest points of an object: near the scanner even a child gets so many.
    fn fewest(&self, members: &[u32]) -> usize {
        let range2 = members.first().map_or(0.0, |i| self.point(*i).truncate().length_squared());
        ((POINTS_AT_1M / range2.max(1.0)) as usize).clamp(self.set.min_points, MOST_NEEDED)
    }

    fn lowest(&self, members: &[u32]) -> f64 {
        f64::from(members.iter().map(|i| self.heights[*i as usize]).fold(f32::INFINITY, f32::min))
    }

    fn point(&self, index: u32) -> DVec3 {
        DVec3::from_array(self.points[index as usize].map(f64::from))
    }

    fn to_map(&self, members: &[u32], in_map: &mut Vec<DVec2>) {
        let (rotation, position) = self.pose.matrix();
        in_map.clear();
        in_map.extend(members.iter().map(|i| (rotation * self.point(*i) + position).truncate()));
    }

    fn detection(
        &self,
        members: &[u32],
        in_map: &[DVec2],
        fit: &mut BoxFit,
        out: &mut Detections,
    ) -> Detection {
        let from = out.hulls.len();
        fit.hull(in_map.iter().copied(), &mut out.hulls);
        let rect = fit.fit(in_map.iter().copied(), &out.hulls[from..]);
        let (mut low, mut high, mut ground) = (f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY);
        for i in members {
            let height = self.heights[*i as usize];
            (low, high) = (low.min(height), high.max(height));
            ground = ground.min(self.points[*i as usize][2] - height);
        }
        let foot = members.first().map_or(DVec3::ZERO, |i| self.point(*i).with_z(f64::from(ground)));
        Detection {
            hull: from..out.hulls.len(),
            rect,
            yaw_sigma: yaw_sigma(&rect),
            low: f64::from(low),
            high: f64::from(high),
            ground_z: (self.pose.position + self.pose.rotation * foot).z,
            points: members.len(),
            tile: None,
        }
    }
}

/// How well the heading of a box is known: long sides fix it, small and square ones hardly do.
fn yaw_sigma(rect: &Rect) -> f64 {
    let square = rect.width > 0.8 * rect.length;
    let base = 0.03 + 0.15 / rect.length.max(0.15);
    if rect.length < 0.8 {
        1.0
    } else if square {
        base.max(0.3)
    } else {
        base
    }
}

/// How far one can see in each direction.
pub struct Skyline {
    nearest: Vec<f32>,
    heading: f64,
    sensor_x: f32,
    /// Slope of the lowest beam, m/m.
    lowest: f32,
}

const DIRECTIONS: usize = 720;

impl Default for Skyline {
    fn default() -> Self {
        Self { nearest: vec![f32::INFINITY; DIRECTIONS], heading: 0.0, sensor_x: 0.0, lowest: 0.0 }
    }
}

impl Skyline {
    fn index(x: f32, y: f32) -> usize {
        ((pseudo_angle(x, y) * (DIRECTIONS as f32 / 4.0)) as usize).min(DIRECTIONS - 1)
    }

    fn fill(&mut self, points: &[Point], heights: &[f32], heading: f64, set: &DetectorSettings) {
        self.nearest.fill(f32::INFINITY);
        (self.heading, self.sensor_x) = (heading, set.sensor_x_m as f32);
        self.lowest = 0.0;
        for ([x, y, z], height) in points.iter().zip(heights) {
            let (dx, sensor_z) = (x - self.sensor_x, set.sensor_z_m as f32);
            let range = (dx * dx + y * y).sqrt();
            self.lowest = self.lowest.min((z - sensor_z) / range.max(0.5));
            // What hides a road user reaches to its height.
            if *height > 0.8 && *height < 2.0 {
                let nearest = &mut self.nearest[Self::index(dx, *y)];
                *nearest = nearest.min(range);
            }
        }
    }

    /// Whether something so high (m, relative to the scanner) lies below the lowest beam at a distance of `range_m`.
    pub fn is_below(&self, height_m: f64, range_m: f64) -> bool {
        height_m < f64::from(self.lowest) * range_m
    }

    /// Whether something stands between the scanner and a point that lies `offset` (m, in `map`) from it.
    pub fn hides(&self, offset: DVec2) -> bool {
        const MARGIN_M: f32 = 1.0;
        let local = DVec2::from_angle(-self.heading).rotate(offset).as_vec2();
        self.nearest[Self::index(local.x, local.y)] + MARGIN_M < local.length()
    }
}
