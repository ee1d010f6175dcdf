//! The ground along the corridor, and what stands on it.

use super::Hit;
use super::corridor::{MAX_SLICES, STEP_M};

/// The ground may rise or fall by this much per metre along the corridor.
const MAX_SLOPE: f64 = 0.2;
/// And by this much at once, m.
const MAX_STEP_M: f64 = 0.05;
/// What lies so much above a straight line between the ground before and lowest points behind it is no ground but stands on
/// it, m: roads have no such humps. That is looked for on so many slices: between rings farther apart a hill looks the same.
const MAX_HUMP_M: f64 = 0.25;
const HUMP_SLICES: usize = 20;

/// A height, or how near to it the ground can come within so many slices.
fn within_slope(height: f64, ground: f64, slices: usize) -> f64 {
    let most = MAX_STEP_M + MAX_SLOPE * STEP_M * slices as f64;
    height.clamp(ground - most, ground + most)
}

/// The slices of the corridor with what lies in them.
pub struct Slices {
    lowest_m: [f64; MAX_SLICES],
    ground_m: [f64; MAX_SLICES],
    raised: [u32; MAX_SLICES],
    count: usize,
}

impl Default for Slices {
    fn default() -> Self {
        Self { lowest_m: [0.0; MAX_SLICES], ground_m: [0.0; MAX_SLICES], raised: [0; MAX_SLICES], count: 0 }
    }
}

impl Slices {
    /// Finds the ground. base_link is on the ground, at height 0; from there it is followed from slice to slice to the lowest
    /// points, as far as a road can rise or fall. So the foot of a wall is not taken for ground, but a ramp is.
    pub fn fill(&mut self, hits: &[Hit], count: usize) {
        self.count = count.min(MAX_SLICES);
        self.lowest_m[..self.count].fill(f64::INFINITY);
        for hit in hits {
            let lowest = &mut self.lowest_m[usize::from(hit.slice)];
            *lowest = lowest.min(f64::from(hit.z));
        }
        // Height of the ground and number of slices since it was seen.
        let (mut ground, mut since) = (0.0, 0);
        for i in 0..self.count {
            since += 1;
            self.ground_m[i] = ground;
            if !self.lowest_m[i].is_finite() {
                continue;
            }
            let below = self.line_below(i, ground, since);
            if self.lowest_m[i] > below + MAX_HUMP_M {
                self.ground_m[i] = below;
                continue;
            }
            ground = within_slope(self.lowest_m[i], ground, since);
            self.ground_m[i] = ground;
            since = 0;
        }
    }

    /// Height at slice `i` of the lowest line from the ground, so many slices before, to the lowest points behind it, m.
    fn line_below(&self, i: usize, ground: f64, since: usize) -> f64 {
        let end = (i + 1 + HUMP_SLICES.saturating_sub(since)).min(self.count);
        let behind = (i + 1..end).filter(|j| self.lowest_m[*j].is_finite());
        let lines = behind.map(|j| {
            let slices = since + j - i;
            let share = since as f64 / slices as f64;
            ground + share * (within_slope(self.lowest_m[j], ground, slices) - ground)
        });
        lines.fold(f64::INFINITY, f64::min)
    }

    /// Whether a point is above the ground by more than `heights.0` and less than `heights.1`, m.
    pub fn is_raised(&self, hit: &Hit, heights: (f64, f64)) -> bool {
        let height = f64::from(hit.z) - self.ground_m[usize::from(hit.slice)];
        height > heights.0 && height < heights.1
    }

    /// The nearest slice that together with the next one has at least so many raised points.
    pub fn nearest(&mut self, hits: &[Hit], heights: (f64, f64), min_points: u32) -> Option<usize> {
        self.raised[..self.count].fill(0);
        for hit in hits {
            if self.is_raised(hit, heights) {
                self.raised[usize::from(hit.slice)] += 1;
            }
        }
        (0..self.count).find(|&i| {
            let next = self.raised[..self.count].get(i + 1).copied().unwrap_or(0);
            self.raised[i] + next >= min_points
        })
    }
}
