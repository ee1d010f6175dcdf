//! What `rmw_zenoh` sends beside each sample: sequence number, source time, source id (33 bytes).

use crate::transport::Gid;

/// Beside a sample, a request and an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Counted by the sender, from 1.
    pub sequence: i64,
    /// ns since the epoch.
    pub source_time_ns: i64,
    /// Id of the sender.
    pub source: Gid,
}

/// Two integers, the length of the id, the id.
const LENGTH: usize = 8 + 8 + 1 + 16;

/// An attachment as on the wire.
pub type Encoded = [u8; LENGTH];

impl Attachment {
    /// As on the wire. A peer that can't parse it may abort, so the form matters to the byte.
    pub fn encode(&self) -> Encoded {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.source_time_ns.to_le_bytes());
        bytes[16] = 16;
        bytes[17..].copy_from_slice(&self.source);
        bytes
    }

    /// From the wire; also the form of early Jazzy, with the names of the fields before their values.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        // The first byte alone does not tell: it is 15 for the 15th sample of the other form, too.
        let named = rest.starts_with(b"\x0fsequence_number");
        let mut value = |name: &str, len: usize| -> Option<&[u8]> {
            if named {
                rest = rest.strip_prefix(&[name.len() as u8])?.strip_prefix(name.as_bytes())?;
            }
            let (value, tail) = rest.split_at_checked(len)?;
            rest = tail;
            Some(value)
        };
        let sequence = i64::from_le_bytes(value("sequence_number", 8)?.try_into().ok()?);
        let source_time_ns = i64::from_le_bytes(value("source_timestamp", 8)?.try_into().ok()?);
        let id = value("source_gid", 17)?;
        (id[0] == 16).then_some(())?;
        Some(Self { sequence, source_time_ns, source: id[1..].try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_number_survives() {
        for sequence in (0..1000).chain([i64::MAX, i64::MIN, -1]) {
            let a = Attachment { sequence, source_time_ns: 1, source: [7; 16] };
            assert_eq!(Attachment::decode(&a.encode()), Some(a));
        }
    }

    #[test]
    fn both_forms() {
        let a = Attachment { sequence: 7, source_time_ns: -3, source: [9; 16] };
        for sequence in 0..1000 {
            let a = Attachment { sequence, ..a };
            assert_eq!(Attachment::decode(&a.encode()), Some(a));
        }
        let mut old = vec![15];
        old.extend_from_slice(b"sequence_number");
        old.extend_from_slice(&7_i64.to_le_bytes());
        old.push(16);
        old.extend_from_slice(b"source_timestamp");
        old.extend_from_slice(&(-3_i64).to_le_bytes());
        old.push(10);
        old.extend_from_slice(b"source_gid");
        old.push(16);
        old.extend_from_slice(&[9; 16]);
        assert_eq!(old.len(), 77);
        assert_eq!(Attachment::decode(&old), Some(a));
        for n in 0..old.len() {
            assert_eq!(Attachment::decode(&old[..n]), None);
        }
    }
}
