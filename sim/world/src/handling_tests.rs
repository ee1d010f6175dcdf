//! The vehicle against theory: steady-state circle, braking, step steer, slopes, energy.

use glam::{DVec2, DVec3};
use vehicle::{Pose2, VehicleParams};

use crate::config::EgoConfig;
use crate::dynamics::{Command, DynamicsParams, GRAVITY, Gear};
use crate::ego::Ego;
use crate::ground::{Ground, Material};
use crate::physics::Physics;
use crate::world::STEP_S;

/// A vehicle on a ground of its own.
struct Rig {
    physics: Physics,
    ground: Ground,
    ego: Ego,
}

impl Rig {
    fn new(config: &EgoConfig, ground: Ground) -> Self {
        let mut physics = Physics::new(STEP_S / 2.0);
        let ego = Ego::new(&mut physics, &ground, config, (Pose2::default(), 0.0), (1, 0), STEP_S);
        Self { physics, ground, ego }
    }

    fn flat() -> Self {
        Self::new(&EgoConfig::default(), Ground::square(3000.0, 0.0))
    }

    fn step(&mut self) {
        self.ego.control(STEP_S);
        for _ in 0..2 {
            self.ego.push(&mut self.physics, &self.ground, STEP_S / 2.0);
            self.physics.step();
        }
        self.ego.update(&self.physics, STEP_S);
    }

    fn drive(&mut self, seconds: f64, steering: f64, acceleration: f64) {
        for _ in 0..(seconds / STEP_S).round() as usize {
            self.ego.unit.apply(Command {
                steering_angle_rad: steering,
                acceleration_mps2: acceleration,
                gear: Gear::Drive,
                hold_brake: false,
            });
            self.step();
        }
    }

    /// Keeps a speed with a simple controller.
    fn cruise(&mut self, seconds: f64, steering: f64, speed: f64) {
        for _ in 0..(seconds / STEP_S).round() as usize {
            self.drive(STEP_S, steering, 1.5 * (speed - self.ego.speed_mps()));
        }
    }

    fn rolling_at(speed: f64) -> Self {
        let mut rig = Self::flat();
        rig.physics.set_velocity(rig.ego.body, DVec3::X * speed);
        rig.ego.chassis.roll_at(speed);
        rig.ego.unit.gear = Gear::Drive;
        rig.ego.update(&rig.physics, STEP_S);
        rig.cruise(2.0, 0.0, speed);
        rig
    }
}

/// Understeer gradient of the linear single-track model, rad s^2/m (Gillespie 1992, chapter 6).
fn understeer_gradient(d: &DynamicsParams, v: &VehicleParams) -> f64 {
    let front = d.mass_kg * d.cg_to_rear_m / v.wheelbase_m;
    let rear = d.mass_kg - front;
    let axle = |mass: f64| 2.0 * d.tyre.cornering_stiffness_at(0.5 * mass * GRAVITY);
    front / axle(front) - rear / axle(rear)
}

#[test]
fn rests_on_its_springs() {
    let mut rig = Rig::flat();
    for _ in 0..300 {
        rig.step();
    }
    let loads = rig.ego.chassis.loads_n();
    let weight = rig.ego.dynamics.mass_kg * GRAVITY;
    assert!((loads.iter().sum::<f64>() / weight - 1.0).abs() < 1e-3, "{loads:?}");
    assert!(rig.ego.motion.position.length() < 1e-3, "{}", rig.ego.motion.position);
}

#[test]
fn circle_is_that_of_the_single_track_model() {
    let (d, v) = (DynamicsParams::default(), VehicleParams::default());
    let gradient = understeer_gradient(&d, &v);
    for (speed, steering) in [(2.0, 0.3), (8.0, 0.06), (15.0, 0.03)] {
        let mut rig = Rig::rolling_at(speed);
        rig.cruise(8.0, steering, speed);
        let measured = rig.ego.motion.angular.z;
        let u = rig.ego.speed_mps();
        let theory = u * f64::tan(steering) / (v.wheelbase_m + gradient * u * u);
        assert!((measured / theory - 1.0).abs() < 0.05, "at {speed} m/s: {measured} and not {theory}");
    }
}

#[test]
fn lateral_force_is_limited_by_friction() {
    let mut rig = Rig::rolling_at(15.0);
    rig.cruise(4.0, 0.4, 15.0);
    let lateral = rig.ego.motion.angular.z * rig.ego.speed_mps();
    assert!(lateral < 1.02 * 0.95 * GRAVITY, "{lateral}");
}

