//! Points and lines on the ground.

use glam::DVec2;

use crate::geo::{Wgs84, metres_per_degree};

/// Units per degree of a [`Point`].
const PER_DEGREE: f64 = 1e7;

/// A place in WGS84 in units of 1e-7 degrees, as OSM has them: 11 mm or less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Point {
    pub latitude: i32,
    pub longitude: i32,
}

impl Point {
    /// None if it is no place on earth.
    pub fn new(place: Wgs84) -> Option<Self> {
        place.is_valid().then(|| Self {
            latitude: (place.latitude_deg * PER_DEGREE).round() as i32,
            longitude: (place.longitude_deg * PER_DEGREE).round() as i32,
        })
    }

    pub fn wgs84(self) -> Wgs84 {
        Wgs84::new(f64::from(self.latitude) / PER_DEGREE, f64::from(self.longitude) / PER_DEGREE)
    }

    pub fn distance_m(self, other: Self) -> f64 {
        self.wgs84().distance_m(other.wgs84())
    }
}

/// Length of a line, m.
pub(super) fn length_m(points: &[Point]) -> f64 {
    points.windows(2).map(|p| p[0].distance_m(p[1])).sum()
}

/// The plane that touches the earth at a place: x east, y north, m.
pub(super) struct LocalPlane {
    origin: Wgs84,
    scale: DVec2,
}

impl LocalPlane {
    pub fn at(origin: Wgs84) -> Self {
        Self { origin, scale: metres_per_degree(origin.latitude_deg) }
    }

    pub fn to_plane(&self, place: Wgs84) -> DVec2 {
        let longitude = place.longitude_deg - self.origin.longitude_deg;
        DVec2::new(longitude, place.latitude_deg - self.origin.latitude_deg) * self.scale
    }
}

/// Where a line comes to, from its beginning, within the first metres: kinks right at a junction say little.
pub(super) fn direction(points: impl Iterator<Item = Point>) -> DVec2 {
    const REACH_M: f64 = 10.0;
    let mut points = points.map(Point::wgs84);
    let Some(first) = points.next() else { return DVec2::ZERO };
    let plane = LocalPlane::at(first);
    let mut last = DVec2::ZERO;
    for point in points {
        last = plane.to_plane(point);
        if last.length() >= REACH_M {
            break;
        }
    }
    last.normalize_or_zero()
}

/// The part of a line between two fractions of its length, with its ends interpolated.
pub(super) fn slice(points: &[Point], from: f64, to: f64) -> Vec<Wgs84> {
    let length = length_m(points);
    let (from, to) = (from * length, to * length);
    let mut part = vec![];
    let mut at = 0.0;
    for pair in points.windows(2) {
        let step = pair[0].distance_m(pair[1]);
        let (a, b) = (pair[0].wgs84(), pair[1].wgs84());
        let on = |s: f64| lerp(a, b, if step > 0.0 { ((s - at) / step).clamp(0.0, 1.0) } else { 0.0 });
        let end = at + step;
        if part.is_empty() && end >= from {
            part.push(on(from));
        }
        if !part.is_empty() {
            part.push(on(to.min(end)));
        }
        if end >= to {
            break;
        }
        at = end;
    }
    part.dedup();
    part
}

pub(super) fn lerp(a: Wgs84, b: Wgs84, share: f64) -> Wgs84 {
    let between = |a: f64, b: f64| a + (b - a) * share;
    Wgs84::new(between(a.latitude_deg, b.latitude_deg), between(a.longitude_deg, b.longitude_deg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude_deg: f64, longitude_deg: f64) -> Point {
        Point::new(Wgs84::new(latitude_deg, longitude_deg)).unwrap()
    }

    #[test]
    fn distances_are_those_on_the_ellipsoid() {
        // From GeographicLib.
        for ((a, b), expected_m) in [
            (((24.0, 54.0), (24.1, 54.0)), 11_075.894),
            (((24.0, 54.0), (24.0, 54.1)), 10_175.177),
            (((24.0, 54.0), (24.2, 54.2)), 30_069.974),
            (((47.0, 9.0), (47.05, 9.05)), 6_733.903),
        ] {
            let distance_m = Wgs84::new(a.0, a.1).distance_m(Wgs84::new(b.0, b.1));
            assert!((distance_m / expected_m - 1.0).abs() < 1e-5, "{distance_m} m, expected {expected_m} m");
        }
    }

    #[test]
    fn lines_are_cut_by_their_length() {
        let line = [point(24.0, 54.0), point(24.0, 54.01), point(24.0, 54.01), point(24.0, 54.03)];
        let part = slice(&line, 0.5, 1.0);
        assert_eq!(part.len(), 2);
        assert!(
            (part[0].longitude_deg - 54.015).abs() < 1e-7 && (part[1].longitude_deg - 54.03).abs() < 1e-9
        );
        let whole = slice(&line, 0.0, 1.0);
        assert_eq!(whole.len(), 3);
        assert_eq!(slice(&line, 0.25, 0.25).len(), 1);
    }

    #[test]
    fn only_places_on_earth_are_points() {
        for wrong in [(90.1, 0.0), (0.0, 180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Point::new(Wgs84::new(wrong.0, wrong.1)), None);
        }
    }
}
