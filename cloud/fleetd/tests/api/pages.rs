//! The control center's pages, and the map that they draw.

use crate::service::Service;

#[test]
fn pages_are_served_with_a_policy_and_can_be_cached() {
    let service = Service::start();
    let page = service.ask("GET", "/", &[("accept-encoding", "identity")], None);
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"), "{page:?}");
    assert_eq!(page.header("cache-control"), "no-cache");
    let again = service.ask("GET", "/", &[("if-none-match", page.header("etag"))], None);
    assert_eq!(again.status, 304);
    // The page itself finds out what a vehicle's address means.
    let vehicle = service.ask("GET", "/vehicles/AV-001", &[("accept", "text/html,*/*")], None);
    assert_eq!((vehicle.status, &vehicle.json), (200, &page.json));
    let head = service.ask("HEAD", "/", &[("host", "control-center.example.org")], None);
    assert_eq!(head.status, 200);
}

#[test]
fn what_is_no_page_is_a_problem_document() {
    let service = Service::start();
    for path in ["/api/v1/nothing", "/svc/nothing", "/nothing.js", "/assets/gone-123.js"] {
        let answer = service.ask("GET", path, &[], None);
        assert_eq!((answer.status, answer.problem()), (404, "path-not-found"), "{path}");
    }
    let gone = service.ask("GET", "/assets/gone-123.js", &[("accept", "text/html")], None);
    assert_eq!(gone.status, 404, "an old page must not take the index for its script");
    assert_eq!(service.ask("POST", "/vehicles", &[("accept", "text/html")], Some("")).status, 404);
}

#[test]
fn the_map_is_geojson_and_shows_what_is_blocked() {
    let service = Service::start();
    let layers = service.get("/api/v1/map").json["layers"].as_array().unwrap().clone();
    let ids: Vec<_> = layers.iter().map(|layer| layer["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["lanes:terminal-yard", "roads:terminal-yard", "roads:uae-main-roads"]);
    let lanes = service.get("/api/v1/map/lanes:terminal-yard");
    assert_eq!(lanes.header("content-type"), "application/geo+json");
    let features = lanes.json["features"].as_array().unwrap();
    for kind in ["driving", "parking", "boundary", "centre", "object"] {
        assert!(features.iter().any(|feature| feature["properties"]["kind"] == kind), "{kind}");
    }
    // Longitude first, within what the list says.
    let [west, south, east, north] = [0, 1, 2, 3].map(|i| layers[0]["bounds"][i].as_f64().unwrap());
    let point = &features[0]["geometry"]["coordinates"][0][0];
    let (longitude, latitude) = (point[0].as_f64().unwrap(), point[1].as_f64().unwrap());
    assert!(west <= longitude && longitude <= east && south <= latitude && latitude <= north, "{point}");

    let roads =
        || service.get("/api/v1/map/roads:uae-main-roads").json["features"].as_array().unwrap().clone();
    let blocked = || roads().iter().filter(|road| road["properties"]["blocked"] == true).count();
    assert_eq!(blocked(), 0);
    let segment = roads()[0]["properties"]["segment_id"].as_str().unwrap().to_owned();
    let body = serde_json::json!({ "segment_id": segment, "reason": "flood" }).to_string();
    assert_eq!(service.post("/svc/routing-service/blacklist", &body).status, 200);
    assert!(blocked() >= 1);
    assert_eq!(service.get("/api/v1/map/lanes:nowhere").problem(), "layer-not-found");
}
