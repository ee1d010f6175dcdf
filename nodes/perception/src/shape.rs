//! Boxes around clusters, seen from above: convex hulls, and the search-based L-shape fit of Zhang, Xu, Dong, Dolan,
//! "Efficient L-shape fitting for vehicle detection using laser scanners" (IV 2017), closeness criterion.

use std::f64::consts::FRAC_PI_2;

use glam::DVec2;

/// Most points that the search for the angle looks at.
const MAX_SAMPLES: usize = 72;
/// Coarse steps over a quarter turn, and fine ones of 1° around the best.
const COARSE_STEPS: usize = 15;
const FINE_STEPS: i32 = 5;
/// Points nearer to an edge count no more than this, m: the noise of a scanner.
const NOISE_M: f32 = 0.02;
/// What a square metre of box costs, so that the smallest of equally good boxes is taken.
const AREA_COST: f32 = 0.1;

/// Rectangle in the plane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Middle, m.
    pub center: DVec2,
    /// Direction of the length, rad; a fit can't tell front from rear, nor length from width.
    pub yaw: f64,
    /// Extent along `yaw`, m.
    pub length: f64,
    /// Extent across, m.
    pub width: f64,
}

/// Extent of points along two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Lowest coordinates, m.
    pub low: DVec2,
    /// Highest coordinates, m.
    pub high: DVec2,
}

impl Extent {
    /// Of `points`, from `origin`, along axes turned by `yaw`. Without points it is empty: low is above high.
    pub fn of(points: &[DVec2], origin: DVec2, yaw: f64) -> Self {
        let back = DVec2::from_angle(-yaw);
        let empty = Self { low: DVec2::INFINITY, high: DVec2::NEG_INFINITY };
        points.iter().fold(empty, |e, p| {
            let q = back.rotate(*p - origin);
            Self { low: e.low.min(q), high: e.high.max(q) }
        })
    }
}

/// Fits boxes; keeps its memory.
#[derive(Default)]
pub struct BoxFit {
    samples: Vec<[f32; 2]>,
    sorted: Vec<DVec2>,
}

impl BoxFit {
    /// The convex hull of `points` (Andrew's monotone chain), appended to `hull`.
    pub fn hull(&mut self, points: impl Iterator<Item = DVec2>, hull: &mut Vec<DVec2>) {
        self.sorted.clear();
        self.sorted.extend(points);
        self.sorted.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        self.sorted.dedup();
        let from = hull.len();
        if self.sorted.len() < 3 {
            hull.extend_from_slice(&self.sorted);
            return;
        }
        let mut half = |points: &mut dyn Iterator<Item = &DVec2>| {
            let start = hull.len();
            for p in points {
                while hull.len() >= start + 2 {
                    let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
                    if (b - a).perp_dot(*p - a) > 0.0 {
                        break;
                    }
                    hull.pop();
                }
                hull.push(*p);
            }
            hull.pop();
        };
        half(&mut self.sorted.iter());
        half(&mut self.sorted.iter().rev());
        debug_assert!(hull.len() >= from + 2);
    }

    /// The box around `hull` whose sides fit `points` best.
    pub fn fit(&mut self, points: impl ExactSizeIterator<Item = DVec2>, hull: &[DVec2]) -> Rect {
        let Some(origin) = hull.first().copied() else { return Rect::default() };
        // Not every n-th point, which could all lie on one side: points come in the scanner's rhythm.
        let (count, mut due) = (points.len(), 0);
        self.samples.clear();
        for (i, p) in points.enumerate() {
            if i * MAX_SAMPLES >= due * count {
                due += 1;
                self.samples.push((p - origin).as_vec2().to_array());
            }
        }
        let coarse = FRAC_PI_2 / COARSE_STEPS as f64;
        let best = |angles: &mut dyn Iterator<Item = f64>| {
            angles.fold((f32::NEG_INFINITY, 0.0), |best, angle| {
                let score = self.closeness(angle);
                if score > best.0 { (score, angle) } else { best }
            })
        };
        let (_, rough) = best(&mut (0..COARSE_STEPS).map(|i| i as f64 * coarse));
        let fine = (0..=FINE_STEPS).flat_map(|i| [i, -i]);
        let (_, yaw) = best(&mut fine.map(|i| rough + f64::from(i).to_radians()));
        around(hull, yaw)
    }

