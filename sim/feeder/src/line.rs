//! A line on the earth that is driven along.

use bridge_proto::v1::Place;

/// Length of a degree of latitude, m, on a sphere with the earth's mean radius: good enough to draw vehicles by.
const DEGREE_M: f64 = 111_195.0;

/// Places with their distance from the start.
#[derive(Clone, Debug, Default)]
pub struct Line {
    places: Vec<Place>,
    along_m: Vec<f64>,
}

impl Line {
    /// Through places; those that make no sense are left out.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Self {
        let mut line = Self::default();
        for place in places {
            if !(place.latitude_deg.abs() <= 90.0 && place.longitude_deg.abs() <= 180.0) {
                continue;
            }
            let along_m = match line.places.last().zip(line.along_m.last()) {
                Some((last, along_m)) => along_m + offset_m(last, &place).0.hypot(offset_m(last, &place).1),
                None => 0.0,
            };
            line.places.push(place);
            line.along_m.push(along_m);
        }
        line
    }

    /// m.
    pub fn length_m(&self) -> f64 {
        self.along_m.last().copied().unwrap_or(0.0)
    }

    /// Place and heading (rad, counter-clockwise from east) so far from the start; its ends beyond. None if it has no place.
    pub fn at(&self, along_m: f64) -> Option<(Place, f64)> {
        let next = self.along_m.partition_point(|at| *at <= along_m).clamp(1, self.places.len().max(1));
        let before = self.places.get(next - 1)?;
        let Some(after) = self.places.get(next) else {
            let heading =
                next.checked_sub(2).and_then(|i| self.places.get(i)).map_or(0.0, |p| heading(p, before));
            return Some((*before, heading));
        };
        let (from, to) = (self.along_m[next - 1], self.along_m[next]);
        let share = if to > from { ((along_m - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let place = Place {
            latitude_deg: mix(before.latitude_deg, after.latitude_deg),
            longitude_deg: mix(before.longitude_deg, after.longitude_deg),
        };
        Some((place, heading(before, after)))
    }
}

/// East and north of `from`, m.
fn offset_m(from: &Place, to: &Place) -> (f64, f64) {
    let middle_deg = (from.latitude_deg + to.latitude_deg) / 2.0;
    let east_m = (to.longitude_deg - from.longitude_deg) * DEGREE_M * middle_deg.to_radians().cos();
    (east_m, (to.latitude_deg - from.latitude_deg) * DEGREE_M)
}

fn heading(from: &Place, to: &Place) -> f64 {
    let (east_m, north_m) = offset_m(from, to);
    north_m.atan2(east_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude_deg: f64, longitude_deg: f64) -> Place {
        Place { latitude_deg, longitude_deg }
    }

    #[test]
    fn it_is_driven_from_end_to_end() {
        let line = Line::new([place(0.0, 0.0), place(0.0, 0.01), place(0.01, 0.01), place(f64::NAN, 0.0)]);
        assert!((line.length_m() - 2.0 * 1111.95).abs() < 1.0);
        let (middle, heading) = line.at(1111.95 * 1.5).unwrap();
        assert!(
            (middle.latitude_deg - 0.005).abs() < 1e-5
                && (heading - std::f64::consts::FRAC_PI_2).abs() < 1e-6
        );
        assert_eq!(line.at(-5.0).unwrap().0, place(0.0, 0.0));
        let (end, heading) = line.at(1e9).unwrap();
        assert_eq!(end, place(0.01, 0.01));
        assert!((heading - std::f64::consts::FRAC_PI_2).abs() < 1e-6);
    }

    #[test]
    fn lines_without_length_are_no_trouble() {
        assert!(Line::new([]).at(0.0).is_none());
        let point = Line::new([place(1.0, 2.0)]);
        assert_eq!(point.at(3.0).unwrap().0, place(1.0, 2.0));
    }
}
