//! Messages in the order of time out of chunks that may overlap in time, with bounded memory.

use std::{cmp::Reverse, collections::BinaryHeap, fs::File, io::Seek, io::SeekFrom, sync::Arc};

use bytes::Bytes;
use mcap::records::op;

use super::{
    chunk::{self, RECORD_HEADER_BYTES},
    error::BagError,
    file_index::{ChunkAt, Content, FileIndex},
    messages::{BagMessage, Selection},
    reader::BagOptions,
    walk,
};

/// Merges chunks: opens each when its first message is due, drops it behind its last.
///
/// Where many chunks overlap, those whose next message is furthest away are put aside: of them only the places of
/// the wanted messages stay in memory, 16 bytes each, and the content is read again when it is due.
pub(super) struct Merge {
    files: Arc<[FileIndex]>,
    selection: Arc<Selection>,
    options: BagOptions,
    /// Chunks not opened yet, the next one last.
    waiting: Vec<(usize, ChunkAt)>,
    open: Vec<Option<OpenChunk>>,
    /// The next message of every open chunk: time, number of the chunk in the order of the files, slot in `open`.
    due: BinaryHeap<Reverse<(u64, u64, usize)>>,
    /// Bytes of content in `open`.
    content_bytes: u64,
    /// The storage file read last.
    file: Option<(usize, File)>,
}

struct OpenChunk {
    file: usize,
    at: ChunkAt,
    /// `None`: put aside.
    content: Option<Bytes>,
    /// Time and place of the wanted messages, by time; the next one last.
    messages: Vec<(u64, usize)>,
}

impl Merge {
    pub fn new(
        files: Arc<[FileIndex]>,
        merged: &[usize],
        selection: Arc<Selection>,
        options: BagOptions,
    ) -> Self {
        let mut waiting = Vec::new();
        for &file in merged {
            let Content::Chunks(chunks) = &files[file].content else { continue };
            let wanted = |chunk: &&ChunkAt| {
                selection.overlaps(chunk.start_ns, chunk.end_ns)
                    && chunk.channels.as_ref().is_none_or(|channels| selection.has_channel(file, channels))
            };
            waiting.extend(chunks.iter().filter(wanted).map(|chunk| (file, chunk.clone())));
        }
        waiting.sort_by_key(|(file, chunk)| Reverse((chunk.start_ns, *file, chunk.offset)));
        Self {
            files,
            selection,
            options,
            waiting,
            open: Vec::new(),
            due: BinaryHeap::new(),
            content_bytes: 0,
            file: None,
        }
    }

    /// The next message. An error stands for a chunk, or the rest of it, that cannot be read.
    pub fn next(&mut self) -> Option<Result<BagMessage, BagError>> {
        loop {
            let due_ns = self.due.peek().map(|Reverse((due_ns, ..))| *due_ns);
            let opens =
                |(_, chunk): &mut (usize, ChunkAt)| due_ns.is_none_or(|due_ns| chunk.start_ns <= due_ns);
            if let Some((file, chunk)) = self.waiting.pop_if(opens) {
                if let Err(error) = self.open_chunk(file, chunk) {
                    return Some(Err(error));
                }
                continue;
            }
            let Reverse((_, number, slot)) = self.due.pop()?;
            let next = self.take_message(number, slot);
            if next.is_some() {
                return next;
            }
        }
    }

    /// Reads a chunk and finds its wanted messages. On an error, those before the damage are still delivered.
    fn open_chunk(&mut self, file: usize, at: ChunkAt) -> Result<(), BagError> {
        let content = self.read(file, &at)?;
        let (mut messages, damage) = self.find_messages(file, &content);
        // By time, and by place where times are equal; taken from the end.
        messages.sort_unstable_by_key(|&message| Reverse(message));
        if let Some(&(first_ns, _)) = messages.last() {
            let slot = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
            if slot == self.open.len() {
                self.open.push(None);
            }
            self.due.push(Reverse((first_ns, order_of(file, &at), slot)));
            self.content_bytes += content.len() as u64;
            self.open[slot] = Some(OpenChunk { file, at: at.clone(), content: Some(content), messages });
            self.put_aside(slot);
        }
        damage.map_or(Ok(()), |reason| Err(self.damaged(file, at.offset, reason)))
    }

