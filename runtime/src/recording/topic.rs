//! What a recorded topic is: its name, its type and how it was offered.

use std::collections::BTreeMap;

use super::qos::{self, QosEntry};

/// Channel metadata key that rosbag2 uses for the QoS of the publishers.
const OFFERED_QOS_KEY: &str = "offered_qos_profiles";
/// Channel metadata key that rosbag2 uses for the RIHS01 hash of the type.
const TYPE_HASH_KEY: &str = "topic_type_hash";

/// A topic to be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicInfo {
    /// Full name, such as `/chatter`.
    pub name: String,
    /// Type name, such as `std_msgs/msg/String`.
    pub type_name: String,
    /// `RIHS01_…` hash of the type; may be empty.
    pub type_hash: String,
    /// `ros2msg` definition: the type's own `.msg` text, then `====…` and `MSG: pkg/Type` for each dependency.
    pub definition: String,
    /// QoS of the publishers at the time the topic was added.
    pub offered_qos: Vec<QosEntry>,
}

/// A topic of one [`Recorder`](super::Recorder); meaningless to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub(super) u16);

/// A topic as a bag holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BagTopic {
    /// Name, type and offered QoS.
    pub info: TopicInfo,
    /// Encoding of the messages; `cdr` in ROS 2.
    pub serialization_format: String,
    /// Language of `info.definition`; `ros2msg` or `ros2idl` in ROS 2, empty where the bag has no definition.
    pub definition_format: String,
    /// Everything else the file says about the channel, as written.
    pub metadata: BTreeMap<String, String>,
}

impl BagTopic {
    /// The channel that a ROS 2 recorder makes of a topic.
    pub(super) fn for_recording(info: TopicInfo) -> Self {
        let metadata = BTreeMap::from([
            (OFFERED_QOS_KEY.to_owned(), qos::to_yaml(&info.offered_qos)),
            (TYPE_HASH_KEY.to_owned(), info.type_hash.clone()),
        ]);
        Self { info, serialization_format: "cdr".into(), definition_format: "ros2msg".into(), metadata }
    }

    /// The topic that a channel and its schema stand for. A QoS text that cannot be read gives an empty list.
    pub(super) fn from_channel(channel: mcap::records::Channel, schema: Option<&Schema>) -> Self {
        let text = |key: &str| channel.metadata.get(key).map_or("", String::as_str);
        let info = TopicInfo {
            name: channel.topic,
            type_name: schema.map_or_else(String::new, |s| s.name.clone()),
            type_hash: text(TYPE_HASH_KEY).to_owned(),
            definition: schema.map_or_else(String::new, |s| s.definition.clone()),
            offered_qos: qos::from_yaml(text(OFFERED_QOS_KEY)).unwrap_or_default(),
        };
        Self {
            info,
            serialization_format: channel.message_encoding,
            definition_format: schema.map_or_else(String::new, |s| s.encoding.clone()),
            metadata: channel.metadata,
        }
    }
}

/// A message type as an MCAP schema record holds it.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub name: String,
    pub encoding: String,
    pub definition: String,
}
