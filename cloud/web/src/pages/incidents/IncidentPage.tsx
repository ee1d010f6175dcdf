import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useEmergencyStops, useIncident } from "../../api/queries";
import type { IncidentDetail } from "../../api/types";
import { Page } from "../../app/Page";
import { useMay } from "../../app/session";
import { IncidentBadge, SeverityBadge } from "../../ui/Badge";
import { Card, Fact, Facts } from "../../ui/Card";
import { Failure, Skeleton } from "../../ui/State";
import { Ago, Time } from "../../ui/Time";
import { Stop } from "../vehicles/StopEvidence";
import { NoteForm } from "./NoteForm";
import { StatusButtons } from "./StatusButtons";
import { useIncidentTitle } from "./title";
import "./incident.css";

export default function IncidentPage() {
  const { id = "" } = useParams();
  const { data: incident, error, refetch } = useIncident(id);
  if (error && !incident) return <Failure error={error} onRetry={refetch} />;
  if (!incident) return <Skeleton lines={8} />;
  return <IncidentView incident={incident} />;
}

function IncidentView({ incident }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const mayHandle = useMay("handle-incidents");
  const title = useIncidentTitle()(incident);
  return (
    <Page
      title={
        <>
          <SeverityBadge severity={incident.severity} />
          <bdi>{title}</bdi>
          <IncidentBadge status={incident.status} />
        </>
      }
      windowTitle={title}
      actions={mayHandle && <StatusButtons incident={incident} />}
    >
      <div className="columns">
        <div className="stack">
          <Card title={t("incident.details")}>
            <IncidentFacts incident={incident} />
          </Card>
          {incident.kind === "emergency_stop" && incident.vehicle_id && (
            <StopOfIncident incidentId={incident.incident_id} vehicleId={incident.vehicle_id} />
          )}
        </div>
        <Card title={t("incident.notes")}>
          <div className="stack">
            <Notes incident={incident} />
            {mayHandle && <NoteForm id={incident.incident_id} />}
          </div>
        </Card>
      </div>
    </Page>
  );
}

function StopOfIncident({ incidentId, vehicleId }: { incidentId: string; vehicleId: string }) {
  const { t } = useTranslation();
  const stop = useEmergencyStops(vehicleId).data?.find(({ incident_id }) => incident_id === incidentId);
  if (!stop) return null;
  return (
    <Card title={t("incident.stop")}>
      <Stop stop={stop} />
    </Card>
  );
}

function IncidentFacts({ incident }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const { vehicle_id, trip_id, kind } = incident;
  const link = (to: string, id: string) => (
    <Link to={to}>
      <bdi>{id}</bdi>
    </Link>
  );
  return (
    <Facts>
      <Fact label={t("incident.kind")}>{kind === "emergency_stop" ? t("incident.kinds.emergency_stop") : kind}</Fact>
      <Fact label={t("vehicle.vehicle")}>{vehicle_id ? link(`/vehicles/${vehicle_id}`, vehicle_id) : "—"}</Fact>
      <Fact label={t("trip.trip")}>{trip_id ? link(`/trips/${trip_id}`, trip_id) : "—"}</Fact>
      <Fact label={t("incident.opened")}>
        <Time at={incident.opened_at} />
      </Fact>
      <Fact label={t("incident.opened_by")}>
        <bdi>{incident.opened_by}</bdi>
      </Fact>
      <Fact label={t("incident.updated")}>
        <Ago at={incident.updated_at} />
      </Fact>
      <Fact label={t("incident.id")}>
        <bdi>{incident.incident_id}</bdi>
      </Fact>
    </Facts>
  );
}

function Notes({ incident: { notes } }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  if (notes.length === 0) return <p className="muted">{t("incident.no_notes")}</p>;
  return (
    <ol className="notes">
      {notes.map((note) => (
        <li key={`${note.at} ${note.author}`}>
          <p className="muted">
            <bdi>{note.author}</bdi> · <Time at={note.at} />
          </p>
          <p dir="auto">{note.text}</p>
        </li>
      ))}
    </ol>
  );
}
