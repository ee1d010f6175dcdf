//! Only a test; see `tests/dependencies.rs`.
