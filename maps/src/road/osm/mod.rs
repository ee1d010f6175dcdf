//! Reading OpenStreetMap.

mod access;
mod import;
mod pbf;
mod pbf_messages;
mod restriction;
mod speed;
mod xml;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use self::import::Import;
use super::graph::RoadGraph;
use crate::error::{MapError, Place};

/// Tags of an element.
#[derive(Clone, Copy)]
struct Tags<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Tags<'a> {
    fn get(self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }
}

/// A member of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member<'a> {
    kind: MemberKind,
    id: i64,
    role: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemberKind {
    Node,
    Way,
    Other,
}

pub(super) fn from_xml(file: &Path, text: &str) -> Result<RoadGraph, MapError> {
    let mut import = Import::default();
    xml::read(file, text, &mut import)?;
    import.finish(file, xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

pub(super) fn from_pbf(file: &Path) -> Result<RoadGraph, MapError> {
    let opened = File::open(file).map_err(|source| MapError::Io { file: file.to_owned(), source })?;
    pbf_graph(file, BufReader::new(opened))
}

pub(super) fn from_pbf_bytes(file: &Path, bytes: &[u8]) -> Result<RoadGraph, MapError> {
    pbf_graph(file, std::io::Cursor::new(bytes))
}

fn pbf_graph(file: &Path, mut reader: impl Read + Seek) -> Result<RoadGraph, MapError> {
    let mut import = Import::default();
    let digest = pbf::read(file, &mut reader, &mut import)?;
    import.finish(file, digest)
}

fn wrong(file: &Path, line: u32, what: impl Into<String>) -> MapError {
    MapError::Content { place: Place { file: file.to_owned(), line, ..Place::default() }, what: what.into() }
}
