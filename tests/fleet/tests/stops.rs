//! Emergency stop on one person's word, release on two.

// All of this is test code.
#![allow(clippy::unwrap_used, missing_docs)]

use fleet_tests::Fleet;
use serde_json::{Value, json};

fn steps(stop: &Value) -> Vec<&str> {
    stop["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

#[test]
fn a_moving_vehicle_is_stopped_and_released_by_two_people() {
    let fleet = Fleet::start(1, |_| {});
    let (ann, bob) = (fleet.user("ann", "fleet-operator"), fleet.user("bob", "safety-officer"));
    let _vehicles = fleet.drive(1, 1.0, 1);
    fleet.wait_online("AV-001");
    let trip_id = fleet.order();
    fleet.wait("/api/v1/vehicles/AV-001", |vehicle| vehicle["state"]["speed_mps"].as_f64() > Some(3.0));

    let order = json!({ "reason": "obstacle_detected", "dual_auth": true });
    let (status, stop) = fleet.post_as("", "/api/v1/vehicles/AV-001/emergency-stop", order);
    assert_eq!(status, 202, "{stop}");
    let stops = "/api/v1/vehicles/AV-001/emergency-stops";
    let standing = fleet.wait(stops, |stops| stops[0]["status"] == "standing");
    assert_eq!(steps(&standing[0]), ["requested", "delivered", "confirmed", "standing"]);
    let vehicle = fleet.get("/api/v1/vehicles/AV-001");
    assert_eq!((&vehicle["state"]["safety"]["mode"], &vehicle["state"]["safety"]["latched"]), (&json!("stopped"), &json!(true)));
    let incident = fleet.get(&format!("/api/v1/incidents/{}", stop["incident_id"].as_str().unwrap()));
    assert_eq!((&incident["kind"], &incident["trip_id"]), (&json!("emergency_stop"), &json!(trip_id)));

    let release = "/api/v1/vehicles/AV-001/release";
    let anonymous = fleet.post_as("", release, json!({}));
    assert_eq!(anonymous.0, 401, "{anonymous:?}");
    let first = fleet.post_as(&ann, release, json!({ "reason": "road is clear" }));
    assert_eq!((first.0, first.1["status"].as_str()), (202, Some("release_pending")));
    let same = fleet.post_as(&ann, release, json!({}));
    assert_eq!((same.0, same.1["status"].as_str()), (202, Some("release_pending")));
    let second = fleet.post_as(&bob, release, json!({}));
    assert_eq!((second.0, second.1["status"].as_str()), (200, Some("released")), "{second:?}");
    fleet.wait("/api/v1/vehicles/AV-001", |vehicle| vehicle["state"]["speed_mps"].as_f64() > Some(0.5));
    let (again, _) = fleet.post_as(&bob, release, json!({}));
    assert_eq!(again, 409);
}

#[test]
fn a_stop_reaches_a_vehicle_that_was_away_and_survives_the_service() {
    let mut fleet = Fleet::start(1, |_| {});
    let (status, _) = fleet.post_as("", "/api/v1/vehicles/AV-001/emergency-stop", json!({}));
    assert_eq!(status, 202);
    fleet.stop_service();
    fleet.start_service();
    let _vehicles = fleet.drive(1, 1.0, 1);
    let stops = fleet.wait("/api/v1/vehicles/AV-001/emergency-stops", |stops| stops[0]["status"] == "standing");
    assert_eq!(steps(&stops[0]).first(), Some(&"requested"));
    assert!(steps(&stops[0]).contains(&"not_delivered"), "{stops}");
    // A stopped vehicle gets no trip.
    let trip_id = fleet.order();
    assert_eq!(fleet.get(&format!("/api/v1/trips/{trip_id}"))["status"], "created");
}
