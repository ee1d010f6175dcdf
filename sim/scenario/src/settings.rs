//! What a drive is made with. The recording of a drive keeps it, so that its nodes can be made again.

use maps::LanePosition;
use runtime::params::Overrides;
use serde::{Deserialize, Serialize};

use crate::error::ScenarioError;

/// A place in map, m.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// m.
    pub x: f64,
    /// m.
    pub y: f64,
}

/// What a drive is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriveSettings {
    /// Map: a file, or the name of one that ships with the product.
    pub map: String,
    /// Vehicle: `shuttle` or `yard-tractor`.
    pub vehicle: String,
    /// Where it starts; drawn from the seed where not given.
    pub from: Option<Place>,
    /// Where it goes; drawn from the seed where not given.
    pub to: Option<Place>,
    /// Decides everything that is random.
    pub seed: u64,
    /// Other vehicles.
    pub traffic: u32,
    /// People on foot.
    pub pedestrians: u32,
    /// Whether the camera takes pictures; they cost time.
    pub camera: bool,
    /// Parameters over all others, as in `-p`: `name:=value` or `node:name:=value`.
    pub params: Vec<String>,
    /// Virtual time after which the drive is given up, s; by the length of the route where not given.
    pub time_limit_s: Option<f64>,
}

impl Default for DriveSettings {
    fn default() -> Self {
        Self {
            map: "terminal-yard".into(),
            vehicle: "shuttle".into(),
            from: None,
            to: None,
            seed: 1,
            traffic: 0,
            pedestrians: 0,
            camera: false,
            params: vec![],
            time_limit_s: None,
        }
    }
}

impl DriveSettings {
    /// The parameter files of all nodes, each with its name, with the vehicle standing at `start`.
    pub fn param_files(
        &self,
        map: &maps::Map,
        start: LanePosition,
    ) -> Result<[(String, String); 3], ScenarioError> {
        let at = map.point_at(start);
        // A map's name is quoted as JSON, which YAML understands too.
        let name = serde_json::Value::from(self.map.as_str());
        let text = format!(
            "/**: {{ros__parameters: {{map: {name}}}}}\n\
             sim_world_node: {{ros__parameters: {{seed: {seed}, traffic: {traffic}, pedestrians: {pedestrians}, \
             camera_enabled: {camera}, start: {{x_m: {x:?}, y_m: {y:?}, heading_rad: {heading:?}}}}}}}\n",
            seed = self.seed,
            traffic = self.traffic,
            pedestrians = self.pedestrians,
            camera = self.camera,
            x = at.position.x,
            y = at.position.y,
            heading = at.heading,
        );
        let name = &self.vehicle;
        Ok([
            (format!("{name}.yaml"), vehicle::shipped(name)?.into()),
            (format!("{name}-dynamics.yaml"), world::shipped_dynamics(name)?.into()),
            ("drive.yaml".into(), text),
        ])
    }

    /// The same with the parameters over all others.
    pub fn overrides(&self, map: &maps::Map, start: LanePosition) -> Result<Overrides, ScenarioError> {
        let mut overrides = Overrides::default();
        for (name, text) in self.param_files(map, start)? {
            overrides.add_yaml(name, &text)?;
        }
        for param in &self.params {
            overrides.add(runtime::params::Override::parse_argument(param)?);
        }
        Ok(overrides)
    }
}
