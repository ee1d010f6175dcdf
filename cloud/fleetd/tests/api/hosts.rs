//! The playbook's hosts, health checks, and what every reply has.

use serde_json::json;

use crate::service::Service;

#[test]
fn each_service_of_the_playbook_is_healthy_at_its_host_and_path() {
    let service = Service::start();
    for host in [
        "api-gateway",
        "fleet-manager",
        "vehicle-gateway",
        "policy-engine",
        "routing-service",
        "auth-service",
        "telemetry-ingest",
        "telemetry-ingestion",
    ] {
        let by_host = service.ask("GET", "/health", &[("host", &format!("{host}:8080"))], None);
        assert_eq!((by_host.status, &by_host.json), (200, &json!({ "status": "healthy" })), "{host}");
        let by_path = service.get(&format!("/svc/{host}/health"));
        assert_eq!((by_path.status, &by_path.json), (200, &json!({ "status": "healthy" })), "{host}");
    }
    let database = service.ask("GET", "/health/database", &[("host", "fleet-manager:8080")], None);
    assert_eq!((database.status, database.json), (200, json!({ "database": "connected" })));
}

#[test]
fn replies_have_ids_and_go_on_with_the_trace() {
    let service = Service::start();
    let answer = service.get("/health");
    assert_eq!(answer.header("x-trace-id").len(), 32);
    assert_eq!(answer.header("x-correlation-id"), answer.header("x-trace-id"));
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace_id}-00f067aa0ba902b7-01");
    let headers = [
        ("traceparent", traceparent.as_str()),
        ("x-correlation-id", "order-7"),
        ("origin", "http://localhost:3000"),
    ];
    let answer = service.ask("GET", "/nothing", &headers, None);
    assert_eq!(answer.problem(), "path-not-found");
    assert_eq!(answer.header("x-trace-id"), trace_id);
    assert_eq!(answer.header("x-correlation-id"), "order-7");
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
}

#[test]
fn what_is_not_there_is_a_problem_document() {
    let service = Service::start();
    assert_eq!(service.get("/api/v1/nothing").problem(), "path-not-found");
    assert_eq!(service.ask("DELETE", "/api/v1/trips", &[], None).problem(), "method-not-allowed");
    assert_eq!(service.get("/svc/nonsense/health").problem(), "path-not-found");
    assert_eq!(service.get("/svc/../../etc/passwd").status, 404);
}

#[test]
fn large_bodies_are_refused() {
    let service = Service::start();
    let answer = service.post("/api/v1/trips", &"x".repeat(2 * 1024 * 1024));
    assert_eq!((answer.status, answer.problem()), (413, "body-too-large"));
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let service = Service::with(|config| (config.requests_per_second, config.burst) = (1, 3));
    let answers: Vec<_> = (0..6).map(|_| service.get("/health")).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.len() >= 2, "{answers:?}");
    assert_eq!(refused[0].problem(), "too-many-requests");
    assert_eq!(refused[0].header("retry-after"), "1");
}

#[test]
fn prometheus_reads_counters() {
    let service = Service::start();
    service.get("/api/v1/trips/trip_unknown");
    service.get("/made/up");
    let answer = service.get("/metrics");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"), "{answer:?}");
    let text = answer.json.as_str().unwrap();
    for line in [
        r#"atlasmesh_http_request_seconds_count{method="GET",path="/api/v1/trips/{trip_id}",status="404"} 1"#,
        r#"atlasmesh_http_request_seconds_count{method="GET",path="other",status="404"} 1"#,
        "atlasmesh_vehicles_connected 0",
        "atlasmesh_telemetry_stored_total 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
