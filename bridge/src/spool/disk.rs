//! The spool's file: an embedded database whose every commit is synced.

use std::collections::BTreeMap;
use std::path::Path;

use bridge_proto::v1::event::Body;
use bridge_proto::v1::{Command, Event};
use prost::Message as _;
use redb::{Database, DatabaseError, ReadableTable as _, StorageError, TableDefinition};

use super::backlog::{Backlog, Change, is_gapless};
use super::{Kind, SpoolError, StreamId};

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const STREAM_ID: &str = "stream_id";
const LAST_SEQUENCE: &str = "last_sequence";
const TRIP: &str = "trip";
/// Small: all is in memory anyway.
const CACHE_BYTES: usize = 1 << 20;

/// The newest body of each kind.
pub type Latest = BTreeMap<Kind, Body>;

/// The file.
pub struct Disk(Database);

/// What the file holds.
pub struct Stored {
    pub stream_id: StreamId,
    pub last_sequence: u64,
    pub events: Vec<Event>,
    pub latest: Latest,
    pub trip: Option<Command>,
}

/// Why it can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("it is in use")]
    InUse,
    #[error(transparent)]
    Io(std::io::Error),
    #[error("{0}")]
    Damaged(String),
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            // What is not a database at all is told as invalid data.
            DatabaseError::Storage(StorageError::Io(e)) if !is_damage(e.kind()) => Self::Io(e),
            error => Self::Damaged(error.to_string()),
        }
    }
}

fn is_damage(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof)
}

impl Disk {
    pub fn open(path: &Path) -> Result<(Self, Stored), OpenError> {
        // The database checks its own pages, but not against everything that a broken disk may hand out.
        let opened = std::panic::catch_unwind(|| -> Result<_, OpenError> {
            let disk = Self(Database::builder().set_cache_size(CACHE_BYTES).create(path)?);
            let stored = disk.load().map_err(|error| OpenError::Damaged(error.to_string()))?;
            Ok((disk, stored))
        });
        opened.unwrap_or_else(|_| Err(OpenError::Damaged("the database gave up on it".into())))
    }

    fn load(&self) -> Result<Stored, redb::Error> {
        let damaged = |what: &str| redb::Error::Corrupted(what.to_owned());
        let begin = self.0.begin_write()?;
        let stored = {
            let mut meta = begin.open_table(META)?;
            let get = |key: &str| meta.get(key).map(|value| value.map(|v| v.value().to_vec()));
            let stream_id = match get(STREAM_ID)? {
                Some(bytes) => StreamId::try_from(bytes).map_err(|_| damaged("stream_id"))?,
                None => rand::random(),
            };
            let last_sequence = match get(LAST_SEQUENCE)? {
                Some(bytes) => u64::from_le_bytes(bytes.try_into().map_err(|_| damaged("last_sequence"))?),
                None => 0,
            };
            let trip = get(TRIP)?.map(|bytes| Command::decode(&*bytes)).transpose();
            let mut latest = Latest::new();
            for kind in [Kind::Trip, Kind::Safety, Kind::Faults] {
                if let Some(bytes) = get(key(kind))? {
                    let event = Event::decode(&*bytes).map_err(|e| damaged(&e.to_string()))?;
                    latest.extend(event.body.map(|body| (kind, body)));
                }
            }
            meta.insert(STREAM_ID, &stream_id[..])?;
            let events: Vec<Event> = begin
                .open_table(EVENTS)?
                .iter()?
                .map(|row| Event::decode(row?.1.value()).map_err(|e| damaged(&e.to_string())))
                .collect::<Result<_, redb::Error>>()?;
            if !is_gapless(&events, last_sequence) {
                return Err(damaged("events are missing"));
            }
            let trip = trip.map_err(|e| damaged(&e.to_string()))?;
            Stored { stream_id, last_sequence, events, latest, trip }
        };
        begin.commit()?;
        Ok(stored)
    }

    pub fn write(&self, change: &Change, latest: &Latest) -> Result<(), SpoolError> {
        self.transaction(|write| {
            let mut events = write.open_table(EVENTS)?;
            events.retain_in(..=change.remove_up_to, |_, _| false)?;
            for event in &change.insert {
                events.insert(event.sequence, &*event.encode_to_vec())?;
            }
            let mut meta = write.open_table(META)?;
            meta.insert(LAST_SEQUENCE, &change.last_sequence.to_le_bytes()[..])?;
            for (kind, body) in latest {
                let event = Event { body: Some(body.clone()), ..Event::default() };
                meta.insert(key(*kind), &*event.encode_to_vec())?;
            }
            Ok(())
        })
    }

    pub fn remove_up_to(&self, sequence: u64) -> Result<(), SpoolError> {
        self.transaction(|write| Ok(write.open_table(EVENTS)?.retain_in(..=sequence, |_, _| false)?))
    }

    pub fn replace(&self, stream_id: StreamId, backlog: &Backlog) -> Result<(), SpoolError> {
        self.transaction(|write| {
            let mut events = write.open_table(EVENTS)?;
            events.retain(|_, _| false)?;
            for event in backlog.events() {
                events.insert(event.sequence, &*event.encode_to_vec())?;
            }
            let mut meta = write.open_table(META)?;
            meta.insert(STREAM_ID, &stream_id[..])?;
            meta.insert(LAST_SEQUENCE, &backlog.last_sequence().to_le_bytes()[..])?;
            Ok(())
        })
    }

    pub fn write_trip(&self, trip: Option<&Command>) -> Result<(), SpoolError> {
        self.transaction(|write| {
            let mut meta = write.open_table(META)?;
            match trip {
                Some(trip) => meta.insert(TRIP, &*trip.encode_to_vec())?,
                None => meta.remove(TRIP)?,
            };
            Ok(())
        })
    }

    fn transaction(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), SpoolError> {
        let done = || -> Result<(), redb::Error> {
            let write = self.0.begin_write()?;
            work(&write)?;
            Ok(write.commit()?)
        };
        done().map_err(|error| SpoolError::Write(error.to_string()))
    }
}

fn key(kind: Kind) -> &'static str {
    match kind {
        Kind::Trip => "latest/trip",
        Kind::Safety => "latest/safety",
        Kind::Faults => "latest/faults",
    }
}
