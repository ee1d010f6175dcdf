//! Objects, with their repetitions.

use glam::{DVec2, DVec3};

use super::build::Build;
use super::model::{Corner, Repeat, Road, RoadObject};
use super::surface::road_point;
use super::xml::Source;
use crate::lane::{Object, ObjectShape};
use crate::polyline::wrap_angle;

/// No map needs more objects.
const MOST_OBJECTS: usize = 200_000;
/// Walls and rails that go on without gaps are cut into pieces this long, m.
const PIECE_M: f64 = 4.0;
/// What has no size in the file is as thick as a post, m.
const POST_RADIUS_M: f64 = 0.1;

/// All objects of the map.
pub(super) fn make(build: &Build<'_>, source: &mut Source) -> Vec<Object> {
    let mut objects = vec![];
    for road in &build.network.roads {
        for object in &road.objects {
            let left = MOST_OBJECTS - objects.len();
            let mut made = if object.repeats.is_empty() {
                vec![single(road, object, object.s, object.t)]
            } else {
                object.repeats.iter().flat_map(|r| repeated(road, object, r, left)).collect()
            };
            if made.len() > left {
                let place = source.place(object.line, Some(&road.id), None);
                source.warn(
                    place,
                    format!("the map has more than {MOST_OBJECTS} objects; the others are left out"),
                );
                made.truncate(left);
            }
            objects.append(&mut made);
        }
    }
    objects
}

fn single(road: &Road, object: &RoadObject, s: f64, t: f64) -> Object {
    let point = road_point(road, s, t);
    let heading = wrap_angle(point.heading + object.heading);
    let mut made = Object {
        key: object.id.clone(),
        kind: object.kind.clone(),
        name: object.name.clone(),
        position: point.position + DVec3::Z * object.z,
        heading,
        height_m: object.height,
        shape: ObjectShape::Cylinder { radius_m: POST_RADIUS_M },
    };
    let outline = outline(road, object, s, t, &made);
    if outline.len() >= 3 {
        let corner_height = |c: &Corner| match c {
            Corner::Road { height, .. } | Corner::Local { height, .. } => *height,
        };
        if made.height_m == 0.0 {
            made.height_m = object.outline.iter().map(corner_height).fold(0.0, f64::max);
        }
        made.position = (outline.iter().sum::<DVec2>() / outline.len() as f64).extend(made.position.z);
        made.shape = ObjectShape::Outline(outline);
    } else if object.length > 0.0 && object.width > 0.0 {
        made.shape = ObjectShape::Box { length_m: object.length, width_m: object.width };
    } else if object.radius > 0.0 {
        made.shape = ObjectShape::Cylinder { radius_m: object.radius };
    } else if object.length.max(object.width) > 0.0 {
        let thin = 2.0 * POST_RADIUS_M;
        made.shape = ObjectShape::Box { length_m: object.length.max(thin), width_m: object.width.max(thin) };
    }
    made
}

/// The outline in map, counter-clockwise. Corners on the road move along with a repetition at `s`, `t`.
fn outline(road: &Road, object: &RoadObject, s: f64, t: f64, placed: &Object) -> Vec<DVec2> {
    let (along, across) = if object.repeats.is_empty() { (0.0, 0.0) } else { (s - object.s, t - object.t) };
    let local = DVec2::from_angle(placed.heading);
    let corner = |c: &Corner| match *c {
        Corner::Road { s, t, .. } => road_point(road, s + along, t + across).position.truncate(),
        Corner::Local { u, v, .. } => placed.position.truncate() + local.rotate(DVec2::new(u, v)),
    };
    let mut corners: Vec<DVec2> = object.outline.iter().map(corner).collect();
    if corners.len() > 3 && corners.first() == corners.last() {
        corners.pop();
    }
    let area: f64 = (0..corners.len()).map(|i| corners[i].perp_dot(corners[(i + 1) % corners.len()])).sum();
    if area < 0.0 {
        corners.reverse();
    }
    corners
}

fn repeated(road: &Road, object: &RoadObject, repeat: &Repeat, most: usize) -> Vec<Object> {
    let length = repeat.length.min((road.length - repeat.s).max(0.0));
    let (step, joined) = if repeat.distance > 0.0 { (repeat.distance, false) } else { (PIECE_M, true) };
    let count = if joined { (length / step).ceil().max(1.0) } else { (length / step).floor() + 1.0 };
    let count = (count as usize).min(most + 1);
    let step = if joined { length / count as f64 } else { step };
    let range =
        |range: Option<(f64, f64)>, default: f64, u: f64| range.map_or(default, |(a, b)| a + (b - a) * u);
    let make = |i: usize| {
        let s = repeat.s + step * (i as f64 + if joined { 0.5 } else { 0.0 });
        let u = if length > 0.0 { ((s - repeat.s) / length).clamp(0.0, 1.0) } else { 0.0 };
        let mut copy = object.clone();
        copy.z = range(repeat.z, object.z, u);
        copy.height = range(repeat.height, object.height, u).max(0.0);
        copy.width = range(repeat.width, object.width, u).max(0.0);
        copy.length = if joined { step } else { range(repeat.object_length, object.length, u).max(0.0) };
        if joined {
            copy.outline.clear();
            copy.radius = 0.0;
        }
        single(road, &copy, s, range(repeat.t, object.t, u))
    };
    (0..count).map(make).collect()
}
