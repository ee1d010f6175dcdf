//! The configuration of the fleet service that `atlas up` runs.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Command;

/// All vehicles are of this tenant.
pub const TENANT: &str = "default";
/// Roads of the light vehicles.
pub const ROADS: &str = "uae-main-roads";

/// Services of the playbook on ports after that of the API.
const SERVICES: [(u16, &str); 5] = [
    (0, "api-gateway"),
    (1, "fleet-manager"),
    (2, "vehicle-gateway"),
    (3, "policy-engine"),
    (6, "telemetry-ingest"),
];

impl Command {
    /// Writes it into the data folder.
    pub(super) fn write_config(&self) -> Result<PathBuf> {
        let area = self.area()?;
        let full = (1..=self.vehicles).map(
            |n| json!({ "vehicle_id": Self::vehicle_id(n), "model": self.vehicle, "area": area, "seats": 8 }),
        );
        let light = (1..=self.light)
            .map(|n| json!({ "vehicle_id": format!("LV-{n:03}"), "model": "robotaxi", "area": ROADS, "seats": 4, "range_km": 450 }));
        let listen: Vec<_> = self
            .listen()
            .map(|(port, service)| json!({ "address": format!("127.0.0.1:{port}"), "service": service }))
            .collect();
        let mut roads = vec![json!(self.map)];
        if self.map != ROADS {
            roads.push(json!(ROADS));
        }
        let keys = [
            ("tenant", json!(TENANT)),
            ("data_dir", json!(self.data_dir)),
            ("vehicle_link", json!([format!("quic/127.0.0.1:{}", self.link_port)])),
            ("roads", json!(roads)),
            ("listen", json!(listen)),
            ("vehicles", json!(full.chain(light).collect::<Vec<_>>())),
        ];
        let mut text = String::from(
            "# Written by `atlas up` at each start. `fleetd --print-config` explains all keys.\n",
        );
        for (key, value) in keys {
            text.push_str(&format!("{key} = {}\n", toml(&value)));
        }
        let file = self.data_dir.join("fleetd.toml");
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// Ports, each with the service that answers there.
    pub(super) fn listen(&self) -> impl Iterator<Item = (u16, &'static str)> {
        let services = SERVICES.map(|(offset, service)| (self.port + offset, service));
        services.into_iter().chain([(self.web_port, "control-center-web")])
    }

    /// Name of the road graph of the map.
    fn area(&self) -> Result<String> {
        Ok(maps::road::RoadGraph::load(&self.map)?.name().to_owned())
    }
}

/// JSON as TOML, on one line.
fn toml(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        // Strings, numbers and booleans are written alike.
        _ => value.to_string(),
    }
}
