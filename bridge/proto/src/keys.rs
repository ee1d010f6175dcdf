//! Keys: `atlasmesh/v1/{tenant}/{vehicle}/…`

use std::fmt;

const ROOT: &str = "atlasmesh/v1";

/// Whose keys: one vehicle of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    tenant: String,
    vehicle: String,
}

/// Why a name can't be part of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Names are 1 to 64 letters, digits, `-`, `_` or `.`
    #[error("{what} {name:?} can't be part of a key: it has to be 1 to 64 letters, digits, '-', '_' or '.'")]
    Name {
        /// Tenant or vehicle.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Not one of ours.
    #[error("{0:?} is not a key of this protocol (atlasmesh/v1/TENANT/VEHICLE/…)")]
    Unknown(String),
}

impl Scope {
    /// Of a vehicle.
    pub fn new(tenant: &str, vehicle: &str) -> Result<Self, KeyError> {
        for (what, name) in [("tenant", tenant), ("vehicle", vehicle)] {
            let fits = (1..=64).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            if !fits {
                return Err(KeyError::Name { what, name: name.chars().take(80).collect() });
            }
        }
        Ok(Self { tenant: tenant.into(), vehicle: vehicle.into() })
    }

    /// Id of the tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Id of the vehicle within the tenant.
    pub fn vehicle(&self) -> &str {
        &self.vehicle
    }

    /// One key of the vehicle.
    pub fn key(&self, suffix: Suffix) -> String {
        format!("{self}/{suffix}")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}/{}/{}", self.tenant, self.vehicle)
    }
}

/// Whom a certificate speaks for: what it may say and hear under which keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// One vehicle.
    Vehicle(Scope),
    /// A process that stands for many vehicles of one tenant, e.g. a simulated fleet.
    Fleet {
        /// Id of the tenant.
        tenant: String,
    },
}

impl Holder {
    /// Of all vehicles of a tenant.
    pub fn fleet(tenant: &str) -> Result<Self, KeyError> {
        Scope::new(tenant, "any").map(|scope| Self::Fleet { tenant: scope.tenant })
    }

    /// Common name of the certificate, `TENANT/VEHICLE` or `TENANT/*`: unlike `.`, neither `/` nor `*` can be part of
    /// an id, so no two holders have the same.
    pub fn common_name(&self) -> String {
        match self {
            Self::Vehicle(scope) => format!("{}/{}", scope.tenant, scope.vehicle),
            Self::Fleet { tenant } => format!("{tenant}/*"),
        }
    }

    /// A key of the vehicle, or of each of the vehicles; `*` for the session of a command.
    pub fn key(&self, suffix: Suffix) -> String {
        format!("{ROOT}/{}/{}", self.common_name(), suffix.of_any_session())
    }
}

impl From<Scope> for Holder {
    fn from(scope: Scope) -> Self {
        Self::Vehicle(scope)
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suffix {
    /// [`crate::v1::Hello`] as a query, answered by [`crate::v1::Welcome`].
    Hello,
    /// [`crate::v1::Telemetry`], put.
    Telemetry,
    /// [`crate::v1::EventUpload`] as a query, answered by [`crate::v1::EventAck`].
    EventUpload,
    /// [`crate::v1::Command`] as a query to one session, answered by [`crate::v1::CommandAck`].
    Command([u8; 16]),
}

impl Suffix {
    /// The key of all vehicles of all tenants, for the cloud's side; `*` for the session of a command.
    pub fn of_all(self) -> String {
        format!("{ROOT}/*/*/{}", self.of_any_session())
    }

    fn of_any_session(self) -> String {
        match self {
            Self::Command(_) => "command/*".into(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello => f.write_str("session/hello"),
            Self::Telemetry => f.write_str("telemetry/state"),
            Self::EventUpload => f.write_str("event/upload"),
            Self::Command(session) => {
                f.write_str("command/")?;
                session.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// A key taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose.
    pub scope: Scope,
    /// What for.
    pub suffix: Suffix,
}

impl Key {
    /// Takes a key apart.
    pub fn parse(key: &str) -> Result<Self, KeyError> {
        let unknown = || KeyError::Unknown(key.chars().take(200).collect());
        let rest = key.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).ok_or_else(unknown)?;
        let mut parts = rest.splitn(3, '/');
        let (Some(tenant), Some(vehicle), Some(suffix)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(unknown());
        };
        let suffix = match suffix {
            "session/hello" => Suffix::Hello,
            "telemetry/state" => Suffix::Telemetry,
            "event/upload" => Suffix::EventUpload,
            _ => Suffix::Command(suffix.strip_prefix("command/").and_then(session_id).ok_or_else(unknown)?),
        };
        Ok(Self { scope: Scope::new(tenant, vehicle)?, suffix })
    }
}

fn session_id(hex: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    if hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    for (byte, i) in id.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()?;
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_apart_as_they_were_put_together() {
        let scope = Scope::new("tenant-001", "AV-001").unwrap();
        let command = Suffix::Command(*b"\x00\x01\x02\x03\xfc\xfd\xfe\xff01234567");
        for suffix in [Suffix::Hello, Suffix::Telemetry, Suffix::EventUpload, command] {
            let key = scope.key(suffix);
            assert_eq!(Key::parse(&key).unwrap(), Key { scope: scope.clone(), suffix });
        }
        assert_eq!(scope.key(Suffix::Telemetry), "atlasmesh/v1/tenant-001/AV-001/telemetry/state");
    }

    #[test]
    fn certificates_name_whom_they_speak_for() {
        let vehicle = Holder::from(Scope::new("tenant-001", "AV-001").unwrap());
        assert_eq!(vehicle.common_name(), "tenant-001/AV-001");
        assert_eq!(vehicle.key(Suffix::Command([7; 16])), "atlasmesh/v1/tenant-001/AV-001/command/*");
        let fleet = Holder::fleet("tenant-001").unwrap();
        assert_eq!(fleet.common_name(), "tenant-001/*");
        assert_eq!(fleet.key(Suffix::Hello), "atlasmesh/v1/tenant-001/*/session/hello");
        assert!(Holder::fleet("*").is_err());
    }

    #[test]
    fn names_that_would_reach_into_other_keys_are_refused() {
        for name in ["", "a/b", "*", "**", "a b", "$*", "é", &"x".repeat(65)] {
            assert!(Scope::new("t", name).is_err(), "{name:?}");
            assert!(Scope::new(name, "v").is_err(), "{name:?}");
        }
    }

    #[test]
    fn other_keys_are_refused() {
        for key in [
            "",
            "atlasmesh/v1",
            "atlasmesh/v2/t/v/telemetry/state",
            "atlasmesh/v1/t/v/command/00",
            "atlasmesh/v1/t/v/x",
        ] {
            assert!(Key::parse(key).is_err(), "{key}");
        }
    }
}
