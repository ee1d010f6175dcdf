//! The summary at the end of a complete file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use mcap::records::{Channel, ChunkIndex, Footer, Metadata, Statistics, op};

use super::{
    chunk::{self, RECORD_HEADER_BYTES},
    record,
    topic::Schema,
    walk,
};

/// Footer record and magic bytes.
const FOOTER_BYTES: u64 = RECORD_HEADER_BYTES as u64 + 20 + 8;

/// What a summary says. Checked for being complete and for pointing into the file, not for being true.
pub(super) struct Summary {
    /// Where the data section ends.
    pub start: u64,
    pub schemas: BTreeMap<u16, Schema>,
    pub channels: BTreeMap<u16, Channel>,
    pub chunks: Vec<ChunkIndex>,
    pub statistics: Statistics,
    pub metadata: Vec<Metadata>,
}

/// Reads the summary; `None` where there is none that can be relied on, and the file has to be read through.
pub(super) fn read(file: &mut File, file_bytes: u64, limit_bytes: u64) -> Option<Summary> {
    let footer_at = file_bytes.checked_sub(FOOTER_BYTES)?;
    file.seek(SeekFrom::Start(footer_at)).ok()?;
    let footer_bytes = walk::read_bytes(file, FOOTER_BYTES).ok()?;
    let footer = parse_footer(&footer_bytes)?;
    let start = footer.summary_start;
    let bytes = footer_at.checked_sub(start).filter(|&bytes| bytes <= limit_bytes)?;
    if start < mcap::MAGIC.len() as u64 {
        return None;
    }
    file.seek(SeekFrom::Start(start)).ok()?;
    let content = walk::read_bytes(file, bytes).ok()?;
    if footer.summary_crc != 0 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&content);
        // The CRC covers the footer up to the CRC itself.
        crc.update(&footer_bytes[..RECORD_HEADER_BYTES + 16]);
        if crc.finalize() != footer.summary_crc {
            return None;
        }
    }
    let mut summary = parse(&content, start)?;
    for (offset, length) in std::mem::take(&mut summary.metadata_at) {
        summary.summary.metadata.extend(metadata_record(file, offset, length, start, limit_bytes));
    }
    summary.summary.is_usable().then_some(summary.summary)
}

fn parse_footer(bytes: &[u8]) -> Option<Footer> {
    let found = chunk::record_at(bytes, 0).ok()??;
    if found.opcode != op::FOOTER || bytes.get(found.body.end..) != Some(mcap::MAGIC) {
        return None;
    }
    record::footer(&bytes[found.body])
}

struct Parsed {
    summary: Summary,
    metadata_at: Vec<(u64, u64)>,
}

fn parse(content: &[u8], start: u64) -> Option<Parsed> {
    let mut schemas = BTreeMap::new();
    let mut channels = BTreeMap::new();
    let mut chunks = Vec::new();
    let mut statistics = None;
    let mut metadata_at = Vec::new();
    let mut position = 0;
    while let Some(found) = chunk::record_at(content, position).ok()? {
        position = found.body.end;
        let body = &content[found.body];
        match found.opcode {
            op::SCHEMA => schemas.extend([record::schema(body)?]),
            op::CHANNEL => channels.extend([record::channel(body).map(|channel| (channel.id, channel))?]),
            op::CHUNK_INDEX => chunks.push(record::chunk_index(body)?),
            op::STATISTICS => statistics = Some(record::statistics(body)?),
            op::METADATA_INDEX => metadata_at.push(record::metadata_index(body)?),
            // Attachment indexes and summary offsets are of no use here.
            _ => {}
        }
    }
    let summary = Summary { start, schemas, channels, chunks, statistics: statistics?, metadata: Vec::new() };
    Some(Parsed { summary, metadata_at })
}

fn metadata_record(
    file: &mut File,
    offset: u64,
    length: u64,
    end: u64,
    limit_bytes: u64,
) -> Option<Metadata> {
    if length > limit_bytes || offset.checked_add(length)? > end {
        return None;
    }
    file.seek(SeekFrom::Start(offset)).ok()?;
    let bytes = walk::read_bytes(&mut file.take(length), length).ok()?;
    let found = chunk::record_at(&bytes, 0).ok()??;
    if found.opcode == op::METADATA { record::metadata(&bytes[found.body]) } else { None }
}

impl Summary {
    /// Whether everything that reading by index needs is there.
    fn is_usable(&self) -> bool {
        let statistics = &self.statistics;
        let chunk_is_inside = |index: &ChunkIndex| {
            index.chunk_start_offset.checked_add(index.chunk_length).is_some_and(|end| end <= self.start)
        };
        let has_schema =
            |channel: &Channel| channel.schema_id == 0 || self.schemas.contains_key(&channel.schema_id);
        u64::from(statistics.channel_count) == self.channels.len() as u64
            && u64::from(statistics.chunk_count) == self.chunks.len() as u64
            && statistics.message_start_time <= statistics.message_end_time
            && self.channels.values().all(has_schema)
            && self.chunks.iter().all(chunk_is_inside)
    }
}
