//! What a command may ask of the vehicle.

use msgs::ackermann_msgs::msg::AckermannDrive;
use vehicle::VehicleParams;

use crate::LimitParams;

/// A wish for the actuators.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// Angle of the virtual front wheel, rad.
    pub steering_rad: f64,
    /// Acceleration along base_link x, m/s^2.
    pub acceleration_mps2: f64,
}

/// What a wish was cut by, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// The steering would turn faster than it can.
    SteeringRate,
    /// The steering would turn further than it can.
    SteeringAngle,
    /// The curve would be too tight for the speed.
    LateralAcceleration,
    /// More acceleration or braking than the vehicle has.
    Acceleration,
    /// Faster than the vehicle or the present mode may.
    Speed,
}

impl Cut {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SteeringRate, Self::SteeringAngle, Self::LateralAcceleration, Self::Acceleration, Self::Speed];

    /// Its name in messages.
    pub fn id(self) -> &'static str {
        match self {
            Self::SteeringRate => "limit_steering_rate",
            Self::SteeringAngle => "limit_steering_angle",
            Self::LateralAcceleration => "limit_lateral_acceleration",
            Self::Acceleration => "limit_acceleration",
            Self::Speed => "limit_speed",
        }
    }
}

/// A command beyond this many times what the vehicle can makes no sense.
const ABSURD: f64 = 3.0;
/// Rounding and late ticks are not worth a word: share of a limit.
const TOLERANCE: f64 = 0.02;
/// Deceleration with which a speed above the limit is taken back, m/s^2, and what it is per excess speed, 1/s.
const SLOWING_MPS2: f64 = 1.0;
const SLOWING_PER_S: f64 = 0.8;

/// The wish in a command; `None` if it is not finite or absurd.
pub fn wish(drive: &AckermannDrive, vehicle: &VehicleParams) -> Option<Wish> {
    let fits = |value: f32, limit: f64| f64::from(value).abs() <= limit; // false for NaN
    let sane = fits(drive.steering_angle, ABSURD * vehicle.max_steering_angle_rad)
        && fits(drive.acceleration, ABSURD * vehicle.max_deceleration_mps2)
        && fits(drive.speed, ABSURD * vehicle.max_speed_mps)
        && drive.steering_angle_velocity.is_finite()
        && drive.jerk.is_finite();
    sane.then(|| Wish {
        steering_rad: f64::from(drive.steering_angle),
        acceleration_mps2: f64::from(drive.acceleration),
    })
}

/// The limits.
#[derive(Clone, Debug)]
pub struct Envelope {
    vehicle: VehicleParams,
    lateral_acceleration_mps2: f64,
}

impl Envelope {
    /// From the vehicle and the gate's own limits.
    pub fn new(vehicle: &VehicleParams, limits: &LimitParams) -> Self {
        Self { vehicle: vehicle.clone(), lateral_acceleration_mps2: limits.lateral_acceleration_mps2 }
    }

    /// The steering, at most as far from `last_rad` as `dt_s` allows; and what cut it.
    pub fn steering(&self, wish_rad: f64, last_rad: f64, dt_s: f64, speed_mps: f64) -> (f64, Option<Cut>) {
        let mut cut = None;
        let mut clamp = |value: f64, low: f64, high: f64, by: Cut| {
            let clamped = value.clamp(low, high);
            if (value - clamped).abs() > TOLERANCE * (high - low) {
                cut = Some(by);
            }
            clamped
        };
        let tangent = self.vehicle.wheelbase_m * self.lateral_acceleration_mps2 / speed_mps.powi(2).max(0.01);
        let at_speed = tangent.atan();
        let step = self.vehicle.max_steering_rate_rad_per_s * dt_s * (1.0 + TOLERANCE);
        let most = self.vehicle.max_steering_angle_rad;
        let angle = clamp(wish_rad, last_rad - step, last_rad + step, Cut::SteeringRate);
        let angle = clamp(angle, -most, most, Cut::SteeringAngle);
        let angle = clamp(angle, -at_speed, at_speed, Cut::LateralAcceleration);
        (angle, cut)
    }

