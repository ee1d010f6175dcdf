//! Maps that ship with the product.

/// Their names.
pub(crate) const NAMES: [&str; 0] = [];

/// The OpenDRIVE text of a shipped map.
pub(crate) fn text(_name: &str) -> Option<&'static str> {
    None
}
