//! Table of vehicles.

use sqlx::SqlitePool;

use super::Vehicle;
use crate::db::Tx;
use crate::time::Time;

const COLUMNS: &str = "vehicle_id, fleet_id, model, area, seats, range_km, in_service";

/// All vehicles of a tenant, by id.
pub async fn vehicles(db: &SqlitePool, tenant_id: &str) -> sqlx::Result<Vec<Vehicle>> {
    let sql = format!("SELECT {COLUMNS} FROM vehicles WHERE tenant_id = $1 ORDER BY vehicle_id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).fetch_all(db).await
}

/// One vehicle.
pub async fn vehicle(db: &SqlitePool, tenant_id: &str, vehicle_id: &str) -> sqlx::Result<Option<Vehicle>> {
    let sql = format!("SELECT {COLUMNS} FROM vehicles WHERE tenant_id = $1 AND vehicle_id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant_id).bind(vehicle_id).fetch_optional(db).await
}

/// Ids of all vehicles of all tenants: whom the link lets in.
pub async fn all(db: &SqlitePool) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as("SELECT tenant_id, vehicle_id FROM vehicles ORDER BY tenant_id, vehicle_id")
        .fetch_all(db)
        .await
}

/// Tenants that have vehicles.
pub async fn tenants(db: &SqlitePool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT DISTINCT tenant_id FROM vehicles ORDER BY tenant_id").fetch_all(db).await
}

/// Adds a vehicle, or changes it.
pub async fn put(tx: &mut Tx, tenant_id: &str, vehicle: &Vehicle) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO vehicles (tenant_id, vehicle_id, fleet_id, model, area, seats, range_km, in_service, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (tenant_id, vehicle_id) DO UPDATE SET fleet_id = excluded.fleet_id, model = excluded.model, \
         area = excluded.area, seats = excluded.seats, range_km = excluded.range_km, in_service = excluded.in_service",
    )
    .bind(tenant_id)
    .bind(&vehicle.vehicle_id)
    .bind(&vehicle.fleet_id)
    .bind(&vehicle.model)
    .bind(&vehicle.area)
    .bind(vehicle.seats)
    .bind(vehicle.range_km)
    .bind(vehicle.in_service)
    .bind(Time::now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
