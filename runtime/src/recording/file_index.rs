//! What one storage file holds and where: from its summary, or found by reading it through.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcap::records::{ChunkIndex, Metadata};

use super::{
    error::BagError,
    rosbag2::{Described, METADATA_KEY, METADATA_RECORD},
    summary::{self, Summary},
    topic::{BagTopic, Schema},
    walk::{self, Event, Walker},
};

/// A storage file and what is known about it.
#[derive(Debug)]
pub(super) struct FileIndex {
    pub path: Arc<PathBuf>,
    pub file_bytes: u64,
    pub topics: BTreeMap<u16, Arc<BagTopic>>,
    pub counts: BTreeMap<u16, u64>,
    pub message_count: u64,
    /// Log times of the first and last message; both 0 where there is none.
    pub start_ns: u64,
    pub end_ns: u64,
    pub content: Content,
    pub compressions: BTreeSet<String>,
    /// rosbag2's own description in the file.
    pub described: Option<Described>,
    /// The file had a summary that could be used.
    pub has_summary: bool,
    /// Where the file is cut off.
    pub truncated_at: Option<u64>,
    /// Parts that cannot be read. Counted only where the file was read through.
    pub damaged_parts: u64,
    pub attachments: u64,
}

/// How the messages of a file can be reached.
#[derive(Debug)]
pub(super) enum Content {
    /// All of them in chunks whose places are known.
    Chunks(Vec<ChunkAt>),
    /// By reading up to this offset.
    Records { end: u64 },
}

/// A chunk in a file.
#[derive(Debug, Clone)]
pub(super) struct ChunkAt {
    pub offset: u64,
    pub record_bytes: u64,
    pub start_ns: u64,
    pub end_ns: u64,
    /// The channels in it; `None` where that is not known.
    pub channels: Option<Box<[u16]>>,
}

impl FileIndex {
    /// Opens a storage file. Reads it through if it has no usable summary.
    pub fn open(path: &Path, limit_bytes: u64) -> Result<Self, BagError> {
        let path = Arc::new(path.to_owned());
        let (mut file, file_bytes) = walk::open_file(&path)?;
        let mut magic = [0; 8];
        if file.read_exact(&mut magic).is_err() || magic != *mcap::MAGIC {
            return Err(BagError::NotMcap { path: path.to_path_buf() });
        }
        match summary::read(&mut file, file_bytes, limit_bytes) {
            Some(summary) => Ok(Self::from_summary(path, file_bytes, summary)),
            None => Scan::run(path, file_bytes, limit_bytes),
        }
    }

    fn from_summary(path: Arc<PathBuf>, file_bytes: u64, summary: Summary) -> Self {
        let schemas = summary.schemas;
        let topic = |channel: mcap::records::Channel| {
            let schema = schemas.get(&channel.schema_id);
            (channel.id, Arc::new(BagTopic::from_channel(channel, schema)))
        };
        let statistics = summary.statistics;
        let compressions = summary.chunks.iter().map(|index| index.compression.clone()).collect();
        // Messages without a single chunk: they stand in the file one by one.
        let content = if summary.chunks.is_empty() && statistics.message_count > 0 {
            Content::Records { end: summary.start }
        } else {
            Content::Chunks(summary.chunks.into_iter().map(ChunkAt::from).collect())
        };
        Self {
            path,
            file_bytes,
            topics: summary.channels.into_values().map(topic).collect(),
            counts: statistics.channel_message_counts,
            message_count: statistics.message_count,
            start_ns: statistics.message_start_time,
            end_ns: statistics.message_end_time,
            content,
            compressions,
            described: summary.metadata.iter().rev().find_map(described),
            has_summary: true,
            truncated_at: None,
            damaged_parts: 0,
            attachments: u64::from(statistics.attachment_count),
        }
    }
}

impl From<ChunkIndex> for ChunkAt {
    fn from(index: ChunkIndex) -> Self {
        let channels: Box<[u16]> = index.message_index_offsets.into_keys().collect();
        Self {
            offset: index.chunk_start_offset,
            record_bytes: index.chunk_length,
            start_ns: index.message_start_time,
            end_ns: index.message_end_time,
            channels: (!channels.is_empty()).then_some(channels),
        }
    }
}

