//! Tables of trips and their transitions.

use sqlx::{FromRow, SqlitePool};

use super::status::TripStatus;
use crate::db::Tx;
use crate::routing::Place;
use crate::time::Time;

/// A trip as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct Trip {
    pub trip_id: String,
    pub tenant_id: String,
    #[sqlx(try_from = "String")]
    pub status: StoredStatus,
    /// Grows with every order to a vehicle.
    pub revision: i64,
    /// Newest revision that the vehicle has confirmed.
    pub acked_revision: i64,
    /// Name of the road graph.
    pub area: String,
    pub vehicle_id: Option<String>,
    pickup_lat: f64,
    pickup_lng: f64,
    destination_lat: f64,
    destination_lng: f64,
    pub passenger_count: i64,
    /// JSON of [`crate::routing::RouteSummary`].
    pub route: String,
    pub created_by: String,
    pub created_at: Time,
    pub updated_at: Time,
    /// Of the request that ordered it.
    pub traceparent: String,
}

/// A status as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredStatus(pub TripStatus);

impl TryFrom<String> for StoredStatus {
    type Error = super::status::UnknownStatus;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse().map(Self)
    }
}

impl Trip {
    pub fn status(&self) -> TripStatus {
        self.status.0
    }

    pub fn pickup(&self) -> Place {
        Place { lat: self.pickup_lat, lng: self.pickup_lng }
    }

    pub fn destination(&self) -> Place {
        Place { lat: self.destination_lat, lng: self.destination_lng }
    }

    pub fn entity(&self) -> String {
        format!("trip:{}", self.trip_id)
    }
}

/// A trip to be stored.
pub struct NewTrip<'a> {
    pub trip_id: &'a str,
    pub tenant_id: &'a str,
    pub area: &'a str,
    pub pickup: Place,
    pub destination: Place,
    pub passenger_count: u32,
    pub route: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub created_by: &'a str,
    pub traceparent: &'a str,
}

const COLUMNS: &str = "trip_id, tenant_id, status, revision, acked_revision, area, vehicle_id, pickup_lat, pickup_lng, \
     destination_lat, destination_lng, passenger_count, route, created_by, created_at, updated_at, traceparent";

/// Stores a new trip; false if there is one with its idempotency key.
pub async fn insert(tx: &mut Tx, trip: &NewTrip<'_>) -> sqlx::Result<bool> {
    let now = Time::now();
    let done = sqlx::query(
        "INSERT INTO trips (trip_id, tenant_id, status, revision, acked_revision, area, pickup_lat, pickup_lng, \
         destination_lat, destination_lng, passenger_count, route, idempotency_key, created_by, created_at, updated_at, \
         traceparent) VALUES ($1, $2, 'created', 0, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13) \
         ON CONFLICT DO NOTHING",
    )
    .bind(trip.trip_id)
    .bind(trip.tenant_id)
    .bind(trip.area)
    .bind(trip.pickup.lat)
    .bind(trip.pickup.lng)
    .bind(trip.destination.lat)
    .bind(trip.destination.lng)
    .bind(trip.passenger_count)
    .bind(trip.route)
    .bind(trip.idempotency_key)
    .bind(trip.created_by)
    .bind(now)
    .bind(trip.traceparent)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One trip.
pub async fn trip(db: &SqlitePool, tenant_id: &str, trip_id: &str) -> sqlx::Result<Option<Trip>> {
    let sql = format!("SELECT {COLUMNS} FROM trips WHERE tenant_id = $1 AND trip_id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(trip_id).fetch_optional(db).await
}

/// One trip, as the writer sees it.
pub async fn trip_in(tx: &mut Tx, tenant_id: &str, trip_id: &str) -> sqlx::Result<Option<Trip>> {
    let sql = format!("SELECT {COLUMNS} FROM trips WHERE tenant_id = $1 AND trip_id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(trip_id).fetch_optional(&mut **tx).await
}

/// The trip with an idempotency key.
pub async fn by_key(db: &SqlitePool, tenant_id: &str, key: &str) -> sqlx::Result<Option<Trip>> {
    let sql = format!("SELECT {COLUMNS} FROM trips WHERE tenant_id = $1 AND idempotency_key = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(key).fetch_optional(db).await
}

/// Trips of a tenant, newest first.
pub async fn trips(
    db: &SqlitePool,
    tenant_id: &str,
    status: Option<TripStatus>,
    before: Option<Time>,
    limit: u32,
) -> sqlx::Result<Vec<Trip>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM trips WHERE tenant_id = $1 AND ($2 IS NULL OR status = $2) \
         AND ($3 IS NULL OR created_at < $3) ORDER BY created_at DESC, trip_id DESC LIMIT $4"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tenant_id)
        .bind(status.map(TripStatus::name))
        .bind(before)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// Trips that wait for a vehicle or have one, of all tenants, oldest first.
pub async fn open(db: &SqlitePool) -> sqlx::Result<Vec<Trip>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM trips WHERE status NOT IN ('completed', 'cancelled', 'failed') ORDER BY created_at, trip_id"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(db).await
}

/// Ended trips whose vehicle has not confirmed that yet.
/// How many trips that have not ended are in each status.
pub async fn open_by_status(db: &SqlitePool) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT status, COUNT(*) FROM trips WHERE status NOT IN ('completed', 'cancelled', 'failed') GROUP BY status",
    )
    .fetch_all(db)
    .await
}

pub async fn unconfirmed_ends(db: &SqlitePool) -> sqlx::Result<Vec<Trip>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM trips WHERE status IN ('cancelled', 'failed') AND vehicle_id IS NOT NULL \
         AND acked_revision < revision"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(db).await
}

