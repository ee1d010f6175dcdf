//! `atlas up`

mod part;
mod settings;

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bridge_proto::{Holder, Scope};
use clap::Args;
use pki::{Authority, PkiDir};

use crate::output::note;
use part::Part;

/// How long the fleet service may take to answer.
const READY: Duration = Duration::from_secs(60);
/// How often the parts are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Run a fleet on this machine: the fleet service, vehicles in the simulator, and light vehicles on the roads
///
/// Makes certificates and a configuration in the data folder if there are none. A part that ends is started again. Logs are
/// in the folder `logs`. Ctrl-C ends everything.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas up\n  atlas up --vehicles 3 --light 20 --time-scale 30\n\n\
                        Order a trip:\n  curl -X POST http://localhost:8080/api/v1/trips \\\n    \
                        -d '{\"pickup\": {\"lat\": 24.4539, \"lng\": 54.3773}, \"destination\": {\"lat\": 25.2048, \"lng\": 55.2708}}'")]
pub struct Command {
    /// Vehicles with the full stack, AV-001 and so on, in one simulated world
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(..=100))]
    vehicles: u16,
    /// Map that they drive on: an OpenDRIVE file, or the name of one that ships with the product
    #[arg(long, value_name = "MAP", default_value = "terminal-yard")]
    map: String,
    /// Their model: shuttle or yard-tractor
    #[arg(long, value_name = "NAME", default_value = "shuttle")]
    vehicle: String,
    /// Other vehicles around them
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=500))]
    traffic: u16,
    /// Light vehicles, LV-001 and so on, on the main roads between Abu Dhabi and Dubai
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(..=1000))]
    light: u16,
    /// So many seconds pass for light vehicles in one
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// Port of the API; fleet-manager and other services of the playbook are on the ports after it
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port: u16,
    /// Port of the control center's pages; they are at that of the API too
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1024..))]
    web_port: u16,
    /// UDP port that vehicles connect to
    #[arg(long, default_value_t = 7447)]
    link_port: u16,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", default_value = "fleet-data")]
    data_dir: PathBuf,
    /// Decides where vehicles start
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

impl Command {
    /// Runs until Ctrl-C.
    pub fn run(self) -> Result<()> {
        let (stop, stopped) = sync_channel(1);
        ctrlc::set_handler(move || _ = stop.try_send(())).context("signals can't be handled")?;
        self.check_ports()?;
        self.certificates()?;
        let config = self.write_config()?;
        let mut parts = vec![Part::fleetd(&self, &config)?];
        parts[0].start()?;
        self.wait_ready(&mut parts[0])?;
        if self.vehicles > 0 {
            parts.push(Part::world(&self)?);
        }
        for number in 1..=self.vehicles {
            parts.push(Part::vehicle(&self, number)?);
        }
        if self.light > 0 {
            parts.push(Part::light(&self)?);
        }
        parts[1..].iter_mut().try_for_each(Part::start)?;
        note(&format!(
            "control center  http://localhost:{}\n\
             API             http://localhost:{}   (try /api/v1/vehicles; /openapi.json lists everything)\n\
             vehicles        {} with the full stack on {}, {} light ones on uae-main-roads\n\
             data and logs   {}\n\
             Ctrl-C ends everything",
            self.web_port,
            self.port,
            self.vehicles,
            self.map,
            self.light,
            self.data_dir.display()
        ));
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
            parts.iter_mut().try_for_each(Part::keep_alive)?;
        }
        note("ending");
        // Vehicles first, so that their last words are heard.
        parts.iter_mut().rev().try_for_each(Part::end)
    }

    fn vehicle_id(number: u16) -> String {
        format!("AV-{number:03}")
    }

    fn pki(&self) -> PkiDir {
        PkiDir::new(self.data_dir.join("pki"))
    }

    /// Makes the certificates that are missing.
    fn certificates(&self) -> Result<()> {
        let pki = self.pki();
        let authority =
            if pki.ca().certificate.exists() { Authority::open(&pki)? } else { Authority::init(&pki, &[])? };
        let vehicles = (1..=self.vehicles).map(|n| Scope::new(settings::TENANT, &Self::vehicle_id(n)));
        let mut holders = vehicles.map(|scope| Ok(Holder::Vehicle(scope?))).collect::<Result<Vec<_>>>()?;
        holders.push(Holder::fleet(settings::TENANT)?);
        for holder in holders {
            if !pki.holder(&holder).certificate.exists() {
                authority.issue_to(&holder)?;
            }
        }
        Ok(())
    }

    /// Another fleet on the same ports would answer in our place.
    fn check_ports(&self) -> Result<()> {
        for (port, _) in self.listen() {
            std::net::TcpListener::bind(("127.0.0.1", port)).with_context(|| {
                format!(
                    "port {port} is taken; is another fleet running? Choose others with --port and --web-port"
                )
            })?;
        }
        std::net::UdpSocket::bind(("127.0.0.1", self.link_port)).with_context(|| {
            format!(
                "UDP port {} is taken; is another fleet running? Choose another with --link-port",
                self.link_port
            )
        })?;
        Ok(())
    }

    fn wait_ready(&self, fleetd: &mut Part) -> Result<()> {
        let started = Instant::now();
        let url = format!("http://127.0.0.1:{}/health", self.port);
        while started.elapsed() < READY {
            if ureq::get(&url).call().is_ok() {
                return Ok(());
            }
            if let Some(log) = fleetd.ended()? {
                bail!(
                    "the fleet service ended; its last words, from {}:\n{}",
                    log.display(),
                    part::tail(&log)
                );
            }
            std::thread::park_timeout(LOOK);
        }
        bail!("the fleet service does not answer at {url}; see {}", self.data_dir.join("logs").display())
    }
}
