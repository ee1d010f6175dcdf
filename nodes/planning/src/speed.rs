//! Speed over a path: limits looked ahead, jerk-limited.
//!
//! First a *ceiling* is laid over the path: going backwards from every limit, it rises no faster than the vehicle can
//! brake with bounded deceleration and jerk. Then time is rolled out in steps with the highest jerk after which the
//! vehicle could still get its deceleration up before it meets the ceiling. What stops or goes ahead ([`Barrier`])
//! is a ceiling of its own that depends on time.

use crate::barrier::Barrier;

/// Time between trajectory points, s.
pub const TIME_STEP_S: f64 = 0.1;

/// Bounds of the longitudinal motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Highest acceleration, m/s^2.
    pub acceleration_mps2: f64,
    /// Highest deceleration, m/s^2, > 0.
    pub deceleration_mps2: f64,
    /// Highest jerk, m/s^3.
    pub jerk_mps3: f64,
}

impl Bounds {
    /// Braking harder than these bounds allow; the jerk grows faster than the deceleration, so that an emergency
    /// brake of four times the deceleration is there in half the time.
    pub fn braking(&self, deceleration_mps2: f64) -> Self {
        let harder = (deceleration_mps2 / self.deceleration_mps2).max(1.0);
        Self { deceleration_mps2, jerk_mps3: self.jerk_mps3 * harder.powf(1.5), ..*self }
    }

    /// Speed from which a stop within `distance_m` is just possible with these bounds, ending without a jolt, m/s.
    pub fn stopping_speed(&self, distance_m: f64) -> f64 {
        let (b, j) = (self.deceleration_mps2, self.jerk_mps3);
        let ramp_s = b / j;
        let (ramp_m, ramp_mps) = (j * ramp_s.powi(3) / 6.0, 0.5 * j * ramp_s * ramp_s);
        if distance_m <= 0.0 {
            0.0
        } else if distance_m <= ramp_m {
            0.5 * j * (6.0 * distance_m / j).cbrt().powi(2)
        } else {
            (ramp_mps * ramp_mps + 2.0 * b * (distance_m - ramp_m)).sqrt()
        }
    }
}

/// Longitudinal state on a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Arc length, m.
    pub s: f64,
    /// Speed, m/s, never negative.
    pub speed_mps: f64,
    /// Acceleration, m/s^2.
    pub acceleration_mps2: f64,
}

impl Motion {
    /// After `dt` seconds with constant jerk; stands once its speed has come to zero.
    pub fn after(self, jerk_mps3: f64, dt: f64) -> Self {
        let (v, a) = (self.speed_mps, self.acceleration_mps2);
        let speed_mps = v + a * dt + 0.5 * jerk_mps3 * dt * dt;
        if speed_mps <= 0.0 {
            let way = if v > 0.0 { 0.5 * v * dt.min(2.0 * v / (-a).max(0.1)) } else { 0.0 };
            return Self { s: self.s + way, speed_mps: 0.0, acceleration_mps2: 0.0 };
        }
        let s = self.s + (v * dt + 0.5 * a * dt * dt + jerk_mps3 * dt * dt * dt / 6.0).max(0.0);
        Self { s, speed_mps, acceleration_mps2: a + jerk_mps3 * dt }
    }
}

/// Highest speed along a path from which every limit ahead can be met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ceiling {
    /// Arc length and speed, m and m/s.
    samples: Vec<(f64, f64)>,
}

impl Ceiling {
    /// From limits: arc length, m, ascending, and the limit there, m/s.
    pub fn new(limits: impl IntoIterator<Item = (f64, f64)>, bounds: &Bounds) -> Self {
        let mut samples: Vec<(f64, f64)> = limits.into_iter().collect();
        let mut deceleration = 0.0;
        for i in (0..samples.len().saturating_sub(1)).rev() {
            let (ds, ahead) = (samples[i + 1].0 - samples[i].0, samples[i + 1].1);
            let (reachable, most) = backwards(ahead, deceleration, ds, bounds);
            let here = samples[i].1;
            if here < reachable {
                let implied = (here * here - ahead * ahead) / (2.0 * ds.max(1e-6));
                deceleration = implied.clamp(0.0, most);
            } else {
                samples[i].1 = reachable;
                deceleration = most;
            }
        }
        Self { samples }
    }

