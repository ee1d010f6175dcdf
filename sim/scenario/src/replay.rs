//! Every node of a recorded drive once more, its outputs compared with the recorded ones.

use std::path::Path;

use runtime::names::Remaps;
use runtime::node::Node;
use runtime::recording::Bag;
use runtime::replay::{ReplayReport, replay};
use serde::{Deserialize, Serialize};

use crate::error::ScenarioError;
use crate::nodes::with_vehicle_nodes;
use crate::settings::DriveSettings;
use crate::trip::Ends;

/// Key of [`RecordedDrive`] in a bag's own data.
const KEY: &str = "atlas_drive";

/// What the recording of a drive says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordedDrive {
    /// What it was made with, start and goal filled in.
    pub settings: DriveSettings,
    /// Digest of the map, to tell whether it is still the same.
    pub map_digest: String,
}

impl RecordedDrive {
    /// As the bag keeps it.
    pub(crate) fn to_custom_data(&self) -> (String, String) {
        (KEY.into(), serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads it from a bag.
    pub fn of(bag: &Path) -> Result<Self, ScenarioError> {
        let data = Bag::open(bag)?.custom_data();
        let drive = data.get(KEY).and_then(|text| serde_json::from_str(text).ok());
        drive.ok_or_else(|| ScenarioError::NotADrive(bag.into()))
    }
}

/// What became of one node.
#[derive(Clone, Debug)]
pub struct NodeReplay {
    /// Its name.
    pub name: &'static str,
    /// Steps, messages, and the first difference.
    pub report: ReplayReport,
}

/// Replays each node that `wanted` accepts; `done` hears of each.
pub fn replay_drive(
    bag: &Path,
    wanted: impl Fn(&str) -> bool,
    mut done: impl FnMut(&NodeReplay),
) -> Result<Vec<NodeReplay>, ScenarioError> {
    let drive = RecordedDrive::of(bag)?;
    let map = maps::Map::load(&drive.settings.map)?;
    let ends = Ends::of(&map, &drive.settings)?;
    let overrides = drive.settings.overrides(&map, ends.start)?;
    let remaps = Remaps::default();
    let mut replays = vec![];
    macro_rules! replay_all {
        ($($node:ty),+) => {
            $(if wanted(<$node>::NAME) {
                let report = replay::<$node>(bag, &remaps, &overrides)?;
                let node = NodeReplay { name: <$node>::NAME, report };
                done(&node);
                replays.push(node);
            })+
        };
    }
    with_vehicle_nodes!(replay_all);
    Ok(replays)
}
