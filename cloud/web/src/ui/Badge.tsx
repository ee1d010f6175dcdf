import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { IncidentStatus, TripStatus } from "../api/types";
import type { VehicleStatus } from "../live/vehicle";
import "./badge.css";

export type Tone = "neutral" | "accent" | "danger" | "warning" | "success";

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

const TRIP_TONES: Record<TripStatus, Tone> = {
  created: "warning",
  assigned: "accent",
  en_route_to_pickup: "accent",
  at_pickup: "accent",
  in_progress: "accent",
  completed: "success",
  cancelled: "neutral",
  failed: "danger",
};

export function TripBadge({ status }: { status: TripStatus }) {
  const { t } = useTranslation();
  return <Badge tone={TRIP_TONES[status]}>{t(`trip.status.${status}`)}</Badge>;
}

export function VehicleBadge({ status }: { status: VehicleStatus }) {
  const { t } = useTranslation();
  return (
    <span className="vehicle-status" data-status={status}>
      <StatusDot status={status} />
      {t(`vehicle.status.${status}`)}
    </span>
  );
}

/** Shape and colour both say the status. */
export function StatusDot({ status }: { status: VehicleStatus }) {
  return <span className="status-dot" data-status={status} aria-hidden />;
}

const INCIDENT_TONES: Record<IncidentStatus, Tone> = { open: "danger", acknowledged: "warning", resolved: "success" };

export function IncidentBadge({ status }: { status: string }) {
  const { t } = useTranslation();
  const known = status as IncidentStatus;
  return <Badge tone={INCIDENT_TONES[known] ?? "neutral"}>{t(`incident.status.${known}`)}</Badge>;
}

export function SeverityBadge({ severity }: { severity: string }) {
  return (
    <span className="severity" data-severity={severity}>
      {severity.toUpperCase()}
    </span>
  );
}
