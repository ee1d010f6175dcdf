//! The recorder: takes messages from any thread, never makes the caller wait for the disk.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;

use super::{
    error::RecordError,
    queue::{Queue, QueuedMessage},
    rosbag2::{BagMetadata, METADATA_FILE},
    sink::Sink,
    stats::RecorderStats,
    topic::{TopicId, TopicInfo},
    worker::{Progress, Syncer, Writer},
};

/// How chunks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZ4: less CPU than zstd, larger files.
    Lz4,
    /// Zstandard at a level from 1 (fast) to 19 (small); 0 is zstd's own default, 3.
    Zstd {
        /// The level.
        level: u32,
    },
}

/// What a recorder creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One `.mcap` file at the given path.
    File,
    /// A directory as `ros2 bag record -o NAME` makes it: `NAME/NAME_0.mcap` and `NAME/metadata.yaml`.
    Directory,
}

/// How to record.
#[derive(Debug, Clone)]
pub struct RecorderOptions {
    /// File or directory.
    pub layout: Layout,
    /// Compression of chunks.
    pub compression: Compression,
    /// A chunk is ended when its content, not compressed, has this many bytes.
    pub chunk_bytes: u64,
    /// A chunk is ended at this age at the latest: what a killed process loses of a slow topic.
    pub chunk_max_age: Duration,
    /// Memory that messages may take while they wait, in bytes. What does not fit is dropped and counted.
    pub queue_bytes: u64,
    /// How often the disk is asked to keep what was written (`fdatasync`), against power loss; `None` leaves it
    /// to the system. The death of the process alone loses nothing that was written.
    pub sync_every: Option<Duration>,
    /// Name of the ROS distribution in the bag's description.
    pub ros_distro: String,
    /// Keys and values of your own for the bag's description.
    pub custom_data: BTreeMap<String, String>,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self {
            layout: Layout::File,
            compression: Compression::Zstd { level: 1 },
            chunk_bytes: 1 << 20,
            chunk_max_age: Duration::from_secs(1),
            queue_bytes: 256 << 20,
            sync_every: Some(Duration::from_secs(2)),
            ros_distro: "jazzy".into(),
            custom_data: BTreeMap::new(),
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It will be written.
    Queued,
    /// Dropped: the writer cannot keep up.
    QueueFull,
    /// Dropped: the recording has failed; [`RecorderStats::failure`] says why.
    Stopped,
    /// Dropped: the topic is another recorder's.
    UnknownTopic,
}

/// A recording in progress. Share it by reference or `Arc`; dropping it finishes the file.
pub struct Recorder {
    /// The bag: a file or a directory.
    bag_path: PathBuf,
    /// The storage file.
    file_path: PathBuf,
    options: RecorderOptions,
    queue: Arc<Queue>,
    progress: Arc<Progress>,
    file_bytes: Arc<AtomicU64>,
    threads: Option<Threads>,
}

struct Threads {
    writer: JoinHandle<Result<Sink, RecordError>>,
    syncer: Option<Syncer>,
}

impl Recorder {
    /// Creates the bag at `path` and starts recording.
    ///
    /// # Errors
    /// If something is at `path` already, or if it cannot be created.
    pub fn create(path: impl AsRef<Path>, options: RecorderOptions) -> Result<Self, RecordError> {
        let bag_path = path.as_ref().to_owned();
        let file_path = match options.layout {
            Layout::File => bag_path.clone(),
            Layout::Directory => {
                create_directory(&bag_path)?;
                storage_file(&bag_path)?
            }
        };
        let sink = Sink::create(&file_path, options.compression, options.chunk_bytes)?;
        let file_bytes = sink.file_bytes();
        let queue = Arc::new(Queue::new(options.queue_bytes));
        let progress = Arc::new(Progress::default());
        let syncer = match options.sync_every {
            None => None,
            Some(every) => {
                let bytes = Arc::clone(&file_bytes);
                Some(Syncer::start(sink.file_handle()?, bytes, every, Arc::clone(&queue))?)
            }
        };
        let writer = Writer {
            queue: Arc::clone(&queue),
            sink,
            progress: Arc::clone(&progress),
            chunk_max_age: options.chunk_max_age,
            path: file_path.clone(),
        };
        let threads = Some(Threads { writer: writer.start()?, syncer });
        Ok(Self { bag_path, file_path, options, queue, progress, file_bytes, threads })
    }

    /// The bag: what was given to [`create`](Self::create).
    pub fn path(&self) -> &Path {
        &self.bag_path
    }

