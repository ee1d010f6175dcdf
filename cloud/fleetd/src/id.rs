//! Ids: a prefix that says what it is, and a ULID, so that they sort by the time they were made.

/// A new id, e.g. `trip_01JDF3Z0…`.
pub fn new(prefix: &str) -> String {
    format!("{prefix}_{}", ulid::Ulid::generate().to_string().to_lowercase())
}
