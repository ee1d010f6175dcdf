//! Many light vehicles on one uplink path, in real time or quicker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bridge::spool::Spool;
use bridge::uplink::{BoxFuture, Execute, Outcome, Path, PathConfig, Uplink, UplinkConfig};
use bridge_proto::v1::command::Body as CommandBody;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body as EventBody;
use bridge_proto::v1::{Place, SafetyChanged, TripOrder};
use bridge_proto::{Holder, Scope};
use maps::Wgs84;
use maps::road::{Overlay, Query, RoadGraph};
use parking_lot::Mutex;
use pki::PkiDir;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use runtime::clock::wall_time_ns;
use tokio::time::{MissedTickBehavior, interval};

use crate::light::{LightVehicle, Said};
use crate::line::Line;
use crate::profile::Profile;

/// Events that are kept for each vehicle while there is no connection, bytes.
const SPOOL_BYTES: usize = 1 << 20;

/// What the feeder is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the vehicles move.
    pub profile: Profile,
    /// Reports of each vehicle per second.
    pub rate_hz: f64,
    /// How many vehicles.
    pub vehicles: u32,
    /// Their ids: this and a number.
    pub prefix: String,
    /// Whose they are.
    pub tenant: String,
    /// Endpoint of the cloud.
    pub connect: String,
    /// Folder of the certificates.
    pub pki: PkiDir,
    /// Roads that they drive on.
    pub roads: RoadGraph,
    /// So many seconds of theirs pass in one.
    pub time_scale: f64,
    /// Drive around without a trip.
    pub roam: bool,
    /// Decides where they start and roam to.
    pub seed: u64,
}

/// What one vehicle and the commands to it share.
struct Shared {
    vehicle: Mutex<LightVehicle>,
    roads: RoadGraph,
}

impl Shared {
    fn take_order(&self, order: TripOrder) -> Result<(), String> {
        let at = self.vehicle.lock().place();
        let approach = match order.stops.first().and_then(|stop| stop.place) {
            Some(pickup) if !order.cancel => route(&self.roads, at, pickup)?,
            _ => Line::default(),
        };
        self.vehicle.lock().order(order, approach)
    }
}

impl Execute for Shared {
    fn execute<'a>(&'a self, command: &'a CommandBody, _traceparent: &'a str) -> BoxFuture<'a, Outcome> {
        let done = match command {
            CommandBody::EmergencyStop(stop) => {
                self.vehicle.lock().emergency_stop(&stop.reason);
                Ok(())
            }
            CommandBody::SafetyReset(_) => self.vehicle.lock().reset(),
            CommandBody::TripOrder(order) => self.take_order(order.clone()),
        };
        let outcome = match done {
            Ok(()) => Outcome::new(AckResult::Executed, ""),
            Err(why) => Outcome::new(AckResult::Rejected, why),
        };
        Box::pin(std::future::ready(outcome))
    }
}

fn route(roads: &RoadGraph, from: Place, to: Place) -> Result<Line, String> {
    let place = |place: Place| Wgs84 {
        latitude_deg: place.latitude_deg,
        longitude_deg: place.longitude_deg,
        ..Wgs84::default()
    };
    let route = roads.route(&Query::new(place(from), place(to)), &Overlay::default());
    let route = route.map_err(|error| error.to_string())?;
    Ok(Line::new(route.geometry.iter().map(of_wgs84)))
}

fn of_wgs84(place: &Wgs84) -> Place {
    Place { latitude_deg: place.latitude_deg, longitude_deg: place.longitude_deg }
}

/// A place on some road.
fn somewhere(roads: &RoadGraph, rng: &mut impl rand::Rng) -> Place {
    let node = rng.random_range(0..u32::try_from(roads.node_count()).unwrap_or(u32::MAX).max(1));
    of_wgs84(&roads.node(node))
}

/// Runs the vehicles until the future `until` ends; tells of the start with their ids.
pub async fn run(settings: Settings, until: impl Future<Output = ()>) -> Result<()> {
    let holder = Holder::fleet(&settings.tenant)?;
    let path = Arc::new(Path::start(PathConfig::new(&settings.connect, &settings.pki, &holder)?)?);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let period = Duration::from_secs_f64(1.0 / settings.rate_hz);
    let mut fleet = vec![];
    for number in 1..=settings.vehicles {
        let scope = Scope::new(&settings.tenant, &format!("{}{number:03}", settings.prefix))?;
        let start = somewhere(&settings.roads, &mut rng);
        let vehicle = Mutex::new(LightVehicle::new(settings.profile, start));
        let shared = Arc::new(Shared { vehicle, roads: settings.roads.clone() });
        let config = UplinkConfig {
            scope,
            software_version: env!("CARGO_PKG_VERSION").into(),
            vehicle_model: settings.profile.model().into(),
            map_id: settings.roads.name().into(),
            // The ticks below set the pace.
            report_period: period / 2,
        };
        // What a light vehicle has to say is not worth a disk: it lives as long as this process.
        let spool = Arc::new(Mutex::new(Spool::in_memory(SPOOL_BYTES)));
        let execute: Arc<dyn Execute> = Arc::clone(&shared) as _;
        fleet.push((Uplink::start(config, vec![Arc::clone(&path)], spool, execute), shared));
    }
    let ticking = tick(&settings, &fleet, period, &mut rng);
    tokio::select! {
        () = ticking => Ok(()),
        () = until => Ok(()),
    }
}

/// Steps all vehicles at their rate, and reports each.
async fn tick(
    settings: &Settings,
    fleet: &[(Uplink, Arc<Shared>)],
    period: Duration,
    rng: &mut impl rand::Rng,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let now = Instant::now();
        let dt_s = now.duration_since(last).as_secs_f64().min(1.0) * settings.time_scale;
        last = now;
        let now_unix_ns = u64::try_from(wall_time_ns()).unwrap_or_default();
        for (uplink, shared) in fleet {
            let mut vehicle = shared.vehicle.lock();
            if settings.roam
                && vehicle.is_idle()
                && let Ok(line) = route(&settings.roads, vehicle.place(), somewhere(&settings.roads, rng))
            {
                vehicle.roam(line);
            }
            let said = if dt_s > 0.0 { vehicle.step(dt_s) } else { vec![] };
            let state = vehicle.state(now_unix_ns, settings.roads.name());
            let safety = vehicle.safety(now_unix_ns);
            let trip = vehicle.newest_order();
            drop(vehicle);
            for said in said {
                let body = match said {
                    Said::Trip(progress) => EventBody::TripProgress(progress),
                    Said::Safety(changed) => EventBody::SafetyChanged(SafetyChanged {
                        state: Some(changed),
                        place: Some(Place {
                            latitude_deg: state.latitude_deg,
                            longitude_deg: state.longitude_deg,
                        }),
                        speed_mps: state.speed_mps,
                    }),
                };
                uplink.event(body, "");
            }
            uplink.report(|report| {
                report.state = Some(state);
                report.safety = Some(safety);
                report.trip = trip;
            });
        }
    }
}

/// The roads by the name or file that the user gave.
pub fn roads(name: &str) -> Result<RoadGraph> {
    RoadGraph::load(name).with_context(|| format!("cannot load the roads {name:?}"))
}
