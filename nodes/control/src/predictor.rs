//! Where the vehicle is when a command sent now begins to act.
//!
//! Between the measurement behind the odometry and that moment lie the odometry's age and the dead times of the actuators. The
//! commands that act in between are known: they were sent. So a kinematic bicycle with the actuators' models is rolled over
//! them.

use glam::DVec2;
use vehicle::{Actuator, Pose2, VehicleParams};

use crate::PERIOD_S;

/// Steps that are remembered; longer dead times and ages are cut.
const HISTORY: usize = 256;
/// The oldest odometry that is rolled forward, steps.
const MAX_AGE_STEPS: usize = 50;
/// The longest dead time, steps.
const MAX_DELAY_STEPS: usize = 100;

/// Position and motion of the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Pose of base_link in map.
    pub pose: Pose2,
    /// Speed along base_link x, m/s.
    pub speed_mps: f64,
    /// Angle of the virtual front wheel, rad.
    pub steering_rad: f64,
    /// Acceleration along base_link x, m/s^2.
    pub acceleration_mps2: f64,
}

/// What was sent in a step, and how the actuators stood then.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    sent: Command,
    steering_rad: f64,
    acceleration_mps2: f64,
}

/// What is asked of the actuators.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Command {
    /// Angle of the virtual front wheel, rad.
    pub steering_rad: f64,
    /// Acceleration along base_link x, m/s^2.
    pub acceleration_mps2: f64,
}

/// Model of an actuator at the step of the controller.
#[derive(Clone, Copy, Debug, Default)]
struct Lag {
    delay_steps: usize,
    /// Share of the way to the command that is made in a step.
    follow: f64,
}

impl Lag {
    fn new(actuator: &Actuator) -> Self {
        let delay_steps = ((actuator.delay_s / PERIOD_S).round() as usize).min(MAX_DELAY_STEPS);
        let follow = 1.0 - (-PERIOD_S / actuator.time_constant_s.max(1e-3)).exp();
        Self { delay_steps, follow }
    }
}

/// Remembers what was sent, and predicts.
#[derive(Clone, Debug)]
pub struct Predictor {
    wheelbase_m: f64,
    max_rate_rad_per_s: f64,
    steering: Lag,
    drive: Lag,
    history: [Past; HISTORY],
    /// Where the newest entry is.
    newest: usize,
}

/// The vehicle at the moments that count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prediction {
    /// Now.
    pub now: Motion,
    /// When a steering command sent now begins to act.
    pub steering: Motion,
    /// When an acceleration command sent now begins to act.
    pub drive: Motion,
}

impl Predictor {
    /// With wheels straight and nothing sent.
    pub fn new(vehicle: &VehicleParams) -> Self {
        let mut predictor = Self {
            wheelbase_m: 0.0,
            max_rate_rad_per_s: 0.0,
            steering: Lag::default(),
            drive: Lag::default(),
            history: [Past::default(); HISTORY],
            newest: 0,
        };
        predictor.set_vehicle(vehicle);
        predictor
    }

    /// Takes over other parameters; what was sent stays known.
    pub fn set_vehicle(&mut self, vehicle: &VehicleParams) {
        self.wheelbase_m = vehicle.wheelbase_m;
        self.max_rate_rad_per_s = vehicle.max_steering_rate_rad_per_s;
        self.steering = Lag::new(&vehicle.steering);
        self.drive = Lag::new(&vehicle.drive);
    }

    /// Begins with wheels at this angle, rad.
    pub fn begin_at(&mut self, steering_rad: f64) {
        let sent = Command { steering_rad, acceleration_mps2: 0.0 };
        self.history = [Past { sent, steering_rad, acceleration_mps2: 0.0 }; HISTORY];
    }

    /// Dead time of the steering as it is modelled, s.
    pub fn steering_delay_s(&self) -> f64 {
        self.steering.delay_steps as f64 * PERIOD_S
    }

    /// Dead time of drive and brakes as it is modelled, s.
    pub fn drive_delay_s(&self) -> f64 {
        self.drive.delay_steps as f64 * PERIOD_S
    }

