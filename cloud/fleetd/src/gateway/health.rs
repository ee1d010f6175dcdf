//! Health of the services: what load balancers, `make health-check` and the playbook's smoke tests ask.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, Result};
use crate::App;

/// `/health`, of the API gateway and of each service.
pub fn each() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

/// What fleet-manager has besides.
pub fn fleet_manager() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(database))
}

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "healthy")]
    status: &'static str,
}

/// Whether the service answers and can read its database
#[utoipa::path(get, path = "/health", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, body = Problem)))]
async fn health(State(app): State<App>) -> Result<Json<Health>> {
    check(&app).await?;
    Ok(Json(Health { status: "healthy" }))
}

#[derive(Serialize, ToSchema)]
struct DatabaseHealth {
    #[schema(example = "connected")]
    database: &'static str,
}

/// Whether the database answers
#[utoipa::path(get, path = "/health/database", tag = "health", security(()),
    responses((status = 200, body = DatabaseHealth), (status = 503, body = Problem)))]
async fn database(State(app): State<App>) -> Result<Json<DatabaseHealth>> {
    check(&app).await?;
    Ok(Json(DatabaseHealth { database: "connected" }))
}

async fn check(app: &App) -> Result<()> {
    match sqlx::query("SELECT 1").execute(app.db.reader()).await {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::error!(cause = %error, "the database does not answer");
            let detail = "the database does not answer; the log says why";
            Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "database-unavailable", 5, detail))
        }
    }
}
