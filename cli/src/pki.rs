//! `atlas pki`

use std::path::{Path, PathBuf};

use anyhow::Result;
use bridge_proto::{Holder, Scope};
use clap::{Args, Subcommand};
use pki::{Authority, KeyPair, PkiDir};
use serde_json::json;

use crate::output::Out;

/// Certificates for the link between vehicles and the cloud
#[derive(Subcommand)]
pub enum Command {
    /// Make a certificate authority for development, and the cloud's certificate
    Init(Init),
    /// Issue the certificate of a vehicle
    Issue(Issue),
}

/// Where certificates lie.
#[derive(Args)]
struct Folder {
    /// Folder of the certificates
    #[arg(long, value_name = "DIR", default_value = "pki")]
    dir: PathBuf,
}

/// Make a certificate authority for development, and the cloud's certificate
///
/// The cloud's certificate is for localhost, 127.0.0.1 and the names given. Keys are readable for you only. Nothing is overwritten.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas pki init\n  atlas pki init --dir pki --name fleet.example.org --name 10.0.0.5"
)]
pub struct Init {
    #[command(flatten)]
    folder: Folder,
    /// Host name or address by which vehicles reach the cloud
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
}

/// Issue the certificate of a vehicle
///
/// It gives access to what the cloud holds of this one vehicle. With --fleet it does so for all vehicles of the tenant, for
/// a program that simulates many.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas pki issue --vehicle AV-001\n  atlas pki issue --tenant acme --vehicle AV-001 --vehicle AV-002\n  \
                        atlas pki issue --fleet"
)]
pub struct Issue {
    #[command(flatten)]
    folder: Folder,
    /// Id of the tenant
    #[arg(long, value_name = "ID", default_value = "default")]
    tenant: String,
    /// Id of the vehicle
    #[arg(long = "vehicle", value_name = "ID", required_unless_present = "fleet")]
    vehicles: Vec<String>,
    /// For all vehicles of the tenant
    #[arg(long)]
    fleet: bool,
}

impl Command {
    /// Runs it.
    pub fn run(self, out: &mut Out) -> Result<()> {
        match self {
            Self::Init(command) => command.run(out),
            Self::Issue(command) => command.run(out),
        }
    }
}

impl Init {
    fn run(self, out: &mut Out) -> Result<()> {
        let dir = PkiDir::new(self.folder.dir);
        Authority::init(&dir, &self.names)?;
        let (ca, cloud) = (dir.ca(), dir.cloud());
        if out.json {
            return out.json_line(&json!({"ca": pair(&ca), "cloud": pair(&cloud)}));
        }
        out.line(&format!(
            "authority  {}  (keep {} to yourself)",
            ca.certificate.display(),
            ca.key.display()
        ))?;
        out.line(&format!("cloud      {}", cloud.certificate.display()))?;
        out.line(&format!("\nNext: atlas pki issue{} --vehicle AV-001", option(dir.path())))
    }
}

impl Issue {
    fn run(self, out: &mut Out) -> Result<()> {
        let dir = PkiDir::new(self.folder.dir);
        let authority = Authority::open(&dir)?;
        let scopes = self.vehicles.iter().map(|vehicle| Scope::new(&self.tenant, vehicle));
        let mut holders = scopes.map(|scope| scope.map(Holder::from)).collect::<Result<Vec<_>, _>>()?;
        if self.fleet {
            holders.push(Holder::fleet(&self.tenant)?);
        }
        for holder in &holders {
            let issued = authority.issue_to(holder)?;
            let name = holder.common_name();
            if out.json {
                out.json_line(&json!({"name": name, "certificate": pair(&issued)}))?;
            } else {
                out.line(&format!("{name}  {}", issued.certificate.display()))?;
            }
        }
        match holders.first() {
            Some(Holder::Vehicle(scope)) if !out.json => out.line(&format!(
                "\nNext: copy ca.crt and the vehicle's two files to the vehicle, in folders of the same names, and start\n  \
                 bridge --tenant {} --vehicle-id {} --connect quic/HOST:7447 --pki DIR",
                scope.tenant(),
                scope.vehicle()
            )),
            _ => Ok(()),
        }
    }
}

fn pair(pair: &KeyPair) -> serde_json::Value {
    json!({"certificate": pair.certificate, "key": pair.key})
}

/// The option that leads back to a folder; none for the default.
fn option(dir: &Path) -> String {
    if dir == Path::new("pki") { String::new() } else { format!(" --dir {}", dir.display()) }
}