    /// The storage file, which in a directory bag is inside the directory.
    pub fn file_path(&self) -> &Path {
        &self.file_path
    }

    /// Adds a topic, at any time. The same name and type again gives the same id.
    ///
    /// # Errors
    /// If the name is recorded with another type, or if there are too many topics.
    pub fn add_topic(&self, info: TopicInfo) -> Result<TopicId, RecordError> {
        self.queue.add_topic(info)
    }

    /// Records a message: CDR bytes with their encapsulation header, times in nanoseconds since the epoch.
    ///
    /// Takes a short lock and never waits for the disk: a message for which the queue has no room is dropped and
    /// counted. A message larger than the whole queue is always dropped.
    pub fn write(
        &self,
        topic: TopicId,
        log_time_ns: u64,
        publish_time_ns: u64,
        sequence: u32,
        data: Bytes,
    ) -> WriteOutcome {
        self.queue.push(QueuedMessage { topic, sequence, log_time_ns, publish_time_ns, data })
    }

    /// Figures up to now.
    pub fn stats(&self) -> RecorderStats {
        let queue = self.queue.stats();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RecorderStats {
            messages: load(&self.progress.messages),
            payload_bytes: load(&self.progress.payload_bytes),
            flushed_messages: load(&self.progress.flushed_messages),
            chunks: load(&self.progress.chunks),
            file_bytes: load(&self.file_bytes),
            dropped: queue.dropped,
            queue_bytes: queue.held_bytes,
            queue_high_water_bytes: queue.high_water_bytes,
            failure: queue.failure,
            topics: queue.topics,
        }
    }

    /// Writes what waits, then the summary, and waits until the disk has it all.
    ///
    /// # Errors
    /// If the recording failed, now or earlier. What was written before stays readable.
    pub fn finish(mut self) -> Result<RecorderStats, RecordError> {
        self.finish_once()?;
        Ok(self.stats())
    }

    fn finish_once(&mut self) -> Result<(), RecordError> {
        let Some(threads) = self.threads.take() else { return Ok(()) };
        self.queue.close();
        let written = threads.writer.join();
        if let Some(syncer) = threads.syncer {
            syncer.stop();
        }
        let sink = written.unwrap_or_else(|_| Err(self.failed("the writer thread panicked".into())))?;
        let messages_before = sink.chunk_messages();
        let metadata = sink.finish(&self.options.ros_distro, &self.options.custom_data)?;
        self.progress.chunks.fetch_add(u64::from(messages_before > 0), Ordering::Relaxed);
        self.progress
            .flushed_messages
            .store(self.progress.messages.load(Ordering::Relaxed), Ordering::Relaxed);
        if self.options.layout == Layout::Directory {
            write_metadata_file(&self.bag_path, &metadata)
                .map_err(|error| self.failed(format!("{METADATA_FILE}: {error}")))?;
        }
        match self.queue.stats().failure {
            Some(reason) => Err(self.failed(reason)),
            None => Ok(()),
        }
    }

    fn failed(&self, reason: String) -> RecordError {
        let file_bytes = self.file_bytes.load(Ordering::Relaxed);
        RecordError::Write { path: self.file_path.clone(), file_bytes, reason }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.finish_once() {
            tracing::error!(%error, "recording not finished properly");
        }
    }
}

pub(super) fn create_directory(path: &Path) -> Result<(), RecordError> {
    fs::create_dir(path).map_err(|source| RecordError::Create { path: path.to_owned(), source })?;
    sync_parent(path);
    Ok(())
}

/// Makes the name of a new file or directory survive a power failure. Not every file system can do that for a
/// directory; where it cannot, there is nothing else to be done.
pub(super) fn sync_parent(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(parent).and_then(|directory| directory.sync_all());
}

/// The first storage file of a directory bag: named after the directory, as rosbag2 does.
pub(super) fn storage_file(directory: &Path) -> Result<PathBuf, RecordError> {
    let create_error = |source| RecordError::Create { path: directory.to_owned(), source };
    let absolute = fs::canonicalize(directory).map_err(create_error)?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    Ok(directory.join(format!("{name}_0.mcap")))
}

/// Writes `metadata.yaml` so that it is there whole or not at all.
pub(super) fn write_metadata_file(directory: &Path, metadata: &BagMetadata) -> io::Result<()> {
    let temporary = directory.join(".metadata.yaml.part");
    let mut file = File::create(&temporary)?;
    file.write_all(metadata.to_file_text().as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(METADATA_FILE))?;
    File::open(directory)?.sync_all()
}
