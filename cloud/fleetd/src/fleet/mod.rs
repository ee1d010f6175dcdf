//! The vehicles that a tenant has. Playbook service: fleet-manager.

pub mod api;
pub mod store;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::App;

/// A vehicle as it is registered.
#[derive(Debug, Clone, Serialize, Deserialize, FromRow, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// Id within the tenant; that of its certificate.
    #[schema(example = "AV-001")]
    pub vehicle_id: String,
    /// Fleet it belongs to.
    #[serde(default = "default_fleet")]
    #[schema(example = "fleet-1")]
    pub fleet_id: String,
    /// e.g. `shuttle`, `yard-tractor`.
    #[schema(example = "shuttle")]
    pub model: String,
    /// Name of the road graph that it drives on.
    #[schema(example = "terminal-yard")]
    pub area: String,
    /// For passengers.
    #[serde(default = "default_seats")]
    #[schema(minimum = 0, maximum = 200)]
    pub seats: i32,
    /// Way on a full battery, km.
    #[serde(default = "default_range_km")]
    #[schema(minimum = 1, maximum = 2000)]
    pub range_km: f64,
    /// Whether trips may be given to it.
    #[serde(default = "default_in_service")]
    pub in_service: bool,
}

fn default_fleet() -> String {
    "fleet-1".into()
}

fn default_seats() -> i32 {
    8
}

fn default_range_km() -> f64 {
    180.0
}

fn default_in_service() -> bool {
    true
}

/// Registers the vehicles of the configuration.
pub async fn register(app: &App) -> Result<()> {
    let mut tx = app.db.begin().await?;
    crate::identity::store::add_tenant(&mut tx, &app.config.tenant).await?;
    for vehicle in &app.config.vehicles {
        api::check(app, vehicle)
            .map_err(|problem| anyhow::anyhow!("{}", problem.detail()))
            .with_context(|| format!("vehicles: {}", vehicle.vehicle_id))?;
        store::put(&mut tx, &app.config.tenant, vehicle).await?;
    }
    Ok(tx.commit().await?)
}
