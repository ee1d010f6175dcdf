//! ROS 2 interface types: the standard packages of Jazzy, `ackermann_msgs`, and our own `safety_msgs` and
//! `atlasmesh_msgs`, as plain Rust structs with CDR encoding, RIHS01 type hashes and their definitions.
//!
//! ```
//! use msgs::{Message, std_msgs::msg::String as Text};
//! let text = Text { data: "hello".into() };
//! let bytes = text.encode(0).unwrap();
//! assert_eq!(Text::decode(&bytes).unwrap(), text);
//! assert_eq!(Text::TYPE_NAME, "std_msgs/msg/String");
//! ```
//!
//! The types are generated at build time by [`rosidl`]; messages with `wstring` fields are left out.

pub mod cdr;
pub mod dynamic;
mod generated;
mod registry;

use bytes::Bytes;
pub use cdr::{Cdr, CdrError, CdrReader, CdrWriter};
pub use generated::*;
pub use registry::{Interface, interface, interfaces, types};
pub use rosidl;

/// A ROS 2 message.
pub trait Message: Cdr + Clone + Default + std::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Full name, e.g. `std_msgs/msg/String`.
    const TYPE_NAME: &'static str;
    /// RIHS01 hash (REP-2016), e.g. `RIHS01_df66…`.
    const TYPE_HASH: &'static str;

    /// CDR bytes with their header. `capacity` is a guess of the size in bytes that saves growing; 0 is fine.
    fn encode(&self, capacity: usize) -> Result<Bytes, CdrError> {
        let mut writer = CdrWriter::with_capacity(capacity);
        self.write(&mut writer);
        writer.finish().map(Bytes::from)
    }

    /// From CDR bytes with their header. Byte arrays of the message are slices of `bytes`, without a copy.
    fn decode(bytes: &Bytes) -> Result<Self, CdrError> {
        Self::read(&mut CdrReader::shared(bytes)?)
    }
}

/// A ROS 2 service.
pub trait Service: 'static {
    /// What a client sends.
    type Request: Message;
    /// What the server answers.
    type Response: Message;
    /// Full name, e.g. `std_srvs/srv/Trigger`.
    const TYPE_NAME: &'static str;
    /// RIHS01 hash of the service.
    const TYPE_HASH: &'static str;
}
