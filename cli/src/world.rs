//! `atlas world`

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use glam::DVec3;
use maps::Map;
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::logging;
use runtime::params::Override;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use scenario::{DriveSettings, Ends};
use world::SimWorldNode;

use crate::commands::Global;
use crate::output::note;
use crate::session::options;

/// Between two vehicles at the start, m.
const APART_M: f64 = 15.0;
/// Places that are tried for each vehicle.
const TRIES: u32 = 200;
/// How often the nodes are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Run a simulated world with several vehicles in it
///
/// Each vehicle is on the device topics of a ROS domain of its own, so that it sees only what its sensors tell. Its nodes
/// run elsewhere: `ROS_DOMAIN_ID=2 atlas vehicle --sim --shared-world --vehicle-id AV-002`.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas world --map terminal-yard --vehicles 3 --traffic 5")]
pub struct Command {
    /// OpenDRIVE file, or the name of a map that ships with the product
    #[arg(long, value_name = "MAP", default_value = "terminal-yard")]
    map: String,
    /// Vehicles whose nodes run elsewhere
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    vehicles: u16,
    /// ROS domain of the first one; the others are on those after it
    #[arg(long, value_name = "ID", default_value_t = 1, value_parser = clap::value_parser!(u16).range(..=132))]
    first_domain: u16,
    /// Their model: shuttle or yard-tractor
    #[arg(long, value_name = "NAME", default_value = "shuttle")]
    vehicle: String,
    /// Decides everything that is random
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32))]
    seed: u32,
    /// Vehicles of the traffic
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    traffic: u32,
    /// People on foot
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    pedestrians: u32,
    /// With pictures of the cameras
    #[arg(long)]
    camera: bool,
}

impl Command {
    /// Runs the world until Ctrl-C.
    pub fn run(self, global: &Global) -> Result<()> {
        let (stop, stopped) = sync_channel(1);
        ctrlc::set_handler(move || _ = stop.try_send(())).context("signals can't be handled")?;
        let map = Map::load(&self.map)?;
        logging::init(&RosArgs::default());
        let vehicles = (self.first_domain..).zip(self.starts(&map)?);
        let vehicles = vehicles
            .map(|(domain, ends)| self.vehicle(global, &map, domain, &ends))
            .collect::<Result<Vec<_>>>()?;
        note(&format!("{} with {} vehicles; Ctrl-C ends it", self.map, vehicles.len()));
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
            vehicles.iter().try_for_each(Live::check_running)?;
        }
        Ok(())
    }

    /// Where the vehicles stand at first: drawn from the seed, none too near to another.
    fn starts(&self, map: &Map) -> Result<Vec<Ends>> {
        let mut starts: Vec<(DVec3, Ends)> = vec![];
        for seed in self.seed..self.seed.saturating_add(u32::from(self.vehicles) * TRIES) {
            let ends = Ends::of(map, &self.settings(seed))?;
            let at = map.point_at(ends.start).position;
            if starts.iter().all(|(other, _)| other.distance(at) >= APART_M) {
                starts.push((at, ends));
            }
            if starts.len() == usize::from(self.vehicles) {
                return Ok(starts.into_iter().map(|(_, ends)| ends).collect());
            }
        }
        bail!("{} has room for {} vehicles only, {APART_M} m apart", self.map, starts.len())
    }

    fn settings(&self, seed: u32) -> DriveSettings {
        DriveSettings {
            map: self.map.clone(),
            vehicle: self.vehicle.clone(),
            seed: seed.into(),
            traffic: self.traffic,
            pedestrians: self.pedestrians,
            camera: self.camera,
            params: vec!["sim_world_node:shared:=true".into()],
            ..DriveSettings::default()
        }
    }

    /// The devices of a vehicle, on its domain.
    fn vehicle(&self, global: &Global, map: &Map, domain: u16, ends: &Ends) -> Result<Live> {
        let overrides: Vec<Override> =
            self.settings(self.seed).overrides(map, ends.start)?.iter().cloned().collect();
        let args = RosArgs { param_overrides: overrides, ..RosArgs::default() };
        let transport = ZenohTransport::open(&ZenohOptions { domain_id: domain.into(), ..options(global)? })?;
        let mut live = Live::new(Arc::new(transport), args)?;
        live.spawn::<SimWorldNode>()?;
        Ok(live)
    }
}
