//! Acceleration: that of the trajectory, corrected by the errors of speed and way; stopping, standing, starting.

use crate::{LongitudinalParams, PERIOD_S};

/// Below this speed the vehicle counts as standing, m/s.
pub const STANDING_MPS: f64 = 0.05;
/// What is commanded while it is to stand, m/s^2: clearly braking, so that the hold brake is put on.
pub const HOLD_MPS2: f64 = -1.0;
/// And what that begins with.
const FIRST_HOLD_MPS2: f64 = -0.2;
/// A reference below this speed is a stand, m/s.
const STAND_REFERENCE_MPS: f64 = 0.02;
/// Highest speed that being late adds to the reference, m/s; being early may take off `MAX_SLOWER_MPS`.
const MAX_FASTER_MPS: f64 = 0.2;
const MAX_SLOWER_MPS: f64 = 1.0;
/// Stopped this far short of the point, the vehicle creeps on; from farther away that is left to the planner, m.
const CREEP_FROM_M: f64 = 0.15;
const CREEP_TO_M: f64 = 1.0;
/// Below this speed it rolls back instead, m/s.
const ROLLS_BACK_MPS: f64 = -0.02;
/// Bound of the feedback, m/s^2.
const MAX_FEEDBACK_MPS2: f64 = 2.0;
/// Bound of the integral, m/s^2: a slope of 15 %.
const MAX_INTEGRAL_MPS2: f64 = 1.5;
/// Wishes below this are hard braking, which may build up quickly, m/s^2.
const HARD_BRAKING_MPS2: f64 = -3.0;
const HARD_BRAKING_JERK_FACTOR: f64 = 5.0;
/// The last bit of a stop is braked with no more than `SOFT_MPS2 + speed * SOFT_PER_S`, m/s^2, so that it ends without a jolt.
const SOFT_MPS2: f64 = 0.3;
const SOFT_PER_S: f64 = 1.5;

/// Below this speed a stop has to come to an end: it is braked harder by `SLOW_PER_S`, m/s^2 per s.
const SLOW_MPS: f64 = 0.5;
const SLOW_PER_S: f64 = 0.5;

/// What is to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// The trajectory's.
    Follow(Reference),
    /// A comfortable stop, and then to stand.
    Stop,
}

/// What the trajectory says of the moment in which the command begins to act.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reference {
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Acceleration, with the drive's lag looked ahead over, m/s^2.
    pub acceleration_mps2: f64,
    /// How far the vehicle is behind, m.
    pub late_m: f64,
    /// Highest speed within the next second, m/s.
    pub soon_mps: f64,
}

/// The controller of drive and brakes.
#[derive(Clone, Debug)]
pub struct Longitudinal {
    params: LongitudinalParams,
    max_acceleration_mps2: f64,
    max_deceleration_mps2: f64,
    integral_mps2: f64,
    command_mps2: f64,
    holding: bool,
}

impl Longitudinal {
    /// Standing.
    pub fn new(vehicle: &vehicle::VehicleParams, params: &LongitudinalParams) -> Self {
        Self {
            params: params.clone(),
            max_acceleration_mps2: vehicle.max_acceleration_mps2,
            max_deceleration_mps2: vehicle.max_deceleration_mps2,
            integral_mps2: 0.0,
            command_mps2: HOLD_MPS2,
            holding: true,
        }
    }

    /// Takes over other parameters and keeps its state. Allocates nothing.
    pub fn set_params(&mut self, vehicle: &vehicle::VehicleParams, params: &LongitudinalParams) {
        let (integral_mps2, command_mps2, holding) = (self.integral_mps2, self.command_mps2, self.holding);
        *self = Self { integral_mps2, command_mps2, holding, ..Self::new(vehicle, params) };
    }

    /// Whether it keeps the vehicle standing.
    pub fn holds(&self) -> bool {
        self.holding
    }