    /// The acceleration, with the speed kept to `limit_mps`; and what cut it.
    pub fn acceleration(&self, wish_mps2: f64, speed_mps: f64, limit_mps: f64) -> (f64, Option<Cut>) {
        let (low, high) = (-self.vehicle.max_deceleration_mps2, self.vehicle.max_acceleration_mps2);
        let clamped = wish_mps2.clamp(low, high);
        let mut cut = ((wish_mps2 - clamped).abs() > TOLERANCE).then_some(Cut::Acceleration);
        let most = (SLOWING_PER_S * (limit_mps - speed_mps)).max(-SLOWING_MPS2);
        if clamped > most {
            cut = Some(Cut::Speed);
        }
        (clamped.min(most), cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drive(steering: f32, acceleration: f32) -> AckermannDrive {
        AckermannDrive { steering_angle: steering, acceleration, ..AckermannDrive::default() }
    }

    #[test]
    fn what_is_not_finite_or_absurd_is_no_wish() {
        let vehicle = VehicleParams::default();
        assert_eq!(
            wish(&drive(0.25, -1.0), &vehicle),
            Some(Wish { steering_rad: 0.25, acceleration_mps2: -1.0 })
        );
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, 100.0] {
            assert_eq!(wish(&drive(bad, 0.0), &vehicle), None);
            assert_eq!(wish(&drive(0.0, bad), &vehicle), None);
        }
        let bad_speed = AckermannDrive { speed: f32::NAN, ..AckermannDrive::default() };
        let bad_jerk = AckermannDrive { jerk: f32::NAN, ..AckermannDrive::default() };
        assert_eq!((wish(&bad_speed, &vehicle), wish(&bad_jerk, &vehicle)), (None, None));
    }

    #[test]
    fn steering_is_cut_to_angle_rate_and_lateral_acceleration() {
        let envelope = Envelope::new(&VehicleParams::default(), &LimitParams::default());
        assert_eq!(envelope.steering(0.1, 0.1, 0.01, 5.0), (0.1, None));
        let (angle, cut) = envelope.steering(0.5, 0.0, 0.01, 1.0);
        assert!((0.006..0.0062).contains(&angle) && cut == Some(Cut::SteeringRate));
        assert_eq!(envelope.steering(0.7, 0.6, 1.0, 1.0), (0.6, Some(Cut::SteeringAngle)));
        let (angle, cut) = envelope.steering(0.3, 0.3, 0.01, 20.0);
        assert!((20.0 * 20.0 * angle.tan() / 3.0 - 5.0).abs() < 1e-9);
        assert_eq!(cut, Some(Cut::LateralAcceleration));
        assert_eq!(envelope.steering(0.3, -0.3, 0.0, 1.0).0, -0.3, "without time nothing moves");
    }

    #[test]
    fn acceleration_is_cut_to_the_vehicle_and_to_the_speed() {
        let envelope = Envelope::new(&VehicleParams::default(), &LimitParams::default());
        assert_eq!(envelope.acceleration(1.0, 5.0, 25.0), (1.0, None));
        assert_eq!(envelope.acceleration(5.0, 5.0, 25.0), (2.0, Some(Cut::Acceleration)));
        assert_eq!(envelope.acceleration(-9.0, 5.0, 25.0), (-8.0, Some(Cut::Acceleration)));
        assert_eq!(envelope.acceleration(1.0, 25.0, 25.0), (0.0, Some(Cut::Speed)));
        assert_eq!(envelope.acceleration(1.0, 10.0, 3.0), (-1.0, Some(Cut::Speed)));
        assert_eq!(envelope.acceleration(-3.0, 10.0, 3.0), (-3.0, None));
    }
}
