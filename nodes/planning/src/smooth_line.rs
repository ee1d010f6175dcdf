//! Makes the middles of lanes drivable: smooth, no tighter than the vehicle can steer, and so that its outline stays
//! within the lane where the middle alone would take it out.

use glam::DVec2;
use vehicle::VehicleParams;

use crate::line::ReferenceLine;
use crate::route_line::{LINE_STEP_M, RawPoint};
use crate::smooth::{whittaker, whittaker_transposed};

/// Waves shorter than about 8 m are taken out: a step of curvature becomes a ramp of some 4 m, which the steering can
/// follow at the speed of such a curve, and costs less than a decimetre of deviation in the tightest ones.
const STIFFNESS: f64 = 250.0;
/// Share of the highest curvature that is planned with; the rest is for control.
const CURVATURE_SHARE: f64 = 0.9;
/// What the outline keeps from the edge of the lane, m.
const EDGE_MARGIN_M: f64 = 0.15;
/// How often the line is moved to bring the outline back into the lane.
const OUTLINE_ROUNDS: usize = 12;
/// What is wanted stays this near to the lane's middle, m.
const MAX_WANTED_OFFSET_M: f64 = 1.5;
/// Points of less weight than this do not hold the line: it is moved by those around them.
const FREE_BELOW: f64 = 0.5;
/// Step of that in each round, against the gradient.
const AROUND_GAIN: f64 = 0.4;

/// The smooth line, and for each of its points how far to its left the lane's middle lies, m.
///
/// `on_road` says of a point, its height and the line's heading there whether vehicles of that direction may be there
/// although it is not on the lane: beside it, or within a junction.
pub fn smooth(
    raw: &[RawPoint],
    vehicle: &VehicleParams,
    on_road: impl Fn(DVec2, f64, f64) -> bool,
) -> (ReferenceLine, Vec<f64>) {
    let middle: Vec<DVec2> = raw.iter().map(|p| p.position).collect();
    let heights: Vec<f64> = raw.iter().map(|p| p.z).collect();
    let limit = CURVATURE_SHARE * vehicle.max_curvature_per_m();
    let mut weights = vec![1.0; raw.len()];
    let mut wanted = middle.clone();
    let mut line = within_curvature(&wanted, &heights, &mut weights, limit);
    let mut best: Option<(f64, ReferenceLine)> = None;
    for _ in 0..OUTLINE_ROUNDS {
        let moves = outline_moves(&line, raw, &middle, vehicle, &on_road);
        let out: f64 = moves.iter().map(|m| m.abs()).sum();
        if best.as_ref().is_none_or(|(least, _)| out < *least) {
            best = Some((out, line.clone()));
        }
        if moves.iter().all(|m| m.abs() < 0.01) {
            break;
        }
        let steps = steps(&line, &moves, &weights);
        for ((wanted, step), middle) in wanted.iter_mut().zip(steps).zip(&middle) {
            *wanted = *middle + (*wanted + step - *middle).clamp_length_max(MAX_WANTED_OFFSET_M);
        }
        line = within_curvature(&wanted, &heights, &mut weights, limit);
    }
    // Where there is not room enough on both sides the rounds need not get better and better.
    let line = best.map_or(line, |(_, line)| line);
    let offsets = line.points().iter().zip(&middle).map(|(p, m)| p.normal().dot(*m - p.position));
    let offsets = offsets.collect();
    (line, offsets)
}

/// Smooths; where the line is still tighter than `limit` it may deviate more, again and again.
fn within_curvature(wanted: &[DVec2], heights: &[f64], weights: &mut [f64], limit: f64) -> ReferenceLine {
    let n = wanted.len();
    let mut line = ReferenceLine::default();
    for _ in 0..15 {
        weights[0] = 100.0;
        weights[n - 1] = 100.0;
        line = ReferenceLine::through(&whittaker(wanted, weights, STIFFNESS), heights);
        let tight: Vec<usize> = (1..n - 1).filter(|i| line.points()[*i].curvature.abs() > limit).collect();
        if tight.is_empty() {
            break;
        }
        let reach = (3.0 / LINE_STEP_M) as usize;
        let mut near = vec![false; n];
        for i in tight {
            near[i.saturating_sub(reach)..(i + reach).min(n)].fill(true);
        }
        for (weight, near) in weights.iter_mut().zip(near) {
            if near {
                *weight *= 0.6;
            }
        }
    }
    line
}

