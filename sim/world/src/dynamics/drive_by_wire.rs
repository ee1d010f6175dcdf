//! The drive-by-wire unit: turns commanded steering angle and acceleration into steering, drive and brake torques, and
//! brakes by itself when commands stop coming.

use msgs::atlasmesh_msgs::msg::ActuationCommand;
use vehicle::VehicleParams;

use super::actuator::Follower;
use super::params::DynamicsParams;

/// After this time without a command the unit brakes, s.
const DEADMAN_S: f64 = 0.2;
/// How it brakes then, m/s^2.
const DEADMAN_MPS2: f64 = -6.0;
/// Gears are changed below this speed only, m/s.
const SHIFT_SPEED_MPS: f64 = 0.3;
/// Below this speed a vehicle that is not to accelerate is held by its brakes, m/s.
const AUTO_HOLD_SPEED_MPS: f64 = 0.05;
/// Air density, kg/m^3.
const AIR_DENSITY: f64 = 1.2;
pub(crate) const GRAVITY: f64 = 9.81;

/// Which way the drive turns the wheels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gear {
    /// The wheels are locked.
    #[default]
    Park,
    /// Backwards.
    Reverse,
    /// Not at all.
    Neutral,
    /// Ahead.
    Drive,
}

impl Gear {
    /// From `ActuationCommand.gear`.
    pub fn from_msg(gear: u8) -> Option<Self> {
        match gear {
            ActuationCommand::GEAR_PARK => Some(Self::Park),
            ActuationCommand::GEAR_REVERSE => Some(Self::Reverse),
            ActuationCommand::GEAR_NEUTRAL => Some(Self::Neutral),
            ActuationCommand::GEAR_DRIVE => Some(Self::Drive),
            _ => None,
        }
    }

    /// As in `ActuationCommand.gear`.
    pub fn to_msg(self) -> u8 {
        match self {
            Self::Park => ActuationCommand::GEAR_PARK,
            Self::Reverse => ActuationCommand::GEAR_REVERSE,
            Self::Neutral => ActuationCommand::GEAR_NEUTRAL,
            Self::Drive => ActuationCommand::GEAR_DRIVE,
        }
    }
}

/// What the unit is told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Command {
    /// Angle of the virtual front wheel, rad, positive to the left.
    pub steering_angle_rad: f64,
    /// Acceleration in the direction of the gear, m/s^2; negative brakes, in every gear.
    pub acceleration_mps2: f64,
    /// The gear.
    pub gear: Gear,
    /// Keeps the vehicle standing.
    pub hold_brake: bool,
}

impl Command {
    /// From a message; `None` if a number is not finite or the gear is not one, so that the command counts as not come.
    pub fn from_msg(msg: &ActuationCommand) -> Option<Self> {
        let finite = msg.steering_angle_rad.is_finite() && msg.acceleration_mps2.is_finite();
        let gear = Gear::from_msg(msg.gear).filter(|_| finite)?;
        Some(Self {
            steering_angle_rad: msg.steering_angle_rad.into(),
            acceleration_mps2: msg.acceleration_mps2.into(),
            gear,
            hold_brake: msg.hold_brake,
        })
    }
}

/// What the unit asks of steering, drive and brakes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand {
    /// Angle of the virtual front wheel, rad.
    pub steering_angle_rad: f64,
    /// Force of the drive along base_link x, N.
    pub drive_n: f64,
    /// Force of the brakes against the motion, N, at least 0.
    pub brake_n: f64,
    /// Locks the wheels.
    pub lock: bool,
}

/// The unit.
pub(crate) struct DriveByWire {
    limits: VehicleParams,
    steering: Follower,
    drive: Follower,
    command: Command,
    silent_s: f64,
    commanded: bool,
    /// The gear that is in.
    pub gear: Gear,
    /// It brakes by itself.
    pub deadman_active: bool,
}

impl DriveByWire {
    pub fn new(limits: &VehicleParams, dt_s: f64) -> Self {
        Self {
            steering: Follower::new(&limits.steering, limits.max_steering_rate_rad_per_s, dt_s),
            drive: Follower::new(&limits.drive, f64::INFINITY, dt_s),
            limits: limits.clone(),
            command: Command::default(),
            silent_s: 0.0,
            commanded: false,
            gear: Gear::Park,
            deadman_active: false,
        }
    }

    /// Takes a command.
    pub fn apply(&mut self, command: Command) {
        self.command = command;
        self.silent_s = 0.0;
        self.commanded = true;
    }

    /// Angle of the virtual front wheel, rad.
    pub fn steering_angle_rad(&self) -> f64 {
        self.steering.value
    }