#[test]
fn braking_distance_is_that_of_the_deceleration() {
    for wanted in [2.0, 6.0] {
        let mut rig = Rig::rolling_at(15.0);
        let (start, speed) = (rig.ego.motion.position.x, rig.ego.speed_mps());
        rig.drive(12.0, 0.0, -wanted);
        let way = rig.ego.motion.position.x - start;
        let delay = rig.ego.vehicle.drive.delay_s + rig.ego.vehicle.drive.time_constant_s;
        let theory = speed * delay + speed * speed / (2.0 * wanted);
        assert!((way / theory - 1.0).abs() < 0.04, "{wanted} m/s^2: {way} m and not {theory} m");
        assert!(rig.ego.speed_mps().abs() < 1e-3);
    }
}

#[test]
fn full_braking_is_limited_by_friction() {
    let mut config = EgoConfig::default();
    config.vehicle.max_deceleration_mps2 = 12.0;
    let mut rig = Rig::new(&config, Ground::square(3000.0, 0.0));
    rig.physics.set_velocity(rig.ego.body, DVec3::X * 15.0);
    rig.ego.chassis.roll_at(15.0);
    rig.ego.unit.gear = Gear::Drive;
    rig.cruise(2.0, 0.0, 15.0);
    rig.drive(0.6, 0.0, -12.0);
    let before = rig.ego.speed_mps();
    rig.drive(0.5, 0.0, -12.0);
    let deceleration = (before - rig.ego.speed_mps()) / 0.5;
    assert!(deceleration < 0.97 * GRAVITY && deceleration > 0.75 * GRAVITY, "{deceleration}");
}

#[test]
fn accelerates_as_told_until_power_ends() {
    let mut rig = Rig::rolling_at(3.0);
    rig.drive(1.0, 0.0, 1.0);
    let before = rig.ego.speed_mps();
    rig.drive(2.0, 0.0, 1.0);
    let measured = (rig.ego.speed_mps() - before) / 2.0;
    assert!((measured - 1.0).abs() < 0.03, "{measured}");
    let mut rig = Rig::rolling_at(20.0);
    rig.drive(1.0, 0.0, 2.0);
    let before = rig.ego.speed_mps();
    rig.drive(0.5, 0.0, 2.0);
    let d = &rig.ego.dynamics;
    let resistance =
        d.tyre.rolling_resistance * d.mass_kg * GRAVITY + 0.6 * d.drive.drag_area_m2 * before * before;
    let theory = (d.drive.max_power_w / before - resistance) / d.mass_kg;
    let measured = (rig.ego.speed_mps() - before) / 0.5;
    assert!((measured / theory - 1.0).abs() < 0.1, "{measured} {theory}");
}

#[test]
fn step_steer_settles() {
    let mut rig = Rig::rolling_at(12.0);
    let mut rates = vec![];
    for _ in 0..400 {
        rig.cruise(STEP_S, 0.04, 12.0);
        rates.push(rig.ego.motion.angular.z);
    }
    let last = rates[399];
    let rise = rates.iter().position(|r| *r > 0.9 * last).unwrap_or(400);
    let peak = rates.iter().copied().fold(0.0, f64::max);
    assert!(rise as f64 * STEP_S < 0.7, "{rise}");
    assert!(peak < 1.25 * last, "{peak} {last}");
    assert!((rates[300] - last).abs() < 0.02 * last, "{} {last}", rates[300]);
}

#[test]
fn stands_still_parked_and_on_a_slope() {
    for slope in [0.0, 0.12, -0.12] {
        let mut rig = Rig::new(&EgoConfig::default(), Ground::square(200.0, slope));
        for _ in 0..200 {
            rig.step();
        }
        let start = rig.ego.motion.position;
        for _ in 0..6000 {
            rig.step();
        }
        let crept = rig.ego.motion.position.distance(start);
        assert!(crept < 0.005, "on a slope of {slope} it crept {crept} m in a minute");
        // Starts and stops there, then holds by itself.
        rig.cruise(4.0, 0.0, 3.0);
        assert!((rig.ego.speed_mps() - 3.0).abs() < 0.2, "{slope}: {}", rig.ego.speed_mps());
        rig.drive(5.0, 0.0, -1.5);
        let start = rig.ego.motion.position;
        rig.drive(20.0, 0.0, 0.0);
        let crept = rig.ego.motion.position.distance(start);
        assert!(crept < 0.005, "on a slope of {slope} it crept {crept} m on the brake");
    }
}

