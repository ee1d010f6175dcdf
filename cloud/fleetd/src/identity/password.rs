//! Passwords: argon2id, with the parameters that its crate recommends. Hashing takes tens of ms and therefore runs
//! beside the requests.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::gateway::problem::{Problem, Result};

/// Shortest password that is accepted, characters.
pub const MIN_LENGTH: usize = 12;

/// A hash in PHC form.
pub async fn hash(password: String) -> Result<String> {
    blocking(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await?
        .map_err(|error| Problem::internal(&error))
}

/// Whether the password is that of the hash. Takes as long without a hash, so that nobody learns which users exist.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    blocking(move || match hash {
        Some(hash) => Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok(),
        None => Argon2::default().hash_password(password.as_bytes()).is_err(),
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}
