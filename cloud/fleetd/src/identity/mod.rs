//! Users, roles, tokens, and the audit of every access and refusal. Playbook service: auth-service.

pub mod api;
pub mod audit;
pub mod caller;
mod credentials;
mod password;
pub mod role;
pub mod session;
pub mod store;
pub mod token;

pub use caller::Caller;
pub use role::{Permission, Role};

use crate::App;
use crate::gateway::problem::{Problem, Result};

/// Creates the first user where there is none. Its password is told once, by the caller.
pub async fn first_user(app: &App) -> Result<Option<(String, String)>> {
    if store::has_users(app.db.reader()).await? {
        return Ok(None);
    }
    let password = token::random().split_off(4)[..24].to_owned();
    add_user(app, &app.config.tenant, "admin", "Administrator", Role::Admin, password.clone()).await?;
    Ok(Some(("admin".into(), password)))
}

/// Adds a user.
pub async fn add_user(
    app: &App,
    tenant_id: &str,
    user_id: &str,
    name: &str,
    role: Role,
    password: String,
) -> Result<()> {
    if password.chars().count() < password::MIN_LENGTH {
        return Err(Problem::unprocessable(
            "weak-password",
            format!("the password has to have at least {} characters", password::MIN_LENGTH),
        ));
    }
    let fits = (1..=64).contains(&user_id.len())
        && user_id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'));
    if !fits || user_id == caller::ANONYMOUS {
        return Err(Problem::unprocessable(
            "invalid-user-id",
            "user_id has to be 1 to 64 letters, digits, '-', '_', '.' or '@', and not \"anonymous\"",
        ));
    }
    let hash = password::hash(password).await?;
    let mut tx = app.db.begin().await?;
    store::add_tenant(&mut tx, tenant_id).await?;
    if !store::add_user(&mut tx, tenant_id, user_id, name, role, &hash).await? {
        return Err(Problem::conflict("user-exists", format!("there is a user {user_id} already")));
    }
    tx.commit().await?;
    Ok(())
}
