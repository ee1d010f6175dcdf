//! Which topics go to the cloud, and how: one table. What is not in it does not leave the vehicle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_proto::v1::event::Body;
use bridge_proto::v1::trip_progress::State;
use bridge_proto::v1::{self, Place, SafetyChanged};
use msgs::Message;
use msgs::atlasmesh_msgs::msg::{TripProgress, VehicleState};
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::safety_msgs::msg::SafetyState;
use parking_lot::Mutex;
use runtime::qos::Qos;
use runtime::transport::{Guard, TransportError, TransportNode, TypeRef};
use tokio::runtime::Handle;

use crate::convert;
use crate::spool::{Kind, Spool};
use crate::uplink::Uplink;

/// How a topic is delivered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Class {
    /// The latest counts; at most so many per second, and dropped where the link is slow.
    Live {
        /// Highest rate.
        max_hz: f64,
    },
    /// What is news in it becomes an event, kept until the cloud has it.
    Durable,
}

/// A row of the table.
pub struct Relayed {
    /// The topic.
    pub topic: &'static str,
    /// How it is delivered.
    pub class: Class,
    attach: fn(&Arc<Relay>, &dyn TransportNode, &'static str) -> Result<Guard, TransportError>,
}

/// The table. Priorities on the link follow from the class: commands, hello, durable, live.
pub const RELAYED: [Relayed; 4] = [
    Relayed {
        topic: "/vehicle/state",
        class: Class::Live { max_hz: 5.0 },
        attach: |relay, node, topic| attach(relay, node, topic, &Qos::state(), Relay::vehicle_state),
    },
    Relayed {
        // Live as well: reported along with the vehicle's state.
        topic: "/safety/state",
        class: Class::Durable,
        attach: |relay, node, topic| attach(relay, node, topic, &Qos::state(), Relay::safety_state),
    },
    Relayed {
        topic: "/mission/progress",
        class: Class::Durable,
        attach: |relay, node, topic| attach(relay, node, topic, &Qos::state(), Relay::trip_progress),
    },
    Relayed {
        topic: "/diagnostics_agg",
        class: Class::Durable,
        attach: |relay, node, topic| attach(relay, node, topic, &Qos::default(), Relay::diagnostics),
    },
];

/// Least time between two live reports, of the table.
pub fn report_period() -> Duration {
    let slowest = |row: &Relayed| match row.class {
        Class::Live { max_hz } => Some(Duration::from_secs_f64(1.0 / max_hz)),
        Class::Durable => None,
    };
    RELAYED.iter().filter_map(slowest).max().unwrap_or(Duration::from_secs(1))
}

/// An operator's stop or reset is taken for the cause of a change of the safety state for so long.
const CAUSES_FOR: Duration = Duration::from_secs(2);

/// What of the cloud's commands may have caused the events that follow: their traces.
#[derive(Default)]
pub struct Causes {
    trip: Mutex<(String, String)>,
    safety: Mutex<Option<(Instant, String)>>,
}

impl Causes {
    /// A trip was ordered.
    pub fn trip(&self, trip_id: &str, traceparent: &str) {
        *self.trip.lock() = (trip_id.into(), traceparent.into());
    }

    /// The vehicle was stopped or released.
    pub fn safety(&self, traceparent: &str) {
        *self.safety.lock() = Some((Instant::now(), traceparent.into()));
    }

    fn of_trip(&self, trip_id: &str) -> String {
        let trip = self.trip.lock();
        if trip.0 == trip_id { trip.1.clone() } else { String::new() }
    }

    fn of_safety(&self) -> String {
        let cause = self.safety.lock();
        let recent = cause.as_ref().filter(|(at, _)| at.elapsed() < CAUSES_FOR);
        recent.map(|(_, traceparent)| traceparent.clone()).unwrap_or_default()
    }
}

/// Takes messages and hands them to the uplink.
pub struct Relay {
    uplink: Uplink,
    spool: Arc<Mutex<Spool>>,
    causes: Arc<Causes>,
    map_id: String,
    told: Mutex<Told>,
    handle: Handle,
}

/// What was told last, to know what is news.
#[derive(Default)]
struct Told {
    safety: Option<v1::SafetyState>,
    progress: Option<v1::TripProgress>,
    faults: Option<v1::FaultsChanged>,
    place: Option<Place>,
    speed_mps: f32,
}

impl Relay {
    /// Goes on where the spool's last events left off. To be called within a Tokio runtime.
    pub fn new(uplink: Uplink, spool: Arc<Mutex<Spool>>, causes: Arc<Causes>, map_id: String) -> Self {
        let mut told = Told::default();
        {
            let spool = spool.lock();
            for kind in [Kind::Safety, Kind::Trip, Kind::Faults] {
                match spool.latest(kind).cloned() {
                    Some(Body::SafetyChanged(changed)) => told.safety = changed.state,
                    Some(Body::TripProgress(progress)) => told.progress = Some(progress),
                    Some(Body::FaultsChanged(faults)) => told.faults = Some(faults),
                    _ => {}
                }
            }
        }
        Self { uplink, spool, causes, map_id, told: Mutex::new(told), handle: Handle::current() }
    }

