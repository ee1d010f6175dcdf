//! What can go wrong, where, and what to do about it.

use std::{io, path::PathBuf};

/// A recording cannot start, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file or directory cannot be created.
    #[error(
        "cannot create {path}: {source}; give a path that does not exist yet, in a directory you may write to"
    )]
    Create {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or MCAP's limits, refused a write. What was written before it stays readable.
    #[error("cannot write to {path} after {file_bytes} bytes: {reason}; free disk space or record elsewhere")]
    Write {
        /// The file.
        path: PathBuf,
        /// How many bytes the file had.
        file_bytes: u64,
        /// What went wrong.
        reason: String,
    },
    /// A name is already recorded with another type.
    #[error(
        "topic {topic} is already recorded as {recorded}, not as {offered}; record the second type elsewhere"
    )]
    TypeConflict {
        /// The topic.
        topic: String,
        /// The type that is being recorded.
        recorded: String,
        /// The type that was to be added.
        offered: String,
    },
    /// MCAP counts channels in 16 bits.
    #[error("cannot record {topic}: a bag holds at most 65,534 topics; record fewer of them")]
    TooManyTopics {
        /// The topic that was one too many.
        topic: String,
    },
    /// A thread cannot be started.
    #[error("cannot start thread {name}: {source}; raise the limit of threads (ulimit -u)")]
    Thread {
        /// Name of the thread.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// A bag, or a part of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BagError {
    /// The file or directory cannot be opened.
    #[error("cannot open {path}: {source}; check the path and its permissions")]
    Open {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed while reading.
    #[error("cannot read {path} at byte {offset}: {source}; check the disk")]
    Read {
        /// The file.
        path: PathBuf,
        /// Offset in the file in bytes.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not start as an MCAP file does.
    #[error(
        "{path} is not an MCAP file; name a .mcap file, or a directory that rosbag2 recorded with -s mcap"
    )]
    NotMcap {
        /// The file.
        path: PathBuf,
    },
    /// A directory without storage files.
    #[error("{path} holds no .mcap file; name a directory that rosbag2 recorded with -s mcap")]
    NoFiles {
        /// The directory.
        path: PathBuf,
    },
    /// `metadata.yaml` cannot be understood.
    #[error("cannot understand {path}: {reason}; `atlas bag reindex` writes it anew from the storage files")]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A bag of a kind that this reader does not read.
    #[error(
        "{path} is stored as {kind}, which cannot be read here; convert it with `ros2 bag convert` to mcap"
    )]
    Unsupported {
        /// The directory.
        path: PathBuf,
        /// What it is.
        kind: String,
    },
    /// A part of the file is damaged; reading goes on behind it.
    #[error("{path} is damaged at byte {offset}: {reason}; `atlas bag reindex` keeps what can be read")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Offset of the damaged record in bytes.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The repaired bag cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
}
