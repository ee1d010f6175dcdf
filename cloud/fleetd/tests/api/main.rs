//! The API as clients see it: a real service on a port of its own, asked over HTTP and WebSocket.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod document;
mod hosts;
mod identity;
mod pages;
mod routing;
mod service;
mod spans;
mod stream;
mod trips;
