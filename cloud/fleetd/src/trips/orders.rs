//! Orders to vehicles: the newest revision of each trip is sent until its vehicle has confirmed it.

use std::time::Duration;

use bridge_proto::v1::trip_stop::Kind;
use bridge_proto::v1::{self, TripOrder, TripStop, command::Body, command_ack};

use super::status::TripStatus;
use super::store::{self, Trip};
use crate::App;
use crate::gateway::problem::Result;
use crate::gateway::trace::{self, Trace};
use crate::routing::{Place, RouteSummary};
use crate::vehicles::CommandError;

/// How long the vehicle stands at the pickup at least.
const BOARDING: Duration = Duration::from_secs(5);
/// An order that takes longer on its way is not executed; it is sent again.
const TTL: Duration = Duration::from_secs(5);

/// What the vehicle is told of a trip.
fn order(trip: &Trip) -> TripOrder {
    let place = |place: Place| v1::Place { latitude_deg: place.lat, longitude_deg: place.lng };
    let stop = |kind: Kind, at: Place, dwell: Duration| TripStop {
        kind: kind.into(),
        place: Some(place(at)),
        dwell_ms: u32::try_from(dwell.as_millis()).unwrap_or(u32::MAX),
    };
    let route: Option<RouteSummary> = serde_json::from_str(&trip.route).ok();
    let geometry = route.map(|route| route.geometry).unwrap_or_default();
    // Vehicles stop on the road; people walk the rest.
    let pickup = geometry.first().copied().unwrap_or(trip.pickup());
    let destination = geometry.last().copied().unwrap_or(trip.destination());
    TripOrder {
        trip_id: trip.trip_id.clone(),
        revision: u32::try_from(trip.revision).unwrap_or(u32::MAX),
        cancel: trip.status().is_final(),
        stops: vec![
            stop(Kind::Pickup, pickup, BOARDING),
            stop(Kind::Destination, destination, Duration::ZERO),
        ],
        max_speed_mps: 0.0,
        road_geometry: geometry.into_iter().map(place).collect(),
    }
}

/// Sends what a vehicle has not confirmed; true if it has confirmed now.
pub async fn send(app: &App, trip: &Trip) -> Result<bool> {
    let Some(vehicle_id) = &trip.vehicle_id else { return Ok(false) };
    let trace = Trace::parse(&trip.traceparent).unwrap_or_else(Trace::random);
    trace::within(trace, async {
        let sent = app.vehicles.command(&trip.tenant_id, vehicle_id, Body::TripOrder(order(trip)), TTL).await;
        let ack = match sent {
            Ok(ack) => ack,
            // It is sent again when the vehicle is back.
            Err(CommandError::NotConnected | CommandError::NoAnswer(_)) => return Ok(false),
        };
        match ack.result() {
            command_ack::Result::Executed => {
                let mut tx = app.db.begin().await?;
                store::acked(&mut tx, &trip.trip_id, trip.revision).await?;
                tx.commit().await?;
                tracing::info!(
                    entity_id = trip.entity(),
                    vehicle_id,
                    trace_id = trace.trace_id(),
                    "order confirmed"
                );
                Ok(true)
            }
            command_ack::Result::Rejected | command_ack::Result::Unsupported if !trip.status().is_final() => {
                reject(app, trip, &ack.message).await?;
                Ok(false)
            }
            _ => Ok(false),
        }
    })
    .await
}

/// The vehicle can't: the trip fails.
async fn reject(app: &App, trip: &Trip, why: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if let Some(mut trip) = store::trip_in(&mut tx, &trip.tenant_id, &trip.trip_id).await? {
        let actor = format!("vehicle:{}", trip.vehicle_id.as_deref().unwrap_or_default());
        super::advance(
            &mut tx,
            &mut trip,
            TripStatus::Failed,
            &actor,
            &format!("refused by the vehicle: {why}"),
        )
        .await?;
        store::acked(&mut tx, &trip.trip_id, trip.revision).await?;
    }
    tx.commit().await?;
    app.announce();
    Ok(())
}
