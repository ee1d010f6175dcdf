//! The newest state of every vehicle, in memory. What is older is in `telemetry`.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use bridge_proto::Scope;
use bridge_proto::v1::{SafetyMode, Telemetry, VehicleMode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::Time;

/// A vehicle as it was when it last said something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiveVehicle {
    /// Id within the tenant.
    pub vehicle_id: String,
    /// When it was measured, on the vehicle's clock.
    pub measured_at: Time,
    /// When it arrived here: the age of what is shown.
    pub received_at: Time,
    /// WGS84, degrees.
    pub lat: f64,
    /// WGS84, degrees.
    pub lng: f64,
    /// rad, counter-clockwise from east.
    pub heading_rad: f32,
    /// m/s.
    pub speed_mps: f32,
    /// e.g. `autonomous`.
    pub mode: &'static str,
    /// 0 to 1.
    pub battery_fraction: f32,
    /// Trip it is on.
    pub trip_id: Option<String>,
    /// Names of the diagnostics that are not OK, worst first.
    pub faults: Vec<String>,
    /// What its gate allows.
    pub safety: LiveSafety,
}

/// What the vehicle's gate allows, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiveSafety {
    /// e.g. `nominal`, `emergency_stop`, `stopped`.
    pub mode: &'static str,
    /// It does not move again before it is released.
    pub latched: bool,
    /// Id as in docs/SAFETY.md; empty in nominal operation.
    pub root_cause: String,
    /// What has to be done to drive on.
    pub way_out: String,
}

struct Entry {
    version: u64,
    sequence: u64,
    session_id: Vec<u8>,
    vehicle: LiveVehicle,
}

#[derive(Default)]
struct States {
    version: u64,
    vehicles: HashMap<Scope, Entry>,
}

/// All vehicles.
#[derive(Default)]
pub struct LiveStates(RwLock<States>);

impl LiveStates {
    /// Takes a report; false if it is older than the one known or has no position that makes sense.
    pub fn update(&self, scope: &Scope, telemetry: &Telemetry, received_at: Time) -> bool {
        let Some(vehicle) = LiveVehicle::from_report(scope, telemetry, received_at) else { return false };
        let mut states = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = states.vehicles.get(scope);
        if known.is_some_and(|known| {
            known.session_id == telemetry.session_id && known.sequence >= telemetry.sequence
        }) {
            return false;
        }
        states.version += 1;
        let entry = Entry {
            version: states.version,
            sequence: telemetry.sequence,
            session_id: telemetry.session_id.clone(),
            vehicle,
        };
        states.vehicles.insert(scope.clone(), entry);
        true
    }

    /// One vehicle.
    pub fn get(&self, tenant_id: &str, vehicle_id: &str) -> Option<LiveVehicle> {
        let scope = Scope::new(tenant_id, vehicle_id).ok()?;
        let states = self.0.read().unwrap_or_else(PoisonError::into_inner);
        states.vehicles.get(&scope).map(|entry| entry.vehicle.clone())
    }

    /// The vehicles of a tenant that reported after `version`, and the version to ask with next.
    pub fn changed_since(&self, tenant_id: &str, version: u64) -> (Vec<LiveVehicle>, u64) {
        let states = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if states.version == version {
            return (vec![], version);
        }
        let changed = states
            .vehicles
            .iter()
            .filter(|(scope, entry)| scope.tenant() == tenant_id && entry.version > version)
            .map(|(_, entry)| entry.vehicle.clone())
            .collect();
        (changed, states.version)
    }
}

impl LiveVehicle {
    fn from_report(scope: &Scope, telemetry: &Telemetry, received_at: Time) -> Option<Self> {
        let state = telemetry.state.as_ref()?;
        let (lat, lng) = (state.latitude_deg, state.longitude_deg);
        let sane = lat.abs() <= 90.0
            && lng.abs() <= 180.0
            && state.speed_mps.is_finite()
            && state.heading_rad.is_finite();
        if !sane {
            return None;
        }
        let safety = telemetry.safety.clone().unwrap_or_default();
        Some(Self {
            vehicle_id: scope.vehicle().to_owned(),
            measured_at: Time::from_unix_ns(state.measured_at_unix_ns),
            received_at,
            lat,
            lng,
            heading_rad: state.heading_rad,
            speed_mps: state.speed_mps,
            mode: mode_name(state.mode()),
            battery_fraction: if state.battery_fraction.is_finite() { state.battery_fraction } else { 0.0 },
            trip_id: Some(state.trip_id.clone()).filter(|id| !id.is_empty()),
            faults: state.faults.clone(),
            safety: LiveSafety {
                mode: safety_mode_name(safety.mode()),
                latched: safety.latched,
                root_cause: safety.root_cause,
                way_out: safety.way_out,
            },
        })
    }
}

/// As the API writes it.
pub fn mode_name(mode: VehicleMode) -> &'static str {
    match mode {
        VehicleMode::Unspecified | VehicleMode::Offline => "offline",
        VehicleMode::Idle => "idle",
        VehicleMode::Autonomous => "autonomous",
        VehicleMode::Manual => "manual",
        VehicleMode::RemoteAssist => "remote_assist",
        VehicleMode::Stopping => "stopping",
        VehicleMode::Stopped => "stopped",
    }
}

/// As the API writes it.
pub fn safety_mode_name(mode: SafetyMode) -> &'static str {
    match mode {
        SafetyMode::Starting => "starting",
        SafetyMode::Nominal => "nominal",
        SafetyMode::Slow => "slow",
        SafetyMode::ComfortStop => "comfort_stop",
        SafetyMode::EmergencyStop => "emergency_stop",
        SafetyMode::Stopped => "stopped",
    }
}
