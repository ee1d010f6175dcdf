//! Parameters of the dynamics of a vehicle, and the files that ship with the product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a vehicle weighs and how it stands on its tyres. Its outline, limits and actuators are `vehicle::VehicleParams`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicsParams {
    /// Mass with its usual load, kg.
    #[schemars(range(min = 200.0, max = 60000.0))]
    pub mass_kg: f64,
    /// Moment of inertia about the longitudinal axis, kg m^2.
    #[schemars(range(min = 20.0, max = 200000.0))]
    pub roll_inertia_kg_m2: f64,
    /// Moment of inertia about the transverse axis, kg m^2.
    #[schemars(range(min = 50.0, max = 1000000.0))]
    pub pitch_inertia_kg_m2: f64,
    /// Moment of inertia about the vertical axis, kg m^2.
    #[schemars(range(min = 50.0, max = 1000000.0))]
    pub yaw_inertia_kg_m2: f64,
    /// Centre of mass ahead of the rear axle, m.
    #[schemars(range(min = 0.0, max = 15.0))]
    pub cg_to_rear_m: f64,
    /// Centre of mass above the ground, m.
    #[schemars(range(min = 0.05, max = 4.0))]
    pub cg_height_m: f64,
    /// Distance of the wheels of an axle, m.
    #[schemars(range(min = 0.5, max = 4.0))]
    pub track_width_m: f64,
    /// Lowest point of the body above the ground, m.
    #[schemars(range(min = 0.05, max = 1.0))]
    pub ground_clearance_m: f64,
    /// Springs, dampers and anti-roll bars.
    pub suspension: Suspension,
    /// The tyres; all wheels have the same.
    pub tyre: Tyre,
    /// Drive and brakes.
    pub drive: Drive,
    /// The battery.
    pub battery: Battery,
}

/// Springs, dampers and anti-roll bars, per wheel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Suspension {
    /// Stiffness of a front spring, N/m.
    #[schemars(range(min = 5000.0, max = 2000000.0))]
    pub front_stiffness_n_per_m: f64,
    /// Stiffness of a rear spring, N/m.
    #[schemars(range(min = 5000.0, max = 2000000.0))]
    pub rear_stiffness_n_per_m: f64,
    /// Damping at each wheel as a share of the critical one, 1.
    #[schemars(range(min = 0.05, max = 1.5))]
    pub damping_ratio: f64,
    /// Stiffness of the front anti-roll bar, N per m of difference in travel.
    #[schemars(range(min = 0.0, max = 1000000.0))]
    pub front_anti_roll_n_per_m: f64,
    /// Stiffness of the rear anti-roll bar, N per m of difference in travel.
    #[schemars(range(min = 0.0, max = 1000000.0))]
    pub rear_anti_roll_n_per_m: f64,
}

/// A tyre: brush model, see the crate's guide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tyre {
    /// Radius, m.
    #[schemars(range(min = 0.1, max = 1.0))]
    pub radius_m: f64,
    /// Moment of inertia of the wheel with what turns with it, kg m^2.
    #[schemars(range(min = 0.1, max = 200.0))]
    pub wheel_inertia_kg_m2: f64,
    /// Load that the stiffnesses hold for, N.
    #[schemars(range(min = 500.0, max = 100000.0))]
    pub nominal_load_n: f64,
    /// Force per longitudinal slip at small slip, N.
    #[schemars(range(min = 5000.0, max = 3000000.0))]
    pub longitudinal_stiffness_n: f64,
    /// Side force per slip angle at small angles, N/rad.
    #[schemars(range(min = 5000.0, max = 3000000.0))]
    pub cornering_stiffness_n_per_rad: f64,
    /// Load at which the stiffnesses are highest, as multiple of the nominal load, 1.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub peak_stiffness_load: f64,
    /// Friction on a dry road at nominal load, 1.
    #[schemars(range(min = 0.05, max = 2.0))]
    pub friction: f64,
    /// By how much friction falls when the load doubles, 1.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub friction_load_loss: f64,
    /// Way that the tyre must roll for a side force to build up to 63 %, m; longitudinally it is half of it.
    #[schemars(range(min = 0.05, max = 2.0))]
    pub relaxation_length_m: f64,
    /// Rolling resistance as a share of the load, 1.
    #[schemars(range(min = 0.0, max = 0.1))]
    pub rolling_resistance: f64,
}

