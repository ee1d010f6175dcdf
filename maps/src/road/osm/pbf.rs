//! OSM PBF: <https://wiki.openstreetmap.org/wiki/PBF_Format>.
//!
//! A file is read twice, since nodes stand before the ways that say which of them matter; what a pass does not want is
//! skipped undecoded. The messages are written down here and decoded by `prost`. The crates for this format, `osmpbf` and
//! `osmpbfreader`, add deltas unchecked, which on damaged files is a panic or a wrong place.

use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use flate2::read::ZlibDecoder;
use prost::Message;
use xxhash_rust::xxh3::Xxh3;

use super::import::Import;
use super::{Member, MemberKind, Tags, wrong};
use crate::error::MapError;
use crate::geo::Wgs84;

/// Limits of the format.
const MOST_HEADER_BYTES: u32 = 64 << 10;
const MOST_BLOB_BYTES: u64 = 32 << 20;

/// What a reader must know to read a file.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

#[derive(Clone, PartialEq, Message)]
struct BlobHeader {
    #[prost(string, required, tag = "1")]
    kind: String,
    #[prost(int32, required, tag = "3")]
    size: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Blob {
    #[prost(bytes = "vec", optional, tag = "1")]
    raw: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    zlib: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct HeaderBlock {
    #[prost(string, repeated, tag = "4")]
    required_features: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Strings {
    #[prost(bytes = "vec", repeated, tag = "1")]
    of: Vec<Vec<u8>>,
}

impl Strings {
    /// Empty where the file has no such text or it is not UTF-8.
    fn get(&self, index: usize) -> &str {
        self.of.get(index).and_then(|s| std::str::from_utf8(s).ok()).unwrap_or_default()
    }

    fn tags<'a>(&'a self, keys: &[u32], values: &[u32]) -> Vec<(&'a str, &'a str)> {
        keys.iter().zip(values).map(|(k, v)| (self.get(*k as usize), self.get(*v as usize))).collect()
    }
}

/// A block, of which the first pass takes ways and relations.
#[derive(Clone, PartialEq, Message)]
struct WayBlock {
    #[prost(message, required, tag = "1")]
    strings: Strings,
    #[prost(message, repeated, tag = "2")]
    groups: Vec<WayGroup>,
}

#[derive(Clone, PartialEq, Message)]
struct WayGroup {
    #[prost(message, repeated, tag = "3")]
    ways: Vec<Way>,
    #[prost(message, repeated, tag = "4")]
    relations: Vec<Relation>,
}

#[derive(Clone, PartialEq, Message)]
struct Way {
    #[prost(int64, required, tag = "1")]
    id: i64,
    #[prost(uint32, repeated, tag = "2")]
    keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    values: Vec<u32>,
    /// Each as the difference to the one before.
    #[prost(sint64, repeated, tag = "8")]
    refs: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Relation {
    #[prost(int64, required, tag = "1")]
    id: i64,
    #[prost(uint32, repeated, tag = "2")]
    keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    values: Vec<u32>,
    #[prost(int32, repeated, tag = "8")]
    roles: Vec<i32>,
    /// Each as the difference to the one before.
    #[prost(sint64, repeated, tag = "9")]
    members: Vec<i64>,
    #[prost(int32, repeated, tag = "10")]
    kinds: Vec<i32>,
}

/// A block, of which the second pass takes nodes.
#[derive(Clone, PartialEq, Message)]
struct NodeBlock {
    #[prost(message, required, tag = "1")]
    strings: Strings,
    #[prost(message, repeated, tag = "2")]
    groups: Vec<NodeGroup>,
    /// Nanodegrees.
    #[prost(int32, optional, tag = "17", default = "100")]
    granularity: Option<i32>,
    #[prost(int64, optional, tag = "19")]
    latitude_offset: Option<i64>,
    #[prost(int64, optional, tag = "20")]
    longitude_offset: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeGroup {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(message, optional, tag = "2")]
    dense: Option<DenseNodes>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(sint64, required, tag = "1")]
    id: i64,
    #[prost(uint32, repeated, tag = "2")]
    keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    values: Vec<u32>,
    #[prost(sint64, required, tag = "8")]
    latitude: i64,
    #[prost(sint64, required, tag = "9")]
    longitude: i64,
}

/// Nodes by column; ids and places as differences to the node before.
#[derive(Clone, PartialEq, Message)]
struct DenseNodes {
    #[prost(sint64, repeated, tag = "1")]
    ids: Vec<i64>,
    #[prost(sint64, repeated, tag = "8")]
    latitudes: Vec<i64>,
    #[prost(sint64, repeated, tag = "9")]
    longitudes: Vec<i64>,
    /// Key and value in turn, 0 after the tags of a node. Empty if no node has tags.
    #[prost(int32, repeated, tag = "10")]
    tags: Vec<i32>,
}

/// Reads a file, and gives the digest of its bytes.
pub(super) fn read(
    file: &Path,
    reader: &mut (impl Read + Seek),
    import: &mut Import,
) -> Result<u128, MapError> {
    let digest = blocks(file, reader, |block: WayBlock, _| {
        for group in block.groups {
            for way in group.ways {
                import.way(way.id, sums(&way.refs), Tags(&block.strings.tags(&way.keys, &way.values)));
            }
            for relation in group.relations {
                let tags = block.strings.tags(&relation.keys, &relation.values);
                import.relation(relation.id, Tags(&tags), &members(&block.strings, &relation));
            }
        }
        Ok(())
    })?;
    import.want_nodes();
    reader.rewind().map_err(|source| MapError::Io { file: file.to_owned(), source })?;
    blocks(file, reader, |block: NodeBlock, offset| {
        let mut take = |id: i64, latitude: i64, longitude: i64, tags: &[(&str, &str)]| {
            if !import.wants(id) || import.node(id, block.place(latitude, longitude), Tags(tags)) {
                return Ok(());
            }
            Err(wrong(file, 0, format!("block at byte {offset}: node {id} is no place on earth")))
        };
        for group in &block.groups {
            for node in &group.nodes {
                let tags = block.strings.tags(&node.keys, &node.values);
                take(node.id, node.latitude, node.longitude, &tags)?;
            }
            let Some(dense) = &group.dense else { continue };
            let (ids, latitudes) = (sums(&dense.ids), sums(&dense.latitudes));
            let places = latitudes.into_iter().zip(sums(&dense.longitudes));
            let mut tags = dense.tags.iter();
            for (id, (latitude, longitude)) in ids.into_iter().zip(places) {
                let keys_values: Vec<usize> =
                    tags.by_ref().take_while(|t| **t != 0).map(|t| *t as usize).collect();
                let texts = keys_values.chunks_exact(2);
                let texts: Vec<_> =
                    texts.map(|t| (block.strings.get(t[0]), block.strings.get(t[1]))).collect();
                take(id, latitude, longitude, &texts)?;
            }
        }
        Ok(())
    })?;
    Ok(digest)
}

impl NodeBlock {
    fn place(&self, latitude: i64, longitude: i64) -> Wgs84 {
        let degrees = |offset: Option<i64>, units: i64| {
            (offset.unwrap_or(0) as f64 + f64::from(self.granularity()) * units as f64) * 1e-9
        };
        Wgs84::new(degrees(self.latitude_offset, latitude), degrees(self.longitude_offset, longitude))
    }
}

/// From differences to values.
fn sums(differences: &[i64]) -> Vec<i64> {
    let sums = differences.iter().scan(0_i64, |sum, d| {
        *sum = sum.wrapping_add(*d);
        Some(*sum)
    });
    sums.collect()
}

fn members<'a>(strings: &'a Strings, relation: &Relation) -> Vec<Member<'a>> {
    let members = sums(&relation.members).into_iter().zip(&relation.kinds).zip(&relation.roles);
    let members = members.map(|((id, kind), role)| Member {
        id,
        kind: match kind {
            0 => MemberKind::Node,
            1 => MemberKind::Way,
            _ => MemberKind::Other,
        },
        role: strings.get(*role as usize),
    });
    members.collect()
}

