//! What the recording tests share: topics, hand-made CDR, and reading a bag whole.
#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::path::Path;

use bytes::Bytes;
use runtime::recording::{Bag, BagError, BagMessage, MessageFilter, QosEntry, Recorder, TopicId, TopicInfo};

pub const POINT_CLOUD_DEFINITION: &str = "\
std_msgs/Header header
uint32 height
uint32 width
sensor_msgs/PointField[] fields
bool is_bigendian
uint32 point_step
uint32 row_step
uint8[] data
bool is_dense
================================================================================
MSG: sensor_msgs/PointField
uint8 INT8    = 1
uint8 FLOAT32 = 7
string name
uint32 offset
uint8 datatype
uint32 count
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
";

pub fn string_topic(name: &str) -> TopicInfo {
    TopicInfo {
        name: name.into(),
        type_name: "std_msgs/msg/String".into(),
        type_hash: "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18".into(),
        definition: "string data\n".into(),
        offered_qos: vec![QosEntry::default()],
    }
}

pub fn cloud_topic(name: &str) -> TopicInfo {
    TopicInfo {
        name: name.into(),
        type_name: "sensor_msgs/msg/PointCloud2".into(),
        type_hash: String::new(),
        definition: POINT_CLOUD_DEFINITION.into(),
        offered_qos: vec![QosEntry::default(), QosEntry { depth: 5, ..QosEntry::default() }],
    }
}

/// Little-endian CDR with its encapsulation header.
#[derive(Default)]
pub struct Cdr(Vec<u8>);

impl Cdr {
    pub fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn string(mut self, text: &str) -> Self {
        self = self.u32(text.len() as u32 + 1);
        self.0.extend(text.as_bytes());
        self.u8(0)
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self = self.u32(bytes.len() as u32);
        self.0.extend(bytes);
        self
    }

    pub fn finish(self) -> Bytes {
        [&[0, 1, 0, 0], self.0.as_slice()].concat().into()
    }
}

pub fn string_message(text: &str) -> Bytes {
    Cdr::default().string(text).finish()
}

/// A cloud of `points` points with x, y, z.
pub fn cloud_message(points: u32) -> Bytes {
    let mut cdr = Cdr::default().u32(7).u32(8).string("lidar").u32(1).u32(points).u32(3);
    for (at, name) in ["x", "y", "z"].into_iter().enumerate() {
        cdr = cdr.string(name).u32(at as u32 * 4).u8(7).u32(1);
    }
    let data: Vec<u8> = (0..points * 3).flat_map(|i| (i as f32 * 0.25).to_le_bytes()).collect();
    cdr.u8(0).u32(12).u32(12 * points).bytes(&data).u8(1).finish()
}

/// Writes and insists that the queue takes it.
pub fn write(recorder: &Recorder, topic: TopicId, time_ns: u64, sequence: u32, data: Bytes) {
    let outcome = recorder.write(topic, time_ns, time_ns - 1, sequence, data);
    assert_eq!(outcome, runtime::recording::WriteOutcome::Queued);
}

/// All messages and all errors of a bag.
pub fn read(path: &Path) -> Result<(Vec<BagMessage>, Vec<BagError>), BagError> {
    let mut messages = Vec::new();
    let mut errors = Vec::new();
    for message in Bag::open(path)?.messages(MessageFilter::default()) {
        match message {
            Ok(message) => messages.push(message),
            Err(error) => errors.push(error),
        }
    }
    Ok((messages, errors))
}

/// The messages of a bag without damage.
pub fn read_all(path: &Path) -> Vec<BagMessage> {
    let (messages, errors) = read(path).unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    messages
}

/// Small numbers from a seed: xorshift64*.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit.max(1)
    }
}
