//! A service with an empty database, and a client that says what came back.

use std::path::Path;

use fleetd::Fleetd;
use fleetd::config::{Config, Listen};
use pki::{Authority, PkiDir};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub struct Service {
    // In this order: the service ends before its folder and its threads.
    fleetd: Option<Fleetd>,
    runtime: Runtime,
    folder: Option<TempDir>,
    agent: ureq::Agent,
    base: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The kind of a problem document, after checking that it is one.
    pub fn problem(&self) -> &str {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], self.status);
        assert_eq!(self.json["trace_id"], self.header("x-trace-id"));
        assert!(!self.json["detail"].as_str().unwrap().is_empty());
        self.json["type"].as_str().unwrap().strip_prefix("urn:atlasmesh:problem:").unwrap()
    }
}

/// Makes the certificates that a service with its data there needs.
pub fn certificates(folder: &Path) {
    Authority::init(&PkiDir::new(folder.join("pki")), &[]).unwrap();
}

impl Service {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        Self::on(folder, change)
    }

    /// On the data of another one.
    pub fn on(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::load(None).unwrap();
        config.data_dir = folder.path().to_owned();
        config.vehicle_link = vec!["quic/127.0.0.1:0".into()];
        config.listen =
            vec![Listen { address: "127.0.0.1:0".parse().unwrap(), service: "api-gateway".into() }];
        change(&mut config);
        let runtime = Runtime::new().unwrap();
        let fleetd = runtime.block_on(Fleetd::start(config)).unwrap();
        let base = format!("http://{}", fleetd.addresses()[0]);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { fleetd: Some(fleetd), runtime, folder: Some(folder), agent, base }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A request as curl sends it: `-d` with its form content type.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => {
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                self.agent.run(request.body(body.to_owned()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        }
        .unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[], Some(body))
    }

    pub fn get_as(&self, token: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("authorization", &format!("Bearer {token}"))], None)
    }

    pub fn post_as(&self, token: &str, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("authorization", &format!("Bearer {token}"))], Some(body))
    }

    /// User and password that were made at the start.
    pub fn first_login(&self) -> &(String, String) {
        self.fleetd.as_ref().unwrap().first_login().unwrap()
    }

    /// Token of the first user, an administrator.
    pub fn admin(&self) -> String {
        let (user, password) = self.first_login();
        self.log_in(user, password)
    }

    pub fn log_in(&self, user: &str, password: &str) -> String {
        let body = serde_json::json!({ "user_id": user, "password": password }).to_string();
        let answer = self.post("/api/v1/login", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["token"].as_str().unwrap().to_owned()
    }

    /// A new user with a role, logged in.
    pub fn user(&self, admin: &str, user: &str, role: &str) -> String {
        let password = "correct horse battery staple";
        let body = serde_json::json!({ "user_id": user, "role": role, "password": password }).to_string();
        let answer = self.post_as(admin, "/api/v1/users", &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        self.log_in(user, password)
    }

    /// Ends it; its data stays.
    pub fn into_data(mut self) -> TempDir {
        self.stop();
        self.folder.take().unwrap()
    }

    /// Ends it.
    pub fn stop(&mut self) {
        if let Some(fleetd) = self.fleetd.take() {
            self.runtime.block_on(fleetd.stop()).unwrap();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
