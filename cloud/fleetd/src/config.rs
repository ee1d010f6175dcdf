//! Configuration: one annotated file, `fleetd.toml`; every key has a default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use pki::PkiDir;

use crate::fleet::Vehicle;
use crate::gateway::hosts::Service;
use crate::identity::Role;

/// The file with all keys, their defaults and what they mean.
pub const DEFAULT: &str = include_str!("../fleetd.toml");

/// What fleetd is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    profile: Profile,
    /// Tenant of requests that name none.
    pub tenant: String,
    /// Role of requests without a token; none: they are refused.
    #[serde(deserialize_with = "role_or_none")]
    pub anonymous_role: Option<Role>,
    /// How long a log-in lasts.
    #[serde(rename = "token_ttl_h", deserialize_with = "hours")]
    pub token_ttl: Duration,
    /// Requests per second and client address.
    pub requests_per_second: u32,
    /// How many requests may come at once beyond that.
    pub burst: u32,
    /// Web origins that may call.
    pub allowed_origins: Vec<String>,
    /// Road graphs that trips are routed on, first come first served.
    pub roads: Vec<String>,
    /// A vehicle that is silent for so long before the pickup loses its trip to another one.
    #[serde(rename = "lost_after_s", deserialize_with = "seconds")]
    pub lost_after: Duration,
    /// The same with passengers aboard: then the trip fails.
    #[serde(rename = "lost_after_aboard_s", deserialize_with = "seconds")]
    pub lost_after_aboard: Duration,
    /// Zenoh endpoints that vehicles connect to.
    pub vehicle_link: Vec<String>,
    /// Whether one certificate may stand for all vehicles of a tenant.
    pub fleet_certificates: bool,
    /// Vehicles that are registered at the start.
    pub vehicles: Vec<Vehicle>,
    /// Where the certificates are; in `data_dir` where empty.
    pub pki_dir: PathBuf,
    /// Where the database is.
    pub data_dir: PathBuf,
    /// Addresses to listen on, and for whom.
    pub listen: Vec<Listen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Profile {
    Development,
    Production,
}

/// An address to listen on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Service of requests whose host names none.
    pub service: String,
}

impl Listen {
    /// The service by its name.
    pub fn service(&self) -> Result<Service> {
        Service::named(&self.service)
            .with_context(|| format!("listen.service: there is no service {:?}", self.service))
    }
}

fn role_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name == "none" { Ok(None) } else { name.parse().map(Some).map_err(serde::de::Error::custom) }
}

fn hours<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|hours| Duration::from_secs(u64::from(hours) * 3600))
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.into()))
}

impl Config {
    /// The defaults, with the keys of `file` in their place.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(DEFAULT)?;
        if let Some(file) = file {
            let name = || file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", name()))?;
            // Read by itself first, for an error with the line.
            let own: toml::Table = toml::from_str(&text).with_context(name)?;
            table.extend(own);
            return Self::checked(table).with_context(name);
        }
        Self::checked(table)
    }

    /// Whether it serves others than developers.
    pub fn is_production(&self) -> bool {
        self.profile == Profile::Production
    }

    /// The certificates.
    pub fn pki(&self) -> PkiDir {
        let in_data = self.pki_dir.as_os_str().is_empty();
        PkiDir::new(if in_data { self.data_dir.join("pki") } else { self.pki_dir.clone() })
    }

    fn checked(table: toml::Table) -> Result<Self> {
        let config: Self = table.try_into()?;
        bridge_proto::Scope::new(&config.tenant, "any")?;
        for listen in &config.listen {
            listen.service()?;
        }
        if config.requests_per_second == 0 || config.burst == 0 {
            bail!("requests_per_second and burst have to be at least 1");
        }
        if config.is_production() && config.anonymous_role.is_some() {
            bail!(
                "anonymous_role: in the production profile nobody acts without a token; set it to \"none\""
            );
        }
        if config.is_production() && config.fleet_certificates {
            bail!("fleet_certificates: in the production profile each vehicle has its own; set it to false");
        }
        if config.anonymous_role.is_some()
            && config.listen.iter().any(|listen| !listen.address.ip().is_loopback())
        {
            bail!(
                "anonymous_role: with it fleetd listens on loopback only; change listen.address or set it to \"none\""
            );
        }
        Ok(config)
    }
}
