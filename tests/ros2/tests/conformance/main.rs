//! Our transport and types against full `hiroz` nodes, an independent implementation of `rmw_zenoh`'s wire: one session
//! of each, connected directly over loopback, in every test.
//!
//! A new subject is a new module here: `peer::Pair` gives a node on each side.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod graph;
mod hashes;
mod late_joiners;
mod parameters;
mod peer;
mod services;
mod topics;
mod type_descriptions;
