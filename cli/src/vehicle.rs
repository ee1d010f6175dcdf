//! `atlas vehicle`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, Result, bail};
use bridge::{Bridge, BridgeConfig};
use clap::Args;
use maps::Map;
use msgs::Message;
use msgs::atlasmesh_msgs::msg::VehicleState;
use runtime::NodeSet;
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::logging;
use runtime::node::NodeError;
use runtime::params::Override;
use runtime::qos::Qos;
use runtime::transport::zenoh::ZenohTransport;
use runtime::transport::{Guard, Transport, TypeRef};
use scenario::{DriveSettings, Ends, Place, StackNodes, TourNode, VehicleNodes};

use crate::commands::Global;
use crate::drive::place;
use crate::output::note;
use crate::session::options;

/// Run all nodes of a vehicle in this process, in real time
///
/// With --sim the vehicle drives in the built-in simulator. Every ROS tool sees its nodes, topics, services and parameters.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas vehicle --vehicle-id AV-001 --sim --tour\n  \
                  atlas vehicle --vehicle-id AV-001 --sim --uplink quic/127.0.0.1:7447 --pki pki\n  atlas topic hz /control/commands\n  \
                  atlas service call /emergency_stop std_srvs/srv/Trigger\n  \
                  atlas service call /safety/reset std_srvs/srv/Trigger")]
pub struct Command {
    /// Id of the vehicle in the fleet
    #[arg(long, value_name = "ID", default_value = "AV-001")]
    vehicle_id: String,
    /// Drive in the built-in simulator
    #[arg(long)]
    sim: bool,
    /// Drive in the world of `atlas world`, another process, that is on the same ROS domain
    #[arg(long, requires = "sim", conflicts_with_all = ["from", "traffic", "pedestrians"])]
    shared_world: bool,
    /// OpenDRIVE file, or the name of a map that ships with the product
    #[arg(long, value_name = "MAP", default_value = "terminal-yard")]
    map: String,
    /// Vehicle: shuttle or yard-tractor
    #[arg(long, value_name = "NAME", default_value = "shuttle")]
    vehicle: String,
    /// Where it stands at first, in map, m; drawn from the seed where not given
    #[arg(long, value_name = "X,Y", value_parser = place, allow_hyphen_values = true)]
    from: Option<Place>,
    /// Drive one trip after the other, to places drawn from the seed; without, the vehicle waits for /mission/trip
    #[arg(long)]
    tour: bool,
    /// Decides everything that is random
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32))]
    seed: u32,
    /// Other vehicles
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    traffic: u32,
    /// People on foot
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    pedestrians: u32,
    /// Without pictures of the camera
    #[arg(long)]
    no_camera: bool,
    /// Link to the cloud: endpoint of its router; several are network paths, the best first
    #[arg(long, value_name = "quic/HOST:PORT", requires = "pki")]
    uplink: Vec<String>,
    /// Folder of the certificates for the uplink, as `atlas pki issue` writes it
    #[arg(long, value_name = "DIR", requires = "uplink")]
    pki: Option<PathBuf>,
    /// Id of the tenant whose vehicle it is
    #[arg(long, value_name = "ID", default_value = "default")]
    tenant: String,
    /// Folder in which events are kept until the cloud has them; by default spool/TENANT/VEHICLE
    #[arg(long, value_name = "DIR", requires = "uplink")]
    spool: Option<PathBuf>,
    /// Set a parameter, of all nodes or of one, as with --ros-args
    #[arg(short = 'p', long = "param", value_name = "[NODE:]NAME:=VALUE")]
    params: Vec<String>,
}

