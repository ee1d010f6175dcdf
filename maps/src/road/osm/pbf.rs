//! OSM PBF: <https://wiki.openstreetmap.org/wiki/PBF_Format>.
//!
//! A file is read twice, since nodes stand before the ways that say which of them matter; what a pass does not want is
//! skipped undecoded. The messages are decoded by `prost`. The crate `osmpbf` adds deltas unchecked, so that a damaged file
//! is a panic where overflow checks are on and a wrong place elsewhere, and takes a cut-off length for the end of the file.

use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use flate2::read::ZlibDecoder;
use prost::Message;
use xxhash_rust::xxh3::Xxh3;

use super::import::Import;
use super::pbf_messages::{Blob, BlobHeader, HeaderBlock, NodeBlock, Relation, Strings, WayBlock};
use super::{Member, MemberKind, Tags, wrong};
use crate::error::MapError;

/// Limits of the format.
const MOST_HEADER_BYTES: u32 = 64 << 10;
const MOST_BLOB_BYTES: u64 = 32 << 20;

/// What a reader must know to read a file.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::road::osm::pbf_messages::{DenseNodes, Node, NodeGroup, Way, WayGroup};
    use crate::road::osm::{from_pbf_bytes, from_xml};

    const STRINGS: [&str; 9] =
        ["", "highway", "primary", "name", "Ring", "barrier", "bollard", "type", "restriction"];

    fn framed(kind: &str, message: &impl Message) -> Vec<u8> {
        let blob = Blob { raw: Some(message.encode_to_vec()), zlib: None }.encode_to_vec();
        let header = BlobHeader { kind: kind.into(), size: blob.len() as i32 }.encode_to_vec();
        [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
    }

    /// Two roads that meet, with a bollard between; blocks as messages of both passes, which leave each other's fields alone.
    fn file() -> Vec<u8> {
        let strings = Strings { of: STRINGS.map(|s| s.as_bytes().to_vec()).to_vec() };
        let dense = DenseNodes {
            ids: vec![10, 1, 1],
            latitudes: vec![240_000_000, 10_000, 0],
            longitudes: vec![540_000_000, 0, 10_000],
            tags: vec![0, 5, 6, 0, 0],
        };
        let single =
            Node { id: 20, keys: vec![], values: vec![], latitude: 240_010_000, longitude: 540_030_000 };
        let nodes = NodeBlock {
            strings: strings.clone(),
            groups: vec![NodeGroup { nodes: vec![single], dense: Some(dense) }],
            ..NodeBlock::default()
        };
        let way = |id, refs: &[i64]| Way { id, keys: vec![1, 3], values: vec![2, 4], refs: refs.to_vec() };
        let relation = Relation {
            id: 1,
            keys: vec![7],
            values: vec![8],
            roles: vec![0],
            members: vec![10],
            kinds: vec![0],
        };
        let ways = WayBlock {
            strings,
            groups: vec![WayGroup {
                ways: vec![way(5, &[10, 1, 1]), way(6, &[12, 8])],
                relations: vec![relation],
            }],
        };
        let header = HeaderBlock { required_features: FEATURES.map(str::to_owned).to_vec() };
        [framed("OSMHeader", &header), framed("OSMData", &nodes), framed("OSMData", &ways)].concat()
    }

    const XML: &str = r#"<osm>
        <node id="10" lat="24" lon="54"/>
        <node id="11" lat="24.001" lon="54"><tag k="barrier" v="bollard"/></node>
        <node id="12" lat="24.001" lon="54.001"/>
        <node id="20" lat="24.001" lon="54.003"/>
        <way id="5"><nd ref="10"/><nd ref="11"/><nd ref="12"/>
            <tag k="highway" v="primary"/><tag k="name" v="Ring"/></way>
        <way id="6"><nd ref="12"/><nd ref="20"/><tag k="highway" v="primary"/><tag k="name" v="Ring"/></way>
    </osm>"#;

    #[test]
    fn both_forms_are_the_same_roads() {
        let pbf = from_pbf_bytes(Path::new("a.osm.pbf"), &file()).unwrap();
        let xml = from_xml(Path::new("a.osm"), XML).unwrap();
        assert_eq!(pbf.report(), xml.report());
        assert_eq!(pbf.report().components.len(), 2, "the bollard parts them");
        for way in xml.ways() {
            assert_eq!(pbf.way(way.id), Some(way));
            assert_eq!(pbf.way_geometry(way.id), xml.way_geometry(way.id));
        }
    }

    #[test]
    fn files_that_need_more_are_refused() {
        let header = HeaderBlock { required_features: vec!["HistoricalInformation".into()] };
        let said =
            from_pbf_bytes(Path::new("a.osm.pbf"), &framed("OSMHeader", &header)).unwrap_err().to_string();
        assert!(said.contains("HistoricalInformation") && said.contains("osmium"), "{said}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn damaged_files_are_refused_or_read(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = file();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            if let Err(error) = from_pbf_bytes(Path::new("broken.osm.pbf"), &bytes) {
                prop_assert!(error.to_string().contains("broken.osm.pbf"));
            }
        }
    }
}
