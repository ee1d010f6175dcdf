//! Incidents: what needs a person's attention until it is resolved. Playbook service: alerts-incident.

pub mod api;
pub mod store;

use crate::db::Tx;
use crate::events::{self, NewEvent};
use crate::id;

/// An incident to open.
pub struct NewIncident<'a> {
    /// Whose.
    pub tenant_id: &'a str,
    /// e.g. `emergency_stop`.
    pub kind: &'a str,
    /// `sev1` (act now) to `sev4`.
    pub severity: &'a str,
    /// For people.
    pub title: &'a str,
    /// Which vehicle.
    pub vehicle_id: Option<&'a str>,
    /// On which trip.
    pub trip_id: Option<&'a str>,
    /// Who or what opened it.
    pub opened_by: &'a str,
}

/// Opens an incident and announces it: whoever streams events is notified.
pub async fn open(tx: &mut Tx, incident: NewIncident<'_>) -> sqlx::Result<String> {
    let incident_id = id::new("inc");
    store::insert(tx, &incident_id, &incident).await?;
    let data = serde_json::json!({
        "incident_id": incident_id, "kind": incident.kind, "severity": incident.severity, "title": incident.title,
        "vehicle_id": incident.vehicle_id, "trip_id": incident.trip_id,
    });
    let entity = format!("incident:{incident_id}");
    let event = NewEvent {
        tenant_id: incident.tenant_id,
        kind: "incident.opened",
        entity: &entity,
        actor: incident.opened_by,
        data,
    };
    events::write(tx, event).await?;
    Ok(incident_id)
}
