//! Where objects will be: constant turn rate and velocity (Schubert, Richter, Wanielik, "Comparison and evaluation of
//! advanced motion models for vehicle tracking", FUSION 2008) with a turn that decays, because nobody turns for ever.

use glam::DVec2;

use crate::motion::TURN_DECAY_S;

/// Positions and headings at `steps` times, `step_s` apart, the first one `step_s` from now.
pub fn path(
    mut position: DVec2,
    mut yaw: f64,
    mut velocity: DVec2,
    turn_rate: f64,
    step_s: f64,
    steps: usize,
) -> impl Iterator<Item = (DVec2, f64)> {
    (0..steps).map(move |i| {
        let from = turn_rate * TURN_DECAY_S * (-(i as f64) * step_s / TURN_DECAY_S).exp();
        let to = turn_rate * TURN_DECAY_S * (-(i as f64 + 1.0) * step_s / TURN_DECAY_S).exp();
        // The integral of the decaying turn rate over the step.
        let turn = from - to;
        position += DVec2::from_angle(0.5 * turn).rotate(velocity) * step_s;
        velocity = DVec2::from_angle(turn).rotate(velocity);
        yaw += turn;
        (position, yaw)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_on_without_turn_and_round_with_one() {
        let last = path(DVec2::ZERO, 0.0, DVec2::X * 10.0, 0.0, 0.5, 8).last();
        assert_eq!(last, Some((DVec2::new(40.0, 0.0), 0.0)));
        let Some((end, yaw)) = path(DVec2::ZERO, 0.0, DVec2::X * 10.0, 0.3, 0.5, 8).last() else { panic!() };
        let whole = 0.3 * TURN_DECAY_S * (1.0 - (-4.0 / TURN_DECAY_S).exp());
        assert!((yaw - whole).abs() < 1e-9 && end.y > 5.0 && end.x < 40.0);
    }
}
