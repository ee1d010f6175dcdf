//! Maps that ship with the product.

/// Names of the maps that ship with the product, for [`crate::Map::load`].
pub const SHIPPED: [&str; 1] = ["terminal-yard"];

/// The OpenDRIVE text of a shipped map.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    (name == "terminal-yard").then_some(include_str!("../data/terminal-yard.xodr"))
}
