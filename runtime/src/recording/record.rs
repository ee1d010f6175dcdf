//! Takes records apart. The `mcap` crate's own parser believes the length in front of a string and allocates up
//! to 4 GiB for a damaged one; here every length is checked against what is there first.

use std::collections::BTreeMap;

use mcap::records::{Channel, ChunkHeader, ChunkIndex, Footer, Metadata, Statistics};

use super::topic::Schema;

/// The fields of a record, one after another; `None` where too few bytes are left.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Bytes behind their length in 32 bits.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.bytes(length as usize)
    }

    fn string(&mut self) -> Option<String> {
        std::str::from_utf8(self.block()?).ok().map(str::to_owned)
    }

    /// Pairs behind their length in bytes. Of equal keys the last counts.
    fn map<K: Ord, V>(&mut self, pair: impl Fn(&mut Self) -> Option<(K, V)>) -> Option<BTreeMap<K, V>> {
        let mut fields = Fields(self.block()?);
        let mut map = BTreeMap::new();
        while !fields.0.is_empty() {
            let (key, value) = pair(&mut fields)?;
            map.insert(key, value);
        }
        Some(map)
    }

    fn string_map(&mut self) -> Option<BTreeMap<String, String>> {
        self.map(|fields| Some((fields.string()?, fields.string()?)))
    }

    fn count_map(&mut self) -> Option<BTreeMap<u16, u64>> {
        self.map(|fields| Some((fields.u16()?, fields.u64()?)))
    }
}

/// A schema with its id. Text that is not UTF-8 is kept as far as it is.
pub(super) fn schema(body: &[u8]) -> Option<(u16, Schema)> {
    let mut fields = Fields(body);
    let id = fields.u16()?;
    let (name, encoding) = (fields.string()?, fields.string()?);
    let definition = String::from_utf8_lossy(fields.block()?).into_owned();
    Some((id, Schema { name, encoding, definition }))
}

pub(super) fn channel(body: &[u8]) -> Option<Channel> {
    let mut fields = Fields(body);
    Some(Channel {
        id: fields.u16()?,
        schema_id: fields.u16()?,
        topic: fields.string()?,
        message_encoding: fields.string()?,
        metadata: fields.string_map()?,
    })
}

/// A chunk's header and its content, still compressed.
pub(super) fn chunk(body: &[u8]) -> Option<(ChunkHeader, &[u8])> {
    let mut fields = Fields(body);
    let header = ChunkHeader {
        message_start_time: fields.u64()?,
        message_end_time: fields.u64()?,
        uncompressed_size: fields.u64()?,
        uncompressed_crc: fields.u32()?,
        compression: fields.string()?,
        compressed_size: fields.u64()?,
    };
    let data = fields.bytes(usize::try_from(header.compressed_size).ok()?)?;
    Some((header, data))
}

pub(super) fn chunk_index(body: &[u8]) -> Option<ChunkIndex> {
    let mut fields = Fields(body);
    Some(ChunkIndex {
        message_start_time: fields.u64()?,
        message_end_time: fields.u64()?,
        chunk_start_offset: fields.u64()?,
        chunk_length: fields.u64()?,
        message_index_offsets: fields.count_map()?,
        message_index_length: fields.u64()?,
        compression: fields.string()?,
        compressed_size: fields.u64()?,
        uncompressed_size: fields.u64()?,
    })
}

pub(super) fn metadata(body: &[u8]) -> Option<Metadata> {
    let mut fields = Fields(body);
    Some(Metadata { name: fields.string()?, metadata: fields.string_map()? })
}

/// Where a metadata record lies: offset and length in bytes.
pub(super) fn metadata_index(body: &[u8]) -> Option<(u64, u64)> {
    let mut fields = Fields(body);
    Some((fields.u64()?, fields.u64()?))
}

pub(super) fn statistics(body: &[u8]) -> Option<Statistics> {
    let mut fields = Fields(body);
    Some(Statistics {
        message_count: fields.u64()?,
        schema_count: fields.u16()?,
        channel_count: fields.u32()?,
        attachment_count: fields.u32()?,
        metadata_count: fields.u32()?,
        chunk_count: fields.u32()?,
        message_start_time: fields.u64()?,
        message_end_time: fields.u64()?,
        channel_message_counts: fields.count_map()?,
    })
}

pub(super) fn footer(body: &[u8]) -> Option<Footer> {
    let mut fields = Fields(body);
    Some(Footer {
        summary_start: fields.u64()?,
        summary_offset_start: fields.u64()?,
        summary_crc: fields.u32()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_longer_than_the_record_is_refused() {
        let mut body = vec![1, 0];
        body.extend(u32::MAX.to_le_bytes());
        body.extend(b"std_msgs/msg/String");
        assert!(schema(&body).is_none());
    }

    #[test]
    fn half_a_pair_is_refused() {
        let mut body = vec![1, 0, 0, 0, b'n'];
        body.extend(4_u32.to_le_bytes());
        body.extend([0; 4]);
        assert!(metadata(&body).is_none());
    }
}
