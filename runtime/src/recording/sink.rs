//! Writes one MCAP file, chunk by chunk. Knows no threads and no clock.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mcap::{
    records::{MessageHeader, Metadata},
    write::NoSeek,
};

use super::{
    error::RecordError,
    recorder::{self, Compression},
    rosbag2::{self, BagMetadata, FileEntry, TopicEntry},
    topic::BagTopic,
};

/// What a message record takes in a chunk besides its payload: opcode, length and header.
const MESSAGE_OVERHEAD_BYTES: u64 = 9 + 22;
/// Buffer for the small records between chunks; the chunks themselves are written in one piece.
const WRITE_BUFFER_BYTES: usize = 64 << 10;

/// A file that counts what it got.
struct CountedFile {
    file: File,
    bytes: Arc<AtomicU64>,
}

impl Write for CountedFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.file.write(data)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An MCAP file being written.
///
/// Chunks are compressed into memory and reach the kernel in one piece with their indexes, so the file on disk
/// is at any moment a valid beginning of a bag.
pub(super) struct Sink {
    path: PathBuf,
    writer: mcap::Writer<NoSeek<BufWriter<CountedFile>>>,
    /// Second handle of the same file, to sync it.
    file: File,
    file_bytes: Arc<AtomicU64>,
    chunk_limit_bytes: u64,
    chunk_bytes: u64,
    chunk_messages: u64,
    channels: BTreeMap<u16, TopicEntry>,
    start_ns: u64,
    end_ns: u64,
    message_count: u64,
}

impl Sink {
    /// Creates the file; it must not exist.
    pub fn create(
        path: &Path,
        compression: Compression,
        chunk_limit_bytes: u64,
    ) -> Result<Self, RecordError> {
        let create_error = |source| RecordError::Create { path: path.to_owned(), source };
        let file = File::create_new(path).map_err(create_error)?;
        recorder::sync_parent(path);
        let second_handle = file.try_clone().map_err(create_error)?;
        let file_bytes = Arc::new(AtomicU64::new(0));
        let counted = CountedFile { file, bytes: Arc::clone(&file_bytes) };
        let (codec, level) = match compression {
            Compression::None => (None, 0),
            Compression::Lz4 => (Some(mcap::Compression::Lz4), 0),
            Compression::Zstd { level } => (Some(mcap::Compression::Zstd), level),
        };
        let writer = mcap::WriteOptions::new()
            .profile("ros2")
            .library(concat!("atlasmesh ", env!("CARGO_PKG_VERSION")))
            .compression(codec)
            .compression_level(level)
            .compression_threads(0)
            // We end the chunks ourselves, and must not seek: see the type's documentation.
            .chunk_size(None)
            .disable_seeking(true)
            .create(NoSeek::new(BufWriter::with_capacity(WRITE_BUFFER_BYTES, counted)));
        let writer = writer.map_err(|error| write_error(path, &file_bytes, error))?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            file: second_handle,
            file_bytes,
            chunk_limit_bytes,
            chunk_bytes: 0,
            chunk_messages: 0,
            channels: BTreeMap::new(),
            start_ns: u64::MAX,
            end_ns: 0,
            message_count: 0,
        })
    }

    /// Bytes in the file so far.
    pub fn file_bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.file_bytes)
    }

    /// Another handle of the file, to sync it from elsewhere.
    pub fn file_handle(&self) -> Result<File, RecordError> {
        self.file.try_clone().map_err(|source| RecordError::Create { path: self.path.clone(), source })
    }

    /// Messages in the chunk being filled.
    pub fn chunk_messages(&self) -> u64 {
        self.chunk_messages
    }

    /// Adds a channel; the same channel again gives the same id.
    pub fn add_channel(&mut self, topic: &BagTopic) -> Result<u16, RecordError> {
        let info = &topic.info;
        let schema = if topic.definition_format.is_empty() && info.type_name.is_empty() {
            Ok(0)
        } else {
            self.writer.add_schema(&info.type_name, &topic.definition_format, info.definition.as_bytes())
        };
        let format = &topic.serialization_format;
        let id = schema
            .and_then(|schema| self.writer.add_channel(schema, &info.name, format, &topic.metadata))
            .map_err(|error| self.error(error))?;
        self.chunk_bytes += (info.definition.len() + info.name.len()) as u64;
        self.channels.entry(id).or_insert_with(|| TopicEntry {
            name: info.name.clone(),
            type_name: info.type_name.clone(),
            type_hash: info.type_hash.clone(),
            serialization_format: format.clone(),
            offered_qos: info.offered_qos.clone(),
            message_count: 0,
        });
        Ok(id)
    }

    /// Adds a message to the current chunk. `true` means that this finished the chunk.
    pub fn write(&mut self, header: &MessageHeader, data: &[u8]) -> Result<bool, RecordError> {
        self.writer.write_to_known_channel(header, data).map_err(|error| self.error(error))?;
        if let Some(channel) = self.channels.get_mut(&header.channel_id) {
            channel.message_count += 1;
        }
        self.message_count += 1;
        self.start_ns = self.start_ns.min(header.log_time);
        self.end_ns = self.end_ns.max(header.log_time);
        self.chunk_messages += 1;
        self.chunk_bytes += MESSAGE_OVERHEAD_BYTES + data.len() as u64;
        if self.chunk_bytes < self.chunk_limit_bytes {
            return Ok(false);
        }
        self.finish_chunk()?;
        Ok(true)
    }

    /// Ends the current chunk, if there is one, and gives it to the kernel.
    pub fn finish_chunk(&mut self) -> Result<(), RecordError> {
        self.chunk_bytes = 0;
        self.chunk_messages = 0;
        self.writer.flush().map_err(|error| self.error(error))
    }

    /// Writes rosbag2's metadata, the summary and the footer, and waits until the disk has all of it.
    pub fn finish(
        mut self,
        ros_distro: &str,
        custom_data: &BTreeMap<String, String>,
    ) -> Result<BagMetadata, RecordError> {
        let path = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let start_ns = if self.message_count == 0 { 0 } else { self.start_ns };
        let file = FileEntry {
            path,
            start_ns,
            duration_ns: self.end_ns - start_ns,
            message_count: self.message_count,
        };
        let metadata = BagMetadata {
            files: vec![file],
            topics: std::mem::take(&mut self.channels).into_values().collect(),
            ros_distro: ros_distro.to_owned(),
            custom_data: custom_data.clone(),
        };
        let record = Metadata {
            name: rosbag2::METADATA_RECORD.into(),
            metadata: BTreeMap::from([(rosbag2::METADATA_KEY.into(), metadata.to_yaml())]),
        };
        self.writer
            .write_metadata(&record)
            .and_then(|()| self.writer.finish())
            .map_err(|error| self.error(error))?;
        self.file.sync_all().map_err(|error| self.error(error.into()))?;
        Ok(metadata)
    }

    fn error(&self, error: mcap::McapError) -> RecordError {
        write_error(&self.path, &self.file_bytes, error)
    }
}

fn write_error(path: &Path, file_bytes: &AtomicU64, error: mcap::McapError) -> RecordError {
    let reason = match error {
        mcap::McapError::Io(source) => source.to_string(),
        other => other.to_string(),
    };
    RecordError::Write { path: path.to_owned(), file_bytes: file_bytes.load(Ordering::Relaxed), reason }
}
