//! What every AtlasMesh node stands on.

pub mod args;
pub mod names;
pub mod params;
