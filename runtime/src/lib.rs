//! What every AtlasMesh node stands on.
