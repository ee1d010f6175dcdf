//! Durable events: kept on disk from before they are sent until the cloud has stored them.
//!
//! All that waits is in memory, too, within the size limit, so that a disk that fails or is slow does not hold up
//! reading. The disk only ever follows: a change counts once it is written and synced.

mod backlog;
mod disk;

use std::path::{Path, PathBuf};

use bridge_proto::v1::event::Body;
use bridge_proto::v1::{Command, Event};

use backlog::Backlog;
use disk::Disk;

/// Identity of a spool; the cloud tells events apart by it and their sequence.
pub type StreamId = [u8; 16];

/// Why the spool does not work.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error("the spool {} is in use: does another bridge of this vehicle run?", .0.display())]
    InUse(PathBuf),
    /// The folder or file can't be used.
    #[error("the spool {}: {source}", path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nothing was written.
    #[error("the spool can't be written: {0}; is the disk full?")]
    Write(String),
}

/// Which events replace each other: the newest of each kind is remembered, so that a restart does not tell it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Trip,
    Safety,
    Faults,
}

impl Kind {
    fn of(body: &Body) -> Option<Self> {
        match body {
            Body::TripProgress(_) => Some(Self::Trip),
            Body::SafetyChanged(_) => Some(Self::Safety),
            Body::FaultsChanged(_) => Some(Self::Faults),
            Body::CommandDone(_) | Body::EventsLost(_) => None,
        }
    }
}

/// Events that wait for the cloud.
pub struct Spool {
    stream_id: StreamId,
    backlog: Backlog,
    latest: disk::Latest,
    trip: Option<Command>,
    disk: Option<Disk>,
}

impl Spool {
    /// Opens or makes `spool.redb` in a folder. What it holds beyond `limit_bytes` of events is given up, oldest first. A
    /// file that is damaged is moved aside.
    pub fn open(folder: &Path, limit_bytes: usize) -> Result<Self, SpoolError> {
        let io = |source| SpoolError::Io { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let path = folder.join("spool.redb");
        let (disk, stored) = match Disk::open(&path) {
            Ok(opened) => opened,
            Err(disk::OpenError::InUse) => return Err(SpoolError::InUse(path)),
            Err(disk::OpenError::Io(source)) => return Err(SpoolError::Io { path, source }),
            Err(disk::OpenError::Damaged(why)) => {
                let aside = aside(&path);
                std::fs::rename(&path, &aside)
                    .map_err(|source| SpoolError::Io { path: path.clone(), source })?;
                tracing::error!(
                    spool = %path.display(), moved_to = %aside.display(), why,
                    "the spool is damaged: events that waited in it are not sent; a new one begins"
                );
                Disk::open(&path).map_err(|error| SpoolError::Write(error.to_string()))?
            }
        };
        let backlog = Backlog::new(stored.events, stored.last_sequence, limit_bytes);
        let mut spool = Self {
            stream_id: stored.stream_id,
            backlog,
            latest: stored.latest,
            trip: stored.trip,
            disk: Some(disk),
        };
        // The limit may have been lowered.
        spool.append(vec![])?;
        Ok(spool)
    }

    /// Only in memory, for vehicles that are simulated by the thousand.
    pub fn in_memory(limit_bytes: usize) -> Self {
        Self {
            stream_id: rand::random(),
            backlog: Backlog::new(vec![], 0, limit_bytes),
            latest: disk::Latest::new(),
            trip: None,
            disk: None,
        }
    }

    /// Its identity.
    pub fn stream_id(&self) -> StreamId {
        self.stream_id
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.backlog.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The highest sequence that was given.
    pub fn last_sequence(&self) -> u64 {
        self.backlog.last_sequence()
    }

    /// Gives events their sequences and keeps them; they count once this returns. The oldest make room if it is full.
    pub fn append(&mut self, events: Vec<Event>) -> Result<(), SpoolError> {
        let latest: disk::Latest = events
            .iter()
            .filter_map(|event| event.body.as_ref())
            .filter_map(|body| Some((Kind::of(body)?, body.clone())))
            .collect();
        let change = self.backlog.plan(events);
        if let Some(disk) = &self.disk {
            disk.write(&change, &latest)?;
        }
        self.latest.extend(latest);
        let lost = self.backlog.apply(change);
        if lost > 0 {
            tracing::warn!(lost, "the spool is full: the oldest events are given up");
        }
        Ok(())
    }

    /// The next events to send.
    pub fn batch(&self, max_events: usize, max_bytes: usize) -> Vec<Event> {
        self.backlog.batch(max_events, max_bytes)
    }

    /// The newest body of a kind that was ever kept, sent or not.
    pub fn latest(&self, kind: Kind) -> Option<&Body> {
        self.latest.get(&kind)
    }

    /// The cloud has stored all up to a sequence.
    pub fn acknowledge(&mut self, stored_up_to: u64) -> Result<(), SpoolError> {
        if stored_up_to > self.backlog.last_sequence() {
            return self.begin_anew(stored_up_to);
        }
        if let Some(disk) = &self.disk {
            disk.remove_up_to(stored_up_to)?;
        }
        self.backlog.remove_up_to(stored_up_to);
        Ok(())
    }

    /// The cloud knows more of this stream than the disk: an older state of it was brought back. What is new would be
    /// taken for known, so it goes on under a new identity.
    fn begin_anew(&mut self, stored_up_to: u64) -> Result<(), SpoolError> {
        tracing::error!(
            stored_up_to,
            last_sequence = self.backlog.last_sequence(),
            "the cloud knows events that this spool does not: an old state of the disk was restored; a new stream begins"
        );
        let stream_id = rand::random();
        let anew = self.backlog.renumbered();
        if let Some(disk) = &self.disk {
            disk.replace(stream_id, &anew)?;
        }
        (self.stream_id, self.backlog) = (stream_id, anew);
        Ok(())
    }

    /// The order of the trip that the vehicle is on, as it came.
    pub fn trip(&self) -> Option<&Command> {
        self.trip.as_ref()
    }

    /// Remembers the trip over restarts.
    pub fn set_trip(&mut self, trip: Option<Command>) -> Result<(), SpoolError> {
        if let Some(disk) = &self.disk {
            disk.write_trip(trip.as_ref())?;
        }
        self.trip = trip;
        Ok(())
    }
}

/// A name beside the file that is free.
fn aside(path: &Path) -> PathBuf {
    let name = |n: u32| path.with_extension(format!("redb.damaged-{n}"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
