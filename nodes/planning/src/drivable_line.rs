//! Makes the middles of lanes drivable: smooth, no tighter than the vehicle can steer, and so that its outline stays on
//! the road where the middle alone would take it off.
//!
//! The line is first smoothed. If the vehicle cannot drive that, its points are moved along their normals so that the sum
//! of squares of what is unwanted gets least: distance from the lane's middle, change of curvature, and, with high
//! weights, what is beyond a bound (a penalty method, as in C. Rösmann et al., "Trajectory modification considering
//! dynamic constraints of autonomous robots", 2012). Solved by Levenberg and Marquardt's method; each step is linear in
//! the number of points.

use std::ops::Range;

use glam::DVec2;
use vehicle::VehicleParams;

use crate::band::BandedLeastSquares;
use crate::corridor::{Corridor, Side};
use crate::line::{LinePoint, ReferenceLine};
use crate::route_line::{LINE_STEP_M, RawPoint};
use crate::smooth::whittaker;
use crate::surface::Surface;

/// Waves shorter than about 8 m are taken out: a step of curvature becomes a ramp of some 4 m, which the steering can
/// follow at the speed of such a curve, and costs less than a decimetre of deviation in the tightest ones.
const STIFFNESS: f64 = 250.0;
/// Share of the highest curvature that is planned with; the rest is for control.
const CURVATURE_SHARE: f64 = 0.9;
/// What the outline keeps from an edge, m.
const EDGE_MARGIN_M: f64 = 0.2;
/// What is left of that at least where the vehicle can drive, m: as much as control may be off.
const CLEARANCE_M: f64 = 0.1;
/// What is beyond a bound by less than this is not worth a correction: m, and share of the highest curvature.
const NEGLIGIBLE_M: f64 = 0.01;
const NEGLIGIBLE_SHARE: f64 = 0.01;

/// Weights, of squares in m^2 and in 1/m^2.
const OFFSET_WEIGHT: f64 = 1.0;
const CHANGE_WEIGHT: f64 = 100.0;
const LANE_WEIGHT: f64 = 1.0;
const ROAD_WEIGHT: f64 = 2e3;
const CURVATURE_WEIGHT: f64 = 1e6;
/// The ends stay where they are, with their curvature.
const END_WEIGHT: f64 = 1e7;
const FIXED: usize = 3;

/// How far around a place that is no good the line may be moved, m.
const AROUND_M: f64 = 20.0;
/// Steps of the solver, and the weight of the change of curvature that holds the first one back.
const MAX_STEPS: usize = 80;
const FIRST_DAMPING: f64 = 1e4;
/// It is done when a step makes the sum less by a smaller share than this.
const LEAST_GAIN: f64 = 1e-4;

/// A line along lanes, and how well a vehicle can drive it.
pub struct DrivableLine {
    /// The line; a point for each point of the middle.
    pub line: ReferenceLine,
    /// For each of its points how far to its left the lane's middle lies, m.
    pub offsets: Vec<f64>,
    /// Where the vehicle can't drive it.
    pub misfits: Vec<Misfit>,
}

/// A place where the vehicle can't stay on the road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misfit {
    /// Number of the point.
    pub index: usize,
    /// How far its outline, a little wider for control, is off the road, m.
    pub off_road_m: f64,
    /// How much tighter the line is than the vehicle steers, as a share.
    pub too_tight: f64,
}

impl Misfit {
    /// About how far the vehicle would be off, m: a curve of some metres that it can't follow carries it out.
    pub fn off_by_m(&self) -> f64 {
        const CARRIED_M: f64 = 7.0;
        self.off_road_m + CARRIED_M * self.too_tight
    }
}

/// The line along the middle of lanes. `driven` are the numbers of the points that the vehicle gets to; those before and
/// behind only give directions.
pub fn drivable_line(
    raw: &[RawPoint],
    driven: Range<usize>,
    vehicle: &VehicleParams,
    surface: &Surface<'_>,
) -> DrivableLine {
    let middle: Vec<DVec2> = raw.iter().map(|p| p.position).collect();
    let heights: Vec<f64> = raw.iter().map(|p| p.z).collect();
    let corridor = Corridor::new(raw, surface);
    let fit = Fit { corridor: &corridor, vehicle, driven, first: 0, heights: &heights };
    let smooth = ReferenceLine::through(&whittaker(&middle, STIFFNESS), &heights);
    let stretches = fit.stretches(&smooth);
    let line = fit.improve(&smooth, &stretches);
    let offset = |(i, p): (usize, &LinePoint)| {
        let (offset, left) = corridor.offset(p.position, i as f64);
        -offset / left.dot(p.normal()).max(0.5)
    };
    let offsets = line.points().iter().enumerate().map(offset).collect();
    let misfits = fit.misfits(&line, stretches.into_iter().flatten(), surface);
    DrivableLine { line, offsets, misfits }
}

