//! The two threads of a recorder: one compresses and writes, one makes the disk keep what was written.

use std::{
    fs::File,
    io, iter,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mcap::records::MessageHeader;
use parking_lot::{Condvar, Mutex};

use super::{
    error::RecordError,
    queue::{Item, Queue, QueuedMessage},
    sink::Sink,
    topic::BagTopic,
};

/// Losses are logged at most this often.
const WARN_EVERY: Duration = Duration::from_secs(1);

/// What the writer has done, for whoever asks for statistics.
#[derive(Default)]
pub(super) struct Progress {
    pub messages: AtomicU64,
    pub payload_bytes: AtomicU64,
    pub flushed_messages: AtomicU64,
    pub chunks: AtomicU64,
}

/// Empties the queue into the sink.
pub(super) struct Writer {
    pub queue: Arc<Queue>,
    pub sink: Sink,
    pub progress: Arc<Progress>,
    /// An unfinished chunk is ended at this age.
    pub chunk_max_age: Duration,
    /// Path for log lines.
    pub path: PathBuf,
}

impl Writer {
    /// Starts the thread. It gives the sink back when the queue is closed and empty, or an error at once.
    pub fn start(self) -> Result<JoinHandle<Result<Sink, RecordError>>, RecordError> {
        const NAME: &str = "rec-write";
        let thread = thread::Builder::new().name(NAME.into());
        thread.spawn(move || self.run()).map_err(|source| RecordError::Thread { name: NAME, source })
    }

    fn run(mut self) -> Result<Sink, RecordError> {
        let mut batch = Vec::new();
        let mut channels = Vec::new();
        let mut chunk_opened: Option<Instant> = None;
        let mut losses = Losses::default();
        loop {
            let deadline = chunk_opened.map(|at| at + self.chunk_max_age);
            let open = self.queue.take(&mut batch, deadline);
            let written = self.write_batch(&mut batch, &mut channels, &mut chunk_opened);
            if let Err(Failure { error, lost }) = written {
                tracing::error!(%error, "recording stopped");
                self.queue.fail(&error.to_string(), &lost);
                return Err(error);
            }
            losses.report(self.queue.dropped(), &self.path);
            if !open {
                return Ok(self.sink);
            }
        }
    }

    /// Writes all of `batch` and leaves it empty.
    fn write_batch(
        &mut self,
        batch: &mut Vec<Item>,
        channels: &mut Vec<u16>,
        chunk_opened: &mut Option<Instant>,
    ) -> Result<(), Failure> {
        // Drained, not taken: the queue goes on with its memory.
        let mut items = batch.drain(..);
        while let Some(item) = items.next() {
            let written = match &item {
                Item::Topic(info) => {
                    let topic = BagTopic::for_recording(info.as_ref().clone());
                    self.sink.add_channel(&topic).map(|id| channels.push(id))
                }
                Item::Message(message) => self.write_message(message, channels),
            };
            if let Err(error) = written {
                let lost = iter::once(item).chain(items).collect();
                return Err(Failure { error, lost });
            }
            if let Item::Message(message) = item {
                self.queue.release(&message);
            }
        }
        let now = Instant::now();
        if self.sink.chunk_messages() == 0 {
            *chunk_opened = None;
        } else if now.duration_since(*chunk_opened.get_or_insert(now)) >= self.chunk_max_age {
            *chunk_opened = None;
            self.sink.finish_chunk().map_err(|error| Failure { error, lost: Vec::new() })?;
            self.chunk_finished();
        }
        Ok(())
    }

    fn write_message(&mut self, message: &QueuedMessage, channels: &[u16]) -> Result<(), RecordError> {
        let header = MessageHeader {
            channel_id: channels[usize::from(message.topic.0)],
            sequence: message.sequence,
            log_time: message.log_time_ns,
            publish_time: message.publish_time_ns,
        };
        let finished_chunk = self.sink.write(&header, &message.data)?;
        self.progress.messages.fetch_add(1, Ordering::Relaxed);
        self.progress.payload_bytes.fetch_add(message.data.len() as u64, Ordering::Relaxed);
        if finished_chunk {
            self.chunk_finished();
        }
        Ok(())
    }

    fn chunk_finished(&self) {
        self.progress.chunks.fetch_add(1, Ordering::Relaxed);
        self.progress
            .flushed_messages
            .store(self.progress.messages.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// The end of a recording, and the messages that it takes along.
struct Failure {
    error: RecordError,
    lost: Vec<Item>,
}

/// Makes dropped messages loud without flooding the log.
#[derive(Default)]
struct Losses {
    reported: u64,
    at: Option<Instant>,
}

impl Losses {
    fn report(&mut self, dropped: u64, path: &std::path::Path) {
        let quiet = self.at.is_some_and(|at| at.elapsed() < WARN_EVERY);
        if dropped == self.reported || quiet {
            return;
        }
        tracing::warn!(
            path = %path.display(),
            dropped,
            since_last_line = dropped - self.reported,
            "recording loses messages: the disk or the compressor is too slow"
        );
        self.reported = dropped;
        self.at = Some(Instant::now());
    }
}

/// Asks the disk now and then to keep what was written, away from the writing thread, which it would stall.
pub(super) struct Syncer {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Syncer {
    /// Starts the thread. An error of the disk ends the recording through the queue.
    pub fn start(
        file: File,
        file_bytes: Arc<AtomicU64>,
        every: Duration,
        queue: Arc<Queue>,
    ) -> Result<Self, RecordError> {
        const NAME: &str = "rec-sync";
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let stopped = Arc::clone(&stop);
        let run = move || {
            if let Err(error) = sync_until_stopped(&file, &file_bytes, every, &stopped) {
                let reason = format!("the disk failed to keep the recording: {error}");
                tracing::error!(reason, "recording stopped");
                queue.fail(&reason, &[]);
            }
        };
        let thread = thread::Builder::new().name(NAME.into());
        let thread = thread.spawn(run).map_err(|source| RecordError::Thread { name: NAME, source })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread and waits for it.
    pub fn stop(self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_one();
        // The thread does not panic; if it did, there would be nothing left to do.
        let _ = self.thread.join();
    }
}

fn sync_until_stopped(
    file: &File,
    file_bytes: &AtomicU64,
    every: Duration,
    stop: &(Mutex<bool>, Condvar),
) -> io::Result<()> {
    let mut synced_bytes = 0;
    let mut stopped = stop.0.lock();
    while !*stopped {
        stop.1.wait_for(&mut stopped, every);
        let bytes = file_bytes.load(Ordering::Relaxed);
        if !*stopped && bytes != synced_bytes {
            parking_lot::MutexGuard::unlocked(&mut stopped, || file.sync_data())?;
            synced_bytes = bytes;
        }
    }
    Ok(())
}
