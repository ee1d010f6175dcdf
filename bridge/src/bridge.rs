//! The link of one vehicle beside its nodes.

use std::path::PathBuf;
use std::sync::Arc;

use bridge_proto::{KeyError, Scope};
use maps::{Map, MapError};
use parking_lot::Mutex;
use pki::PkiDir;
use runtime::transport::{Guard, Transport, TransportError};
use tokio::runtime::{Builder, Runtime};

use crate::orders::Orders;
use crate::relay::{Causes, Relay, report_period};
use crate::spool::{Spool, SpoolError};
use crate::uplink::{Path, PathConfig, PathError, Uplink, UplinkConfig};

/// How a vehicle is linked to the cloud.
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    /// Id of the vehicle in the fleet.
    pub vehicle_id: String,
    /// Id of the tenant whose vehicle it is.
    pub tenant: String,
    /// e.g. `shuttle`.
    pub vehicle_model: String,
    /// Map that the vehicle drives on: file, or name of one that ships with the product.
    pub map: String,
    /// Endpoints of the cloud, the best network path first, e.g. `quic/fleet.example.org:7447`.
    pub connect: Vec<String>,
    /// Folder of the certificates.
    pub pki: PathBuf,
    /// Folder in which events are kept until the cloud has them.
    pub spool: PathBuf,
    /// Most bytes of events that are kept.
    pub spool_limit_bytes: usize,
}

/// Why the bridge can't start.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// Vehicle or tenant.
    #[error(transparent)]
    Id(#[from] KeyError),
    /// The map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Certificates or endpoint.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The vehicle's side.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Threads.
    #[error("the bridge gets no threads: {0}")]
    Threads(std::io::Error),
}

/// A running bridge; ends when dropped. What it does never reaches back into the nodes: they drive on without it.
pub struct Bridge {
    guards: Vec<Guard>,
    relay: Option<Arc<Relay>>,
    runtime: Option<Runtime>,
}

impl Bridge {
    /// Starts it on threads of its own. It returns without waiting for the cloud.
    pub fn start(config: &BridgeConfig, transport: &dyn Transport) -> Result<Self, BridgeError> {
        let scope = Scope::new(&config.tenant, &config.vehicle_id)?;
        let pki = PkiDir::new(&config.pki);
        let holder = scope.clone().into();
        let paths = config.connect.iter().map(|endpoint| PathConfig::new(endpoint, &pki, &holder));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let map = Map::load(&config.map)?;
        let spool = Arc::new(Mutex::new(Spool::open(&config.spool, config.spool_limit_bytes)?));
        let node = transport.node("/", "bridge_node")?;
        let causes = Arc::new(Causes::default());
        let orders = Arc::new(Orders::new(&*node, map, Arc::clone(&spool), Arc::clone(&causes))?);
        let trip = orders.resume();

        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("bridge")
            .enable_time()
            .build()
            .map_err(BridgeError::Threads)?;
        let _entered = runtime.enter();
        let paths = paths.into_iter().map(|path| Path::start(path).map(Arc::new));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let uplink = UplinkConfig {
            scope,
            software_version: env!("CARGO_PKG_VERSION").into(),
            vehicle_model: config.vehicle_model.clone(),
            map_id: config.map.clone(),
            report_period: report_period(),
        };
        let uplink = Uplink::start(uplink, paths, Arc::clone(&spool), Arc::clone(&orders) as _);
        uplink.report(|report| report.trip = trip);
        let relay = Arc::new(Relay::new(uplink, spool, causes, config.map.clone()));
        let mut guards = relay.attach(&*node)?;
        guards.push(Box::new((node, orders)));
        drop(_entered);
        Ok(Self { guards, relay: Some(relay), runtime: Some(runtime) })
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // Subscriptions first: what they call uses the rest.
        self.guards.clear();
        self.relay = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