/// Changes status and vehicle; `revision` and `acked_revision` as in the trip.
pub async fn update(tx: &mut Tx, trip: &Trip) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE trips SET status = $2, vehicle_id = $3, revision = $4, acked_revision = $5, route = $6, updated_at = $7 \
         WHERE trip_id = $1",
    )
    .bind(&trip.trip_id)
    .bind(trip.status().name())
    .bind(&trip.vehicle_id)
    .bind(trip.revision)
    .bind(trip.acked_revision)
    .bind(&trip.route)
    .bind(Time::now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Dates a trip back.
pub async fn set_times(tx: &mut Tx, trip_id: &str, created_at: Time, updated_at: Time) -> sqlx::Result<()> {
    sqlx::query("UPDATE trips SET created_at = $2, updated_at = $3 WHERE trip_id = $1")
        .bind(trip_id)
        .bind(created_at)
        .bind(updated_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that the vehicle has confirmed a revision.
pub async fn acked(tx: &mut Tx, trip_id: &str, revision: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE trips SET acked_revision = $2 WHERE trip_id = $1 AND acked_revision < $2")
        .bind(trip_id)
        .bind(revision)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A step in the life of a trip.
#[derive(Debug, Clone, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Transition {
    /// The status it came to.
    pub status: String,
    /// When.
    pub at: Time,
    /// Who or what made it so.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Trace in which it happened.
    pub trace_id: String,
}

/// Writes a step.
pub async fn add_transition(tx: &mut Tx, trip_id: &str, transition: &Transition) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO trip_transitions (trip_id, ordinal, status, at, actor, reason, trace_id) \
         SELECT $1, COALESCE(MAX(ordinal), 0) + 1, $2, $3, $4, $5, $6 FROM trip_transitions WHERE trip_id = $1",
    )
    .bind(trip_id)
    .bind(&transition.status)
    .bind(transition.at)
    .bind(&transition.actor)
    .bind(&transition.reason)
    .bind(&transition.trace_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The steps of a trip in order.
pub async fn transitions(db: &SqlitePool, trip_id: &str) -> sqlx::Result<Vec<Transition>> {
    sqlx::query_as(
        "SELECT status, at, actor, reason, trace_id FROM trip_transitions WHERE trip_id = $1 ORDER BY ordinal",
    )
    .bind(trip_id)
    .fetch_all(db)
    .await
}