    /// Goes on by `dt_s`. `speed` is that of the wheels (m/s), `grade_rad` is positive uphill.
    pub fn step(&mut self, dynamics: &DynamicsParams, speed: f64, grade_rad: f64, dt_s: f64) -> Demand {
        self.silent_s += dt_s;
        self.deadman_active = self.commanded && self.silent_s > DEADMAN_S + 1e-9;
        let command = self.command;
        if command.gear != self.gear && speed.abs() < SHIFT_SPEED_MPS && !self.deadman_active {
            self.gear = command.gear;
        }
        let limits = &self.limits;
        let wanted = if self.deadman_active {
            DEADMAN_MPS2
        } else if self.gear != command.gear || matches!(self.gear, Gear::Park | Gear::Neutral) {
            // A wish for another gear than the one that is in must not accelerate.
            command.acceleration_mps2.min(0.0)
        } else {
            command.acceleration_mps2
        };
        let wanted = wanted.clamp(-limits.max_deceleration_mps2, limits.max_acceleration_mps2);
        let angle =
            command.steering_angle_rad.clamp(-limits.max_steering_angle_rad, limits.max_steering_angle_rad);
        let steering_angle_rad = self.steering.step(angle, dt_s);
        let acceleration = self.drive.step(wanted, dt_s);
        let held = !self.commanded
            || self.gear == Gear::Park
            || (command.hold_brake && acceleration <= 0.0)
            || (acceleration <= 1e-6 && self.gear != Gear::Neutral && speed.abs() < AUTO_HOLD_SPEED_MPS);
        let stand = held && speed.abs() < SHIFT_SPEED_MPS;
        let (drive_n, brake_n) = self.forces(dynamics, acceleration, speed, grade_rad);
        Demand { steering_angle_rad, drive_n: if stand { 0.0 } else { drive_n }, brake_n, lock: stand }
    }

    /// Drive force along base_link x and brake force for an acceleration in the direction of the gear, N. Resistances
    /// and grade are known to the unit and made up for.
    fn forces(&self, d: &DynamicsParams, acceleration: f64, speed: f64, grade_rad: f64) -> (f64, f64) {
        let direction = if self.gear == Gear::Reverse { -1.0 } else { 1.0 };
        let forward = speed * direction;
        let rotating = 4.0 * d.tyre.wheel_inertia_kg_m2 / (d.tyre.radius_m * d.tyre.radius_m);
        let rolling = d.tyre.rolling_resistance * d.mass_kg * GRAVITY * (forward / 0.1).clamp(-1.0, 1.0);
        let air = 0.5 * AIR_DENSITY * d.drive.drag_area_m2 * forward * forward.abs();
        let grade = direction * d.mass_kg * GRAVITY * grade_rad.sin();
        let force = (d.mass_kg + rotating) * acceleration + rolling + air + grade;
        match self.gear {
            Gear::Drive | Gear::Reverse if force > 0.0 && forward > -SHIFT_SPEED_MPS => {
                let limit = d.drive.max_power_w / forward.abs().max(0.5);
                let above = forward >= self.limits.max_speed_mps;
                let force = if above { force.min(rolling + air) } else { force };
                (direction * force.min(limit), 0.0)
            }
            // Brakes work against the motion, whichever way it goes.
            Gear::Drive | Gear::Reverse => (0.0, force.abs()),
            Gear::Park | Gear::Neutral => (0.0, d.mass_kg * -acceleration.min(0.0)),
        }
    }
}

/// Drag of the air along base_link x, N.
pub(crate) fn air_drag_n(d: &DynamicsParams, forward_mps: f64) -> f64 {
    -0.5 * AIR_DENSITY * d.drive.drag_area_m2 * forward_mps * forward_mps.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> DriveByWire {
        DriveByWire::new(&VehicleParams::default(), 0.01)
    }

    #[test]
    fn brakes_when_commands_stop() {
        let (mut unit, dynamics) = (unit(), DynamicsParams::default());
        for _ in 0..100 {
            unit.step(&dynamics, 0.0, 0.0, 0.01);
        }
        assert!(!unit.deadman_active, "there was no command yet");
        unit.apply(Command { gear: Gear::Drive, acceleration_mps2: 1.0, ..Command::default() });
        for _ in 0..20 {
            unit.step(&dynamics, 10.0, 0.0, 0.01);
            assert!(!unit.deadman_active);
        }
        let brake = (0..100).map(|_| unit.step(&dynamics, 10.0, 0.0, 0.01)).last().unwrap();
        assert!(unit.deadman_active);
        assert!(brake.brake_n > 5.5 * dynamics.mass_kg && brake.drive_n == 0.0, "{brake:?}");
    }

    #[test]
    fn gears_change_at_standstill_only() {
        let (mut unit, dynamics) = (unit(), DynamicsParams::default());
        unit.apply(Command { gear: Gear::Drive, ..Command::default() });
        unit.step(&dynamics, 0.0, 0.0, 0.01);
        assert_eq!(unit.gear, Gear::Drive);
        unit.apply(Command { gear: Gear::Reverse, acceleration_mps2: 1.0, ..Command::default() });
        let demand = (0..50).map(|_| unit.step(&dynamics, 5.0, 0.0, 0.001)).last().unwrap();
        assert_eq!(unit.gear, Gear::Drive);
        assert!(demand.drive_n.abs() < 500.0, "{demand:?}");
        unit.step(&dynamics, 0.1, 0.0, 0.01);
        assert_eq!(unit.gear, Gear::Reverse);
    }

    #[test]
    fn numbers_that_are_none_are_no_command() {
        let msg = ActuationCommand { gear: ActuationCommand::GEAR_DRIVE, ..ActuationCommand::default() };
        assert!(Command::from_msg(&msg).is_some());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(
                Command::from_msg(&ActuationCommand { steering_angle_rad: bad, ..msg.clone() }).is_none()
            );
            assert!(Command::from_msg(&ActuationCommand { acceleration_mps2: bad, ..msg.clone() }).is_none());
        }
        assert!(Command::from_msg(&ActuationCommand { gear: 9, ..msg }).is_none());
    }
}
