//! Both ends of the link for tests and measurements: a cloud that keeps what it is sent, light vehicles, and a network
//! between them that can be cut.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cloud;
mod network;
mod vehicle;

use std::time::Duration;

use bridge_proto::{Holder, Scope};
use pki::{Authority, PkiDir};
use serde_json::json;
use tempfile::TempDir;

pub use cloud::{Cloud, command, emergency_stop};
pub use network::Network;
pub use vehicle::{Vehicle, numbered};

/// A vehicle of the tenant `default`.
pub fn scope(vehicle: &str) -> Scope {
    Scope::new("default", vehicle).unwrap()
}

/// Certificates for a test, and a place for spools.
pub struct Files {
    folder: TempDir,
}

impl Files {
    /// With certificates for the holders.
    pub fn new(holders: &[Holder]) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let authority = Authority::init(&files.pki(), &[]).unwrap();
        holders.iter().for_each(|holder| _ = authority.issue_to(holder).unwrap());
        files
    }

    /// With certificates for vehicles.
    pub fn of_vehicles(vehicles: &[&str]) -> Self {
        Self::new(&vehicles.iter().map(|v| scope(v).into()).collect::<Vec<_>>())
    }

    /// The certificates.
    pub fn pki(&self) -> PkiDir {
        PkiDir::new(self.folder.path().join("pki"))
    }

    /// A folder.
    pub fn folder(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Waits until something holds; panics if that takes longer than a machine under load can excuse.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(tokio::time::Instant::now() < end, "not within a minute: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A bare Zenoh session to the router, as somebody would open it who does not keep to the protocol; with the certificate of
/// a holder, or without one.
pub async fn bare_session(
    endpoint: &str,
    pki: &PkiDir,
    holder: Option<&Holder>,
) -> Result<zenoh::Session, zenoh::Error> {
    let mut settings = vec![
        ("mode", json!("client")),
        ("connect/endpoints", json!([endpoint])),
        ("connect/timeout_ms", json!(0)),
        ("scouting/multicast/enabled", json!(false)),
        ("transport/link/tls/root_ca_certificate", json!(pki.ca().certificate)),
        ("transport/link/tls/enable_mtls", json!(holder.is_some())),
    ];
    if let Some(holder) = holder {
        let pair = pki.holder(holder);
        settings.push(("transport/link/tls/connect_certificate", json!(pair.certificate)));
        settings.push(("transport/link/tls/connect_private_key", json!(pair.key)));
    }
    let mut config = zenoh::Config::default();
    for (key, value) in settings {
        config.insert_json5(key, &value.to_string())?;
    }
    zenoh::open(config).await
}