#[test]
fn a_rolling_vehicle_only_loses_energy() {
    let mut rig = Rig::rolling_at(10.0);
    let mut before = f64::INFINITY;
    for _ in 0..20 {
        for _ in 0..50 {
            rig.ego.unit.apply(Command {
                steering_angle_rad: 0.1,
                gear: Gear::Neutral,
                ..Command::default()
            });
            rig.step();
        }
        let m = &rig.ego.motion;
        let d = &rig.ego.dynamics;
        let energy = 0.5 * d.mass_kg * m.velocity.length_squared()
            + 0.5 * d.yaw_inertia_kg_m2 * m.angular.z.powi(2)
            + d.mass_kg * GRAVITY * m.center.z;
        assert!(energy < before + 1.0, "{energy} J after {before} J");
        before = energy;
    }
}

#[test]
fn odometer_and_battery_follow_the_drive() {
    let mut rig = Rig::rolling_at(10.0);
    let (start, way, charge) =
        (rig.ego.motion.position.x, rig.ego.chassis.odometer_m, rig.ego.chassis.charge.fraction);
    rig.cruise(20.0, 0.0, 10.0);
    let driven = rig.ego.motion.position.x - start;
    assert!(((rig.ego.chassis.odometer_m - way) / driven - 1.0).abs() < 0.01);
    let used_kwh = (charge - rig.ego.chassis.charge.fraction) * rig.ego.dynamics.battery.capacity_kwh;
    let per_km = used_kwh / driven * 1000.0;
    assert!((0.1..0.4).contains(&per_km), "{per_km} kWh/km");
}

#[test]
fn reverses() {
    let mut rig = Rig::flat();
    for _ in 0..400 {
        let acceleration = 1.0 * (2.0 + rig.ego.speed_mps());
        rig.ego.unit.apply(Command {
            acceleration_mps2: acceleration,
            gear: Gear::Reverse,
            ..Command::default()
        });
        rig.step();
    }
    assert!((rig.ego.speed_mps() + 2.0).abs() < 0.1, "{}", rig.ego.speed_mps());
    for _ in 0..300 {
        rig.ego.unit.apply(Command { acceleration_mps2: -2.0, gear: Gear::Reverse, ..Command::default() });
        rig.step();
    }
    assert!(rig.ego.speed_mps().abs() < 1e-3, "{}", rig.ego.speed_mps());
}

#[test]
fn the_yard_tractor_drives_too() {
    let yaml: [&str; 2] =
        [vehicle::shipped("yard-tractor").unwrap(), crate::shipped_dynamics("yard-tractor").unwrap()];
    let mut overrides = runtime::params::Overrides::default();
    for text in yaml {
        overrides.add_yaml("yard-tractor", text).unwrap();
    }
    let store =
        runtime::params::ParamStore::<crate::SimWorldParams>::new("/sim_world_node", &overrides).unwrap();
    let params = store.node();
    let config = EgoConfig {
        vehicle: params.vehicle.clone(),
        dynamics: params.dynamics.clone(),
        ..EgoConfig::default()
    };
    assert_ne!(config.dynamics, DynamicsParams::default());
    let mut rig = Rig::new(&config, Ground::square(1000.0, 0.0));
    rig.cruise(15.0, 0.0, 8.0);
    rig.cruise(6.0, 0.1, 8.0);
    let theory = rig.ego.speed_mps() * f64::tan(0.1)
        / (config.vehicle.wheelbase_m
            + understeer_gradient(&config.dynamics, &config.vehicle) * rig.ego.speed_mps().powi(2));
    assert!((rig.ego.motion.angular.z / theory - 1.0).abs() < 0.08, "{} {theory}", rig.ego.motion.angular.z);
}

#[test]
fn climbs_a_kerb_slowly_and_stays_upright() {
    let road = (DVec2::new(-20.0, -20.0), DVec2::new(10.0, 20.0), 0.0, 0.0, Material::Road);
    let walk = (DVec2::new(10.0, -20.0), DVec2::new(60.0, 20.0), 0.12, 0.0, Material::Sidewalk);
    let mut rig = Rig::new(&EgoConfig::default(), Ground::patches(&[road, walk]));
    rig.cruise(12.0, 0.0, 2.0);
    assert!(rig.ego.motion.position.x > 14.0);
    assert!((rig.ego.motion.position.z - 0.12).abs() < 0.02, "{}", rig.ego.motion.position.z);
}
