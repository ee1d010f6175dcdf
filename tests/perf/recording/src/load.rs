//! Payloads that compress about as well as sensor data: half of it noise.

use bytes::Bytes;
use runtime::recording::{QosEntry, TopicInfo};

/// Different payloads; the recorder sees the same one again only after more than a compressor's window.
const PAYLOADS: usize = 2_000;

pub fn topic(at: usize) -> TopicInfo {
    TopicInfo {
        name: format!("/perf/topic_{at}"),
        type_name: "std_msgs/msg/UInt8MultiArray".into(),
        definition: "std_msgs/MultiArrayLayout layout\nuint8[] data\n".into(),
        offered_qos: vec![QosEntry::default()],
        ..TopicInfo::default()
    }
}

/// Blocks of 64 bytes: 32 that follow a slope and 32 of noise.
pub fn payloads(bytes: usize) -> Vec<Bytes> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut payload = |number: usize| {
        let mut data = vec![0, 1, 0, 0];
        while data.len() < bytes {
            let slope = ((number + data.len() / 1024) as u64).to_le_bytes();
            data.extend([slope; 4].as_flattened());
            (0..4).for_each(|_| data.extend(noise().to_le_bytes()));
        }
        data.truncate(bytes);
        Bytes::from(data)
    };
    (0..PAYLOADS).map(&mut payload).collect()
}
