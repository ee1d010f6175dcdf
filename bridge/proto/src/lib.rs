//! What vehicles and cloud say to each other: protobuf messages and Zenoh keys. `bridge/PROTOCOL.md` is the specification.

mod keys;

pub use keys::{Holder, Key, KeyError, Scope, Suffix};

/// The messages, generated from `proto/atlasmesh/v1`.
#[allow(missing_docs, clippy::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/atlasmesh.v1.rs"));
}

/// Version of the protocol that this code speaks; grows only when old peers can no longer be understood.
pub const PROTOCOL_VERSION: u32 = 1;
