//! Going through the messages of a bag.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use mcap::records::MessageHeader;

use super::{
    error::BagError,
    file_index::{Content, FileIndex},
    merge::Merge,
    reader::BagOptions,
    topic::BagTopic,
    walk::{Event, Walker},
};

/// Which messages, and in which order. The default is all of them by time.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Full names of the topics; `None` means all.
    pub topics: Option<HashSet<String>>,
    /// First log time wanted, in nanoseconds since the epoch.
    pub start_ns: Option<u64>,
    /// First log time no longer wanted, in nanoseconds since the epoch.
    pub end_ns: Option<u64>,
    /// The order.
    pub order: ReadOrder,
}

/// The order of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadOrder {
    /// By log time, across all files of the bag; messages of the same time in the order of writing. A file whose
    /// messages are not in chunks, or that is damaged and has no summary, is read in the order of writing.
    #[default]
    LogTime,
    /// As written, file after file.
    File,
}

/// A message of a bag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagMessage {
    /// Where it was published.
    pub topic: Arc<BagTopic>,
    /// When it was recorded, in nanoseconds since the epoch.
    pub log_time_ns: u64,
    /// When it was published, in nanoseconds since the epoch.
    pub publish_time_ns: u64,
    /// The publisher's count, 0 where the recorder did not know it.
    pub sequence: u32,
    /// CDR bytes with their encapsulation header. They share memory with their chunk: copy what you keep long.
    pub data: Bytes,
}

impl BagMessage {
    pub(super) fn new(topic: &Arc<BagTopic>, header: &MessageHeader, data: Bytes) -> Self {
        Self {
            topic: Arc::clone(topic),
            log_time_ns: header.log_time,
            publish_time_ns: header.publish_time,
            sequence: header.sequence,
            data,
        }
    }
}

/// The filter, resolved to the channels of each file.
pub(super) struct Selection {
    wanted: Vec<HashMap<u16, Arc<BagTopic>>>,
    start_ns: u64,
    /// `None`: no end.
    end_ns: Option<u64>,
}

impl Selection {
    fn new(files: &[FileIndex], filter: &MessageFilter) -> Self {
        let is_wanted =
            |topic: &BagTopic| filter.topics.as_ref().is_none_or(|names| names.contains(&topic.info.name));
        let channels = |file: &FileIndex| {
            let topics = file.topics.iter().filter(|(_, topic)| is_wanted(topic));
            topics.map(|(&id, topic)| (id, Arc::clone(topic))).collect()
        };
        Self {
            wanted: files.iter().map(channels).collect(),
            start_ns: filter.start_ns.unwrap_or(0),
            end_ns: filter.end_ns,
        }
    }

    /// The topic of a message that is wanted.
    pub fn topic(&self, file: usize, header: &MessageHeader) -> Option<&Arc<BagTopic>> {
        self.overlaps(header.log_time, header.log_time).then(|| self.wanted[file].get(&header.channel_id))?
    }

    /// Whether anything between these times, both included, can be wanted.
    pub fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        last_ns >= self.start_ns && self.end_ns.is_none_or(|end_ns| first_ns < end_ns)
    }

    /// Whether any of these channels is wanted.
    pub fn has_channel(&self, file: usize, channels: &[u16]) -> bool {
        channels.iter().any(|channel| self.wanted[file].contains_key(channel))
    }
}

/// The messages of a bag. An error stands for a part that cannot be read; the messages behind it follow, except
/// where the disk itself fails ([`BagError::Read`]): then nothing more comes of that file.
pub struct Messages {
    files: Arc<[FileIndex]>,
    selection: Arc<Selection>,
    options: BagOptions,
    /// What is still to be read: stretches of files.
    stretches: VecDeque<Stretch>,
    current: Option<Reading>,
}

enum Stretch {
    /// Neighbouring files whose chunks are merged by time.
    Merged(Vec<usize>),
    /// A file in the order of writing.
    Walked(usize),
}

enum Reading {
    Merged(Box<Merge>),
    Walked { file: usize, walker: Walker },
}

impl Messages {
    pub(super) fn new(files: Arc<[FileIndex]>, filter: &MessageFilter, options: BagOptions) -> Self {
        let mut stretches = VecDeque::new();
        for (at, file) in files.iter().enumerate() {
            let by_time = filter.order == ReadOrder::LogTime && matches!(file.content, Content::Chunks(_));
            match stretches.back_mut() {
                Some(Stretch::Merged(merged)) if by_time => merged.push(at),
                _ if by_time => stretches.push_back(Stretch::Merged(vec![at])),
                _ => stretches.push_back(Stretch::Walked(at)),
            }
        }
        let selection = Arc::new(Selection::new(&files, filter));
        Self { files, selection, options, stretches, current: None }
    }

    fn start(&self, stretch: Stretch) -> Result<Reading, BagError> {
        Ok(match stretch {
            Stretch::Merged(files) => {
                let merge =
                    Merge::new(Arc::clone(&self.files), &files, Arc::clone(&self.selection), self.options);
                Reading::Merged(Box::new(merge))
            }
            Stretch::Walked(file) => {
                let index = &self.files[file];
                let end = match &index.content {
                    Content::Records { end } => *end,
                    Content::Chunks(_) => index.truncated_at.unwrap_or(index.file_bytes),
                };
                Reading::Walked {
                    file,
                    walker: Walker::new(&index.path, end, self.options.max_record_bytes)?,
                }
            }
        })
    }

    fn next_walked(&self, file: usize, walker: &mut Walker) -> Option<Result<BagMessage, BagError>> {
        loop {
            match walker.next() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(Event::Damaged(error))) => return Some(Err(error)),
                Ok(Some(Event::Message { header, data, .. })) => {
                    if let Some(topic) = self.selection.topic(file, &header) {
                        return Some(Ok(BagMessage::new(topic, &header, data)));
                    }
                }
                Ok(Some(_)) => {}
            }
        }
    }
}

impl Iterator for Messages {
    type Item = Result<BagMessage, BagError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Taken out, and put back unless it is done with.
            let mut reading = match self.current.take() {
                Some(reading) => reading,
                None => {
                    let stretch = self.stretches.pop_front()?;
                    match self.start(stretch) {
                        Ok(reading) => reading,
                        Err(error) => return Some(Err(error)),
                    }
                }
            };
            let next = match &mut reading {
                Reading::Merged(merge) => merge.next(),
                Reading::Walked { file, walker } => self.next_walked(*file, walker),
            };
            // A disk that fails once will fail again: this stretch is given up.
            let failed = matches!(&next, Some(Err(BagError::Read { .. })));
            if next.is_some() && !failed {
                self.current = Some(reading);
            }
            if next.is_some() {
                return next;
            }
        }
    }
}
