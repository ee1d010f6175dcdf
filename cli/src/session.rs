//! The connection of a command to the other nodes.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use msgs::{Message, Service};
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{Graph, Transport, TransportNode, TypeRef};

use crate::commands::Global;
use crate::graph_names::did_you_mean;
use crate::output::Interrupted;
use crate::stop::Stop;

/// How long to wait for what other nodes have announced.
const DISCOVERY: Duration = Duration::from_secs(3);
/// How long to wait for something that may be starting just now.
const GRACE: Duration = Duration::from_secs(1);

/// An open connection with a hidden node.
pub struct Session {
    transport: ZenohTransport,
    /// The hidden node.
    pub node: Arc<dyn TransportNode>,
    /// Ctrl-C.
    pub stop: Stop,
}

/// The options from the environment and the command line.
pub fn options(global: &Global) -> Result<ZenohOptions> {
    let mut options = ZenohOptions::from_env()?;
    if let Some(domain) = global.domain {
        options.domain_id = domain.into();
    }
    Ok(options)
}

impl Session {
    /// Connects, and learns what is there.
    pub fn open(global: &Global) -> Result<Self> {
        let stop = Stop::install()?;
        let transport = ZenohTransport::open(&options(global)?)
            .context("no connection; look at ATLAS_CONNECT, ATLAS_RENDEZVOUS and ZENOH_SESSION_CONFIG_URI")?;
        let node = transport.node("/", &format!("_atlas_cli_{}", std::process::id()))?;
        transport.sync_graph(DISCOVERY);
        Ok(Self { transport, node, stop })
    }

    /// What is known of all nodes.
    pub fn graph(&self) -> &Graph {
        self.transport.graph()
    }

    /// Another node of this process.
    pub fn named_node(&self, namespace: &str, name: &str) -> Result<Arc<dyn TransportNode>> {
        Ok(self.transport.node(namespace, name)?)
    }

    /// Waits until `condition` holds; false after `timeout`, an error on Ctrl-C.
    pub fn wait_for(&self, timeout: Duration, condition: impl Fn(&Graph) -> bool) -> Result<bool> {
        let end = Instant::now() + timeout;
        loop {
            let slice = end.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
            if self.graph().wait_until(slice, &condition) {
                return Ok(true);
            }
            if self.stop.is_set() {
                bail!(Interrupted);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
        }
    }

    /// Waits a little until a node is there.
    pub fn find_node(&self, full_name: &str, timeout: Option<f64>) -> Result<()> {
        let has = |g: &Graph| g.nodes().iter().any(|n| n.full_name() == full_name);
        let timeout = timeout.map_or(GRACE, Duration::from_secs_f64);
        if self.wait_for(timeout, has)? {
            return Ok(());
        }
        let known: Vec<_> = self.graph().nodes().iter().map(|n| n.full_name()).collect();
        let hint = did_you_mean(full_name, known.iter().map(String::as_str));
        bail!("Node not found: {full_name}{hint} (`atlas node list`)");
    }

    /// Calls a service whose type this program has.
    pub fn call<S: Service>(
        &self,
        service: &str,
        request: &S::Request,
        timeout: Duration,
    ) -> Result<S::Response> {
        let answer = self.call_raw(service, &TypeRef::service::<S>(), request.encode(0)?, timeout)?;
        S::Response::decode(&answer)
            .with_context(|| format!("{service} answers what is not a {}", S::TYPE_NAME))
    }

    /// Calls a service with CDR bytes. Waits for the server too.
    pub fn call_raw(&self, service: &str, ty: &TypeRef, request: Bytes, timeout: Duration) -> Result<Bytes> {
        if !self.wait_for(timeout, |g| g.services().contains_key(service))? {
            bail!("no server of {service} within {timeout:?}: is its node running? (`atlas service list`)");
        }
        let (send, answers) = sync_channel(1);
        self.stop.on_stop({
            let send = send.clone();
            move || drop(send.try_send(None))
        });
        let client = self.node.client(service, ty)?;
        client.call(request, timeout, Box::new(move |answer| drop(send.try_send(Some(answer)))))?;
        match answers.recv() {
            Ok(Some(answer)) => Ok(answer?),
            Ok(None) => bail!(Interrupted),
            Err(_) => Err(anyhow!("{service}: the call ended without an answer")),
        }
    }
}
