//! Intelligent Driver Model: Treiber, Hennecke, Helbing 2000, Phys. Rev. E 62, 1805.

/// Highest acceleration, m/s^2.
const ACCELERATION: f64 = 1.5;
/// Comfortable deceleration, m/s^2.
const COMFORT: f64 = 2.0;
/// Hardest braking, m/s^2.
const HARDEST: f64 = 7.0;
/// Time gap, s.
const TIME_GAP_S: f64 = 1.5;
/// Gap at standstill, m.
const STANDSTILL_M: f64 = 2.5;

/// Acceleration on a free road, m/s^2.
pub(crate) fn free(speed: f64, wanted: f64) -> f64 {
    if wanted < 0.1 {
        return -COMFORT;
    }
    let share = speed / wanted;
    // Above the wanted speed the model would brake too hard.
    (ACCELERATION * (1.0 - share.powi(4))).max(-COMFORT)
}

/// Acceleration behind something that is `gap` m ahead and drives with `leader` m/s.
pub(crate) fn follow(speed: f64, wanted: f64, gap: f64, leader: f64) -> f64 {
    let approach = speed * (speed - leader) / (2.0 * (ACCELERATION * COMFORT).sqrt());
    let wished = STANDSTILL_M + (speed * TIME_GAP_S + approach).max(0.0);
    let interaction = ACCELERATION * (wished / gap.max(0.1)).powi(2);
    (free(speed, wanted) - interaction).max(-HARDEST)
}

/// Highest speed from which one can slow down to `later` within `way` m.
pub(crate) fn slowing(later: f64, way: f64) -> f64 {
    (later * later + 2.0 * 0.75 * COMFORT * way.max(0.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_without_hitting_a_leader_that_stops() {
        let (mut gap, mut speed, mut leader): (f64, f64, f64) = (30.0, 13.0, 13.0);
        for _ in 0..4000 {
            leader = (leader - 0.05).max(0.0);
            speed = (speed + follow(speed, 13.0, gap, leader) * 0.01).max(0.0);
            gap += (leader - speed) * 0.01;
            assert!(gap > 1.0, "{gap}");
        }
        assert!(speed < 0.3 && gap < 4.5, "{speed} {gap}");
    }

    #[test]
    fn reaches_the_wanted_speed() {
        let speed = (0..6000).fold(0.0, |v: f64, _| v + free(v, 10.0) * 0.01);
        assert!((speed - 10.0).abs() < 0.1, "{speed}");
    }
}