/// Hands on each data block with its place in the file; gives the digest of the file's bytes.
fn blocks<B: Message + Default>(
    file: &Path,
    reader: &mut impl Read,
    mut take: impl FnMut(B, u64) -> Result<(), MapError>,
) -> Result<u128, MapError> {
    let (mut offset, mut digest) = (0, Xxh3::new());
    let mut bytes = |count: u64, offset: u64| -> Result<Vec<u8>, MapError> {
        let mut bytes = vec![];
        let read = reader.by_ref().take(count).read_to_end(&mut bytes);
        read.map_err(|source| MapError::Io { file: file.to_owned(), source })?;
        digest.update(&bytes);
        if (bytes.len() as u64) < count && !(bytes.is_empty() && count == 4) {
            let what = format!("block at byte {offset}: the file ends within it: download it again");
            return Err(wrong(file, 0, what));
        }
        Ok(bytes)
    };
    loop {
        let at = |what: String| wrong(file, 0, format!("block at byte {offset}: {what}"));
        let Ok(length) = <[u8; 4]>::try_from(bytes(4, offset)?) else { break };
        let length = u32::from_be_bytes(length);
        if length > MOST_HEADER_BYTES {
            return Err(at(format!("a header of {length} bytes: this is no OSM PBF, or it is damaged")));
        }
        let header = BlobHeader::decode(bytes(u64::from(length), offset)?.as_slice())
            .map_err(|e| at(format!("its header is damaged: {e}")))?;
        let size = u64::try_from(header.size).ok().filter(|s| *s <= MOST_BLOB_BYTES);
        let size = size.ok_or_else(|| at(format!("a size of {} bytes: it is damaged", header.size)))?;
        let blob = bytes(size, offset)?;
        match header.kind.as_str() {
            "OSMHeader" => check_features(&content(&blob).map_err(at)?).map_err(at)?,
            "OSMData" => take(content(&blob).map_err(at)?, offset)?,
            _ => {}
        }
        offset += 4 + u64::from(length) + size;
    }
    if offset == 0 {
        return Err(wrong(file, 0, "the file is empty"));
    }
    Ok(digest.digest128())
}

