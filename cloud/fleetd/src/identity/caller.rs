//! Who asks. Extracting a [`Caller`] authenticates; [`Caller::require`] authorizes and audits refusals.

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};
use tracing::Span;

use super::audit::{self, Outcome};
use super::role::{Permission, Role};
use super::{credentials, session, store, token};
use crate::App;
use crate::gateway::problem::{Problem, Result};
use crate::time::Time;

/// Who a request without a token acts as in the development profile.
pub const ANONYMOUS: &str = "anonymous";

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Tenant: all that is seen and done is within it.
    pub tenant_id: String,
    /// [`ANONYMOUS`] if there was no token.
    pub user_id: String,
    /// Decides what is allowed.
    pub role: Role,
}

impl Caller {
    /// Whether a person is known behind this.
    pub fn is_person(&self) -> bool {
        self.user_id != ANONYMOUS
    }

    /// Refuses what the role may not do, and writes that down.
    pub async fn require(&self, app: &App, permission: Permission, entity: &str) -> Result<()> {
        if self.role.may(permission) {
            return Ok(());
        }
        let needed = serde_json::to_value(permission).unwrap_or_default();
        let detail =
            format!("role {} lacks the permission {}", self.role, needed.as_str().unwrap_or_default());
        audit::write(app, self, "access", entity, Outcome::Refused, &detail).await?;
        Err(Problem::forbidden(detail))
    }

    /// Refuses who is not a known person: some things need a name.
    pub fn require_person(&self) -> Result<()> {
        if self.is_person() {
            return Ok(());
        }
        Err(Problem::unauthenticated(
            "this needs to be done by a person: log in (POST /api/v1/login) and send Authorization: Bearer TOKEN",
        ))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = authenticate(parts, app).await?;
        Span::current().record("tenant_id", &caller.tenant_id).record("user_id", &caller.user_id);
        Ok(caller)
    }
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Caller> {
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        session::refuse_foreign(app, &parts.headers)?;
    }
    let Some(token) = credentials::token(&parts.headers) else {
        return app.config.anonymous_role.map_or_else(
            || {
                Err(Problem::unauthenticated(
                    "no token: log in (POST /api/v1/login) and send Authorization: Bearer TOKEN",
                ))
            },
            |role| Ok(Caller { tenant_id: app.config.tenant.clone(), user_id: ANONYMOUS.into(), role }),
        );
    };
    let refused = match store::caller_of_token(app.db.reader(), &token::hash(token)).await? {
        Some((caller, expires_at)) if expires_at > Time::now() => return Ok(caller),
        Some(_) => "the token has expired: log in again (POST /api/v1/login)",
        None => "the token is not valid: log in again (POST /api/v1/login)",
    };
    let nobody =
        Caller { tenant_id: app.config.tenant.clone(), user_id: ANONYMOUS.into(), role: Role::Viewer };
    audit::write(app, &nobody, "authenticate", parts.uri.path(), Outcome::Refused, refused).await?;
    Err(Problem::unauthenticated(refused))
}
