//! Which service a request is for. The playbook addresses one host per service; one process answers for all of them, by
//! the first label of `Host`, by `/svc/<service>/…`, or by the port of the development stack.

use axum::extract::Request;
use axum::http::{Uri, header, uri::PathAndQuery};

/// The services by the names of the playbook.
pub const SERVICES: &[&str] = &[
    "api-gateway",
    "auth-service",
    "dispatch-service",
    "fleet-manager",
    "map-service",
    "mission-management",
    "monitoring",
    "policy-engine",
    "routing-service",
    "security-monitor",
    "telemetry-ingest",
    "vehicle-gateway",
];

/// Other names of the same services. The control center's pages are the API gateway's.
const ALIASES: &[(&str, &str)] = &[
    ("admin-web", "api-gateway"),
    ("control-center", "api-gateway"),
    ("control-center-web", "api-gateway"),
    ("map-data-contract", "map-service"),
    ("telemetry-ingestion", "telemetry-ingest"),
];

/// A service of the playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service(&'static str);

impl Default for Service {
    fn default() -> Self {
        Self("api-gateway")
    }
}

impl Service {
    /// By its name or another one of it.
    pub fn named(name: &str) -> Option<Self> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| *name);
        SERVICES.iter().find(|service| **service == name).map(|service| Self(service))
    }

    /// Name in the playbook.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// Sends the request to `/svc/<service>/…`, which is where all services are; the API gateway's own paths stay.
/// `listener` is the service of the port it came in on.
pub fn route(mut request: Request, listener: Service) -> Request {
    let uri = request.uri();
    let explicit = uri.path().strip_prefix("/svc/").map(|rest| rest.split('/').next().unwrap_or_default());
    let service = match explicit {
        Some(name) => Service::named(name).unwrap_or_default(),
        None => host(&request).and_then(|host| Service::named(&host)).unwrap_or(listener),
    };
    let path = match explicit {
        // Other names lead to the same place.
        Some(name) => uri.path().replacen(name, service.name(), usize::from(Service::named(name).is_some())),
        None if service == Service::default() => uri.path().to_owned(),
        None => format!("/svc/{}{}", service.name(), uri.path()),
    };
    if path != uri.path() {
        let path = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(path) = path.parse::<PathAndQuery>() {
            let mut parts = uri.clone().into_parts();
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request.extensions_mut().insert(service);
    request
}

/// First label of the host that was asked for.
fn host(request: &Request) -> Option<String> {
    let host = match request.uri().host() {
        Some(host) => host,
        None => request.headers().get(header::HOST)?.to_str().ok()?,
    };
    Some(host.split(['.', ':']).next().unwrap_or_default().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(uri: &str, host: &str, listener: &str) -> (String, &'static str) {
        let request =
            Request::builder().uri(uri).header("host", host).body(axum::body::Body::empty()).unwrap();
        let request = route(request, Service::named(listener).unwrap());
        (request.uri().to_string(), request.extensions().get::<Service>().unwrap().name())
    }

    #[test]
    fn the_host_decides() {
        let routed = |uri, host| routed(uri, host, "api-gateway");
        assert_eq!(routed("/health", "fleet-manager:8080").0, "/svc/fleet-manager/health");
        assert_eq!(routed("/health", "Fleet-Manager.prod.svc.cluster.local").0, "/svc/fleet-manager/health");
        assert_eq!(
            routed("/metrics/ingestion?a=b", "telemetry-ingestion").0,
            "/svc/telemetry-ingest/metrics/ingestion?a=b"
        );
        assert_eq!(routed("/api/v1/trips", "api-gateway:8080"), ("/api/v1/trips".into(), "api-gateway"));
        assert_eq!(routed("/api/v1/trips", "127.0.0.1:8080"), ("/api/v1/trips".into(), "api-gateway"));
    }

    #[test]
    fn a_path_decides_over_the_host() {
        assert_eq!(
            routed("/svc/telemetry-ingestion/metrics/ingestion", "fleet-manager", "api-gateway"),
            ("/svc/telemetry-ingest/metrics/ingestion".into(), "telemetry-ingest")
        );
        assert_eq!(routed("/svc/nonsense/x", "localhost", "api-gateway").0, "/svc/nonsense/x");
    }

    #[test]
    fn a_port_of_the_development_stack_decides_where_the_host_says_nothing() {
        assert_eq!(routed("/health", "localhost:8081", "fleet-manager").0, "/svc/fleet-manager/health");
        assert_eq!(routed("/health", "policy-engine:8081", "fleet-manager").0, "/svc/policy-engine/health");
    }
}
