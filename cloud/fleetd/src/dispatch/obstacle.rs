//! Why a vehicle is not given a trip.

use std::collections::BTreeMap;
use std::fmt;

use super::{BATTERY_RESERVE, Fleet};
use crate::App;
use crate::fleet::{self, Vehicle};
use crate::gateway::problem::Result;
use crate::time::Time;
use crate::trips::store::Trip;
use crate::vehicles::live::LiveVehicle;

/// What keeps a vehicle from trips, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    OutOfService,
    Offline,
    OtherRoads,
    TooFewSeats,
    Busy,
    Stopped,
    NotReady,
    LowBattery,
    /// It could be given the trip, but for its range or the way to it.
    Unreachable,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfService => "out of service",
            Self::Offline => "offline",
            Self::OtherRoads => "on other roads",
            Self::TooFewSeats => "with too few seats",
            Self::Busy => "on another trip",
            Self::Stopped => "stopped, waiting for release",
            Self::NotReady => "not ready to drive",
            Self::LowBattery => "low on battery",
            Self::Unreachable => "without the range or the way to the pickup",
        })
    }
}

/// What keeps a vehicle from any trip now.
pub fn of_vehicle(
    vehicle: &Vehicle,
    live: Option<&LiveVehicle>,
    connected: bool,
    busy: bool,
) -> Option<Obstacle> {
    let heard =
        live.filter(|live| connected && Time::now().since(live.received_at) < fleet::api::OFFLINE_AFTER);
    let Some(live) = heard.filter(|_| vehicle.in_service) else {
        return Some(if vehicle.in_service { Obstacle::Offline } else { Obstacle::OutOfService });
    };
    let ready = matches!(live.safety.mode, "nominal" | "slow") && matches!(live.mode, "idle" | "autonomous");
    let obstacles = [
        (busy || live.trip_id.is_some(), Obstacle::Busy),
        (live.safety.latched, Obstacle::Stopped),
        (!ready, Obstacle::NotReady),
        (live.battery_fraction <= BATTERY_RESERVE, Obstacle::LowBattery),
    ];
    obstacles.into_iter().find_map(|(is, obstacle)| is.then_some(obstacle))
}

/// What keeps a vehicle from this trip, whatever it does now.
pub fn of_pair(vehicle: &Vehicle, area: &str, passenger_count: i64) -> Option<Obstacle> {
    if vehicle.area != area {
        return Some(Obstacle::OtherRoads);
    }
    (i64::from(vehicle.seats) < passenger_count).then_some(Obstacle::TooFewSeats)
}

/// Why a trip has no vehicle yet, in words: how many vehicles are kept from it by what.
pub async fn why_waiting(app: &App, trip: &Trip) -> Result<String> {
    let fleet = Fleet::now(app, &trip.tenant_id).await?;
    let mut counts = BTreeMap::<Obstacle, usize>::new();
    for (vehicle, _, obstacle) in &fleet.vehicles {
        let obstacle = of_pair(vehicle, &trip.area, trip.passenger_count).or(*obstacle);
        *counts.entry(obstacle.unwrap_or(Obstacle::Unreachable)).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok("there are no vehicles".into());
    }
    let counts: Vec<_> = counts.iter().map(|(obstacle, count)| format!("{count} {obstacle}")).collect();
    Ok(format!("no vehicle is free: {}", counts.join(", ")))
}