    /// Times and places of the wanted messages, and what stopped the search.
    fn find_messages(&self, file: usize, content: &Bytes) -> (Vec<(u64, usize)>, Option<String>) {
        let mut messages = Vec::new();
        let mut position = 0;
        let mut damage = None;
        loop {
            let record = match chunk::record_at(content, position) {
                Ok(Some(record)) => record,
                Ok(None) => return (messages, damage),
                Err(reason) => return (messages, Some(reason)),
            };
            if record.opcode == op::MESSAGE {
                match chunk::message(&content[record.body.clone()]) {
                    None => damage = Some("a message record is too short".into()),
                    Some((header, _)) if !self.files[file].topics.contains_key(&header.channel_id) => {
                        damage = Some(format!(
                            "a message of channel {}, which nothing describes",
                            header.channel_id
                        ));
                    }
                    Some((header, _)) if self.selection.topic(file, &header).is_some() => {
                        messages.push((header.log_time, position));
                    }
                    Some(_) => {}
                }
            }
            position = record.body.end;
        }
    }

    /// Takes the next message out of an open chunk.
    fn take_message(&mut self, number: u64, slot: usize) -> Option<Result<BagMessage, BagError>> {
        let mut open = self.open.get_mut(slot)?.take()?;
        let content = match open.content.take() {
            Some(content) => content,
            None => match self.read(open.file, &open.at) {
                Ok(content) => {
                    self.content_bytes += content.len() as u64;
                    content
                }
                Err(error) => return Some(Err(error)),
            },
        };
        let (_, position) = open.messages.pop()?;
        // The chunk may have been read again, from a file that somebody changed: nothing is taken for granted.
        let message = chunk::record_at(&content, position).ok().flatten().and_then(|record| {
            let body = content.slice(record.body);
            let (header, data) = chunk::message(&body)?;
            Some(BagMessage::new(self.selection.topic(open.file, &header)?, &header, body.slice(data)))
        });
        let message = message.ok_or_else(|| {
            self.damaged(open.file, open.at.offset, "the file changed while it was read".into())
        });
        match open.messages.last() {
            Some(&(next_ns, _)) => {
                self.due.push(Reverse((next_ns, number, slot)));
                open.content = Some(content);
                self.open[slot] = Some(open);
                self.put_aside(slot);
            }
            None => self.content_bytes -= content.len() as u64,
        }
        Some(message)
    }

    /// Frees content until it fits into the limit, that of the latest chunks first, but never that of `keep`.
    fn put_aside(&mut self, keep: usize) {
        while self.content_bytes > self.options.max_open_bytes {
            let loaded = self.open.iter_mut().enumerate().filter(|(slot, _)| *slot != keep);
            let furthest = loaded
                .filter_map(|(_, open)| open.as_mut().filter(|open| open.content.is_some()))
                .max_by_key(|open| open.messages.last().map(|&(due_ns, _)| due_ns));
            let Some(content) = furthest.and_then(|open| open.content.take()) else { return };
            self.content_bytes -= content.len() as u64;
        }
    }

    fn read(&mut self, file: usize, at: &ChunkAt) -> Result<Bytes, BagError> {
        let body_bytes = at.record_bytes.saturating_sub(RECORD_HEADER_BYTES as u64);
        if at.record_bytes < RECORD_HEADER_BYTES as u64 || body_bytes > self.options.max_record_bytes {
            let reason = format!("a chunk of {} bytes is not possible here", at.record_bytes);
            return Err(self.damaged(file, at.offset, reason));
        }
        let record = match self.read_record(file, at) {
            Ok(record) => Bytes::from(record),
            Err(source) => {
                let path = self.files[file].path.to_path_buf();
                return Err(BagError::Read { path, offset: at.offset, source });
            }
        };
        let decoded = match chunk::record_at(&record, 0) {
            Ok(Some(found)) if found.opcode == op::CHUNK && found.body.end == record.len() => {
                chunk::decode(&record.slice(found.body), self.options.max_record_bytes)
            }
            _ => Err("there is no chunk where the index says".into()),
        };
        decoded.map(|chunk| chunk.content).map_err(|reason| self.damaged(file, at.offset, reason))
    }

    fn read_record(&mut self, file: usize, at: &ChunkAt) -> std::io::Result<Vec<u8>> {
        let handle = match &mut self.file {
            Some((open, handle)) if *open == file => handle,
            other => &mut other.insert((file, File::open(&*self.files[file].path)?)).1,
        };
        handle.seek(SeekFrom::Start(at.offset))?;
        walk::read_bytes(handle, at.record_bytes)
    }

    fn damaged(&self, file: usize, offset: u64, reason: String) -> BagError {
        BagError::Damaged { path: self.files[file].path.to_path_buf(), offset, reason }
    }
}

/// Orders chunks by file and place, for messages of the same time. A bag has fewer than 2^16 files, and a file
/// fewer than 2^48 bytes; beyond that only the order of such messages would suffer.
fn order_of(file: usize, at: &ChunkAt) -> u64 {
    ((file as u64) << 48) | (at.offset & 0xFFFF_FFFF_FFFF)
}
