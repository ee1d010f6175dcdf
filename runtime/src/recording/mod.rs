//! Recording and reading of MCAP bags that every ROS 2 tool accepts.
//!
//! [`Recorder`] writes what `ros2 bag record -s mcap` writes: profile `ros2`, CDR messages, `ros2msg` schemas,
//! offered QoS and type hashes, a summary with indexes, and on request a directory with `metadata.yaml`.
//! The caller never waits for the disk: messages go through a queue bounded in bytes, and what does not fit is
//! dropped and counted. Every finished chunk is handed to the kernel at once, so a killed process loses no more
//! than the chunk it was filling.
//!
//! [`Bag`] reads such bags, and also those without an index, cut off in the middle or damaged. It never trusts a
//! length that it has not checked against the file and a limit. [`repair`] rewrites a damaged bag as a proper one.
//!
//! Formats: the [MCAP specification](https://mcap.dev/spec), its `ros2` profile, and rosbag2 metadata version 9
//! as of ROS 2 Jazzy.
//!
//! ```no_run
//! use runtime::recording::{Bag, MessageFilter, Recorder, RecorderOptions, TopicInfo};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = Recorder::create("drive.mcap", RecorderOptions::default())?;
//! let chatter = recorder.add_topic(TopicInfo {
//!     name: "/chatter".into(),
//!     type_name: "std_msgs/msg/String".into(),
//!     definition: "string data\n".into(),
//!     ..TopicInfo::default()
//! })?;
//! recorder.write(chatter, 1_000, 1_000, 0, bytes::Bytes::from_static(b"\0\x01\0\0\x01\0\0\0\0"));
//! println!("{:?}", recorder.finish()?);
//!
//! let bag = Bag::open("drive.mcap")?;
//! println!("{}", bag.info());
//! for message in bag.messages(MessageFilter::default()) {
//!     let message = message?;
//!     println!("{} {}", message.log_time_ns, message.topic.info.name);
//! }
//! # Ok(())
//! # }
//! ```

mod chunk;
mod error;
mod file_index;
mod info;
mod merge;
mod messages;
mod qos;
mod queue;
mod reader;
mod record;
mod recorder;
mod repair;
mod rosbag2;
mod sink;
mod stats;
mod summary;
mod topic;
mod walk;
mod worker;
mod yaml;

pub use error::{BagError, RecordError};
pub use info::{BagInfo, FileInfo, TopicCount, Truncation};
pub use messages::{BagMessage, MessageFilter, Messages, ReadOrder};
pub use qos::{Durability, History, INFINITE_NS, Liveliness, QosEntry, Reliability};
pub use reader::{Bag, BagOptions};
pub use recorder::{Compression, Layout, Recorder, RecorderOptions, WriteOutcome};
pub use repair::{RepairReport, repair};
pub use stats::{RecorderStats, TopicStats};
pub use topic::{BagTopic, TopicId, TopicInfo};
