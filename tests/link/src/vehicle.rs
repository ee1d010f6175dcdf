//! A vehicle without nodes: the real uplink, and commands that are only counted.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bridge::spool::{Spool, SpoolError};
use bridge::uplink::{BoxFuture, Execute, Outcome, Path, PathConfig, Uplink, UplinkConfig};
use bridge_proto::v1::command::Body as CommandBody;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body as EventBody;
use bridge_proto::v1::{FaultsChanged, SafetyState, VehicleState};
use bridge_proto::{Holder, Scope};
use parking_lot::Mutex;

use crate::Files;

/// Executes nothing, and remembers it.
#[derive(Default)]
pub struct Executed(pub Mutex<Vec<CommandBody>>);

impl Execute for Executed {
    fn execute<'a>(&'a self, command: &'a CommandBody, _: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.0.lock().push(command.clone());
            Outcome::new(AckResult::Executed, "")
        })
    }
}

/// A light vehicle.
pub struct Vehicle {
    /// Its link.
    pub uplink: Uplink,
    /// Its spool.
    pub spool: Arc<Mutex<Spool>>,
    /// Commands that it executed.
    pub executed: Arc<Executed>,
}

impl Vehicle {
    /// With a session of its own, and a spool in a folder, once nobody else has that.
    pub async fn start(files: &Files, vehicle: &str, endpoint: &str, spool: &FilePath) -> Self {
        let scope = crate::scope(vehicle);
        let config = PathConfig::new(endpoint, &files.pki(), &scope.clone().into()).unwrap();
        let path = Arc::new(Path::start(config).unwrap());
        let spool = loop {
            match Spool::open(spool, 1 << 20) {
                Err(SpoolError::InUse(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                opened => break opened.unwrap(),
            }
        };
        Self::on(&[path], scope, spool, Duration::from_millis(20))
    }

    /// On paths that others may share.
    pub fn on(paths: &[Arc<Path>], scope: Scope, spool: Spool, report_period: Duration) -> Self {
        let config = UplinkConfig {
            scope,
            software_version: "test".into(),
            vehicle_model: "shuttle".into(),
            map_id: "terminal-yard".into(),
            report_period,
        };
        let executed = Arc::new(Executed::default());
        let spool = Arc::new(Mutex::new(spool));
        let uplink = Uplink::start(config, paths.to_vec(), Arc::clone(&spool), Arc::clone(&executed) as _);
        Self { uplink, spool, executed }
    }

    /// A session as whoever the certificate is for.
    pub fn path(files: &Files, endpoint: &str, holder: &Holder) -> Arc<Path> {
        Arc::new(Path::start(PathConfig::new(endpoint, &files.pki(), holder).unwrap()).unwrap())
    }

    /// Reports a state.
    pub fn report(&self, speed_mps: f32) {
        let state =
            VehicleState { latitude_deg: 24.5, longitude_deg: 54.4, speed_mps, ..VehicleState::default() };
        self.uplink.report(|report| {
            report.state = Some(state);
            report.safety = Some(SafetyState::default());
        });
    }

    /// Keeps an event that has a number.
    pub fn event(&self, number: usize) {
        self.uplink.event(numbered(number), "");
    }

    /// How many commands it executed.
    pub fn executed(&self) -> usize {
        self.executed.0.lock().len()
    }
}

/// An event's body that has a number.
pub fn numbered(number: usize) -> EventBody {
    EventBody::FaultsChanged(FaultsChanged { level: 1, faults: vec![number.to_string()] })
}
