//! One way to the cloud: a Zenoh session that connects, and connects again, for ever.

use std::path::PathBuf;
use std::time::Duration;

use bridge_proto::Holder;
use pki::{KeyPair, PkiDir, PkiError};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use zenoh::{Config, Session};

/// First and longest wait between two attempts to connect.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A link that is silent for so long is taken for dead.
const LINK_LEASE: Duration = Duration::from_secs(3);

/// Where the cloud is, and who we are to it.
#[derive(Clone, Debug)]
pub struct PathConfig {
    /// Endpoint of the cloud's router, e.g. `quic/fleet.example.org:7447`. `#bind=192.168.8.2:0` binds it to an address, and
    /// so to a network.
    pub connect: String,
    /// The authority that the cloud's certificate comes from.
    pub ca_certificate: PathBuf,
    /// Our certificate.
    pub certificate: KeyPair,
}

/// Why a path can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// Certificates are missing.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The endpoint makes no sense.
    #[error("{endpoint:?} is no endpoint to connect to ({why}): write quic/HOST:PORT")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong.
        why: String,
    },
}

impl PathConfig {
    /// With the certificates of a folder, as `atlas pki issue` writes them.
    pub fn new(connect: &str, pki: &PkiDir, holder: &Holder) -> Result<Self, PathError> {
        let certificate = pki.holder(holder).checked(
            "the certificate of the vehicle",
            "`atlas pki issue` makes it; copy it here with its key",
        )?;
        Ok(Self { connect: connect.into(), ca_certificate: pki.ca_certificate()?, certificate })
    }

    fn zenoh(&self) -> Result<Config, PathError> {
        let endpoint = |why: String| PathError::Endpoint { endpoint: self.connect.clone(), why };
        // Zenoh's TLS links share one rustls connection between threads and crash now and then (eclipse-zenoh/zenoh#2557).
        // QUIC has the same TLS 1.3, and a stream per priority.
        if !self.connect.starts_with("quic/") {
            return Err(endpoint("vehicles connect over QUIC only".into()));
        }
        let settings = [
            ("mode", json!("client")),
            ("connect/endpoints", json!([self.connect])),
            // The first attempt is made once; that it is made again is up to us.
            ("connect/timeout_ms", json!(0)),
            (
                "connect/retry",
                json!({
                    "period_init_ms": RETRY.0.as_millis() as u64,
                    "period_max_ms": RETRY.1.as_millis() as u64,
                    "period_increase_factor": 1.5,
                }),
            ),
            ("scouting/multicast/enabled", json!(false)),
            ("scouting/gossip/enabled", json!(false)),
            ("timestamping/enabled", json!(false)),
            ("transport/shared_memory/enabled", json!(false)),
            ("transport/link/protocols", json!(["quic"])),
            ("transport/link/tx/lease", json!(LINK_LEASE.as_millis() as u64)),
            ("transport/link/tls/root_ca_certificate", json!(self.ca_certificate)),
            ("transport/link/tls/connect_certificate", json!(self.certificate.certificate)),
            ("transport/link/tls/connect_private_key", json!(self.certificate.key)),
            ("transport/link/tls/enable_mtls", json!(true)),
            ("transport/link/tls/verify_name_on_connect", json!(true)),
            ("transport/link/tls/close_link_on_expiration", json!(true)),
        ];
        let mut config = Config::default();
        for (key, value) in settings {
            config.insert_json5(key, &value.to_string()).map_err(|e| endpoint(format!("{key}: {e}")))?;
        }
        Ok(config)
    }
}

/// A path; several vehicles may share it. Ends when dropped.
pub struct Path {
    session: watch::Receiver<Option<Session>>,
    connecting: AbortHandle,
}

impl Path {
    /// Begins to connect. To be called within a Tokio runtime.
    pub fn start(config: PathConfig) -> Result<Self, PathError> {
        let zenoh = config.zenoh()?;
        let (opened, session) = watch::channel(None);
        let connecting = tokio::spawn(async move {
            let mut wait = RETRY.0;
            loop {
                match zenoh::open(zenoh.clone()).await {
                    Ok(session) => {
                        tracing::info!(endpoint = config.connect, "connected to the cloud");
                        opened.send_replace(Some(session));
                        // From here on Zenoh keeps it connected.
                        return opened.closed().await;
                    }
                    Err(error) if wait == RETRY.0 => {
                        tracing::warn!(endpoint = config.connect, %error, "no connection to the cloud; trying on");
                    }
                    Err(error) => {
                        tracing::debug!(endpoint = config.connect, %error, "no connection to the cloud")
                    }
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 3 / 2).min(RETRY.1);
            }
        });
        Ok(Self { session, connecting: connecting.abort_handle() })
    }

    /// The session, once it has connected for the first time.
    pub async fn session(&self) -> Option<Session> {
        let mut session = self.session.clone();
        let opened = session.wait_for(Option::is_some).await.ok()?;
        opened.clone()
    }

    /// The session, if it has connected before.
    pub fn opened(&self) -> Option<Session> {
        self.session.borrow().clone()
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        self.connecting.abort();
    }
}
