//! Roles, and what each may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person is in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at vehicles, trips and incidents.
    Viewer,
    /// Orders trips, stops vehicles, runs the day.
    FleetOperator,
    /// Releases stopped vehicles, closes incidents.
    SafetyOfficer,
    /// Reads what proves safe operation: incidents, evidence, audit.
    Regulator,
    /// Manages users and settings.
    Admin,
}

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// See vehicles, trips, routes, incidents, events.
    View,
    /// Create, change and cancel trips.
    OperateTrips,
    /// Stop a vehicle at once.
    StopVehicles,
    /// Agree that a stopped vehicle may drive again.
    ReleaseVehicles,
    /// Block and unblock road segments, publish geofences and maps.
    ManageRoads,
    /// Add and change vehicles.
    ManageVehicles,
    /// Work on incidents.
    HandleIncidents,
    /// Read who did what.
    ReadAudit,
    /// Users, roles, log levels, settings.
    Administer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Viewer, Self::FleetOperator, Self::SafetyOfficer, Self::Regulator, Self::Admin];

    /// What it may do.
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Self::Viewer => &[View],
            Self::FleetOperator => {
                &[View, OperateTrips, StopVehicles, ReleaseVehicles, ManageRoads, HandleIncidents]
            }
            Self::SafetyOfficer => {
                &[View, StopVehicles, ReleaseVehicles, ManageRoads, HandleIncidents, ReadAudit]
            }
            Self::Regulator => &[View, ReadAudit],
            Self::Admin => &[
                View,
                OperateTrips,
                StopVehicles,
                ReleaseVehicles,
                ManageRoads,
                ManageVehicles,
                HandleIncidents,
                ReadAudit,
                Administer,
            ],
        }
    }

    /// Whether it may.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// As written in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::FleetOperator => "fleet-operator",
            Self::SafetyOfficer => "safety-officer",
            Self::Regulator => "regulator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}; roles are viewer, fleet-operator, safety-officer, regulator, admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or_else(|| UnknownRole(name.chars().take(64).collect()))
    }
}
