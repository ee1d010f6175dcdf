//! Only tests; see `tests/conformance/main.rs`.