fn described(metadata: &Metadata) -> Option<Described> {
    if metadata.name != METADATA_RECORD {
        return None;
    }
    Described::from_yaml(metadata.metadata.get(METADATA_KEY)?)
}

/// Reads a file through to find out what a summary would say.
struct Scan {
    index: FileIndex,
    schemas: BTreeMap<u16, Schema>,
    chunks: Vec<ChunkAt>,
    /// Channels of the chunk that is being read.
    chunk_channels: BTreeSet<u16>,
    messages_outside_chunks: bool,
}

impl Scan {
    fn run(path: Arc<PathBuf>, file_bytes: u64, limit_bytes: u64) -> Result<FileIndex, BagError> {
        let mut walker = Walker::new(&path, file_bytes, limit_bytes)?;
        let index = FileIndex {
            path,
            file_bytes,
            topics: BTreeMap::new(),
            counts: BTreeMap::new(),
            message_count: 0,
            start_ns: 0,
            end_ns: 0,
            content: Content::Records { end: file_bytes },
            compressions: BTreeSet::new(),
            described: None,
            has_summary: false,
            truncated_at: None,
            damaged_parts: 0,
            attachments: 0,
        };
        let mut scan = Self {
            index,
            schemas: BTreeMap::new(),
            chunks: Vec::new(),
            chunk_channels: BTreeSet::new(),
            messages_outside_chunks: false,
        };
        while let Some(event) = walker.next()? {
            scan.take(event);
        }
        scan.end_chunk();
        let mut index = scan.index;
        index.truncated_at = walker.cut_at;
        // Where something is damaged, reading in file order passes it and reports it.
        index.content = if scan.messages_outside_chunks || index.damaged_parts > 0 {
            Content::Records { end: walker.cut_at.unwrap_or(file_bytes) }
        } else {
            Content::Chunks(scan.chunks)
        };
        Ok(index)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Schema(id, schema) => drop(self.schemas.entry(id).or_insert(schema)),
            Event::Channel(channel) => {
                let schemas = &self.schemas;
                self.index.topics.entry(channel.id).or_insert_with(|| {
                    let schema = schemas.get(&channel.schema_id);
                    Arc::new(BagTopic::from_channel(channel, schema))
                });
            }
            Event::Chunk { offset, record_bytes, header } => {
                self.end_chunk();
                self.index.compressions.insert(header.compression);
                let (start_ns, end_ns) = (u64::MAX, 0);
                self.chunks.push(ChunkAt { offset, record_bytes, start_ns, end_ns, channels: None });
            }
            Event::Message { header, in_chunk, .. } => {
                if !self.index.topics.contains_key(&header.channel_id) {
                    self.index.damaged_parts += 1;
                    return;
                }
                self.count(header.channel_id, header.log_time);
                match self.chunks.last_mut() {
                    Some(chunk) if in_chunk => {
                        chunk.start_ns = chunk.start_ns.min(header.log_time);
                        chunk.end_ns = chunk.end_ns.max(header.log_time);
                        self.chunk_channels.insert(header.channel_id);
                    }
                    _ => self.messages_outside_chunks = true,
                }
            }
            Event::Metadata(metadata) => {
                if let Some(described) = described(&metadata) {
                    self.index.described = Some(described);
                }
            }
            Event::Attachment => self.index.attachments += 1,
            Event::Damaged(error) => {
                tracing::warn!(%error, "bag is damaged");
                self.index.damaged_parts += 1;
            }
        }
    }

    fn count(&mut self, channel: u16, log_time_ns: u64) {
        let index = &mut self.index;
        index.start_ns = if index.message_count == 0 { log_time_ns } else { index.start_ns.min(log_time_ns) };
        index.end_ns = index.end_ns.max(log_time_ns);
        index.message_count += 1;
        *index.counts.entry(channel).or_default() += 1;
    }

    /// Closes the books on the chunk that has been read; one without messages is not worth keeping.
    fn end_chunk(&mut self) {
        let channels = std::mem::take(&mut self.chunk_channels);
        if let Some(chunk) = self.chunks.last_mut() {
            if channels.is_empty() {
                self.chunks.pop();
            } else {
                chunk.channels = Some(channels.into_iter().collect());
            }
        }
    }
}
