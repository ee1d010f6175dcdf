//! Satellite receiver with RTK corrections.

use std::collections::VecDeque;

use glam::DVec3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::{GaussMarkov, Random};

/// Errors of the receiver. The defaults are those of an RTK receiver with a clear sky.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GnssParams {
    /// Standard deviation of east and of north, m. Half of its variance wanders, half is new in each fix.
    #[schemars(range(min = 0.0, max = 50.0))]
    pub horizontal_sigma_m: f64,
    /// Standard deviation of the height, m.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub vertical_sigma_m: f64,
    /// From measurement to arrival, s.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub latency_s: f64,
    /// Outages on schedule: beginning, end, beginning, end, … in s since the start.
    #[schemars(inner(range(min = 0.0, max = 1000000.0)))]
    pub outages_s: Vec<f64>,
    /// Outages at random, per hour.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub outages_per_hour: f64,
    /// Mean length of a random outage, s.
    #[schemars(range(min = 0.1, max = 600.0))]
    pub outage_s: f64,
    /// Jumps by multipath, per hour.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub jumps_per_hour: f64,
    /// Mean size of a jump, m. The receiver does not know of it.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub jump_m: f64,
    /// Mean time that a jump lasts, s.
    #[schemars(range(min = 0.1, max = 600.0))]
    pub jump_s: f64,
}

impl Default for GnssParams {
    fn default() -> Self {
        Self {
            horizontal_sigma_m: 0.03,
            vertical_sigma_m: 0.06,
            latency_s: 0.05,
            outages_s: vec![],
            outages_per_hour: 0.0,
            outage_s: 10.0,
            jumps_per_hour: 0.0,
            jump_m: 3.0,
            jump_s: 3.0,
        }
    }
}

/// A measurement.
#[derive(Clone, Copy, Debug)]
pub struct Fix {
    /// When it was measured, s since the start.
    pub time_s: f64,
    /// base_link in map, m; `None` without a fix.
    pub position: Option<DVec3>,
    /// Variances that the receiver states, m^2: east, north, up.
    pub variance_m2: DVec3,
}

/// Correlation time of the wandering error, s.
const WANDER_S: f64 = 40.0;

/// Something that begins and ends at random.
struct Episode {
    until_s: f64,
}

impl Episode {
    /// Whether it is on at `now_s`; begins with a rate and lasts exponentially distributed.
    fn is_on(
        &mut self,
        random: &mut Random,
        now_s: f64,
        dt_s: f64,
        per_hour: f64,
        mean_s: f64,
    ) -> (bool, bool) {
        if now_s < self.until_s {
            return (true, false);
        }
        let begins = random.chance(per_hour / 3600.0 * dt_s);
        if begins {
            self.until_s = now_s - mean_s * random.uniform(1e-9, 1.0).ln();
        }
        (begins, begins)
    }
}

pub(crate) struct Gnss {
    params: GnssParams,
    random: Random,
    wander: [GaussMarkov; 3],
    outage: Episode,
    jump: Episode,
    jump_by: DVec3,
    /// Fixes under way.
    pending: VecDeque<Fix>,
}

impl Gnss {
    pub fn new(params: &GnssParams, mut random: Random) -> Self {
        let half = 0.5_f64.sqrt();
        let [h, v] = [params.horizontal_sigma_m * half, params.vertical_sigma_m * half];
        let wander = [h, h, v].map(|sigma| GaussMarkov::new(&mut random, sigma, WANDER_S));
        let never = || Episode { until_s: f64::NEG_INFINITY };
        Self {
            params: params.clone(),
            random,
            wander,
            outage: never(),
            jump: never(),
            jump_by: DVec3::ZERO,
            pending: VecDeque::new(),
        }
    }

    fn in_scheduled_outage(&self, now_s: f64) -> bool {
        self.params.outages_s.chunks_exact(2).any(|o| (o[0]..o[1]).contains(&now_s))
    }

    /// Measures the true position, `dt_s` after the last time.
    pub fn measure(&mut self, now_s: f64, truth: DVec3, dt_s: f64) {
        let half = 0.5_f64.sqrt();
        let (p, random) = (&self.params, &mut self.random);
        let mut error = DVec3::ZERO;
        for (axis, wander) in self.wander.iter_mut().enumerate() {
            let sigma = if axis < 2 { p.horizontal_sigma_m } else { p.vertical_sigma_m };
            error[axis] = wander.step(random, dt_s) + random.normal(sigma * half);
        }
        let (out, _) = self.outage.is_on(random, now_s, dt_s, p.outages_per_hour, p.outage_s);
        let (jumped, new) = self.jump.is_on(random, now_s, dt_s, p.jumps_per_hour, p.jump_s);
        if new {
            let (size, way) =
                (p.jump_m * random.uniform(0.5, 1.5), random.uniform(0.0, std::f64::consts::TAU));
            self.jump_by = DVec3::new(way.cos(), way.sin(), random.normal(0.5)) * size;
        }
        if jumped {
            error += self.jump_by;
        }
        let [h, v] = [p.horizontal_sigma_m.powi(2), p.vertical_sigma_m.powi(2)];
        let lost = out || self.in_scheduled_outage(now_s);
        let fix = Fix {
            time_s: now_s,
            position: (!lost).then_some(truth + error),
            variance_m2: DVec3::new(h, h, v),
        };
        self.pending.push_back(fix);
    }

    /// The next measurement that has arrived.
    pub fn arrived(&mut self, now_s: f64) -> Option<Fix> {
        let due = self.pending.front().is_some_and(|f| f.time_s + self.params.latency_s <= now_s + 1e-9);
        if due { self.pending.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(params: &GnssParams, steps: usize) -> Vec<Fix> {
        let mut gnss = Gnss::new(params, Random::new(1, "gnss", 0));
        let mut fixes = vec![];
        for step in 0..steps {
            let now = step as f64 * 0.1;
            gnss.measure(now, DVec3::ZERO, 0.1);
            while let Some(fix) = gnss.arrived(now) {
                fixes.push(fix);
            }
        }
        fixes
    }

    #[test]
    fn spread_is_as_stated_and_arrives_late() {
        let fixes = run(&GnssParams::default(), 20_000);
        let n = fixes.len() as f64;
        let sigma = (fixes.iter().filter_map(|f| f.position).map(|p| p.x * p.x).sum::<f64>() / n).sqrt();
        assert!((sigma - 0.03).abs() < 0.004, "{sigma}");
        assert_eq!(fixes.len(), 19_999, "the last one is still under way");
    }

    #[test]
    fn outages_and_jumps_come() {
        let params = GnssParams { outages_s: vec![10.0, 20.0], ..GnssParams::default() };
        let fixes = run(&params, 300);
        assert!(fixes.iter().all(|f| f.position.is_none() == (10.0..20.0).contains(&f.time_s)));
        let params = GnssParams { jumps_per_hour: 60.0, outages_per_hour: 60.0, ..GnssParams::default() };
        let fixes = run(&params, 36_000);
        let lost = fixes.iter().filter(|f| f.position.is_none()).count();
        let far = fixes.iter().filter(|f| f.position.is_some_and(|p| p.truncate().length() > 1.0)).count();
        assert!((3000..8000).contains(&lost), "{lost}");
        assert!((600..3000).contains(&far), "{far}");
    }
}
