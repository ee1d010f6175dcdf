//! How fast the nearest thing moves along the corridor.

use runtime::time::Time;

/// Scans that are looked back over.
const MEMORY: usize = 6;
/// A distance that is farther from what was expected is that of another thing, m.
const SAME_THING_M: f64 = 1.0;
/// How wrong a distance may be, m; makes the speed over a span T uncertain by this over T.
const ERROR_M: f64 = 0.25;
/// Nothing on a road comes faster, m/s.
const FASTEST_MPS: f64 = 40.0;

/// Its positions along the way at the last scans.
#[derive(Debug, Default)]
pub struct Lead {
    /// Time since the first scan, s, and position, m, both from the vehicle at that scan.
    seen: [(f64, f64); MEMORY],
    count: usize,
    last: Option<Time>,
    time_s: f64,
    way_m: f64,
}

impl Lead {
    /// Forgets it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds its distance, m, in a scan, during which the vehicle drove with `speed_mps`.
    pub fn add(&mut self, stamp: Time, distance_m: f64, speed_mps: f64) {
        let dt = self.last.map_or(0.0, |last| stamp.since(last).as_secs_f64());
        self.time_s += dt;
        self.way_m += speed_mps * dt;
        self.last = Some(stamp);
        let position = self.way_m + distance_m;
        if let Some((slope, at_last)) = self.line() {
            // Of what was seen once the speed is not known.
            let moved = if self.count == 1 { FASTEST_MPS * dt } else { 0.3 * slope.abs() * dt };
            if (position - (at_last + slope * dt)).abs() > SAME_THING_M + moved {
                self.count = 0;
            }
        }
        if self.count == MEMORY {
            self.seen.rotate_left(1);
            self.count -= 1;
        }
        self.seen[self.count] = (self.time_s, position);
        self.count += 1;
    }

    /// Whether it was seen in several scans.
    pub fn is_followed(&self) -> bool {
        self.count >= 2
    }

    /// The least speed along the corridor that is consistent with what was seen, m/s, negative towards the vehicle; not more
    /// than `speed_mps`, and 0 as long as it was seen once only.
    pub fn speed_mps(&self, speed_mps: f64) -> f64 {
        let Some((slope, _)) = self.line() else { return 0.0 };
        let span = self.seen[self.count - 1].0 - self.seen[0].0;
        if self.count < 2 || span <= 0.0 {
            return 0.0;
        }
        let uncertainty = ERROR_M / span;
        // Uncertainty makes a slow thing stand, not come towards.
        let least = if slope > 0.0 { (slope - uncertainty).max(0.0) } else { (slope + uncertainty).min(0.0) };
        least.clamp(-FASTEST_MPS, speed_mps.max(0.0))
    }

    /// Slope of the line through what was seen, m/s, and where it is at the last time, m.
    fn line(&self) -> Option<(f64, f64)> {
        let seen = &self.seen[..self.count];
        let last = seen.last()?;
        let n = seen.len() as f64;
        let (time, way) = seen.iter().fold((0.0, 0.0), |(t, w), s| (t + s.0 / n, w + s.1 / n));
        let (mut tt, mut tw) = (0.0, 0.0);
        for (t, w) in seen {
            tt += (t - time) * (t - time);
            tw += (t - time) * (w - way);
        }
        let slope = if tt > 0.0 { tw / tt } else { 0.0 };
        Some((slope, way + slope * (last.0 - time)))
    }
}
