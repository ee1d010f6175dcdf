//! What every AtlasMesh node stands on.

pub mod rt;
