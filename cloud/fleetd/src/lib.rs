//! The fleet service: one process, a folder per domain.
//!
//! A request comes in through `gateway`, is authenticated by `identity` and answered by the domain it is for. What
//! becomes true is written as an event in the same transaction (`events`) and streamed to browsers from there.

// utoipa's macros qualify what they name.
#![allow(unused_qualifications)]

pub mod config;
mod db;
mod dispatch;
mod duration;
mod events;
pub mod fixtures;
mod fleet;
mod gateway;
mod id;
mod identity;
mod incidents;
pub mod logging;
mod map;
mod metrics;
mod routing;
pub mod spans;
mod stops;
mod telemetry;
mod time;
mod trips;
mod vehicles;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::ServiceExt as _;
use axum::extract::Request;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tower::Layer as _;
use tower::util::MapRequestLayer;

pub use gateway::openapi;
pub use vehicles::{lease, link};

use config::Config;
use db::Db;
use routing::Routing;
use time::Time;
use vehicles::Vehicles;
use vehicles::live::LiveStates;

/// What all requests share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// What fleetd was told.
    pub(crate) config: Config,
    /// The database.
    pub(crate) db: Db,
    /// Newest states of the vehicles.
    pub(crate) live: LiveStates,
    /// Which vehicles are connected.
    pub(crate) vehicles: Vehicles,
    /// Lanes to look at.
    pub(crate) lane_maps: map::LaneMaps,
    /// Road graphs and what is blocked.
    pub(crate) routing: Routing,
    /// Counted for Prometheus.
    pub(crate) metrics: metrics::Metrics,
    /// Emergency stops under way.
    pub(crate) stops: stops::Stops,
    /// Reports on their way to the database.
    pub(crate) telemetry: telemetry::Ingest,
    /// When the service started.
    pub(crate) started: Time,
    /// Counts of the stream's clients.
    pub(crate) streams: events::Streams,
    announced: watch::Sender<()>,
    dispatch: Notify,
    shutdown: watch::Receiver<bool>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Tells who streams events that there are new ones. Call it after the commit that wrote them.
    pub(crate) fn announce(&self) {
        self.announced.send_replace(());
    }

    /// Has dispatch look at once, because something changed for it.
    pub(crate) fn wake_dispatch(&self) {
        self.dispatch.notify_one();
    }

    /// Waits until the service is to end.
    pub(crate) async fn ended(&self) {
        let mut shutdown = self.shutdown.clone();
        // The sender is gone only when all of this is.
        let _ = shutdown.wait_for(|ends| *ends).await;
    }

    async fn dispatch_wanted(&self) {
        self.dispatch.notified().await;
    }
}

/// A running service.
pub struct Fleetd {
    app: App,
    addresses: Vec<SocketAddr>,
    shutdown: watch::Sender<bool>,
    servers: JoinSet<Result<()>>,
    first_login: Option<(String, String)>,
}

impl Fleetd {
    /// Opens the database, listens, and answers.
    pub async fn start(config: Config) -> Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot create the folder {}", config.data_dir.display()))?;
        let db = Db::open(&config.data_dir.join("fleet.db")).await?;
        let (shutdown, shutdown_seen) = watch::channel(false);
        let routing = Routing::load(&config.roads, db.reader()).await?;
        let (telemetry, reports) = telemetry::Ingest::new();
        let app = App(Arc::new(Shared {
            db,
            lane_maps: map::LaneMaps::load(&config.roads)?,
            routing,
            telemetry,
            metrics: metrics::Metrics::default(),
            vehicles: Vehicles::default(),
            stops: stops::Stops::default(),
            dispatch: Notify::new(),
            started: Time::now(),
            live: LiveStates::default(),
            streams: events::Streams::default(),
            announced: watch::Sender::new(()),
            shutdown: shutdown_seen,
            config,
        }));
        let first_login =
            identity::first_user(&app).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        fleet::register(&app).await?;
        vehicles::open(&app).await?;
        stops::resume(&app).await?;
        let mut fleetd = Self { addresses: vec![], shutdown, servers: JoinSet::new(), first_login, app };
        let (dispatcher, ingester, admitter) = (fleetd.app.clone(), fleetd.app.clone(), fleetd.app.clone());
        fleetd.servers.spawn(async move {
            dispatch::run(dispatcher).await;
            Ok(())
        });
        fleetd.servers.spawn(async move {
            telemetry::run(ingester, reports).await;
            Ok(())
        });
        fleetd.servers.spawn(async move {
            vehicles::run(admitter).await;
            Ok(())
        });
        for listen in fleetd.app.config.listen.clone() {
            fleetd.listen(listen.address, listen.service()?).await?;
        }
        Ok(fleetd)
    }

    async fn listen(&mut self, address: SocketAddr, service: gateway::hosts::Service) -> Result<()> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}: is another fleetd running? (`listen` in the configuration)")
        })?;
        self.addresses.push(listener.local_addr()?);
        let router = gateway::router(self.app.clone())?;
        // Around the router, because it changes which route is taken.
        let routed = MapRequestLayer::new(move |request: Request| gateway::hosts::route(request, service))
            .layer(router);
        let app = self.app.clone();
        self.servers.spawn(async move {
            axum::serve(listener, routed.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move { app.ended().await })
                .await
                .map_err(Into::into)
        });
        Ok(())
    }

    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where vehicles connect.
    pub async fn vehicle_link(&self) -> Vec<String> {
        self.app.vehicles.endpoints().await
    }

    /// User and password that were made because there was no user yet.
    pub fn first_login(&self) -> Option<&(String, String)> {
        self.first_login.as_ref()
    }

    /// Ends: answers what has been asked, closes streams and the database.
    pub async fn stop(mut self) -> Result<()> {
        self.app.vehicles.close().await;
        self.shutdown.send_replace(true);
        while let Some(server) = self.servers.join_next().await {
            server??;
        }
        self.app.db.close().await;
        Ok(())
    }
}