    /// Ceiling at an arc length, m/s; `hint` is the index of a sample before it and is moved along.
    fn at(&self, s: f64, hint: &mut usize) -> f64 {
        while *hint + 2 < self.samples.len() && self.samples[*hint + 1].0 <= s {
            *hint += 1;
        }
        match self.samples.get(*hint..*hint + 2) {
            Some([a, b]) => {
                let u = ((s - a.0) / (b.0 - a.0).max(1e-9)).clamp(0.0, 1.0);
                // linear in v^2, as under constant acceleration
                (a.1 * a.1 + u * (b.1 * b.1 - a.1 * a.1)).max(0.0).sqrt()
            }
            _ => f64::INFINITY,
        }
    }
}

/// Speed and deceleration `ds` before a place that is passed with `speed` and `deceleration`, braking as hard as the
/// bounds allow.
fn backwards(speed: f64, deceleration: f64, ds: f64, bounds: &Bounds) -> (f64, f64) {
    let (b, j) = (bounds.deceleration_mps2, bounds.jerk_mps3);
    let way = |t: f64| t * (speed + t * (0.5 * deceleration + t * j / 6.0));
    // Newton's method on a convex function from above its zero.
    let mut t = if speed > 0.1 { ds / speed } else { (6.0 * ds / j).cbrt().max(1e-3) };
    for _ in 0..4 {
        let slope = speed + t * (deceleration + 0.5 * j * t);
        t -= (way(t) - ds) / slope.max(1e-6);
    }
    let most = (deceleration + j * t.max(0.0)).min(b);
    ((speed * speed + (deceleration + most) * ds).sqrt(), most)
}

/// Which ceiling is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// Road, curves, comfort.
    Limits,
    /// What is in the way.
    Barriers,
    /// The same, as near as need allows.
    BarriersInNeed,
}

/// What the speed is planned under.
pub struct SpeedProblem<'a> {
    /// Limits of road, curves and comfort.
    pub ceiling: &'a Ceiling,
    /// What is in the way.
    pub barriers: &'a [Barrier],
    /// How it drives where it can choose.
    pub comfort: Bounds,
    /// How it brakes for barriers.
    pub braking: Bounds,
}

