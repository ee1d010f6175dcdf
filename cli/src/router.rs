//! `atlas router`

use anyhow::{Context, Result};
use clap::Args;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use serde_json::json;

use crate::commands::Global;
use crate::output::Out;
use crate::session::options;
use crate::stop::Stop;

/// Runs a Zenoh router, where nodes of rmw_zenoh and ours find each other.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas router\n  atlas router --listen tcp/0.0.0.0:7447    # for other hosts, too"
)]
pub struct Router {
    /// Endpoint to listen on; several are possible
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp/127.0.0.1:7447")]
    listen: Vec<String>,
    /// Router or peer to connect to, such as tcp/10.0.0.5:7447
    #[arg(long, value_name = "ENDPOINT")]
    connect: Vec<String>,
}

impl Router {
    /// Runs until Ctrl-C.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let stop = Stop::install()?;
        let options = ZenohOptions {
            router: true,
            listen: self.listen.clone(),
            connect: self.connect,
            rendezvous: None,
            ..options(global)?
        };
        let transport = ZenohTransport::open(&options).with_context(|| {
            format!("no router on {}; does another one run there already?", self.listen.join(", "))
        })?;
        let id = transport.session().zid().to_string();
        if out.json {
            out.json_line(&json!({"listen": self.listen, "id": id}))?;
        } else {
            out.line(&format!("Zenoh router {id} listens on {} (Ctrl-C ends)", self.listen.join(", ")))?;
        }
        stop.wait();
        Ok(())
    }
}