/// Drive and brakes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Drive {
    /// Highest power at the wheels, W.
    #[schemars(range(min = 1000.0, max = 1000000.0))]
    pub max_power_w: f64,
    /// Share of the drive that goes to the front axle, 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub front_share: f64,
    /// Share of the brakes that goes to the front axle, 1.
    #[schemars(range(min = 0.1, max = 0.9))]
    pub brake_front_share: f64,
    /// Air drag coefficient times frontal area, m^2.
    #[schemars(range(min = 0.0, max = 20.0))]
    pub drag_area_m2: f64,
}

/// The battery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Battery {
    /// Capacity, kWh.
    #[schemars(range(min = 1.0, max = 2000.0))]
    pub capacity_kwh: f64,
    /// Charge at the start, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub initial_fraction: f64,
    /// Efficiency from battery to wheels, 1.
    #[schemars(range(min = 0.2, max = 1.0))]
    pub efficiency: f64,
    /// Share of the braking energy that comes back, 1.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub recuperation: f64,
    /// What computers, air conditioning and lights take, W.
    #[schemars(range(min = 0.0, max = 50000.0))]
    pub auxiliary_w: f64,
}

impl Default for Suspension {
    fn default() -> Self {
        Self {
            front_stiffness_n_per_m: 75_000.0,
            rear_stiffness_n_per_m: 75_000.0,
            damping_ratio: 0.35,
            front_anti_roll_n_per_m: 35_000.0,
            rear_anti_roll_n_per_m: 20_000.0,
        }
    }
}

impl Default for Tyre {
    fn default() -> Self {
        Self {
            radius_m: 0.33,
            wheel_inertia_kg_m2: 1.6,
            nominal_load_n: 7_850.0,
            longitudinal_stiffness_n: 150_000.0,
            cornering_stiffness_n_per_rad: 95_000.0,
            peak_stiffness_load: 2.2,
            friction: 0.95,
            friction_load_loss: 0.1,
            relaxation_length_m: 0.45,
            rolling_resistance: 0.012,
        }
    }
}

impl Default for Drive {
    fn default() -> Self {
        Self { max_power_w: 90_000.0, front_share: 0.0, brake_front_share: 0.6, drag_area_m2: 2.4 }
    }
}

impl Default for Battery {
    fn default() -> Self {
        Self {
            capacity_kwh: 60.0,
            initial_fraction: 0.9,
            efficiency: 0.85,
            recuperation: 0.5,
            auxiliary_w: 1500.0,
        }
    }
}

impl Default for DynamicsParams {
    /// The shuttle for eight, as in `launch/world/shuttle.yaml`.
    fn default() -> Self {
        Self {
            mass_kg: 3200.0,
            roll_inertia_kg_m2: 1900.0,
            pitch_inertia_kg_m2: 7000.0,
            yaw_inertia_kg_m2: 7200.0,
            cg_to_rear_m: 1.55,
            cg_height_m: 0.85,
            track_width_m: 1.7,
            ground_clearance_m: 0.18,
            suspension: Suspension::default(),
            tyre: Tyre::default(),
            drive: Drive::default(),
            battery: Battery::default(),
        }
    }
}

const SHIPPED: [(&str, &str); 2] = [
    ("shuttle", include_str!("../../../../launch/world/shuttle.yaml")),
    ("yard-tractor", include_str!("../../../../launch/world/yard-tractor.yaml")),
];

/// A vehicle whose dynamics do not ship with the product.
#[derive(Debug, thiserror::Error)]
#[error("there are no dynamics of a vehicle {name}; shipped are {}", SHIPPED.map(|(name, _)| name).join(" and "))]
pub struct UnknownDynamics {
    /// Its name.
    pub name: String,
}

/// Parameter file of the dynamics of a vehicle that ships with the product: `shuttle` or `yard-tractor`. It is a ROS
/// parameter file for `sim_world_node`, to be read together with the one of `vehicle::shipped`.
pub fn shipped_dynamics(name: &str) -> Result<&'static str, UnknownDynamics> {
    let found = SHIPPED.iter().find(|(n, _)| *n == name);
    found.map(|(_, text)| *text).ok_or_else(|| UnknownDynamics { name: name.into() })
}
