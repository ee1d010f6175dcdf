//! routing-service of the playbook.

use crate::service::Service;

const DIAGNOSE: &str = "/svc/routing-service/route/diagnose?from=24.4539,54.3773&to=25.2048,55.2708";

#[test]
fn a_blocked_segment_changes_the_next_answer_until_it_is_lifted() {
    let service = Service::start();
    let before = service.get(&format!("{DIAGNOSE}&explain=true"));
    assert_eq!(before.status, 200, "{before:?}");
    assert_eq!(before.json["explanation"]["blocked_met"].as_array().unwrap().len(), 0);
    let segments = before.json["route"]["segments"].as_array().unwrap();
    let longest = segments.iter().max_by(|a, b| a["length_m"].as_f64().unwrap().total_cmp(&b["length_m"].as_f64().unwrap()));
    let segment = longest.unwrap()["segment_id"].as_str().unwrap();

    let body = format!(r#"{{"segment_id": "{segment}", "reason": "construction", "ttl": "2h"}}"#);
    let blocked = service.post("/svc/routing-service/blacklist", &body);
    assert_eq!(blocked.json[0]["segment_id"], segment, "{blocked:?}");
    let after = service.get(&format!("{DIAGNOSE}&explain=true"));
    let uses = |answer: &crate::service::Answer| {
        answer.json["route"]["segments"].as_array().unwrap().iter().any(|s| s["segment_id"] == segment)
    };
    assert!(uses(&before) && !uses(&after), "{after:?}");
    assert!(after.json["route"]["duration_s"].as_f64() > before.json["route"]["duration_s"].as_f64());
    assert_eq!(after.json["explanation"]["duration_without_blocks_s"], before.json["route"]["duration_s"]);

    let path = format!("/svc/routing-service/blacklist/{segment}");
    assert_eq!(service.ask("DELETE", &path, &[], None).status, 200);
    assert!(uses(&service.get(DIAGNOSE)));
    assert_eq!(service.ask("DELETE", &path, &[], None).problem(), "segment-not-found");
}

#[test]
fn both_shapes_of_the_playbook_are_taken_and_wrong_ones_are_not() {
    let service = Service::start();
    let all = service.get(DIAGNOSE);
    let id = |i: usize| all.json["route"]["segments"][i]["segment_id"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"segments": ["{}", "{}"], "reason": "flood"}}"#, id(0), id(1));
    let expected = if id(0) == id(1) { 1 } else { 2 };
    let blocked = service.post("/svc/routing-service/blacklist", &body);
    assert_eq!(blocked.json.as_array().map(Vec::len), Some(expected), "{blocked:?}");
    for (body, problem) in [
        (r#"{"reason": "x"}"#, "invalid-field"),
        (r#"{"segment_id": "road 5", "reason": "x"}"#, "invalid-field"),
        (r#"{"segment_id": "way_9999999999", "reason": "x"}"#, "segment-not-found"),
        (r#"{"segment_id": "way_1", "reason": "x", "ttl": "soon"}"#, "invalid-field"),
    ] {
        let answer = service.post("/svc/routing-service/blacklist", body);
        assert!(matches!(answer.status, 404 | 422), "{body}");
        assert_eq!(answer.problem(), problem, "{body}");
    }
}

#[test]
fn an_address_cut_by_the_shell_is_explained() {
    let service = Service::start();
    let answer = service.get("/svc/routing-service/route/diagnose?from=24.4539,54.3773");
    assert_eq!(answer.status, 400);
    assert!(answer.json["detail"].as_str().unwrap().contains("quote"), "{answer:?}");
    for query in ["from=x&to=y", "from=1&to=2", "from=91,0&to=0,0", "from=nan,0&to=0,0"] {
        assert_eq!(service.get(&format!("/svc/routing-service/route/diagnose?{query}")).problem(), "bad-request", "{query}");
    }
}

#[test]
fn a_waiting_trip_is_routed_again() {
    let service = Service::start();
    let order = r#"{"pickup": {"lat": 24.4539, "lng": 54.3773}, "destination": {"lat": 25.2048, "lng": 55.2708}}"#;
    let trip = service.post("/api/v1/trips", order);
    let body = format!(r#"{{"trip_id": {}}}"#, trip.json["trip_id"]);
    let again = service.post("/svc/routing-service/recalculate", &body);
    assert_eq!((again.status, &again.json["route"]), (200, &trip.json["route"]));
    assert_eq!(service.post("/svc/routing-service/recalculate", r#"{"trip_id": "x"}"#).problem(), "trip-not-found");
}
