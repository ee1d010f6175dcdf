//! Charts and scenes as SVG or PNG.

mod color;
mod layer;
mod page;
mod panel;
mod ticks;

pub use color::Color;
pub use layer::{Fill, Stroke};
pub use page::{Page, SaveError};
pub use panel::Panel;
