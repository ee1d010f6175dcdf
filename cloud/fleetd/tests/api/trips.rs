//! Trips without a vehicle: ordering, refusing, cancelling. With vehicles: `tests/fleet`.

use crate::service::Service;

const ORDER: &str = r#"{
    "pickup": {"lat": 24.4539, "lng": 54.3773},
    "destination": {"lat": 25.2048, "lng": 55.2708},
    "passenger_count": 2
  }"#;

#[test]
fn the_trip_of_the_playbook_is_routed_and_waits() {
    let service = Service::start();
    let answer = service.post("/api/v1/trips", ORDER);
    assert_eq!(answer.status, 201, "{answer:?}");
    let trip = &answer.json;
    assert_eq!(trip["status"], "created");
    assert_eq!(trip["area"], "uae-main-roads");
    let length_m = trip["route"]["length_m"].as_f64().unwrap();
    assert!((110e3..180e3).contains(&length_m), "{length_m}");
    let trip_id = trip["trip_id"].as_str().unwrap();
    let again = service.get(&format!("/api/v1/trips/{trip_id}"));
    assert_eq!(again.json["transitions"][0]["status"], "created");
    assert_eq!(again.json["transitions"][0]["trace_id"], answer.header("x-trace-id"));
    let events = service.get(&format!("/api/v1/events?entity=trip:{trip_id}"));
    assert_eq!(events.json["events"][0]["kind"], "trip.created");
}

