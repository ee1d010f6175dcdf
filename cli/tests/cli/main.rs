//! Runs the real `atlas` against nodes of this process.

mod bags;
mod graph;
mod offline;
mod params;
mod services;
mod topics;
mod unknown_type;
mod world;
