//! ROS 2 interface definitions (`.msg`, `.srv`): a parser, type descriptions with RIHS01 hashes (REP-2016), and a
//! generator of Rust types.
//!
//! Used twice: at build time by crate `msgs` to generate types, and at run time to read the definitions that travel
//! in recordings and in the type description service.

mod describe;
mod emit;
mod model;
mod parse;
mod set;

pub use describe::{FieldTypeId, rihs01};
pub use emit::emit_rust;
pub use model::{Array, Base, Constant, Field, FieldType, Literal, MessageDef, Primitive, ServiceDef};
pub use parse::{ParseError, parse_msg, parse_srv};
pub use set::{SetError, TypeSet};
