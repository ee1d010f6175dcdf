//! Runs the real `atlas` against nodes of this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may panic; the lint knows only `#[test]` functions"
)]

mod bags;
mod graph;
mod offline;
mod params;
mod services;
mod topics;
mod unknown_type;
mod world;
