//! Reads a file from front to back, into chunks, and stops where it is cut off.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use mcap::records::{Channel, ChunkHeader, MessageHeader, Metadata, op};

use super::{
    chunk::{self, RECORD_HEADER_BYTES},
    error::BagError,
    record,
    topic::Schema,
};

/// What a file holds, in the order in which it holds it.
pub(super) enum Event {
    Schema(u16, Schema),
    Channel(Channel),
    Message {
        header: MessageHeader,
        data: Bytes,
        in_chunk: bool,
    },
    /// The following messages are in this chunk.
    Chunk {
        offset: u64,
        record_bytes: u64,
        header: ChunkHeader,
    },
    Metadata(Metadata),
    Attachment,
    /// Something that cannot be read; what follows can.
    Damaged(BagError),
}

/// Opens a regular file: a pipe or a device would make the reader wait.
pub(super) fn open_file(path: &Path) -> Result<(File, u64), BagError> {
    let open_error = |source| BagError::Open { path: path.to_owned(), source };
    let attributes = std::fs::metadata(path).map_err(open_error)?;
    if !attributes.is_file() {
        return Err(open_error(io::Error::new(ErrorKind::InvalidInput, "not a regular file")));
    }
    Ok((File::open(path).map_err(open_error)?, attributes.len()))
}

/// Reads exactly `length` bytes; the caller has checked `length` against the file and the limit.
pub(super) fn read_bytes(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length as usize);
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Goes through a file once.
pub(super) struct Walker {
    path: Arc<PathBuf>,
    file: BufReader<File>,
    position: u64,
    end: u64,
    limit_bytes: u64,
    chunk: Option<(u64, Bytes, usize)>,
    /// A footer was seen: the file is complete.
    pub complete: bool,
    /// Where the file is cut off, or stops making sense.
    pub cut_at: Option<u64>,
}

impl Walker {
    /// Starts behind the magic bytes, which the caller has checked, and stops at `end`.
    pub fn new(path: &Arc<PathBuf>, end: u64, limit_bytes: u64) -> Result<Self, BagError> {
        let (mut file, _) = open_file(path)?;
        let position = mcap::MAGIC.len() as u64;
        file.seek(SeekFrom::Start(position)).map_err(|source| BagError::Read {
            path: path.to_path_buf(),
            offset: 0,
            source,
        })?;
        Ok(Self {
            path: Arc::clone(path),
            file: BufReader::with_capacity(256 << 10, file),
            position,
            end,
            limit_bytes,
            chunk: None,
            complete: false,
            cut_at: None,
        })
    }

    /// The next thing in the file; `None` at its end, or where it is cut off.
    pub fn next(&mut self) -> Result<Option<Event>, BagError> {
        loop {
            let event = match self.chunk.take() {
                Some((offset, content, at)) => self.next_in_chunk(offset, content, at),
                None => match self.next_in_file()? {
                    Some((offset, opcode, body)) => self.event(offset, opcode, body, false),
                    None => return Ok(None),
                },
            };
            if let Some(event) = event {
                return Ok(Some(event));
            }
        }
    }

    fn next_in_chunk(&mut self, offset: u64, content: Bytes, at: usize) -> Option<Event> {
        match chunk::record_at(&content, at) {
            Ok(None) => None,
            Err(reason) => Some(self.damaged(offset, reason)),
            Ok(Some(record)) => {
                let body = content.slice(record.body.clone());
                self.chunk = Some((offset, content, record.body.end));
                self.event(offset, record.opcode, body, true)
            }
        }
    }

    /// The next record of the file that matters, with its offset. Everything else is passed over unread.
    fn next_in_file(&mut self) -> Result<Option<(u64, u8, Bytes)>, BagError> {
        while self.cut_at.is_none() && !self.complete {
            let offset = self.position;
            let rest = self.end - offset;
            if rest < RECORD_HEADER_BYTES as u64 {
                self.cut_at = Some(offset);
                break;
            }
            let mut header = [0; RECORD_HEADER_BYTES];
            self.file.read_exact(&mut header).map_err(|source| self.read_error(offset, source))?;
            let (opcode, length) = chunk::record_header(&header);
            // No record has opcode 0; a file system may leave zeros behind after a power failure.
            if opcode == 0 || length > rest - RECORD_HEADER_BYTES as u64 {
                self.cut_at = Some(offset);
                break;
            }
            self.position += RECORD_HEADER_BYTES as u64 + length;
            if opcode == op::FOOTER {
                self.complete = true;
            }
            let matters = matches!(
                opcode,
                op::SCHEMA | op::CHANNEL | op::MESSAGE | op::CHUNK | op::METADATA | op::ATTACHMENT
            );
            let too_large = length > self.limit_bytes;
            if !matters || too_large || opcode == op::ATTACHMENT {
                // A file's length fits into an i64, and so does a part of it.
                self.file.seek_relative(length as i64).map_err(|source| self.read_error(offset, source))?;
            }
            if matters && too_large {
                return Ok(Some((offset, 0, Bytes::new())));
            }
            if opcode == op::ATTACHMENT {
                return Ok(Some((offset, opcode, Bytes::new())));
            }
            if matters {
                let body = read_bytes(&mut self.file, length);
                let body = body.map_err(|source| self.read_error(offset, source))?;
                return Ok(Some((offset, opcode, body.into())));
            }
        }
        Ok(None)
    }

    fn event(&mut self, offset: u64, opcode: u8, body: Bytes, in_chunk: bool) -> Option<Event> {
        match opcode {
            0 => {
                let limit = self.limit_bytes;
                Some(self.damaged(offset, format!("a record is larger than the limit of {limit} bytes")))
            }
            op::MESSAGE => Some(match chunk::message(&body) {
                Some((header, data)) => Event::Message { header, data: body.slice(data), in_chunk },
                None => self.damaged(offset, "a message record is too short".into()),
            }),
            op::CHUNK if !in_chunk => Some(match chunk::decode(&body, self.limit_bytes) {
                Ok(decoded) => {
                    self.chunk = Some((offset, decoded.content, 0));
                    let record_bytes = (RECORD_HEADER_BYTES + body.len()) as u64;
                    Event::Chunk { offset, record_bytes, header: decoded.header }
                }
                Err(reason) => self.damaged(offset, reason),
            }),
            op::ATTACHMENT => Some(Event::Attachment),
            op::SCHEMA | op::CHANNEL | op::METADATA => {
                let event = match opcode {
                    op::SCHEMA => record::schema(&body).map(|(id, schema)| Event::Schema(id, schema)),
                    op::CHANNEL => record::channel(&body).map(Event::Channel),
                    _ => record::metadata(&body).map(Event::Metadata),
                };
                Some(event.unwrap_or_else(|| self.damaged(offset, "a record cannot be read".into())))
            }
            _ => None,
        }
    }

    fn damaged(&self, offset: u64, reason: String) -> Event {
        Event::Damaged(BagError::Damaged { path: self.path.to_path_buf(), offset, reason })
    }

    fn read_error(&self, offset: u64, source: io::Error) -> BagError {
        BagError::Read { path: self.path.to_path_buf(), offset, source }
    }
}
