//! How a session finds the others.

use std::env;
use std::path::PathBuf;

use serde_json::json;
use zenoh::Config;

use crate::transport::TransportError;

/// How a session finds the others.
#[derive(Clone, Debug)]
pub struct ZenohOptions {
    /// `ROS_DOMAIN_ID`: nodes of different domains do not see each other.
    pub domain_id: usize,
    /// Endpoints to connect to and to stay connected to, e.g. `tcp/10.0.0.5:7447`.
    pub connect: Vec<String>,
    /// Endpoints to listen on; empty means a free port of the loopback interface.
    pub listen: Vec<String>,
    /// Folder in which the processes of this host find each other without a router; none means a router is needed,
    /// or explicit endpoints.
    pub rendezvous: Option<PathBuf>,
    /// Whether large messages go through shared memory between processes of one host.
    pub shared_memory: bool,
    /// A Zenoh configuration file that replaces all of the above but the domain.
    pub config_file: Option<PathBuf>,
    /// Further settings, `key=value`, value in JSON5.
    pub overrides: Vec<(String, String)>,
    /// Whether this session is a router that others connect to.
    pub router: bool,
}

impl Default for ZenohOptions {
    fn default() -> Self {
        Self {
            domain_id: 0,
            connect: vec!["tcp/localhost:7447".into()],
            listen: vec![],
            rendezvous: Some(default_rendezvous()),
            shared_memory: true,
            config_file: None,
            overrides: vec![],
            router: false,
        }
    }
}

fn default_rendezvous() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(dir) => PathBuf::from(dir).join("atlasmesh"),
        None => {
            let user = env::var("USER").or_else(|_| env::var("LOGNAME")).unwrap_or_else(|_| "root".into());
            env::temp_dir().join(format!("atlasmesh-{user}"))
        }
    }
}

impl ZenohOptions {
    /// From the environment: `ROS_DOMAIN_ID`; `ATLAS_CONNECT`, `ATLAS_LISTEN` (comma-separated endpoints),
    /// `ATLAS_RENDEZVOUS` (a folder, or `off`), `ATLAS_SHM=0`; and those of `rmw_zenoh`: `ZENOH_SESSION_CONFIG_URI`,
    /// `ZENOH_CONFIG_OVERRIDE` (`key=value;key=value`).
    pub fn from_env() -> Result<Self, TransportError> {
        let mut options = Self::default();
        let list = |v: String| v.split(',').map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect();
        if let Ok(id) = env::var("ROS_DOMAIN_ID") {
            options.domain_id = id.trim().parse().ok().filter(|id| *id <= 232).ok_or_else(|| {
                TransportError::Open(format!("ROS_DOMAIN_ID is `{id}`, it must be a number from 0 to 232"))
            })?;
        }
        if let Ok(endpoints) = env::var("ATLAS_CONNECT") {
            options.connect = list(endpoints);
        }
        if let Ok(endpoints) = env::var("ATLAS_LISTEN") {
            options.listen = list(endpoints);
        }
        if let Ok(folder) = env::var("ATLAS_RENDEZVOUS") {
            options.rendezvous = (folder != "off").then(|| folder.into());
        }
        options.shared_memory = env::var("ATLAS_SHM").map_or(true, |v| v != "0");
        options.config_file =
            env::var("ZENOH_SESSION_CONFIG_URI").ok().filter(|v| !v.is_empty()).map(Into::into);
        for setting in env::var("ZENOH_CONFIG_OVERRIDE").unwrap_or_default().split(';') {
            if setting.trim().is_empty() {
                continue;
            }
            let (key, value) = setting.split_once('=').ok_or_else(|| {
                TransportError::Open(format!("ZENOH_CONFIG_OVERRIDE: `{setting}` is not key=value"))
            })?;
            options.overrides.push((key.trim().into(), value.trim().into()));
        }
        Ok(options)
    }

    /// Only these endpoints: no router, no rendezvous, nothing from the environment.
    pub fn isolated(connect: &[&str], listen: &[&str]) -> Self {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect();
        Self { connect: own(connect), listen: own(listen), rendezvous: None, ..Self::default() }
    }

    /// The Zenoh configuration, with `peers` of this host to connect to.
    pub(super) fn config(&self, listen: &[String], peers: &[String]) -> Result<Config, TransportError> {
        let open = |e: zenoh::Error| TransportError::Open(e.to_string());
        let mut config = match &self.config_file {
            Some(file) => Config::from_file(file)
                .map_err(|e| TransportError::Open(format!("{}: {e}", file.display())))?,
            None => {
                let mut config = Config::default();
                for (key, value) in self.settings(listen, peers) {
                    config.insert_json5(key, &value.to_string()).map_err(open)?;
                }
                config
            }
        };
        for (key, value) in &self.overrides {
            config
                .insert_json5(key, value)
                .map_err(|e| TransportError::Open(format!("ZENOH_CONFIG_OVERRIDE: {key}={value}: {e}")))?;
        }
        Ok(config)
    }

    fn settings(&self, listen: &[String], peers: &[String]) -> Vec<(&'static str, serde_json::Value)> {
        let connect: Vec<_> = self.connect.iter().chain(peers).collect();
        vec![
            ("mode", json!(if self.router { "router" } else { "peer" })),
            ("connect/endpoints", json!(connect)),
            // A router that goes away is looked for until it is back, soon but not all the time.
            (
                "connect/retry",
                json!({"period_init_ms": 50, "period_max_ms": 500, "period_increase_factor": 1.5}),
            ),
            ("listen/endpoints", json!(listen)),
            ("scouting/multicast/enabled", json!(false)),
            ("scouting/gossip/enabled", json!(true)),
            // Leaves of a router learn of each other from it, and then connect directly.
            ("scouting/gossip/target", json!({"router": ["router", "peer"], "peer": ["router", "peer"]})),
            ("open/return_conditions/connect_scouted", json!(false)),
            ("timestamping/enabled", json!({"router": true, "peer": true, "client": false})),
            ("queries_default_timeout", json!(600_000)),
            // A subscriber that does not read must not hold up a publisher: after this many µs its sample is dropped.
            ("transport/link/tx/queue/congestion_control/drop/wait_before_drop", json!(1_000)),
            ("transport/link/tx/queue/congestion_control/drop/max_wait_before_drop_fragments", json!(2_500)),
            // The most there is: nearly 1 MiB, of which the rest must find room within the time above.
            ("transport/link/tx/queue/size/data", json!(16)),
            ("transport/link/tx/queue/size/real_time", json!(8)),
            ("transport/link/tx/queue/size/interactive_high", json!(8)),
            ("transport/link/tx/queue/size/background", json!(8)),
            ("transport/shared_memory/enabled", json!(self.shared_memory)),
        ]
    }
}