    /// One step; gives the acceleration to command, m/s^2. `speed_mps` is the speed now, `predicted_mps` that of the moment in
    /// which the command begins to act.
    pub fn step(&mut self, aim: Aim, speed_mps: f64, predicted_mps: f64) -> f64 {
        self.holding = self.is_to_hold(aim, speed_mps);
        if self.holding {
            self.integral_mps2 = 0.0;
            // Drive that held it on a slope must not outlast the stand, else the hold brake is put on late.
            self.command_mps2 = self.command_mps2.min(FIRST_HOLD_MPS2);
            self.ramp(HOLD_MPS2);
            return self.command_mps2;
        }
        let wish = match aim {
            Aim::Follow(reference) => self.follow(&reference, predicted_mps),
            Aim::Stop => self.stop(speed_mps, predicted_mps),
        };
        self.ramp(wish);
        self.command_mps2
    }

    fn is_to_hold(&mut self, aim: Aim, speed_mps: f64) -> bool {
        let stands = speed_mps < STANDING_MPS;
        match aim {
            Aim::Stop => stands || (self.holding && speed_mps < 2.0 * STANDING_MPS),
            Aim::Follow(reference) if reference.soon_mps > STAND_REFERENCE_MPS => {
                if self.holding {
                    // The brake lets go: the ramp begins at nothing, not at what held.
                    self.command_mps2 = 0.0;
                }
                false
            }
            // A little short of the point it creeps on.
            Aim::Follow(reference) => {
                let short =
                    (CREEP_FROM_M..CREEP_TO_M).contains(&reference.late_m) && speed_mps > ROLLS_BACK_MPS;
                (stands && !short) || (self.holding && speed_mps < 2.0 * STANDING_MPS)
            }
        }
    }

    fn follow(&mut self, reference: &Reference, predicted_mps: f64) -> f64 {
        let catching_up =
            (self.params.position_gain_per_s * reference.late_m).clamp(-MAX_SLOWER_MPS, MAX_FASTER_MPS);
        let error = (reference.speed_mps + catching_up).max(0.0) - predicted_mps;
        let feedback = self.params.speed_gain_per_s * error;
        let mut wish = reference.acceleration_mps2
            + feedback.clamp(-MAX_FEEDBACK_MPS2, MAX_FEEDBACK_MPS2)
            + self.integral_mps2;
        if reference.acceleration_mps2 > HARD_BRAKING_MPS2 && reference.speed_mps < 0.5 {
            // What the integral holds against a slope comes on top, else it would never stand.
            wish = wish.max(self.integral_mps2.min(0.0) - SOFT_MPS2 - SOFT_PER_S * predicted_mps.max(0.0));
        }
        // The integral grows only as long as the actuators have room for it.
        if (-self.max_deceleration_mps2..=self.max_acceleration_mps2).contains(&wish)
            && feedback.abs() < MAX_FEEDBACK_MPS2
        {
            let change = feedback * PERIOD_S / self.params.integral_time_s;
            self.integral_mps2 = (self.integral_mps2 + change).clamp(-MAX_INTEGRAL_MPS2, MAX_INTEGRAL_MPS2);
        }
        wish
    }

    fn stop(&mut self, speed_mps: f64, predicted_mps: f64) -> f64 {
        let soft = SOFT_MPS2 + SOFT_PER_S * predicted_mps.min(speed_mps).max(0.0);
        if speed_mps < SLOW_MPS {
            // Downhill it might roll on: the longer it takes the harder it brakes.
            self.integral_mps2 -= SLOW_PER_S * PERIOD_S;
        }
        let most = self.params.comfortable_deceleration_mps2;
        (-soft.min(most) + self.integral_mps2.clamp(-MAX_INTEGRAL_MPS2, 0.0)).max(-most)
    }

    fn ramp(&mut self, wish: f64) {
        let wish = wish.clamp(-self.max_deceleration_mps2, self.max_acceleration_mps2);
        let hard = wish < HARD_BRAKING_MPS2 || self.command_mps2 < HARD_BRAKING_MPS2;
        let jerk = self.params.max_jerk_mps3 * if hard { HARD_BRAKING_JERK_FACTOR } else { 1.0 };
        let most = jerk * PERIOD_S;
        self.command_mps2 = wish.clamp(self.command_mps2 - most, self.command_mps2 + most);
    }
}
