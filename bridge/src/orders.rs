//! Executes the cloud's commands on the vehicle: services of its gate, and the trip for planning.

use std::sync::Arc;
use std::time::Duration;

use bridge_proto::v1::command::Body;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::{Command, TripOrder};
use maps::Map;
use msgs::Message as _;
use msgs::atlasmesh_msgs::msg::Trip;
use msgs::std_srvs::srv::{Trigger, TriggerRequest, TriggerResponse};
use parking_lot::Mutex;
use runtime::clock::wall_time_ns;
use runtime::qos::Qos;
use runtime::time::Time;
use runtime::transport::{Call, CallError, Publish, TransportError, TransportNode, TypeRef};
use tokio::sync::oneshot;

use crate::places;
use crate::relay::Causes;
use crate::spool::Spool;
use crate::uplink::{BoxFuture, Execute, Outcome};

/// The gate answers within its step of 10 ms; so long is waited for it.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(1);

/// Executes commands by topics and services.
pub struct Orders {
    map: Map,
    trips: Arc<dyn Publish>,
    emergency_stop: Arc<dyn Call>,
    reset: Arc<dyn Call>,
    spool: Arc<Mutex<Spool>>,
    causes: Arc<Causes>,
    /// One trip order at a time.
    ordering: tokio::sync::Mutex<()>,
}

impl Orders {
    /// Announces `/mission/trip` and the clients.
    pub fn new(
        node: &dyn TransportNode,
        map: Map,
        spool: Arc<Mutex<Spool>>,
        causes: Arc<Causes>,
    ) -> Result<Self, TransportError> {
        let trigger = TypeRef::service::<Trigger>();
        Ok(Self {
            map,
            trips: node.publisher("/mission/trip", &TypeRef::message::<Trip>(), &Qos::state())?,
            emergency_stop: node.client("/emergency_stop", &trigger)?,
            reset: node.client("/safety/reset", &trigger)?,
            spool,
            causes,
            ordering: tokio::sync::Mutex::default(),
        })
    }

    /// Publishes the trip that the vehicle is on once more, for nodes that start after this one. Planning ignores what it
    /// knows.
    pub fn resume(&self) -> Option<(String, u32)> {
        let command = self.spool.lock().trip().cloned();
        let order = trip_of(command.as_ref())?;
        self.causes.trip(&order.trip_id, &command.as_ref()?.traceparent);
        match self.publish(order) {
            Ok(()) => {
                tracing::info!(trip = order.trip_id, revision = order.revision, "goes on with its trip")
            }
            Err(why) => tracing::error!(trip = order.trip_id, why, "the trip can't go on"),
        }
        Some((order.trip_id.clone(), order.revision))
    }

    fn publish(&self, order: &TripOrder) -> Result<(), String> {
        let message = self.message(order)?;
        let bytes = message.encode(256).map_err(|error| error.to_string())?;
        self.trips.publish(bytes).map_err(|error| error.to_string())
    }

    fn message(&self, order: &TripOrder) -> Result<Trip, String> {
        let stops = order.stops.iter().map(|stop| places::stop(&self.map, stop));
        let mut trip = Trip {
            trip_id: order.trip_id.clone(),
            revision: order.revision,
            action: if order.cancel { Trip::ACTION_CANCEL } else { Trip::ACTION_DRIVE },
            stops: if order.cancel { vec![] } else { stops.collect::<Result<_, _>>()? },
            max_speed_mps: order.max_speed_mps,
            ..Trip::default()
        };
        trip.header.stamp = Time::from_ns(wall_time_ns()).to_msg();
        trip.header.frame_id = "map".into();
        Ok(trip)
    }

    async fn order(&self, order: &TripOrder, traceparent: &str) -> Outcome {
        let _one = self.ordering.lock().await;
        let current = trip_of(self.spool.lock().trip()).map(|trip| (trip.trip_id.clone(), trip.revision));
        match current {
            _ if order.trip_id.is_empty() => return refused("the order has no trip_id"),
            Some((id, revision)) if id == order.trip_id && order.revision <= revision => {
                return if order.revision == revision {
                    Outcome::new(AckResult::Executed, "known already")
                } else {
                    refused(&format!("revision {revision} of this trip is known already"))
                };
            }
            Some((id, _)) if order.cancel && id != order.trip_id => {
                return Outcome::new(AckResult::Executed, format!("the vehicle is on another trip, {id}"));
            }
            None if order.cancel => return Outcome::new(AckResult::Executed, "the vehicle is on no trip"),
            _ if !order.cancel && order.stops.is_empty() => return refused("the order has no stops"),
            _ => {}
        }
        // Before it is kept: what can't be driven is not to be tried again.
        if let Err(why) = self.message(order) {
            return refused(&why);
        }
        self.causes.trip(&order.trip_id, traceparent);
        let kept = Command {
            traceparent: traceparent.into(),
            body: Some(Body::TripOrder(order.clone())),
            ..Command::default()
        };
        let spool = Arc::clone(&self.spool);
        match tokio::task::spawn_blocking(move || spool.lock().set_trip(Some(kept))).await {
            Ok(Ok(())) => {}
            // It drives all the same; only a restart of the bridge would not know the trip.
            Ok(Err(error)) => tracing::error!(%error, "the trip is not kept over a restart"),
            Err(error) => tracing::error!(%error, "the trip is not kept over a restart"),
        }
        match self.publish(order) {
            Ok(()) => Outcome::new(AckResult::Executed, ""),
            Err(why) => Outcome::new(AckResult::Unavailable, why),
        }
    }

    async fn trigger(&self, service: &dyn Call, traceparent: &str) -> Outcome {
        self.causes.safety(traceparent);
        match call(service).await {
            Ok(TriggerResponse { success: true, message, .. }) => Outcome::new(AckResult::Executed, message),
            Ok(TriggerResponse { message, .. }) => refused(&message),
            Err(error) => Outcome::new(AckResult::Unavailable, error),
        }
    }
}

impl Execute for Orders {
    fn execute<'a>(&'a self, command: &'a Body, traceparent: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match command {
                Body::EmergencyStop(stop) => {
                    tracing::warn!(reason = stop.reason, "emergency stop ordered");
                    self.trigger(&*self.emergency_stop, traceparent).await
                }
                Body::SafetyReset(reset) => {
                    tracing::warn!(approved_by = ?reset.approved_by, "safety reset ordered");
                    self.trigger(&*self.reset, traceparent).await
                }
                Body::TripOrder(order) => {
                    tracing::info!(
                        trip = order.trip_id,
                        revision = order.revision,
                        cancel = order.cancel,
                        "trip ordered"
                    );
                    self.order(order, traceparent).await
                }
            }
        })
    }
}

/// The trip order in a command.
pub fn trip_of(command: Option<&Command>) -> Option<&TripOrder> {
    match command?.body.as_ref()? {
        Body::TripOrder(order) => Some(order),
        _ => None,
    }
}

fn refused(why: &str) -> Outcome {
    Outcome::new(AckResult::Rejected, why)
}

async fn call(service: &dyn Call) -> Result<TriggerResponse, String> {
    let request = TriggerRequest::default().encode(0).map_err(|error| error.to_string())?;
    let (answered, answer) = oneshot::channel::<Result<bytes::Bytes, CallError>>();
    let on_answer = Box::new(move |result| _ = answered.send(result));
    service.call(request, SERVICE_TIMEOUT, on_answer).map_err(|error| error.to_string())?;
    let bytes = answer.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    TriggerResponse::decode(&bytes).map_err(|error| error.to_string())
}