#[test]
fn a_trip_that_waits_says_why() {
    let service = Service::start();
    let admin = service.admin();
    let vehicle = r#"{"vehicle_id": "AV-1", "model": "shuttle", "area": "terminal-yard"}"#;
    assert_eq!(service.post_as(&admin, "/api/v1/vehicles", vehicle).status, 201);
    let trip_id = service.post("/api/v1/trips", ORDER).json["trip_id"].as_str().unwrap().to_owned();
    let why = || service.get(&format!("/api/v1/trips/{trip_id}")).json["waiting_because"].clone();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while why().is_null() && std::time::Instant::now() < until {
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    assert_eq!(why(), "no vehicle is free: 1 on other roads");
}

#[test]
fn orders_that_can_t_be_done_are_refused_with_the_reason() {
    let service = Service::start();
    for (body, status, problem, detail) in [
        ("", 400, "bad-request", "empty"),
        ("pickup=1&destination=2", 400, "bad-request", "not JSON"),
        (r#"{"pickup": {"lat": 24.4, "lng": 54.3}}"#, 422, "invalid-field", "destination"),
        (
            r#"{"pickup": {"lat": "x", "lng": 54.3}, "destination": {"lat": 25.2, "lng": 55.2}}"#,
            422,
            "invalid-field",
            "pickup.lat",
        ),
        (
            r#"{"pickup": {"lat": 91, "lng": 54.3}, "destination": {"lat": 25.2, "lng": 55.2}}"#,
            422,
            "invalid-field",
            "±90°",
        ),
        (
            r#"{"pickup": {"lat": 24.4539, "lng": 54.3773}, "destination": {"lat": 25.2048, "lng": 55.2708}, "passenger_count": 0}"#,
            422,
            "invalid-field",
            "passenger_count",
        ),
        (
            r#"{"pickup": {"lat": 24.4539, "lng": 54.3773}, "destination": {"lat": 48.1, "lng": 11.5}}"#,
            422,
            "outside-service-area",
            "nearest road",
        ),
    ] {
        let answer = service.post("/api/v1/trips", body);
        assert_eq!((answer.status, answer.problem()), (status, problem), "{body}");
        assert!(answer.json["detail"].as_str().unwrap().contains(detail), "{answer:?}");
    }
}

#[test]
fn the_same_order_sent_again_is_the_same_trip() {
    let service = Service::start();
    let send = || service.ask("POST", "/api/v1/trips", &[("idempotency-key", "order-7")], Some(ORDER));
    let (first, second) = (send(), send());
    assert_eq!(first.json["trip_id"], second.json["trip_id"]);
    assert_eq!(service.get("/api/v1/trips").json.as_array().unwrap().len(), 1);
}

#[test]
fn a_waiting_trip_is_called_off_once() {
    let service = Service::start();
    let trip_id = service.post("/api/v1/trips", ORDER).json["trip_id"].as_str().unwrap().to_owned();
    let cancel = format!("/api/v1/trips/{trip_id}/cancel");
    let answer = service.post(&cancel, r#"{"reason": "passenger did not come"}"#);
    assert_eq!((answer.status, answer.json["status"].as_str()), (200, Some("cancelled")));
    assert_eq!(answer.json["transitions"][1]["reason"], "passenger did not come");
    assert_eq!(service.post(&cancel, "").status, 200);
    assert_eq!(service.post("/api/v1/trips/trip_nothing/cancel", "").problem(), "trip-not-found");
    assert_eq!(service.get("/api/v1/trips?status=cancelled").json.as_array().unwrap().len(), 1);
    assert_eq!(service.get("/api/v1/trips?status=lost").problem(), "bad-request");
}

#[test]
fn vehicles_are_registered_and_stopped_even_when_they_are_away() {
    let service = Service::start();
    let admin = service.admin();
    let vehicle = r#"{"vehicle_id": "AV-001", "model": "shuttle", "area": "terminal-yard"}"#;
    assert_eq!(service.post("/api/v1/vehicles", vehicle).problem(), "forbidden");
    assert_eq!(service.post_as(&admin, "/api/v1/vehicles", vehicle).status, 201);
    let elsewhere = r#"{"vehicle_id": "AV-002", "model": "shuttle", "area": "moon"}"#;
    assert_eq!(service.post_as(&admin, "/api/v1/vehicles", elsewhere).problem(), "invalid-field");
    let shown = service.get("/api/v1/vehicles/AV-001");
    assert_eq!((shown.json["online"].as_bool(), shown.json["seats"].as_i64()), (Some(false), Some(8)));

    // The body of the playbook's section 8 is empty, that of 5.2 claims a second person.
    let stop = service.post("/api/v1/vehicles/AV-001/emergency-stop", "");
    assert_eq!((stop.status, stop.json["status"].as_str()), (202, Some("requested")), "{stop:?}");
    let body = r#"{"reason": "obstacle_detected", "dual_auth": true}"#;
    let again = service.post("/api/v1/vehicles/AV-001/emergency-stop", body);
    assert_eq!(again.json["stop_id"], stop.json["stop_id"]);
    assert_eq!(service.post("/api/v1/vehicles/AV-404/emergency-stop", "").problem(), "vehicle-not-found");
    let incident_id = stop.json["incident_id"].as_str().unwrap();
    let incident = service.get(&format!("/api/v1/incidents/{incident_id}"));
    assert_eq!(
        (incident.json["severity"].as_str(), incident.json["status"].as_str()),
        (Some("sev1"), Some("open"))
    );
    // Nobody releases a vehicle that is not known to stand, and nobody without a name.
    assert_eq!(service.post("/api/v1/vehicles/AV-001/release", "").problem(), "unauthenticated");
    assert_eq!(service.post_as(&admin, "/api/v1/vehicles/AV-001/release", "").problem(), "not-standing");
}

#[test]
fn tenants_do_not_see_each_other() {
    let service = Service::start();
    let admin = service.admin();
    let trip_id = service.post("/api/v1/trips", ORDER).json["trip_id"].as_str().unwrap().to_owned();
    let vehicle = r#"{"vehicle_id": "AV-001", "model": "shuttle", "area": "terminal-yard"}"#;
    assert_eq!(service.post_as(&admin, "/api/v1/vehicles", vehicle).status, 201);
    let incident = service.post("/api/v1/vehicles/AV-001/emergency-stop", "").json["incident_id"].clone();
    let other = Service::on(service.into_data(), |config| config.tenant = "other".into());
    for (path, problem) in [
        (format!("/api/v1/trips/{trip_id}"), "trip-not-found"),
        ("/api/v1/vehicles/AV-001".into(), "vehicle-not-found"),
        ("/api/v1/vehicles/AV-001/telemetry".into(), "vehicle-not-found"),
        (format!("/api/v1/incidents/{}", incident.as_str().unwrap()), "incident-not-found"),
    ] {
        assert_eq!(other.get(&path).problem(), problem, "{path}");
    }
    assert_eq!(other.post(&format!("/api/v1/trips/{trip_id}/cancel"), "").problem(), "trip-not-found");
    assert_eq!(other.post("/api/v1/vehicles/AV-001/emergency-stop", "").problem(), "vehicle-not-found");
    for path in ["/api/v1/trips", "/api/v1/vehicles", "/api/v1/incidents"] {
        assert_eq!(other.get(path).json.as_array().map(Vec::len), Some(0), "{path}");
    }
    assert_eq!(other.get("/api/v1/events").json["events"].as_array().map(Vec::len), Some(0));
    // The administrator of the first tenant is still there, and still in the first tenant.
    let seen = other.get_as(&admin, "/api/v1/trips");
    assert_eq!(seen.json[0]["trip_id"], trip_id.as_str());
}

#[test]
fn fixtures_are_there_to_look_at() {
    let service = Service::start();
    let data = service.into_data();
    let mut config = fleetd::config::Config::load(None).unwrap();
    config.data_dir = data.path().to_owned();
    let fixtures = fleetd::fixtures::Fixtures { vehicles: 7, trips: 20, fleets: 3, seed: 1 };
    tokio::runtime::Runtime::new().unwrap().block_on(fleetd::fixtures::write(&config, fixtures)).unwrap();
    let service = Service::on(data, |_| {});
    let vehicles = service.get("/api/v1/vehicles").json;
    assert_eq!(vehicles.as_array().map(Vec::len), Some(7));
    assert_eq!(vehicles[0]["vehicle_id"], "SIM-001");
    let trips = service.get("/api/v1/trips").json;
    assert_eq!(trips.as_array().map(Vec::len), Some(20));
    assert!(
        trips
            .as_array()
            .unwrap()
            .iter()
            .all(|trip| matches!(trip["status"].as_str(), Some("completed" | "cancelled")))
    );
    let trip = service.get(&format!("/api/v1/trips/{}", trips[0]["trip_id"].as_str().unwrap())).json;
    assert!(
        trip["transitions"].as_array().unwrap().len() >= 2
            && trip["created_at"].as_str() < trip["updated_at"].as_str()
    );
}
