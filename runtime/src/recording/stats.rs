//! What a recorder has done so far.

use serde::Serialize;

/// Figures of a recording, at the moment they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecorderStats {
    /// Messages in the file or in the chunk being filled.
    pub messages: u64,
    /// Their payload in bytes.
    pub payload_bytes: u64,
    /// Messages in finished chunks, which the kernel has: they survive the death of this process.
    pub flushed_messages: u64,
    /// Messages lost because the queue was full or the recording had failed. Anything but 0 is a fault.
    pub dropped: u64,
    /// Memory held by messages that wait for the writer, in bytes.
    pub queue_bytes: u64,
    /// The most that `queue_bytes` has been.
    pub queue_high_water_bytes: u64,
    /// Size of the file so far in bytes.
    pub file_bytes: u64,
    /// Chunks finished.
    pub chunks: u64,
    /// Why the recording stopped by itself, if it did.
    pub failure: Option<String>,
    /// The same per topic, in the order in which the topics were added.
    pub topics: Vec<TopicStats>,
}

/// Figures of one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TopicStats {
    /// Full name of the topic.
    pub name: String,
    /// Messages accepted.
    pub accepted: u64,
    /// Messages lost.
    pub dropped: u64,
}
