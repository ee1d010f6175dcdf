//! Straight walls within large clusters, so that what stands beside them can be told from them. Lines are sought by
//! random sampling (Fischler, Bolles, 1981), with a fixed sequence: the same points give the same walls.

use glam::DVec2;

/// Points nearer than that to a line lie on it, m.
const THICKNESS_M: f64 = 0.2;
/// A wall is at least so long, m: longer than cars.
const MIN_LENGTH_M: f64 = 7.0;
/// Share of that length that must be covered, without gaps longer than so many slots.
const MIN_COVER: f64 = 0.6;
const MAX_GAP_SLOTS: usize = 3;
/// Share of the points that a wall has at least.
const MIN_SHARE: f64 = 0.2;
const MAX_WALLS: usize = 4;
const TRIALS: usize = 40;
const MAX_SAMPLES: usize = 240;
/// Longest wall that is looked at, in slots of 1 m.
const SLOTS: usize = 320;

/// Finds walls; keeps its memory.
#[derive(Default)]
pub struct Walls {
    is_wall: Vec<bool>,
    samples: Vec<DVec2>,
}

impl Walls {
    /// Which of `points` lie on walls.
    pub fn find(&mut self, points: &[DVec2]) -> &[bool] {
        self.is_wall.clear();
        self.is_wall.resize(points.len(), false);
        for _ in 0..MAX_WALLS {
            self.samples.clear();
            let free = points.iter().zip(&self.is_wall).filter(|(_, wall)| !**wall).map(|(p, _)| *p);
            let count = free.clone().count();
            self.samples.extend(free.step_by(count.div_ceil(MAX_SAMPLES).max(1)));
            let Some((origin, axis)) = self.best_line() else { break };
            for (point, wall) in points.iter().zip(&mut self.is_wall) {
                *wall |= axis.perp_dot(*point - origin).abs() < THICKNESS_M;
            }
        }
        &self.is_wall
    }

    /// The line with the most samples on it that is long and covered enough.
    fn best_line(&self) -> Option<(DVec2, DVec2)> {
        let n = self.samples.len();
        if n < 8 {
            return None;
        }
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.samples[(random >> 33) as usize % n]
        };
        let mut best: Option<(usize, DVec2, DVec2)> = None;
        for _ in 0..TRIALS {
            let (origin, to) = (draw(), draw());
            let Some(axis) = (to - origin).try_normalize() else { continue };
            let on_line = self.samples.iter().filter(|p| axis.perp_dot(**p - origin).abs() < THICKNESS_M);
            let count = on_line.count();
            if best.is_none_or(|b| count > b.0) && self.is_covered(origin, axis) {
                best = Some((count, origin, axis));
            }
        }
        let enough = (MIN_SHARE * n as f64) as usize;
        best.filter(|b| b.0 >= enough).map(|(_, origin, axis)| (origin, axis))
    }

    fn is_covered(&self, origin: DVec2, axis: DVec2) -> bool {
        let mut slots = [false; SLOTS];
        for p in &self.samples {
            let d = *p - origin;
            let slot = d.dot(axis).floor() + (SLOTS / 2) as f64;
            if axis.perp_dot(d).abs() < THICKNESS_M && slot >= 0.0 && slot < SLOTS as f64 {
                slots[slot as usize] = true;
            }
        }
        // Runs without long gaps: far away even a whole wall is hit at points that lie metres apart.
        let (mut from, mut last, mut covered) = (0, 0, 0.0);
        for slot in (0..SLOTS).filter(|slot| slots[*slot]) {
            if slot > last + MAX_GAP_SLOTS {
                (from, covered) = (slot, 0.0);
            }
            (last, covered) = (slot, covered + 1.0);
            let length = (last - from + 1) as f64;
            if length >= MIN_LENGTH_M && covered >= MIN_COVER * length {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_car_beside_a_wall_is_not_part_of_it() {
        let wall = (0..300).map(|i| DVec2::new(0.1 * f64::from(i), 3.0));
        let side = (0..45).map(|i| DVec2::new(10.0 + 0.1 * f64::from(i), 2.5));
        let rear = (0..18).map(|i| DVec2::new(10.0, 2.5 - 0.1 * f64::from(i)));
        let points: Vec<DVec2> = wall.chain(side).chain(rear).collect();
        let mut walls = Walls::default();
        let found = walls.find(&points);
        assert!(found[..300].iter().all(|w| *w));
        assert!(found[300..].iter().filter(|w| **w).count() < 8);
    }

    #[test]
    fn a_hedge_is_no_wall() {
        let mut random = 1_u64;
        let mut draw = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 40) as f64 / f64::from(1 << 24) * 10.0
        };
        let points: Vec<DVec2> = (0..400).map(|_| DVec2::new(draw(), draw())).collect();
        assert!(Walls::default().find(&points).iter().filter(|w| **w).count() < 200);
        assert!(Walls::default().find(&[]).is_empty());
    }
}
