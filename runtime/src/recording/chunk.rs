//! Records in memory: finding them, taking chunks apart. Trusts no length.

use std::{io::Read, ops::Range};

use bytes::Bytes;
use mcap::records::{ChunkHeader, MessageHeader};

use super::record;

/// Opcode and length in front of every record.
pub(super) const RECORD_HEADER_BYTES: usize = 9;
/// Channel, sequence, log time and publish time in front of a message's payload.
const MESSAGE_HEADER_BYTES: usize = 22;

/// A record within a piece of memory.
pub(super) struct RecordAt {
    pub opcode: u8,
    /// Where its body lies.
    pub body: Range<usize>,
}

/// The record at `position`; `None` at the end, an error where no whole record is left.
pub(super) fn record_at(content: &[u8], position: usize) -> Result<Option<RecordAt>, String> {
    let rest = content.get(position..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let cut = || format!("a record at byte {position} of {} is cut off", content.len());
    let (header, body) = rest.split_first_chunk::<RECORD_HEADER_BYTES>().ok_or_else(cut)?;
    let (opcode, length) = record_header(header);
    if opcode == 0 || length > body.len() as u64 {
        return Err(cut());
    }
    let start = position + RECORD_HEADER_BYTES;
    Ok(Some(RecordAt { opcode, body: start..start + length as usize }))
}

/// Opcode and length of the body.
pub(super) fn record_header(header: &[u8; RECORD_HEADER_BYTES]) -> (u8, u64) {
    let [opcode, length @ ..] = *header;
    (opcode, u64::from_le_bytes(length))
}

/// Takes a message record's body apart.
pub(super) fn message(body: &[u8]) -> Option<(MessageHeader, Range<usize>)> {
    let header = body.first_chunk::<MESSAGE_HEADER_BYTES>()?;
    let u64_at = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let header = MessageHeader {
        channel_id: u16::from_le_bytes([header[0], header[1]]),
        sequence: u32::from_le_bytes([header[2], header[3], header[4], header[5]]),
        log_time: u64_at(6),
        publish_time: u64_at(14),
    };
    Some((header, MESSAGE_HEADER_BYTES..body.len()))
}

/// A chunk's header and its content, decompressed and checked against the CRC.
pub(super) struct Chunk {
    pub header: ChunkHeader,
    pub content: Bytes,
}

/// Takes a chunk record's body apart. `limit_bytes` bounds the content.
pub(super) fn decode(body: &Bytes, limit_bytes: u64) -> Result<Chunk, String> {
    let (header, data) = record::chunk(body).ok_or("the header of a chunk cannot be read")?;
    let size = header.uncompressed_size;
    if size > limit_bytes {
        return Err(format!("a chunk claims {size} bytes, more than the limit of {limit_bytes}"));
    }
    let content = match header.compression.as_str() {
        "" => body.slice_ref(data),
        "zstd" => zstd::bulk::decompress(data, size as usize).map_err(|error| error.to_string())?.into(),
        "lz4" => lz4(data, size).map_err(|error| error.to_string())?.into(),
        other => return Err(format!("its compression {other:?} is not known here")),
    };
    if content.len() as u64 != size {
        return Err(format!("a chunk of {size} bytes came out with {} bytes", content.len()));
    }
    if header.uncompressed_crc != 0 && crc32fast::hash(&content) != header.uncompressed_crc {
        return Err("the checksum of a chunk does not match".into());
    }
    Ok(Chunk { header, content })
}

fn lz4(data: &[u8], size: u64) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(size as usize);
    // One byte more than announced is enough to see that there is too much.
    lz4::Decoder::new(data)?.take(size + 1).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use mcap::records::op;

    use super::*;

    fn chunk(compression: &str, size: u64, data: &[u8]) -> Bytes {
        let mut body = Vec::new();
        for value in [1_u64, 2, size] {
            body.extend(value.to_le_bytes());
        }
        body.extend(0_u32.to_le_bytes());
        body.extend((compression.len() as u32).to_le_bytes());
        body.extend(compression.as_bytes());
        body.extend((data.len() as u64).to_le_bytes());
        body.extend(data);
        body.into()
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; 10 << 20], 1).unwrap();
        assert!(bomb.len() < 5000);
        let limit = 1 << 20;
        assert!(decode(&chunk("zstd", 10 << 20, &bomb), limit).is_err(), "over the limit");
        assert!(decode(&chunk("zstd", 1000, &bomb), limit).is_err(), "more than announced");
        assert!(decode(&chunk("", 1 << 60, b"x"), limit).is_err());
        assert!(decode(&chunk("lzma", 1, b"x"), limit).is_err());
        assert_eq!(decode(&chunk("", 1, b"x"), limit).unwrap_or_else(|e| panic!("{e}")).content, &b"x"[..]);
    }

    #[test]
    fn a_length_that_does_not_fit_is_an_error() {
        let mut record = vec![op::MESSAGE];
        record.extend((1_u64 << 60).to_le_bytes());
        record.extend([0; 100]);
        assert!(record_at(&record, 0).is_err());
        assert!(record_at(&record, 105).is_err());
        assert!(record_at(&record, record.len()).unwrap().is_none());
        assert!(record_at(&record, usize::MAX).unwrap().is_none());
        assert!(message(&[0; 21]).is_none());
    }
}