/// How far each point of the line is to be moved to the left, m, so that the corners of the vehicle's outline at that
/// point stay within the lane. Where both sides are out it is moved to the middle of them.
fn outline_moves(
    line: &ReferenceLine,
    raw: &[RawPoint],
    middle: &[DVec2],
    vehicle: &VehicleParams,
    on_road: &impl Fn(DVec2, f64, f64) -> bool,
) -> Vec<f64> {
    let half = 0.5 * vehicle.width_m;
    let stations = [-vehicle.rear_overhang_m, 0.5 * vehicle.wheelbase_m, vehicle.front_m()];
    let points = line.points();
    let outside = |i: usize, x: f64, side: f64| {
        let p = &points[i];
        let corner = p.position + DVec2::from_angle(p.heading) * x + p.normal() * (side * half);
        let expected = i as f64 + x / LINE_STEP_M;
        let j = nearest(middle, corner, expected);
        let (a, b) = (middle[j.saturating_sub(1)], middle[(j + 1).min(middle.len() - 1)]);
        let left = (b - a).normalize_or_zero().perp_dot(corner - middle[j]);
        let beyond = if side > 0.0 { left - raw[j].left_m } else { raw[j].right_m - left };
        let out = beyond + EDGE_MARGIN_M;
        let with_margin = corner + p.normal() * (side * EDGE_MARGIN_M);
        if out > 0.0 && on_road(with_margin, p.z, p.heading) { 0.0 } else { out }
    };
    let worst = |i: usize, side: f64| stations.iter().map(|x| outside(i, *x, side)).fold(f64::MIN, f64::max);
    let at = |i: usize| {
        let (left, right) = (worst(i, 1.0), worst(i, -1.0));
        if left <= 0.0 && right <= 0.0 {
            0.0
        } else if left > 0.0 && right > 0.0 || left + right > 0.0 {
            // Not enough room: share it.
            0.5 * (right - left)
        } else if left > 0.0 {
            -left
        } else {
            right
        }
    };
    (0..points.len()).map(at).collect()
}

/// Number of the point nearest to `point`, around an expected number.
fn nearest(points: &[DVec2], point: DVec2, expected: f64) -> usize {
    let reach = 12.0;
    let last = points.len() - 1;
    let from = (expected - reach).clamp(0.0, last as f64) as usize;
    let to = (expected + reach).clamp(0.0, last as f64) as usize;
    let distance = |i: &usize| points[*i].distance_squared(point);
    (from..=to).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

/// How what is wanted has to move for the line to make `moves`, m to the left: as these do, where it holds the line. In
/// curves that are as tight as the vehicle steers the line is free to deviate, and follows what is wanted around there.
fn steps(line: &ReferenceLine, moves: &[f64], weights: &[f64]) -> Vec<DVec2> {
    let (mut held, mut free) = (moves.to_vec(), moves.to_vec());
    for (i, weight) in weights.iter().enumerate() {
        let other = if *weight < FREE_BELOW { &mut held } else { &mut free };
        other[i] = 0.0;
    }
    let normals = || line.points().iter().map(|p| p.normal());
    let wishes: Vec<DVec2> = normals().zip(free).map(|(normal, m)| normal * m).collect();
    let around = whittaker_transposed(&wishes, weights, STIFFNESS);
    let held = normals().zip(spread(&held)).map(|(normal, m)| normal * m);
    held.zip(around).map(|(held, around)| held + AROUND_GAIN * around).collect()
}

/// Takes most of each move, widened over some metres so that no kink comes in.
fn spread(moves: &[f64]) -> Vec<f64> {
    let reach = (2.0 / LINE_STEP_M) as usize;
    let n = moves.len();
    let mean = |i: usize| {
        let window = &moves[i.saturating_sub(reach)..(i + reach + 1).min(n)];
        let sum: f64 = window.iter().sum();
        0.8 * sum / window.len() as f64
    };
    (0..n).map(mean).collect()
}
