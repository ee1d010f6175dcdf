//! Routes on the road graphs, and the segments that are blocked. Playbook service: routing-service.

pub mod api;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context as _, Result};
use maps::Wgs84;
use maps::road::{Overlay, Query, RoadGraph, Route, RouteError, SnapError, WayId};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use utoipa::ToSchema;

use crate::gateway::problem::Problem;
use crate::time::Time;

/// A place, WGS84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Latitude, degrees, positive to the north.
    #[schema(minimum = -90, maximum = 90, example = 24.4539)]
    pub lat: f64,
    /// Longitude, degrees, positive to the east.
    #[serde(alias = "lon")]
    #[schema(minimum = -180, maximum = 180, example = 54.3773)]
    pub lng: f64,
}

impl Place {
    fn wgs84(self) -> Wgs84 {
        Wgs84 { latitude_deg: self.lat, longitude_deg: self.lng, ..Wgs84::default() }
    }

    pub(crate) fn of(place: &Wgs84) -> Self {
        Self { lat: place.latitude_deg, lng: place.longitude_deg }
    }
}

/// A segment that is blocked, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    way: WayId,
    until: Option<Time>,
}

/// All road graphs, and what is blocked on them.
pub struct Routing {
    graphs: Vec<RoadGraph>,
    blocks: RwLock<HashMap<String, Arc<[Block]>>>,
}

/// A route with the area it lies in.
pub struct AreaRoute {
    /// Name of the road graph.
    pub area: String,
    /// The way.
    pub route: Route,
}

/// Why there is no route.
#[derive(Debug, thiserror::Error)]
pub enum NoRoute {
    /// No area has both places.
    #[error("outside of every service area: {0}")]
    OutsideAreas(String),
    /// An area has both, but there is no way.
    #[error("{0}")]
    NoWay(String),
}

impl Routing {
    /// Loads the road graphs: files, or names of ones that ship with the product.
    pub async fn load(names: &[String], db: &SqlitePool) -> Result<Self> {
        let graphs = names
            .iter()
            .map(|name| RoadGraph::load(name).with_context(|| format!("cannot load the roads {name:?}")))
            .collect::<Result<Vec<_>>>()?;
        let routing = Self { graphs, blocks: RwLock::default() };
        for tenant_id in store::tenants_with_blocks(db).await? {
            routing.reload(db, &tenant_id).await?;
        }
        Ok(routing)
    }

    /// Takes over what the database says is blocked.
    async fn reload(&self, db: &SqlitePool, tenant_id: &str) -> sqlx::Result<()> {
        let blocks = store::blocked(db, tenant_id).await?;
        let blocks: Arc<[Block]> = blocks
            .iter()
            .filter_map(|row| Some(Block { way: row.segment_id.parse().ok()?, until: row.until }))
            .collect();
        self.blocks.write().unwrap_or_else(PoisonError::into_inner).insert(tenant_id.to_owned(), blocks);
        Ok(())
    }

    /// What is blocked for a tenant at this moment.
    pub fn overlay(&self, tenant_id: &str) -> Overlay {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner).get(tenant_id).cloned();
        let now = Time::now();
        let mut overlay = Overlay::default();
        for block in blocks.iter().flat_map(|blocks| blocks.iter()) {
            if block.until.is_none_or(|until| until > now) {
                overlay.block(block.way);
            }
        }
        overlay
    }

    /// The quickest route of the first area that has both places.
    pub fn route(&self, tenant_id: &str, from: Place, to: Place) -> Result<AreaRoute, NoRoute> {
        let overlay = self.overlay(tenant_id);
        self.in_areas(from, to, |graph, query| graph.route(query, &overlay))
            .map(|(area, route)| AreaRoute { area, route })
    }

    /// The same within one area.
    pub fn route_in(&self, tenant_id: &str, area: &str, from: Place, to: Place) -> Result<Route, NoRoute> {
        let graph = self.graph(area).ok_or_else(|| NoRoute::NoWay(format!("there is no area {area}")))?;
        let query = Query::new(from.wgs84(), to.wgs84());
        graph.route(&query, &self.overlay(tenant_id)).map_err(|error| NoRoute::NoWay(error.to_string()))
    }

    /// Tries the areas in their order; one that does not have both places is passed over.
    fn in_areas<T>(
        &self,
        from: Place,
        to: Place,
        find: impl Fn(&RoadGraph, &Query) -> Result<T, RouteError>,
    ) -> Result<(String, T), NoRoute> {
        let query = Query::new(from.wgs84(), to.wgs84());
        let mut outside = vec![];
        for graph in &self.graphs {
            match find(graph, &query) {
                Ok(found) => return Ok((graph.name().to_owned(), found)),
                Err(
                    error @ (RouteError::Start(SnapError::OutsideArea { .. })
                    | RouteError::Goal(SnapError::OutsideArea { .. })),
                ) => {
                    outside.push(error.to_string());
                }
                Err(error) => return Err(NoRoute::NoWay(error.to_string())),
            }
        }
        Err(NoRoute::OutsideAreas(outside.join("; ")))
    }

    /// A road graph by its name.
    pub fn graph(&self, area: &str) -> Option<&RoadGraph> {
        self.graphs.iter().find(|graph| graph.name() == area)
    }

    /// All road graphs.
    pub fn graphs(&self) -> &[RoadGraph] {
        &self.graphs
    }
}

impl From<NoRoute> for Problem {
    fn from(error: NoRoute) -> Self {
        let kind = match error {
            NoRoute::OutsideAreas(_) => "outside-service-area",
            NoRoute::NoWay(_) => "no-route",
        };
        Self::unprocessable(kind, error.to_string())
    }
}

/// A route as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RouteSummary {
    /// m.
    pub length_m: f64,
    /// s, at the speeds that are allowed.
    pub duration_s: f64,
    /// The line that is driven.
    pub geometry: Vec<Place>,
    /// The ways that are driven, in order.
    pub segments: Vec<Segment>,
}

/// What a route drives on one way.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Segment {
    /// For `POST /blacklist`.
    #[schema(example = "way_100123")]
    pub segment_id: String,
    /// Name or number of the road.
    pub name: Option<String>,
    /// m.
    pub length_m: f64,
}

impl From<&Route> for RouteSummary {
    fn from(route: &Route) -> Self {
        Self {
            length_m: route.length_m,
            duration_s: route.duration_s,
            geometry: route.geometry.iter().map(Place::of).collect(),
            segments: route
                .ways
                .iter()
                .map(|way| Segment {
                    segment_id: way.way.to_string(),
                    name: way.name.clone(),
                    length_m: way.length_m,
                })
                .collect(),
        }
    }
}
