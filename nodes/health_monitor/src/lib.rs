//! Aggregates diagnostics.