    /// Where the actuators are modelled to stand now.
    pub fn actuators(&self) -> Command {
        let past = self.past(0);
        Command { steering_rad: past.steering_rad, acceleration_mps2: past.acceleration_mps2 }
    }

    fn past(&self, steps_ago: usize) -> &Past {
        &self.history[(self.newest + HISTORY - steps_ago.min(HISTORY - 1)) % HISTORY]
    }

    /// Says what is sent in this step. To be called once a step, after [`Self::predict`].
    pub fn sent(&mut self, command: Command) {
        let at = self.past(0);
        let (steering, drive) = (at.steering_rad, at.acceleration_mps2);
        self.newest = (self.newest + 1) % HISTORY;
        self.history[self.newest].sent = command;
        // Commands sent `delay_steps` ago act during the step that begins now.
        let acting_steering = self.past(self.steering.delay_steps).sent.steering_rad;
        let acting_drive = self.past(self.drive.delay_steps).sent.acceleration_mps2;
        let entry = Past {
            sent: command,
            steering_rad: self.turn(steering, acting_steering),
            acceleration_mps2: drive + self.drive.follow * (acting_drive - drive),
        };
        self.history[self.newest] = entry;
    }

    fn turn(&self, steering: f64, command: f64) -> f64 {
        let most = self.max_rate_rad_per_s * PERIOD_S;
        steering + (self.steering.follow * (command - steering)).clamp(-most, most)
    }

    /// Corrects the modelled steering by a measured angle, rad, of so many steps ago.
    pub fn correct_steering(&mut self, measured_rad: f64, steps_ago: usize) {
        const GAIN: f64 = 0.5;
        if steps_ago < HISTORY {
            let correction = GAIN * (measured_rad - self.past(steps_ago).steering_rad);
            self.history[self.newest].steering_rad += correction;
        }
    }

    /// Rolls pose and speed, measured `age_s` ago, forward. Allocates nothing.
    pub fn predict(&self, pose: Pose2, speed_mps: f64, age_s: f64) -> Prediction {
        let mut motion = Motion { pose, speed_mps, ..Motion::default() };
        let steps = ((age_s / PERIOD_S).max(0.0) as usize).min(MAX_AGE_STEPS);
        let rest = (age_s - steps as f64 * PERIOD_S).clamp(0.0, PERIOD_S);
        for (ago, dt) in std::iter::once((steps, rest)).chain((0..steps).rev().map(|ago| (ago, PERIOD_S))) {
            let past = self.past(ago);
            motion.steering_rad = past.steering_rad;
            motion.acceleration_mps2 = past.acceleration_mps2;
            self.roll(&mut motion, dt);
        }
        let mut prediction = Prediction { now: motion, steering: motion, drive: motion };
        let (steering, drive) = (self.steering.delay_steps, self.drive.delay_steps);
        for ahead in 1..=steering.max(drive) {
            // What was sent `delay - ahead` steps ago begins to act then; later than the newest nothing is known.
            let acting = |delay: usize| self.past(delay.saturating_sub(ahead)).sent;
            motion.steering_rad = self.turn(motion.steering_rad, acting(steering).steering_rad);
            let wish = acting(drive).acceleration_mps2;
            motion.acceleration_mps2 += self.drive.follow * (wish - motion.acceleration_mps2);
            self.roll(&mut motion, PERIOD_S);
            if ahead == steering {
                prediction.steering = motion;
            }
            if ahead == drive {
                prediction.drive = motion;
            }
        }
        prediction
    }

    fn roll(&self, motion: &mut Motion, dt: f64) {
        let speed = motion.speed_mps + 0.5 * motion.acceleration_mps2 * dt;
        // Braking ends at a standstill, it does not drive backwards.
        let stops = motion.speed_mps.abs() < 0.01 || (speed > 0.0) != (motion.speed_mps > 0.0);
        if stops && motion.acceleration_mps2 <= 0.0 {
            motion.speed_mps = 0.0;
            return;
        }
        let turn = speed * dt * motion.steering_rad.tan() / self.wheelbase_m;
        let heading = motion.pose.heading + 0.5 * turn;
        motion.pose.position += speed * dt * DVec2::from_angle(heading);
        motion.pose.heading += turn;
        motion.speed_mps += motion.acceleration_mps2 * dt;
    }
}
