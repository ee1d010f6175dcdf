//! The fleet service: one process, a folder per domain.
//!
//! A request comes in through [`gateway`], is authenticated by [`identity`] and answered by the domain it is for. What
//! becomes true is written as an event in the same transaction ([`events`]) and streamed to browsers from there.

pub mod config;
pub mod db;
pub mod duration;
pub mod events;
pub mod gateway;
pub mod id;
pub mod identity;
pub mod logging;
pub mod time;
pub mod vehicles;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::ServiceExt as _;
use axum::extract::Request;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Layer as _;
use tower::util::MapRequestLayer;

use config::Config;
use db::Db;
use vehicles::live::LiveStates;

/// What all requests share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// What fleetd was told.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Newest states of the vehicles.
    pub live: LiveStates,
    /// Counts of the stream's clients.
    pub streams: events::Streams,
    announced: watch::Sender<()>,
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
    pub fn announce(&self) {
        self.announced.send_replace(());
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
        let app = App(Arc::new(Shared {
            db,
            live: LiveStates::default(),
            streams: events::Streams::default(),
            announced: watch::Sender::new(()),
            shutdown: shutdown_seen,
            config,
        }));
        let first_login = identity::first_user(&app).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        let mut fleetd = Self { addresses: vec![], shutdown, servers: JoinSet::new(), first_login, app };
        for listen in fleetd.app.config.listen.clone() {
            fleetd.listen(listen.address, listen.service()?).await?;
        }
        Ok(fleetd)
    }

    async fn listen(&mut self, address: SocketAddr, service: gateway::hosts::Service) -> Result<()> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}: is another fleetd running? (`listen` in the configuration)"))?;
        self.addresses.push(listener.local_addr()?);
        let router = gateway::router(self.app.clone())?;
        // Around the router, because it changes which route is taken.
        let routed = MapRequestLayer::new(move |request: Request| gateway::hosts::route(request, service)).layer(router);
        let mut shutdown = self.app.shutdown.clone();
        self.servers.spawn(async move {
            axum::serve(listener, routed.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move {
                    // The sender is gone only when all of this is.
                    let _ = shutdown.wait_for(|ends| *ends).await;
                })
                .await
                .map_err(Into::into)
        });
        Ok(())
    }

    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// User and password that were made because there was no user yet.
    pub fn first_login(&self) -> Option<&(String, String)> {
        self.first_login.as_ref()
    }

    /// What the requests share, for tests.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Ends: answers what has been asked, closes streams and the database.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.send_replace(true);
        while let Some(server) = self.servers.join_next().await {
            server??;
        }
        self.app.db.close().await;
        Ok(())
    }
}