impl SpeedProblem<'_> {
    /// Highest speed at a place and time because of barriers, m/s.
    fn barrier_ceiling(&self, s: f64, t: f64, slack: f64) -> f64 {
        self.barriers.iter().map(|b| b.ceiling(s, t, slack, &self.braking)).fold(f64::INFINITY, f64::min)
    }

    /// Whether the vehicle stays under a ceiling if it does its best to slow down from here.
    fn can_keep(&self, motion: Motion, t: f64, hint: usize, what: Keep) -> bool {
        const DT: f64 = 0.2;
        let bounds = if what == Keep::Limits { &self.comfort } else { &self.braking };
        let (mut motion, mut t, mut hint) = (motion, t, hint);
        for _ in 0..40 {
            let highest = match what {
                Keep::Limits => self.ceiling.at(motion.s, &mut hint),
                Keep::Barriers => self.barrier_ceiling(motion.s, t, 0.0),
                Keep::BarriersInNeed => self.barrier_ceiling(motion.s, t, 1.0),
            };
            // A little over does no harm, but a ceiling of zero means to stand.
            if motion.speed_mps > highest + highest.min(0.01) {
                return false;
            }
            let room = motion.acceleration_mps2 + bounds.deceleration_mps2;
            if room <= 1e-6 || motion.speed_mps <= 0.0 {
                return true;
            }
            motion = motion.after(-bounds.jerk_mps3.min(room / DT), DT);
            t += DT;
        }
        true
    }

    /// Highest jerk in `low..=high` after which the ceilings can be kept; `low` if there is none.
    fn highest_jerk(&self, from: Motion, t: f64, hint: usize, what: Keep, low: f64, high: f64) -> f64 {
        let keeps = |jerk: f64| self.can_keep(from.after(jerk, TIME_STEP_S), t + TIME_STEP_S, hint, what);
        if keeps(high) {
            return high;
        }
        let (mut low, mut high) = (low, high);
        for _ in 0..6 {
            let middle = 0.5 * (low + high);
            if keeps(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether the barriers can be kept from a state on, with the nearness that need allows.
    pub fn is_feasible(&self, from: Motion) -> bool {
        self.can_keep(from, 0.0, 0, Keep::BarriersInNeed)
    }

    /// The motion from `from` on, a state every [`TIME_STEP_S`], `steps` + 1 of them. `clear_m` is how far ahead the
    /// next barrier must be for a standing vehicle to set off.
    pub fn roll_out(&self, from: Motion, steps: usize, clear_m: f64) -> Vec<Motion> {
        let mut motions = Vec::with_capacity(steps + 1);
        motions.push(from);
        let (mut now, mut hint) = (from, 0);
        for step in 0..steps {
            let t = step as f64 * TIME_STEP_S;
            let stands = now.speed_mps <= 0.0;
            if stands && self.barrier_ceiling(now.s + clear_m, t, 0.0) <= 0.0 {
                now = Motion { acceleration_mps2: 0.0, ..now };
            } else {
                self.ceiling.at(now.s, &mut hint);
                now = now.after(self.jerk(now, t, hint), TIME_STEP_S);
            }
            motions.push(now);
        }
        motions
    }

    fn jerk(&self, now: Motion, t: f64, hint: usize) -> f64 {
        let a = now.acceleration_mps2;
        let (comfort, braking) = (&self.comfort, &self.braking);
        let to = |acceleration: f64| (acceleration - a) / TIME_STEP_S;
        let high = comfort.jerk_mps3.min(to(comfort.acceleration_mps2));
        // Braking that was harder than comfortable is let go as quickly as it was built up.
        let high =
            if a < -comfort.deceleration_mps2 { comfort.braking(-a).jerk_mps3.max(high) } else { high };
        let low = (-comfort.jerk_mps3).max(to(-comfort.deceleration_mps2)).min(high);
        let soft = self.highest_jerk(now, t, hint, Keep::Limits, low, high);
        let low = (-braking.jerk_mps3).max(to(-braking.deceleration_mps2)).min(high);
        let hard = self.highest_jerk(now, t, hint, Keep::Barriers, low, high);
        soft.min(hard)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMFORT: Bounds = Bounds { acceleration_mps2: 1.5, deceleration_mps2: 1.5, jerk_mps3: 1.5 };

    fn ceiling(limit: impl Fn(f64) -> f64) -> Ceiling {
        Ceiling::new((0..800).map(|i| (0.5 * f64::from(i), limit(0.5 * f64::from(i)))), &COMFORT)
    }

    fn roll(ceiling: &Ceiling, barriers: &[Barrier], from: Motion, steps: usize) -> Vec<Motion> {
        SpeedProblem { ceiling, barriers, comfort: COMFORT, braking: COMFORT }.roll_out(from, steps, 0.5)
    }

    proptest! {
        #[test]
        fn is_at_the_limit_when_it_gets_there(fast in 3.0..20.0_f64, slow in 1.0..15.0_f64, at in 120.0..200.0) {
            let limit = |s: f64| if s < at { fast } else { slow };
            let c = ceiling(limit);
            let motions = roll(&c, &[], Motion::default(), 600);
            let mut last = 0.0;
            for m in &motions {
                // The ceiling knows the limit from its first sample on.
                prop_assert!(m.speed_mps <= limit(m.s - 0.5) + 0.1, "{} at {}", m.speed_mps, m.s);
                prop_assert!(((m.acceleration_mps2 - last) / TIME_STEP_S).abs() <= 1.5 + 1e-6);
                prop_assert!(m.acceleration_mps2.abs() < 1.5 + 1e-6);
                last = m.acceleration_mps2;
            }
            let end = motions.iter().take_while(|m| m.s < 390.0).last().unwrap();
            prop_assert!(end.s < 385.0 || (end.speed_mps - slow).abs() < 0.3, "ends with {}", end.speed_mps);
        }

        #[test]
        fn stops_where_it_is_to_stop(speed in 0.0..15.0_f64, at in 130.0..250.0) {
            let c = ceiling(|_| 15.0);
            let from = Motion { s: 0.0, speed_mps: speed, acceleration_mps2: 0.0 };
            let motions = roll(&c, &[Barrier::stop(at)], from, 800);
            let end = motions.last().unwrap();
            prop_assert!(end.speed_mps == 0.0 && end.s <= at + 0.05 && end.s > at - 0.2, "{end:?} {at}");
            for w in motions.windows(2) {
                let jerk = (w[1].acceleration_mps2 - w[0].acceleration_mps2) / TIME_STEP_S;
                prop_assert!(jerk.abs() < 1.6 || w[1].speed_mps == 0.0, "{jerk}");
            }
        }
    }
}
