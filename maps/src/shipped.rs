//! Maps that ship with the product.

/// Their names.
pub(crate) const NAMES: [&str; 1] = ["terminal-yard"];

/// The OpenDRIVE text of a shipped map.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    (name == "terminal-yard").then_some(include_str!("../data/terminal-yard.xodr"))
}
