//! The Zenoh router and its access rules.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_proto::{Holder, Suffix};
use serde_json::{Value, json};
use zenoh::{Config, Session};

use super::serve::Served;
use super::{Inbound, LinkConfig, LinkError};

/// Larger messages are not put together: uploads are at most 256 KiB.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// A link that is silent for so long is closed.
const LINK_LEASE_MS: u64 = 3_000;
/// A closed router gives its port back within this time.
const DRAINED: Duration = Duration::from_secs(5);
/// More vehicles than this are not let in.
const MAX_SESSIONS: usize = 100_000;

/// A running router.
pub struct Router {
    session: Session,
    endpoints: Vec<String>,
    served: Served,
}

impl Router {
    pub async fn open(config: &LinkConfig, inbound: &Arc<dyn Inbound>) -> Result<Self, LinkError> {
        let failed = |why: String| LinkError::Listen { endpoints: config.listen.join(", "), why };
        let session = zenoh::open(zenoh_config(config)?).await.map_err(|e| failed(e.to_string()))?;
        let endpoints = session.info().locators().await.iter().map(ToString::to_string).collect();
        let served = Served::declare(&session, inbound).await.map_err(|e| failed(e.to_string()))?;
        Ok(Self { session, endpoints, served })
    }

    pub fn session(&self) -> Session {
        self.session.clone()
    }

    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    pub async fn close(self) {
        if let Err(error) = self.session.close().await {
            tracing::warn!(%error, "the vehicle link did not close properly");
        }
        drop(self.served);
        // QUIC keeps the port until what was on its way has come or is lost.
        let until = Instant::now() + DRAINED;
        while !self.endpoints.iter().all(|endpoint| is_free(endpoint)) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Whether one could listen there.
fn is_free(endpoint: &str) -> bool {
    endpoint.strip_prefix("quic/").is_none_or(|address| std::net::UdpSocket::bind(address).is_ok())
}

fn zenoh_config(config: &LinkConfig) -> Result<Config, LinkError> {
    if let Some(other) = config.listen.iter().find(|endpoint| !endpoint.starts_with("quic/")) {
        let why = "vehicles connect over QUIC only: write quic/HOST:PORT".into();
        return Err(LinkError::Listen { endpoints: other.clone(), why });
    }
    let cloud = config.pki.cloud().checked("the cloud's certificate", "`atlas pki init` makes it")?;
    let settings = [
        ("mode", json!("router")),
        ("listen/endpoints", json!(config.listen)),
        ("connect/endpoints", json!([])),
        ("scouting/multicast/enabled", json!(false)),
        ("scouting/gossip/enabled", json!(false)),
        ("timestamping/enabled", json!(false)),
        ("transport/shared_memory/enabled", json!(false)),
        ("transport/unicast/max_sessions", json!(MAX_SESSIONS)),
        ("transport/unicast/accept_pending", json!(1_000)),
        ("transport/link/protocols", json!(["quic"])),
        ("transport/link/tx/lease", json!(LINK_LEASE_MS)),
        ("transport/link/rx/max_message_size", json!(MAX_MESSAGE_BYTES)),
        ("transport/link/tls/root_ca_certificate", json!(config.pki.ca_certificate()?)),
        ("transport/link/tls/listen_certificate", json!(cloud.certificate)),
        ("transport/link/tls/listen_private_key", json!(cloud.key)),
        ("transport/link/tls/enable_mtls", json!(true)),
        ("transport/link/tls/close_link_on_expiration", json!(true)),
        ("access_control", access_control(&config.holders)),
    ];
    let mut zenoh = Config::default();
    for (key, value) in settings {
        zenoh.insert_json5(key, &value.to_string()).map_err(|e| LinkError::Listen {
            endpoints: config.listen.join(", "),
            why: format!("{key}: {e}"),
        })?;
    }
    Ok(zenoh)
}

/// What may pass, per common name; all else is dropped. `ingress` is from the vehicle to the router.
fn access_control(holders: &[Holder]) -> Value {
    let session = Suffix::Command([0; 16]);
    let mut rules = vec![
        // What the router has to say about itself for vehicles to send anything at all.
        rule(
            "all: cloud",
            &["egress"],
            &["declare_queryable", "declare_subscriber"],
            &[Suffix::Hello.of_all(), Suffix::EventUpload.of_all(), Suffix::Telemetry.of_all()],
        ),
    ];
    let mut subjects = vec![];
    let mut policies = vec![];
    for holder in holders {
        let name = holder.common_name();
        let (hello, upload) = (holder.key(Suffix::Hello), holder.key(Suffix::EventUpload));
        let (telemetry, command) = (holder.key(Suffix::Telemetry), holder.key(session));
        let own = [
            rule(&format!("{name}: asks"), &["ingress"], &["query"], &[hello.clone(), upload.clone()]),
            rule(&format!("{name}: is answered"), &["egress"], &["reply"], &[hello, upload]),
            rule(&format!("{name}: reports"), &["ingress"], &["put"], &[telemetry]),
            rule(
                &format!("{name}: obeys"),
                &["ingress"],
                &["declare_queryable", "reply"],
                std::slice::from_ref(&command),
            ),
            rule(&format!("{name}: is asked"), &["egress"], &["query"], &[command]),
        ];
        let ids: Vec<_> = own.iter().map(|rule| rule["id"].clone()).chain([json!("all: cloud")]).collect();
        rules.extend(own);
        subjects.push(json!({"id": name, "cert_common_names": [name]}));
        policies.push(json!({"id": name, "rules": ids, "subjects": [name]}));
    }
    if holders.is_empty() {
        // Zenoh's default permission holds where there are no rules; it wants the lists all the same.
        rules.clear();
    }
    json!({
        "enabled": true,
        "default_permission": "deny",
        "rules": rules,
        "subjects": subjects,
        "policies": policies,
    })
}

fn rule(id: &str, flows: &[&str], messages: &[&str], key_exprs: &[String]) -> Value {
    json!({"id": id, "flows": flows, "messages": messages, "key_exprs": key_exprs, "permission": "allow"})
}