    /// How close the samples lie to the nearer edges of their box at this angle.
    fn closeness(&self, angle: f64) -> f32 {
        let (sin, cos) = angle.sin_cos();
        let (sin, cos) = (sin as f32, cos as f32);
        let along = |p: &[f32; 2]| (cos * p[0] + sin * p[1], cos * p[1] - sin * p[0]);
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for p in &self.samples {
            let (u, v) = along(p);
            (low[0], high[0]) = (low[0].min(u), high[0].max(u));
            (low[1], high[1]) = (low[1].min(v), high[1].max(v));
        }
        let mut score = -AREA_COST * (high[0] - low[0]) * (high[1] - low[1]);
        for p in &self.samples {
            let (u, v) = along(p);
            let du = (u - low[0]).min(high[0] - u);
            let dv = (v - low[1]).min(high[1] - v);
            score += 1.0 / du.min(dv).max(NOISE_M);
        }
        score
    }
}

/// The box around `points` along `yaw`, its length along the longer side.
pub fn around(points: &[DVec2], yaw: f64) -> Rect {
    let Some(origin) = points.first().copied() else { return Rect::default() };
    let extent = Extent::of(points, origin, yaw);
    let (middle, size) = (0.5 * (extent.low + extent.high), extent.high - extent.low);
    let center = origin + DVec2::from_angle(yaw).rotate(middle);
    if size.x >= size.y {
        Rect { center, yaw, length: size.x, width: size.y }
    } else {
        Rect { center, yaw: yaw + FRAC_PI_2, length: size.y, width: size.x }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Points on the two sides of a box that a viewer at the origin sees.
    fn l_shape(center: DVec2, yaw: f64, length: f64, width: f64) -> Vec<DVec2> {
        let axis = DVec2::from_angle(yaw);
        let view = DVec2::from_angle(-yaw).rotate(-center);
        let (su, sv) = (0.5 * length * view.x.signum(), 0.5 * width * view.y.signum());
        let mut points = vec![];
        for i in 0..=40 {
            let t = f64::from(i) / 40.0 - 0.5;
            points.push(center + axis.rotate(DVec2::new(su, t * width)));
            points.push(center + axis.rotate(DVec2::new(t * length, sv)));
        }
        points
    }

    fn fit(points: &[DVec2]) -> Rect {
        let (mut fit, mut hull) = (BoxFit::default(), vec![]);
        fit.hull(points.iter().copied(), &mut hull);
        fit.fit(points.iter().copied(), &hull)
    }

    proptest! {
        #[test]
        fn an_l_gives_its_box(x in 5.0..30.0, y in -15.0..15.0, yaw in -3.0..3.0, length in 3.0..6.0, width in 1.5..2.2) {
            let center = DVec2::new(x, y);
            let rect = fit(&l_shape(center, yaw, length, width));
            let off = (rect.yaw - yaw).rem_euclid(std::f64::consts::PI);
            let off = off.min(std::f64::consts::PI - off);
            prop_assert!(off < 0.04, "heading off by {off}");
            prop_assert!(rect.center.distance(center) < 0.15, "{rect:?}");
            prop_assert!((rect.length - length).abs() < 0.2 && (rect.width - width).abs() < 0.25, "{rect:?}");
        }

        #[test]
        fn a_hull_holds_all_points(points in prop::collection::vec((-50.0..50.0, -50.0..50.0), 1..60)) {
            let points: Vec<DVec2> = points.into_iter().map(|(x, y)| DVec2::new(x, y)).collect();
            let mut hull = vec![];
            BoxFit::default().hull(points.iter().copied(), &mut hull);
            if hull.len() >= 3 {
                for p in &points {
                    for i in 0..hull.len() {
                        let (a, b) = (hull[i], hull[(i + 1) % hull.len()]);
                        prop_assert!((b - a).perp_dot(*p - a) > -1e-6);
                    }
                }
            }
        }
    }

    #[test]
    fn few_points_have_a_box_too() {
        assert_eq!(fit(&[]), Rect::default());
        let one = fit(&[DVec2::new(3.0, 4.0)]);
        assert_eq!((one.center, one.length, one.width), (DVec2::new(3.0, 4.0), 0.0, 0.0));
        let two = fit(&[DVec2::new(3.0, 4.0), DVec2::new(5.0, 4.0)]);
        assert!((two.length - 2.0).abs() < 0.1 && two.width < 0.1);
    }
}
