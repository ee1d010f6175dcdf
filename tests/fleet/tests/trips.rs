//! A trip survives what dies around it.

// All of this is test code.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::time::Duration;

use fleet_tests::{Fleet, life};
use serde_json::Value;

const WHOLE_LIFE: [&str; 6] =
    ["created", "assigned", "en_route_to_pickup", "at_pickup", "in_progress", "completed"];

/// Sequences of the trip's events: all different, and one per step of its life.
fn events_are_neither_lost_nor_doubled(fleet: &Fleet, trip: &Value) {
    let events = fleet.get(&format!("/api/v1/events?entity=trip:{}", trip["trip_id"].as_str().unwrap()));
    let events = events["events"].as_array().unwrap();
    let kinds: Vec<String> = life(trip).iter().map(|status| format!("trip.{status}")).collect();
    assert_eq!(events.iter().map(|event| event["kind"].as_str().unwrap()).collect::<Vec<_>>(), kinds);
    let sequences: HashSet<i64> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences.len(), events.len());
}

#[test]
fn a_trip_is_driven_and_leaves_a_trail() {
    let fleet = Fleet::start(2, |_| {});
    let _vehicles = fleet.drive(2, 20.0, 1);
    fleet.wait_online("AV-001");
    fleet.wait_online("AV-002");
    let trip_id = fleet.order();
    let trip = fleet.wait_trip(&trip_id, "completed");
    assert_eq!(life(&trip), WHOLE_LIFE);
    events_are_neither_lost_nor_doubled(&fleet, &trip);
    let vehicle_id = trip["vehicle_id"].as_str().unwrap();
    let trail = fleet.get(&format!("/api/v1/vehicles/{vehicle_id}/telemetry"));
    let on_trip = trail.as_array().unwrap().iter().filter(|report| report["trip_id"] == trip_id.as_str()).count();
    assert!(on_trip > 20, "{on_trip}");
    // The vehicle is free for the next one.
    let next = fleet.order();
    fleet.wait_trip(&next, "completed");
}

#[test]
fn the_service_may_die_and_the_trip_completes() {
    let mut fleet = Fleet::start(1, |_| {});
    let _vehicles = fleet.drive(1, 10.0, 1);
    fleet.wait_online("AV-001");
    let trip_id = fleet.order();
    fleet.wait_trip(&trip_id, "en_route_to_pickup");
    fleet.stop_service();
    // The vehicle drives on: the rest of its trip happens while nobody listens.
    fleet.runtime.block_on(tokio::time::sleep(Duration::from_secs(4)));
    fleet.start_service();
    let trip = fleet.wait_trip(&trip_id, "completed");
    assert_eq!(life(&trip), WHOLE_LIFE);
    events_are_neither_lost_nor_doubled(&fleet, &trip);
    assert!(trip["transitions"].as_array().unwrap().iter().all(|step| step["reason"] != "the vehicle's report of this step did not arrive"));
}

#[test]
fn a_vehicle_that_dies_before_the_pickup_loses_its_trip_to_another() {
    let fleet = Fleet::start(2, |config| config.lost_after = Duration::from_secs(2));
    let first = fleet.drive(1, 1.0, 1);
    fleet.wait_online("AV-001");
    let trip_id = fleet.order();
    let trip = fleet.wait_trip(&trip_id, "en_route_to_pickup");
    assert_eq!(trip["vehicle_id"], "AV-001");
    drop(first);
    let trip = fleet.wait_trip(&trip_id, "created");
    assert!(trip["transitions"].as_array().unwrap().last().unwrap()["reason"].as_str().unwrap().contains("has said nothing"));
    let _second = fleet.drive(2, 20.0, 2);
    let trip = fleet.wait_trip(&trip_id, "completed");
    assert_eq!(life(&trip)[..4], ["created", "assigned", "en_route_to_pickup", "created"]);
}

#[test]
fn with_passengers_aboard_a_vehicle_that_dies_fails_its_trip() {
    let fleet = Fleet::start(1, |config| config.lost_after_aboard = Duration::from_secs(2));
    let vehicles = fleet.drive(1, 20.0, 1);
    fleet.wait_online("AV-001");
    let trip_id = fleet.order();
    fleet.wait_trip(&trip_id, "at_pickup");
    drop(vehicles);
    let trip = fleet.wait_trip(&trip_id, "failed");
    assert!(trip["transitions"].as_array().unwrap().last().unwrap()["reason"].as_str().unwrap().contains("AV-001"));
}

#[test]
fn a_trip_is_called_off_on_its_way() {
    let fleet = Fleet::start(1, |_| {});
    let _vehicles = fleet.drive(1, 1.0, 1);
    fleet.wait_online("AV-001");
    let trip_id = fleet.order();
    fleet.wait_trip(&trip_id, "en_route_to_pickup");
    let (status, trip) = fleet.post_as("", &format!("/api/v1/trips/{trip_id}/cancel"), serde_json::json!({}));
    assert_eq!((status, trip["status"].as_str()), (200, Some("cancelled")));
    fleet.wait("/api/v1/vehicles/AV-001", |vehicle| vehicle["state"]["trip_id"].is_null());
    let trip = fleet.get(&format!("/api/v1/trips/{trip_id}"));
    assert_eq!(life(&trip).last(), Some(&"cancelled"));
}

#[test]
fn trips_wait_for_a_free_vehicle_and_each_gets_one() {
    let fleet = Fleet::start(2, |_| {});
    let trips: Vec<String> = (0..3).map(|_| fleet.order()).collect();
    let _vehicles = fleet.drive(2, 20.0, 1);
    let done: Vec<Value> = trips.iter().map(|trip_id| fleet.wait_trip(trip_id, "completed")).collect();
    assert!(done.iter().all(|trip| life(trip) == WHOLE_LIFE), "{done:#?}");
}
