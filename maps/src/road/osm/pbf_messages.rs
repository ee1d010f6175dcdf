//! The messages of OSM PBF, as far as they are read: <https://wiki.openstreetmap.org/wiki/PBF_Format>.

use prost::Message;

use crate::geo::Wgs84;

#[derive(Clone, PartialEq, Message)]
pub(super) struct BlobHeader {
    #[prost(string, required, tag = "1")]
    pub kind: String,
    #[prost(int32, required, tag = "3")]
    pub size: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Blob {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub raw: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub zlib: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HeaderBlock {
    #[prost(string, repeated, tag = "4")]
    pub required_features: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Strings {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub of: Vec<Vec<u8>>,
}

impl Strings {
    /// Empty where the file has no such text or it is not UTF-8.
    pub fn get(&self, index: usize) -> &str {
        self.of.get(index).and_then(|s| std::str::from_utf8(s).ok()).unwrap_or_default()
    }

    pub fn tags<'a>(&'a self, keys: &[u32], values: &[u32]) -> Vec<(&'a str, &'a str)> {
        keys.iter().zip(values).map(|(k, v)| (self.get(*k as usize), self.get(*v as usize))).collect()
    }
}

/// A block, of which the first pass takes ways and relations.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WayBlock {
    #[prost(message, required, tag = "1")]
    pub strings: Strings,
    #[prost(message, repeated, tag = "2")]
    pub groups: Vec<WayGroup>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WayGroup {
    #[prost(message, repeated, tag = "3")]
    pub ways: Vec<Way>,
    #[prost(message, repeated, tag = "4")]
    pub relations: Vec<Relation>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Way {
    #[prost(int64, required, tag = "1")]
    pub id: i64,
    #[prost(uint32, repeated, tag = "2")]
    pub keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    pub values: Vec<u32>,
    /// Each as the difference to the one before.
    #[prost(sint64, repeated, tag = "8")]
    pub refs: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Relation {
    #[prost(int64, required, tag = "1")]
    pub id: i64,
    #[prost(uint32, repeated, tag = "2")]
    pub keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    pub values: Vec<u32>,
    #[prost(int32, repeated, tag = "8")]
    pub roles: Vec<i32>,
    /// Each as the difference to the one before.
    #[prost(sint64, repeated, tag = "9")]
    pub members: Vec<i64>,
    #[prost(int32, repeated, tag = "10")]
    pub kinds: Vec<i32>,
}

/// A block, of which the second pass takes nodes.
#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeBlock {
    #[prost(message, required, tag = "1")]
    pub strings: Strings,
    #[prost(message, repeated, tag = "2")]
    pub groups: Vec<NodeGroup>,
    /// Nanodegrees.
    #[prost(int32, optional, tag = "17", default = "100")]
    pub granularity: Option<i32>,
    #[prost(int64, optional, tag = "19")]
    pub latitude_offset: Option<i64>,
    #[prost(int64, optional, tag = "20")]
    pub longitude_offset: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeGroup {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(message, optional, tag = "2")]
    pub dense: Option<DenseNodes>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(sint64, required, tag = "1")]
    pub id: i64,
    #[prost(uint32, repeated, tag = "2")]
    pub keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    pub values: Vec<u32>,
    #[prost(sint64, required, tag = "8")]
    pub latitude: i64,
    #[prost(sint64, required, tag = "9")]
    pub longitude: i64,
}

/// Nodes by column; ids and places as differences to the node before.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DenseNodes {
    #[prost(sint64, repeated, tag = "1")]
    pub ids: Vec<i64>,
    #[prost(sint64, repeated, tag = "8")]
    pub latitudes: Vec<i64>,
    #[prost(sint64, repeated, tag = "9")]
    pub longitudes: Vec<i64>,
    /// Key and value in turn, 0 after the tags of a node. Empty if no node has tags.
    #[prost(int32, repeated, tag = "10")]
    pub tags: Vec<i32>,
}

impl NodeBlock {
    pub fn place(&self, latitude: i64, longitude: i64) -> Wgs84 {
        let degrees = |offset: Option<i64>, units: i64| {
            (offset.unwrap_or(0) as f64 + f64::from(self.granularity()) * units as f64) * 1e-9
        };
        Wgs84::new(degrees(self.latitude_offset, latitude), degrees(self.longitude_offset, longitude))
    }
}