impl Command {
    /// Runs the vehicle until Ctrl-C.
    pub fn run(self, global: &Global) -> Result<()> {
        if !self.sim {
            bail!(
                "there is no driver for a real vehicle in this program; give --sim for the built-in simulator"
            );
        }
        let bridge = self.bridge();
        let settings = DriveSettings {
            map: self.map,
            vehicle: self.vehicle,
            from: self.from,
            seed: self.seed.into(),
            traffic: self.traffic,
            pedestrians: self.pedestrians,
            camera: !self.no_camera,
            params: self.params,
            ..DriveSettings::default()
        };
        let map = Map::load(&settings.map)?;
        let ends = Ends::of(&map, &settings)?;
        let overrides = settings.overrides(&map, ends.start)?;
        let mut param_overrides: Vec<Override> = overrides.iter().cloned().collect();
        param_overrides.push(Override::parse_argument(&format!("vehicle_id:={:?}", self.vehicle_id))?);
        if self.tour {
            param_overrides.push(Override::parse_argument(&format!("tour_node:seed:={}", self.seed))?);
        }
        let args = RosArgs { param_overrides, ..RosArgs::default() };
        logging::init(&args);
        let transport: Arc<dyn Transport> = Arc::new(ZenohTransport::open(&options(global)?)?);
        let mut live = Live::new(Arc::clone(&transport), args)?;
        // Before the nodes: what is wrong with its certificates is said at once.
        let bridge = bridge.map(|config| Bridge::start(&config, &*transport)).transpose();
        let _bridge = bridge.context("no link to the cloud")?;
        if self.shared_world {
            StackNodes::spawn(&mut live)?;
        } else {
            VehicleNodes::spawn(&mut live)?;
        }
        if self.tour {
            live.spawn::<TourNode>()?;
        }
        let _status = follow(&*transport)?;
        let at = map.point_at(ends.start).position;
        let place = if self.shared_world {
            "waits for its world".into()
        } else {
            format!("stands at {:.1},{:.1}", at.x, at.y)
        };
        note(&format!("{} {place} on {}; Ctrl-C ends it", self.vehicle_id, settings.map));
        live.run()?;
        Ok(())
    }
}

/// Most events that are kept for the cloud, bytes.
const SPOOL_LIMIT_BYTES: usize = 16 << 20;

impl Command {
    fn bridge(&self) -> Option<BridgeConfig> {
        let pki = self.pki.clone()?;
        let spool = || PathBuf::from("spool").join(&self.tenant).join(&self.vehicle_id);
        Some(BridgeConfig {
            vehicle_id: self.vehicle_id.clone(),
            tenant: self.tenant.clone(),
            vehicle_model: self.vehicle.clone(),
            map: self.map.clone(),
            connect: self.uplink.clone(),
            pki,
            spool: self.spool.clone().unwrap_or_else(spool),
            spool_limit_bytes: SPOOL_LIMIT_BYTES,
        })
    }
}

/// Tells once in five seconds how the vehicle is.
fn follow(transport: &dyn Transport) -> Result<Guard, NodeError> {
    const EVERY_NS: i64 = 5_000_000_000;
    let node = transport.node("/", &format!("_atlas_vehicle_{}", std::process::id()))?;
    let told_ns = AtomicI64::new(0);
    let guard = node.subscribe(
        "/vehicle/state",
        &TypeRef::message::<VehicleState>(),
        &Qos::state(),
        Box::new(move |sample| {
            let Ok(state) = VehicleState::decode(&sample.payload) else { return };
            let now = runtime::time::Time::from(&state.header.stamp).as_ns();
            if now - told_ns.load(Ordering::Relaxed) >= EVERY_NS {
                told_ns.store(now, Ordering::Relaxed);
                note(&status(&state));
            }
        }),
    )?;
    Ok(Box::new((guard, node)))
}

fn status(state: &VehicleState) -> String {
    let mode = match state.mode {
        VehicleState::MODE_IDLE => "idle",
        VehicleState::MODE_AUTONOMOUS => "autonomous",
        VehicleState::MODE_MANUAL => "manual",
        VehicleState::MODE_REMOTE_ASSIST => "remote assist",
        VehicleState::MODE_STOPPING => "stopping",
        VehicleState::MODE_STOPPED => "stopped",
        _ => "offline",
    };
    let p = &state.pose.position;
    let trip = if state.trip_id.is_empty() { String::new() } else { format!(", trip {}", state.trip_id) };
    let faults =
        if state.faults.is_empty() { String::new() } else { format!(", {}", state.faults.join(", ")) };
    format!("{}: {mode}, {:.1} m/s at {:.1},{:.1}{trip}{faults}", state.vehicle_id, state.speed_mps, p.x, p.y)
}