struct Fit<'a> {
    corridor: &'a Corridor<'a>,
    vehicle: &'a VehicleParams,
    /// Numbers in the corridor of the points that the vehicle gets to.
    driven: Range<usize>,
    /// Number in the corridor of the first point.
    first: usize,
    heights: &'a [f64],
}

impl Fit<'_> {
    fn max_curvature(&self) -> f64 {
        CURVATURE_SHARE * self.vehicle.max_curvature_per_m()
    }

    /// Corners of the outline, ahead and to the left of base_link, m. The one beside base_link cuts curves the most.
    fn corners(&self) -> [(f64, Side); 8] {
        let at = [-self.vehicle.rear_overhang_m, 0.0, self.vehicle.wheelbase_m, self.vehicle.front_m()];
        std::array::from_fn(|i| (at[i / 2], if i % 2 == 0 { Side::Left } else { Side::Right }))
    }

    /// Numbers of the points at which the line is beyond a bound.
    fn undrivable(&self, line: &ReferenceLine) -> Vec<usize> {
        let mut found = vec![];
        self.bounds(line, |i, _, beyond, bound| {
            let negligible = match bound {
                Bound::Road => NEGLIGIBLE_M,
                Bound::Curvature => NEGLIGIBLE_SHARE * self.max_curvature(),
                Bound::Lane => f64::INFINITY,
            };
            if beyond > negligible && found.last() != Some(&i) {
                found.push(i);
            }
        });
        found
    }

    /// Looks for places that are no good after all.
    fn misfits(
        &self,
        line: &ReferenceLine,
        among: impl Iterator<Item = usize>,
        surface: &Surface<'_>,
    ) -> Vec<Misfit> {
        let mut off_road_m = vec![0.0_f64; line.points().len()];
        self.bounds(line, |i, _, beyond, bound| {
            if bound == Bound::Road {
                off_road_m[i] = off_road_m[i].max(beyond - EDGE_MARGIN_M + CLEARANCE_M);
            }
        });
        let limit = self.vehicle.max_curvature_per_m();
        let misfit = |index: usize| {
            let p = &line.points()[index];
            // The corridor is only as exact as the places on which it was looked at.
            let corners =
                self.corners().map(|(x, side)| surface.off_road_m(self.corner(p, x, side, CLEARANCE_M), p.z));
            let off_road_m = corners.into_iter().fold(off_road_m[index], f64::max);
            Misfit { index, off_road_m, too_tight: (p.curvature.abs() / limit - 1.0).max(0.0) }
        };
        among
            .filter(|i| self.driven.contains(i))
            .map(misfit)
            .filter(|m| m.off_road_m > 0.0 || m.too_tight > 0.0)
            .collect()
    }

    /// A corner of the outline, made wider on that side.
    fn corner(&self, p: &LinePoint, x: f64, side: Side, wider_m: f64) -> DVec2 {
        let y = side.sign() * (0.5 * self.vehicle.width_m + wider_m);
        p.position + DVec2::from_angle(p.heading) * x + p.normal() * y
    }

    /// Moves the points where the vehicle can't drive the line, and those around them.
    fn improve(&self, line: &ReferenceLine, stretches: &[Range<usize>]) -> ReferenceLine {
        let mut points: Vec<DVec2> = line.points().iter().map(|p| p.position).collect();
        for stretch in stretches.iter().cloned() {
            let part = Fit {
                first: stretch.start,
                heights: &self.heights[stretch.clone()],
                driven: self.driven.clone(),
                ..*self
            };
            let fitted = part.fitted(ReferenceLine::through(&points[stretch.clone()], part.heights));
            for (point, fitted) in points[stretch].iter_mut().zip(fitted.points()) {
                *point = fitted.position;
            }
        }
        ReferenceLine::through(&points, self.heights)
    }

    /// Numbers of the points that may be moved: those that are no good, with some metres before and behind.
    fn stretches(&self, line: &ReferenceLine) -> Vec<Range<usize>> {
        let around = (AROUND_M / LINE_STEP_M) as usize;
        let mut stretches: Vec<Range<usize>> = vec![];
        for i in self.undrivable(line) {
            let (from, to) = (i.saturating_sub(around), (i + around).min(line.points().len()));
            match stretches.last_mut() {
                Some(last) if from <= last.end => last.end = to,
                _ => stretches.push(from..to),
            }
        }
        stretches
    }

    /// Moves points to where the sum of squares is least.
    fn fitted(&self, mut line: ReferenceLine) -> ReferenceLine {
        let mut sum = self.sum(&line);
        let mut damping = FIRST_DAMPING;
        for _ in 0..MAX_STEPS {
            let moved = self.moved(&line, damping);
            let moved_sum = self.sum(&moved);
            if moved_sum < sum {
                let gain = 1.0 - moved_sum / sum;
                (line, sum) = (moved, moved_sum);
                damping *= 0.3;
                if gain < LEAST_GAIN {
                    break;
                }
            } else {
                damping *= 5.0;
            }
        }
        line
    }

    fn sum(&self, line: &ReferenceLine) -> f64 {
        let mut sum = 0.0;
        self.residuals(line, |_, _, value, weight| sum += weight * value * value);
        sum
    }

    /// One step: the residuals made linear in the points' moves to the left, m.
    fn moved(&self, line: &ReferenceLine, damping: f64) -> ReferenceLine {
        let points = line.points();
        let mut problem = BandedLeastSquares::new(points.len(), 1e-3);
        for i in 1..points.len() - 1 {
            problem.add(i - 1, &curvature_gradient(line, i), 0.0, damping);
        }
        self.residuals(line, |at, gradient, value, weight| problem.add(at, gradient, -value, weight));
        let n = points.len();
        for end in (0..n).filter(|i| *i < FIXED || i + FIXED >= n) {
            problem.add(end, &[1.0], 0.0, END_WEIGHT);
        }
        let moves = problem.solve();
        let moved: Vec<DVec2> = points.iter().zip(moves).map(|(p, m)| p.position + p.normal() * m).collect();
        ReferenceLine::through(&moved, self.heights)
    }

    /// What is unwanted of a line, given out as number of the first point that it depends on, derivatives by the moves
    /// of the points from there on to the left, value and weight.
    fn residuals(&self, line: &ReferenceLine, mut add: impl FnMut(usize, &[f64], f64, f64)) {
        let points = line.points();
        for (i, p) in points.iter().enumerate() {
            let (offset, left) = self.corridor.offset(p.position, (self.first + i) as f64);
            add(i, &[left.dot(p.normal())], offset, OFFSET_WEIGHT);
        }
        for i in 1..points.len() - 2 {
            let (a, b) = (curvature_gradient(line, i), curvature_gradient(line, i + 1));
            let gradient = [-a[0], b[0] - a[1], b[1] - a[2], b[2]];
            add(i - 1, &gradient, points[i + 1].curvature - points[i].curvature, CHANGE_WEIGHT);
        }
        self.bounds(line, |i, gradient, beyond, bound| add(i - 1, gradient, beyond, bound.weight()));
    }

    /// Where the line is beyond a bound: number of the point, derivatives by the moves of it and its neighbours, and by
    /// how much.
    fn bounds(&self, line: &ReferenceLine, mut add: impl FnMut(usize, &[f64; 3], f64, Bound)) {
        let points = line.points();
        let (limit, half_width) = (self.max_curvature(), 0.5 * self.vehicle.width_m);
        let corners = self.corners();
        for i in (1..points.len() - 1).filter(|i| self.driven.contains(&(self.first + i))) {
            let p = &points[i];
            let tighter = p.curvature.abs() - limit;
            if tighter > 0.0 {
                let gradient = curvature_gradient(line, i).map(|g| g * p.curvature.signum());
                add(i, &gradient, tighter, Bound::Curvature);
            }
            let (ahead, left) = (DVec2::from_angle(p.heading), p.normal());
            let turn_per_move = 1.0 / (points[i + 1].s - points[i - 1].s);
            for (x, side) in corners {
                let y = side.sign() * half_width;
                let corner = self.corner(p, x, side, 0.0);
                let beyond = self.corridor.beyond(corner, (self.first + i) as f64 + x / LINE_STEP_M, side);
                let by_move = beyond.outwards.dot(left);
                let by_turn = beyond.outwards.dot(left * x - ahead * y) * turn_per_move;
                let gradient = [-by_turn, by_move, by_turn];
                for (beyond_m, bound) in [(beyond.lane_m, Bound::Lane), (beyond.road_m, Bound::Road)] {
                    if beyond_m + EDGE_MARGIN_M > 0.0 {
                        add(i, &gradient, beyond_m + EDGE_MARGIN_M, bound);
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// The outline should stay on the lane.
    Lane,
    /// The outline must stay on the road.
    Road,
    /// The vehicle can't steer tighter.
    Curvature,
}

impl Bound {
    fn weight(self) -> f64 {
        match self {
            Self::Lane => LANE_WEIGHT,
            Self::Road => ROAD_WEIGHT,
            Self::Curvature => CURVATURE_WEIGHT,
        }
    }
}

/// How the curvature at an inner point changes when it and its neighbours are moved to the left.
fn curvature_gradient(line: &ReferenceLine, i: usize) -> [f64; 3] {
    let [before, p, after] = [i - 1, i, i + 1].map(|k| line.points()[k]);
    let (a, b) = (p.s - before.s, after.s - p.s);
    let per_turn = 2.0 / (a + b);
    [per_turn / a, p.curvature * p.curvature - per_turn * (1.0 / a + 1.0 / b), per_turn / b]
}
