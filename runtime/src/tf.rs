//! Transforms between frames (`tf2`): a buffer that answers where a frame was at a time, and the ports that fill it and
//! that tell others.
//!
//! After `tf2::BufferCore` and `tf2::TimeCache`: the parent is `header.frame_id`, the transform takes points of the
//! child's frame to the parent's, in m; rotations are unit quaternions.

mod broadcaster;
mod buffer;
mod cache;
mod error;
mod listener;
mod pose;

pub use broadcaster::{StaticTfBroadcaster, TfBroadcaster};
pub use buffer::TfBuffer;
pub use error::TfError;
pub use listener::TfListener;