    /// Subscribes to the topics of the table.
    pub fn attach(self: &Arc<Self>, node: &dyn TransportNode) -> Result<Vec<Guard>, TransportError> {
        RELAYED.iter().map(|row| (row.attach)(self, node, row.topic)).collect()
    }

    fn vehicle_state(&self, state: &VehicleState) {
        let state = convert::vehicle_state(state, &self.map_id);
        {
            let mut told = self.told.lock();
            told.place = Some(Place { latitude_deg: state.latitude_deg, longitude_deg: state.longitude_deg });
            told.speed_mps = state.speed_mps;
        }
        self.uplink.report(|report| report.state = Some(state));
    }

    fn safety_state(&self, state: &SafetyState) {
        let state = convert::safety_state(state);
        self.uplink.report(|report| report.safety = Some(state.clone()));
        let mut told = self.told.lock();
        if told.safety.as_ref().is_some_and(|known| says_the_same(known, &state)) {
            return;
        }
        told.safety = Some(state.clone());
        let changed = SafetyChanged { state: Some(state), place: told.place, speed_mps: told.speed_mps };
        self.uplink.event(Body::SafetyChanged(changed), &self.causes.of_safety());
    }

    fn trip_progress(&self, progress: &TripProgress) {
        let progress = convert::trip_progress(progress);
        let mut told = self.told.lock();
        if progress.trip_id.is_empty() || told.progress.as_ref() == Some(&progress) {
            return;
        }
        told.progress = Some(progress.clone());
        drop(told);
        let trip = (progress.trip_id.clone(), progress.revision);
        let over = matches!(progress.state(), State::Completed | State::Cancelled);
        self.uplink.report(|report| report.trip = (!over).then(|| trip.clone()));
        if over {
            self.forget(trip);
        }
        let traceparent = self.causes.of_trip(&progress.trip_id);
        self.uplink.event(Body::TripProgress(progress), &traceparent);
    }

    fn diagnostics(&self, diagnostics: &DiagnosticArray) {
        let faults = convert::faults(diagnostics);
        let mut told = self.told.lock();
        if told.faults.as_ref() != Some(&faults) {
            told.faults = Some(faults.clone());
            self.uplink.event(Body::FaultsChanged(faults), "");
        }
    }

    /// A trip that is over must not begin again when the vehicle starts the next time.
    fn forget(&self, (trip_id, revision): (String, u32)) {
        let spool = Arc::clone(&self.spool);
        self.handle.spawn_blocking(move || {
            let mut spool = spool.lock();
            let is_it = |order: &v1::TripOrder| order.trip_id == trip_id && order.revision == revision;
            if !crate::orders::trip_of(spool.trip()).is_some_and(is_it) {
                return;
            }
            if let Err(error) = spool.set_trip(None) {
                tracing::error!(%error, "the end of the trip is not kept: it may begin anew at the next start");
            }
        });
    }
}

/// Whether a state is no news after another: limits and times change all the time.
fn says_the_same(a: &v1::SafetyState, b: &v1::SafetyState) -> bool {
    let said = |state: &v1::SafetyState| {
        (state.mode, state.latched, state.root_cause.clone(), state.active_causes.clone())
    };
    said(a) == said(b)
}

fn attach<M: Message>(
    relay: &Arc<Relay>,
    node: &dyn TransportNode,
    topic: &'static str,
    qos: &Qos,
    take: fn(&Relay, &M),
) -> Result<Guard, TransportError> {
    let relay = Arc::clone(relay);
    let on_sample = move |sample: runtime::transport::Sample| match M::decode(&sample.payload) {
        Ok(message) => take(&relay, &message),
        Err(error) => tracing::warn!(topic, %error, "a message that can't be decoded is not relayed"),
    };
    node.subscribe(topic, &TypeRef::message::<M>(), qos, Box::new(on_sample))
}
