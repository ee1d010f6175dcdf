//! A fleet service with light vehicles, all over the real link and HTTP on ports of their own.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::{Duration, Instant};

use bridge_proto::Holder;
use feeder::{Profile, Settings};
use fleetd::Fleetd;
use fleetd::config::{Config, Listen};
use pki::{Authority, PkiDir};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
pub const AREA: &str = "terminal-yard";

pub struct Fleet {
    pub runtime: Runtime,
    fleetd: Option<Fleetd>,
    config: Config,
    agent: ureq::Agent,
    base: String,
    admin: String,
    folder: TempDir,
}

/// Light vehicles; they vanish when dropped, as if their process were killed.
pub struct Vehicles(JoinHandle<()>);

impl Drop for Vehicles {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fleet {
    /// A service with so many registered vehicles, `AV-001` and so on.
    pub fn start(vehicles: u32, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = PkiDir::new(folder.path().join("pki"));
        let authority = Authority::init(&pki, &[]).unwrap();
        authority.issue_to(&Holder::fleet("default").unwrap()).unwrap();
        let mut config = Config::load(None).unwrap();
        config.data_dir = folder.path().to_owned();
        config.vehicle_link = vec!["tls/127.0.0.1:0".into()];
        config.listen = vec![Listen { address: "127.0.0.1:0".parse().unwrap(), service: "api-gateway".into() }];
        let vehicle = |n| json!({ "vehicle_id": format!("AV-{n:03}"), "model": "shuttle", "area": AREA });
        config.vehicles = (1..=vehicles).map(|n| serde_json::from_value(vehicle(n)).unwrap()).collect();
        change(&mut config);
        let runtime = Runtime::new().unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut fleet =
            Self { runtime, fleetd: None, config, agent, base: String::new(), admin: String::new(), folder };
        fleet.start_service();
        let (user, password) = fleet.fleetd.as_ref().unwrap().first_login().unwrap().clone();
        let answer = fleet.post("/api/v1/login", json!({ "user_id": user, "password": password }));
        fleet.admin = answer["token"].as_str().unwrap().to_owned();
        fleet
    }

    /// Starts the service, again on the same ports after it was stopped.
    pub fn start_service(&mut self) {
        let fleetd = self.runtime.block_on(Fleetd::start(self.config.clone())).unwrap();
        self.config.listen[0].address = fleetd.addresses()[0];
        self.config.vehicle_link = self.runtime.block_on(fleetd.vehicle_link());
        self.base = format!("http://{}", fleetd.addresses()[0]);
        self.fleetd = Some(fleetd);
    }

    pub fn stop_service(&mut self) {
        if let Some(fleetd) = self.fleetd.take() {
            self.runtime.block_on(fleetd.stop()).unwrap();
        }
    }

    /// Drives so many of the vehicles, quicker than in reality.
    pub fn drive(&self, vehicles: u32, time_scale: f64, seed: u64) -> Vehicles {
        let settings = Settings {
            profile: Profile::Shuttle,
            rate_hz: 20.0,
            vehicles,
            prefix: "AV-".into(),
            tenant: "default".into(),
            connect: self.config.vehicle_link[0].clone(),
            pki: PkiDir::new(self.folder.path().join("pki")),
            roads: feeder::roads(AREA).unwrap(),
            time_scale,
            roam: false,
            seed,
        };
        Vehicles(self.runtime.spawn(async move {
            feeder::run(settings, std::future::pending()).await.unwrap();
        }))
    }

    pub fn get(&self, path: &str) -> Value {
        self.agent.get(format!("{}{path}", self.base)).call().unwrap().body_mut().read_json().unwrap()
    }

    pub fn post(&self, path: &str, body: Value) -> Value {
        self.post_as("", path, body).1
    }

    /// Status and body.
    pub fn post_as(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.agent.post(format!("{}{path}", self.base)).header("authorization", format!("Bearer {token}"));
        let mut response = request.send_json(body).unwrap();
        (response.status().as_u16(), response.body_mut().read_json().unwrap())
    }

    /// Token of a new user.
    pub fn user(&self, user_id: &str, role: &str) -> String {
        let password = "correct horse battery staple";
        let (status, answer) =
            self.post_as(&self.admin, "/api/v1/users", json!({ "user_id": user_id, "role": role, "password": password }));
        assert_eq!(status, 201, "{answer}");
        self.post("/api/v1/login", json!({ "user_id": user_id, "password": password }))["token"].as_str().unwrap().to_owned()
    }

    /// Asks until the answer is as wanted.
    pub fn wait(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let answer = self.get(path);
            if wanted(&answer) {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{path} stays {answer:#}");
            self.runtime.block_on(tokio::time::sleep(Duration::from_millis(20)));
        }
    }

    pub fn wait_online(&self, vehicle_id: &str) -> Value {
        self.wait(&format!("/api/v1/vehicles/{vehicle_id}"), |vehicle| vehicle["online"] == true)
    }

    /// Orders a trip across the area.
    pub fn order(&self) -> String {
        let (pickup, destination) = ends();
        let trip = self.post("/api/v1/trips", json!({ "pickup": pickup, "destination": destination }));
        trip["trip_id"].as_str().unwrap_or_else(|| panic!("{trip:#}")).to_owned()
    }

    pub fn wait_trip(&self, trip_id: &str, status: &str) -> Value {
        self.wait(&format!("/api/v1/trips/{trip_id}"), |trip| trip["status"] == status)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop_service();
    }
}

/// Two places far apart on the roads of the area.
fn ends() -> (Value, Value) {
    let roads = feeder::roads(AREA).unwrap();
    let node = |share: f64| {
        let node = roads.node((roads.node_count() as f64 * share) as u32);
        json!({ "lat": node.latitude_deg, "lng": node.longitude_deg })
    };
    (node(0.1), node(0.8))
}

/// The statuses that a trip went through.
pub fn life(trip: &Value) -> Vec<&str> {
    trip["transitions"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect()
}
