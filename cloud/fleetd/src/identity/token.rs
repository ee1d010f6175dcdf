//! Tokens: random, told once, kept as a hash.

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

/// 256 random bits behind a prefix by which secret scanners know it.
pub fn random() -> String {
    let bits: [u8; 32] = rand::rng().random();
    format!("amt_{}", hex(&bits))
}

/// What the database keeps.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
