//! What segments are called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Id of a way: the OSM id, or the road's number on a lane map. Written `way_<n>`, in text and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WayId(pub i64);

/// A text that is no segment id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no segment id: expected `way_` and a number, e.g. way_1101")]
pub struct ParseWayIdError(String);

impl fmt::Display for WayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "way_{}", self.0)
    }
}

impl FromStr for WayId {
    type Err = ParseWayIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix("way_").and_then(|n| n.parse().ok());
        number.map(Self).ok_or_else(|| ParseWayIdError(text.to_owned()))
    }
}

impl TryFrom<String> for WayId {
    type Error = ParseWayIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WayId> for String {
    fn from(id: WayId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read() {
        assert_eq!(WayId(1101).to_string(), "way_1101");
        assert_eq!("way_-7".parse(), Ok(WayId(-7)));
        for wrong in ["", "way_", "1101", "way_1x", "way_99999999999999999999"] {
            assert!(wrong.parse::<WayId>().unwrap_err().to_string().contains("way_1101"), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&WayId(5)).unwrap(), "\"way_5\"");
        assert!(serde_json::from_str::<WayId>("\"road_5\"").is_err());
    }
}
