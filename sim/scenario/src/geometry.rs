//! How far a point is from a path.

use glam::DVec2;

/// Signed distance (positive to the left of the path) from a polyline to a point, and the place on it as index and part
/// of the segment. Before the beginning and behind the end it is the distance to the straight that goes on there, for what
/// lies ahead or behind is not beside. None if the path has less than two different points.
pub(crate) fn offset(path: &[DVec2], point: DVec2) -> Option<(f64, usize, f64)> {
    let mut best: Option<(f64, f64, usize, f64)> = None;
    for (index, pair) in path.windows(2).enumerate() {
        let (from, along) = (pair[0], pair[1] - pair[0]);
        let length = along.length();
        if length < 1e-3 {
            continue;
        }
        let part = ((point - from).dot(along) / (length * length)).clamp(0.0, 1.0);
        let distance = point.distance(from + along * part);
        if best.is_none_or(|(b, ..)| distance < b) {
            best = Some((distance, along.perp_dot(point - from) / length, index, part));
        }
    }
    best.map(|(_, signed, index, part)| (signed, index, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_a_side() {
        let path = [DVec2::ZERO, DVec2::ZERO, DVec2::new(10.0, 0.0), DVec2::new(10.0, 10.0)];
        assert_eq!(offset(&path, DVec2::new(4.0, 1.0)), Some((1.0, 1, 0.4)));
        assert_eq!(offset(&path, DVec2::new(12.0, 5.0)), Some((-2.0, 2, 0.5)));
        assert_eq!(offset(&path, DVec2::new(-3.0, 0.5)), Some((0.5, 1, 0.0)));
        assert_eq!(offset(&path[..2], DVec2::ONE), None);
    }
}
