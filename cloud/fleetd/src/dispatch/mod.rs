//! Gives waiting trips to free vehicles, and watches over those that have one. Playbook service: dispatch-service.

mod batch;
mod obstacle;

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::timeout;

use crate::App;
use crate::fleet::{self, Vehicle};
use crate::gateway::problem::{Problem, Result};
use crate::gateway::trace::{self, Trace};
use crate::time::Time;
use crate::trips::status::TripStatus;
use crate::trips::store::Trip;
use crate::trips::{self, orders};
use crate::vehicles::live::LiveVehicle;
use batch::{Candidate, Waiting};
use obstacle::Obstacle;
pub use obstacle::why_waiting;

/// Looks at all trips at least so often.
pub const EVERY: Duration = Duration::from_secs(1);
/// Vehicles with less charge get no trip.
const BATTERY_RESERVE: f32 = 0.15;

/// Works until the service ends.
pub async fn run(app: App) {
    loop {
        let work = trace::within(Trace::random(), round(&app));
        if let Err(problem) = work.await {
            tracing::error!(?problem, "a round of dispatch failed");
        }
        tokio::select! {
            _ = app.ended() => return,
            // Either there is something to do, or it is time to look.
            _ = timeout(EVERY, app.dispatch_wanted()) => {}
        }
    }
}

async fn round(app: &App) -> Result<()> {
    let open = trips::store::open(app.db.reader()).await?;
    give_up_lost(app, &open).await?;
    for tenant_id in fleet::store::tenants(app.db.reader()).await? {
        assign(app, &tenant_id).await?;
    }
    let open = trips::store::open(app.db.reader()).await?;
    let ended = trips::store::unconfirmed_ends(app.db.reader()).await?;
    let unconfirmed = open.into_iter().filter(|trip| trip.acked_revision < trip.revision).chain(ended);
    // Each on its own: a vehicle that does not answer holds nobody up.
    let mut sends = tokio::task::JoinSet::new();
    for trip in unconfirmed {
        if app.vehicles.is_connected(&trip.tenant_id, trip.vehicle_id.as_deref().unwrap_or_default()) {
            let app = app.clone();
            sends.spawn(async move { orders::send(&app, &trip).await });
        }
    }
    while let Some(sent) = sends.join_next().await {
        sent.map_err(|error| Problem::internal(&error))??;
    }
    Ok(())
}

/// Trips of vehicles that have not been heard of for long go to others, or fail with passengers aboard.
async fn give_up_lost(app: &App, open: &[Trip]) -> Result<()> {
    let now = Time::now();
    for trip in open.iter().filter(|trip| trip.status().has_vehicle()) {
        let vehicle_id = trip.vehicle_id.as_deref().unwrap_or_default();
        let heard = app.live.get(&trip.tenant_id, vehicle_id).map_or(app.started, |state| state.received_at);
        let silent = now.since(heard.max(trip.updated_at));
        let aboard = matches!(trip.status(), TripStatus::AtPickup | TripStatus::InProgress);
        let patience = if aboard { app.config.lost_after_aboard } else { app.config.lost_after };
        if silent > patience {
            let reason = format!("{vehicle_id} has said nothing for {} s", silent.as_secs());
            trips::vehicle_lost(app, trip, &reason).await?;
        }
    }
    Ok(())
}

/// The vehicles of a tenant at this moment, each with what keeps it from trips.
struct Fleet {
    vehicles: Vec<(Vehicle, Option<LiveVehicle>, Option<Obstacle>)>,
}

impl Fleet {
    async fn now(app: &App, tenant_id: &str) -> Result<Self> {
        let open = trips::store::open(app.db.reader()).await?;
        let running =
            open.iter().filter(|trip| trip.tenant_id == tenant_id && trip.status() != TripStatus::Created);
        let busy: HashSet<&str> = running.filter_map(|trip| trip.vehicle_id.as_deref()).collect();
        let registered = fleet::store::vehicles(app.db.reader(), tenant_id).await?;
        let vehicles = registered.into_iter().map(|vehicle| {
            let id = vehicle.vehicle_id.as_str();
            let (live, connected) = (app.live.get(tenant_id, id), app.vehicles.is_connected(tenant_id, id));
            let obstacle = obstacle::of_vehicle(&vehicle, live.as_ref(), connected, busy.contains(id));
            (vehicle, live, obstacle)
        });
        Ok(Self { vehicles: vehicles.collect() })
    }

    /// Those that are free.
    fn candidates(self) -> Vec<Candidate> {
        let free = self.vehicles.into_iter().filter(|(.., obstacle)| obstacle.is_none());
        free.filter_map(|(vehicle, live, _)| Some(Candidate { vehicle, live: live? })).collect()
    }
}

async fn assign(app: &App, tenant_id: &str) -> Result<()> {
    let open = trips::store::open(app.db.reader()).await?;
    let waiting =
        open.iter().filter(|trip| trip.tenant_id == tenant_id && trip.status() == TripStatus::Created);
    let waiting: Vec<Waiting> = waiting.map(Waiting::of).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let candidates = Fleet::now(app, tenant_id).await?.candidates();
    if candidates.is_empty() {
        return Ok(());
    }
    let (router, tenant) = (app.clone(), tenant_id.to_owned());
    let find = move || batch::assign(&router.routing, &tenant, &waiting, &candidates, Time::now());
    let pairs = tokio::task::spawn_blocking(find).await.map_err(|error| Problem::internal(&error))?;
    for pair in pairs {
        let reason = format!("{:.0} s from the pickup", pair.approach_s);
        trips::assign(app, tenant_id, &pair.trip_id, &pair.vehicle_id, &reason).await?;
    }
    Ok(())
}
