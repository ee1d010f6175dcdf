//! HTTP: what can be drawn.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::roads;
use crate::App;
use crate::gateway::problem::{Problem, Result};
use crate::identity::{Caller, Permission};

/// Paths of the API gateway.
pub fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(layer))
}

#[derive(Serialize, ToSchema)]
struct Layers {
    layers: Vec<Layer>,
}

/// Something that can be drawn.
#[derive(Serialize, ToSchema)]
struct Layer {
    /// For `/api/v1/map/{layer_id}`.
    #[schema(example = "lanes:terminal-yard")]
    id: String,
    #[schema(example = "terminal-yard")]
    name: String,
    kind: Kind,
    /// West, south, east, north, degrees.
    bounds: [f64; 4],
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Lanes,
    Roads,
}

/// What can be drawn
#[utoipa::path(get, path = "/api/v1/map", tag = "map",
    responses((status = 200, body = Layers), (status = 401, body = Problem)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Layers>> {
    caller.require(&app, Permission::View, "map").await?;
    let lanes = app.lane_maps.0.iter().map(|map| Layer {
        id: format!("lanes:{}", map.name),
        name: map.name.clone(),
        kind: Kind::Lanes,
        bounds: map.bounds,
    });
    let roads = app.routing.graphs().iter().map(|graph| Layer {
        id: format!("roads:{}", graph.name()),
        name: graph.name().into(),
        kind: Kind::Roads,
        bounds: roads::bounds(graph),
    });
    Ok(Json(Layers { layers: lanes.chain(roads).collect() }))
}

const GEOJSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/geo+json");

/// A layer as GeoJSON
///
/// Lanes: polygons of `kind` driving, parking, shoulder, sidewalk, biking, other, and object (with `height_m`); lines of
/// `kind` boundary and centre. Roads: lines of `kind` road with `segment_id`, `name`, `speed_kmh` and `blocked`.
#[utoipa::path(get, path = "/api/v1/map/{layer_id}", tag = "map",
    responses((status = 200, description = "A FeatureCollection", content_type = "application/geo+json"),
        (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn layer(State(app): State<App>, caller: Caller, Path(layer_id): Path<String>) -> Result<Response> {
    caller.require(&app, Permission::View, "map").await?;
    match layer_id.split_once(':') {
        Some(("lanes", name)) => {
            if let Some(map) = app.lane_maps.0.iter().find(|map| map.name == name) {
                return Ok(([GEOJSON], map.geojson.clone()).into_response());
            }
        }
        Some(("roads", name)) => {
            if let Some(graph) = app.routing.graph(name).cloned() {
                let overlay = app.routing.overlay(&caller.tenant_id);
                // A large graph takes a while: beside the requests.
                let work = move || roads::features(&graph, &overlay).to_string();
                let text =
                    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))?;
                return Ok(([GEOJSON], text).into_response());
            }
        }
        _ => {}
    }
    let layer_id: String = layer_id.chars().take(64).collect();
    Err(Problem::not_found("layer", format!("there is no layer {layer_id:?}; GET /api/v1/map lists them")))
}
