//! Vehicles and trips to look at where there are none yet: what `make seed-fixtures` writes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::config::Config;
use crate::db::{Db, Tx};
use crate::fleet::{self, Vehicle};
use crate::id;
use crate::identity;
use crate::routing::{Place, RouteSummary, Routing};
use crate::time::Time;
use crate::trips::status::TripStatus;
use crate::trips::store::{self, NewTrip, StoredStatus, Transition};

/// How many of what.
#[derive(Debug, Clone, Copy)]
pub struct Fixtures {
    /// `SIM-001` and so on, the ids that `sim-feeder` drives.
    pub vehicles: u32,
    /// Trips of the last seven days.
    pub trips: u32,
    /// The vehicles are spread over so many fleets.
    pub fleets: u32,
    /// The same seed is the same fleet.
    pub seed: u64,
}

/// How far back trips go.
const PAST: Duration = Duration::from_secs(7 * 86_400);
/// The statuses of a trip that went well, with the time that each lasted, s.
const LIFE: [(TripStatus, u32); 6] = [
    (TripStatus::Created, 20),
    (TripStatus::Assigned, 5),
    (TripStatus::EnRouteToPickup, 240),
    (TripStatus::AtPickup, 45),
    (TripStatus::InProgress, 600),
    (TripStatus::Completed, 0),
];

/// Writes them into the database of a configuration, whether its service runs or not.
pub async fn write(config: &Config, fixtures: Fixtures) -> Result<()> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot create the folder {}", config.data_dir.display()))?;
    let db = Db::open(&config.data_dir.join("fleet.db")).await?;
    let routing = Routing::load(&config.roads, db.reader()).await?;
    let area =
        routing.graphs().first().context("roads: there has to be one road graph at least")?.name().to_owned();
    let mut rng = ChaCha8Rng::seed_from_u64(fixtures.seed);
    let mut tx = db.begin().await?;
    identity::store::add_tenant(&mut tx, &config.tenant).await?;
    let vehicle_id = |number: u32| format!("SIM-{number:03}");
    for number in 1..=fixtures.vehicles {
        let vehicle = Vehicle {
            vehicle_id: vehicle_id(number),
            fleet_id: format!("fleet-{}", 1 + number % fixtures.fleets.max(1)),
            model: "yard-tractor".into(),
            area: area.clone(),
            seats: 2,
            range_km: 120.0,
            in_service: true,
        };
        fleet::store::put(&mut tx, &config.tenant, &vehicle).await?;
    }
    for _ in 0..fixtures.trips {
        let vehicle = vehicle_id(rng.random_range(1..=fixtures.vehicles.max(1)));
        trip(&mut tx, config, &routing, &area, &vehicle, &mut rng).await?;
    }
    tx.commit().await?;
    db.close().await;
    Ok(())
}

/// One trip of the past: nine of ten went well.
async fn trip(
    tx: &mut Tx,
    config: &Config,
    routing: &Routing,
    area: &str,
    vehicle_id: &str,
    rng: &mut ChaCha8Rng,
) -> Result<()> {
    let graph = routing.graph(area).context("the road graph is gone")?;
    let nodes = u32::try_from(graph.node_count()).unwrap_or(u32::MAX);
    // Some pairs have no way between them: others are drawn.
    let found = (0..100).find_map(|_| {
        let ends = [0, 1].map(|_| Place::of(&graph.node(rng.random_range(0..nodes))));
        let route = routing.route_in(&config.tenant, area, ends[0], ends[1]).ok()?;
        (route.length_m > 100.0).then_some((ends, route))
    });
    let ([pickup, destination], route) =
        found.context("no two places of the road graph have a way between them")?;
    let route = serde_json::to_string(&RouteSummary::from(&route))?;
    let trip_id = id::new("trip");
    let new = NewTrip {
        trip_id: &trip_id,
        tenant_id: &config.tenant,
        area,
        pickup,
        destination,
        passenger_count: rng.random_range(1..=2),
        route: &route,
        idempotency_key: None,
        created_by: "fixtures",
        traceparent: "",
    };
    store::insert(tx, &new).await?;
    let mut trip =
        store::trip_in(tx, &config.tenant, &trip_id).await?.context("a trip that was written is gone")?;
    let cancelled = rng.random_range(0..10) == 0;
    let steps = if cancelled { rng.random_range(1..LIFE.len() - 1) } else { LIFE.len() };
    let mut at = Time::now().before(PAST.mul_f64(rng.random_range(0.01..1.0)));
    trip.created_at = at;
    for (status, lasted_s) in LIFE.into_iter().take(steps) {
        record(tx, &trip_id, status, at, vehicle_id).await?;
        trip.status = StoredStatus(status);
        at = at.after(Duration::from_secs_f64(f64::from(lasted_s) * rng.random_range(0.5..1.5)));
    }
    if cancelled {
        record(tx, &trip_id, TripStatus::Cancelled, at, "fixtures").await?;
        trip.status = StoredStatus(TripStatus::Cancelled);
    }
    trip.vehicle_id = (steps > 1).then(|| vehicle_id.to_owned());
    store::update(tx, &trip).await?;
    store::set_times(tx, &trip_id, trip.created_at, at).await?;
    Ok(())
}

async fn record(tx: &mut Tx, trip_id: &str, status: TripStatus, at: Time, actor: &str) -> sqlx::Result<()> {
    let transition = Transition {
        status: status.name().into(),
        at,
        actor: actor.into(),
        reason: "fixture".into(),
        trace_id: String::new(),
    };
    store::add_transition(tx, trip_id, &transition).await
}
