//! How an actuator follows its command.

use std::collections::VecDeque;

use vehicle::Actuator;

/// Dead time, then a first-order lag with a limit of its rate.
pub(crate) struct Follower {
    waiting: VecDeque<f64>,
    time_constant_s: f64,
    max_rate: f64,
    /// Where it is now.
    pub value: f64,
}

impl Follower {
    /// At 0. `dt_s` is the time between two steps.
    pub fn new(actuator: &Actuator, max_rate: f64, dt_s: f64) -> Self {
        let steps = (actuator.delay_s / dt_s).round().clamp(0.0, 1000.0) as usize;
        Self {
            waiting: std::iter::repeat_n(0.0, steps).collect(),
            time_constant_s: actuator.time_constant_s,
            max_rate,
            value: 0.0,
        }
    }

    /// Goes on by `dt_s` towards `command`.
    pub fn step(&mut self, command: f64, dt_s: f64) -> f64 {
        self.waiting.push_back(command);
        let target = self.waiting.pop_front().unwrap_or(command);
        let share =
            if self.time_constant_s > 1e-6 { 1.0 - (-dt_s / self.time_constant_s).exp() } else { 1.0 };
        let limit = self.max_rate * dt_s;
        self.value += (share * (target - self.value)).clamp(-limit, limit);
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_lags_and_keeps_its_rate() {
        let mut follower =
            Follower::new(&Actuator { delay_s: 0.05, time_constant_s: 0.1 }, f64::INFINITY, 0.01);
        let values: Vec<f64> = (0..16).map(|_| follower.step(1.0, 0.01)).collect();
        assert!(values[..5].iter().all(|v| *v == 0.0), "{values:?}");
        // One time constant after the dead time.
        assert!((values[14] - 0.632).abs() < 0.01, "{values:?}");
        let mut slow = Follower::new(&Actuator { delay_s: 0.0, time_constant_s: 0.01 }, 0.5, 0.01);
        assert!((0..100).map(|_| slow.step(1.0, 0.01)).last().unwrap() < 0.501);
    }
}