fn check_features(header: &HeaderBlock) -> Result<(), String> {
    match header.required_features.iter().find(|f| !FEATURES.contains(&f.as_str())) {
        Some(f) => Err(format!("the file needs `{f}`, which is not supported: convert it with osmium cat")),
        None => Ok(()),
    }
}

/// The message in a blob. The error says what is wrong with it.
fn content<M: Message + Default>(blob: &[u8]) -> Result<M, String> {
    let blob = Blob::decode(blob).map_err(|e| format!("it is damaged: {e}"))?;
    let bytes = match (blob.raw, blob.zlib) {
        (Some(raw), _) => raw,
        (None, Some(zlib)) => {
            let mut bytes = vec![];
            ZlibDecoder::new(zlib.as_slice()).take(MOST_BLOB_BYTES + 1).read_to_end(&mut bytes).map_err(
                |e: std::io::Error| match e.kind() {
                    ErrorKind::UnexpectedEof => "its compressed data ends early".to_owned(),
                    _ => format!("its compressed data is damaged: {e}"),
                },
            )?;
            bytes
        }
        (None, None) => {
            return Err("it is not compressed with zlib: convert the file with osmium cat".to_owned());
        }
    };
    if bytes.len() as u64 > MOST_BLOB_BYTES {
        return Err("it is larger than the format allows, 32 MiB".to_owned());
    }
    M::decode(bytes.as_slice()).map_err(|e| format!("it is damaged: {e}"))
}
