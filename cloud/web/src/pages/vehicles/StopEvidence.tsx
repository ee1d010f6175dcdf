import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEmergencyStops } from "../../api/queries";
import type { EmergencyStop } from "../../api/types";
import type en from "../../locales/en.json";
import { Badge } from "../../ui/Badge";
import { Empty, Failure, Skeleton } from "../../ui/State";
import { Time } from "../../ui/Time";
import { Timeline } from "../../ui/Timeline";
import { ReleaseControl } from "./Release";
import "./stops.css";

type Step = keyof typeof en.stop.steps;

/** Emergency stops with the evidence of each step; of the one that holds the vehicle also its release. */
export function StopEvidence({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: stops, error, refetch } = useEmergencyStops(id);
  if (error && !stops) return <Failure error={error} onRetry={refetch} />;
  if (!stops) return <Skeleton />;
  if (stops.length === 0) return <Empty title={t("stop.none")} />;
  return (
    <div className="stops">
      {stops.map((stop, index) => (
        <Stop key={stop.stop_id} stop={stop} open={index === 0} />
      ))}
    </div>
  );
}

function Stop({ stop, open }: { stop: EmergencyStop; open: boolean }) {
  const { t, i18n } = useTranslation();
  const word = (step: string) => (i18n.exists(`stop.steps.${step}`) ? t(`stop.steps.${step as Step}`) : step);
  const released = stop.status === "released";
  return (
    <details open={open}>
      <summary>
        <Badge tone={released ? "success" : "danger"}>{word(stop.status)}</Badge>
        <Time at={stop.requested_at} />
        <bdi>{stop.requested_by}</bdi>
      </summary>
      <div className="stack">
        {!released && <ReleaseControl stop={stop} />}
        <Timeline
          precise
          label={t("stop.evidence")}
          entries={stop.steps.map((step, index) => ({
            key: `${index}`,
            title: word(step.step),
            tone: TONES[step.step],
            ...step,
            detail: reasonWord(step.detail, t),
          }))}
        />
        <Link to={`/incidents/${stop.incident_id}`}>{t("stop.incident")}</Link>
      </div>
    </details>
  );
}

const TONES: Record<string, "danger" | "warning" | "success" | undefined> = {
  requested: "danger",
  not_delivered: "warning",
  released: "success",
};

/** Reasons that this page sends are ids. */
function reasonWord(detail: string, t: ReturnType<typeof useTranslation>["t"]): string {
  const key = `stop.reasons.${detail}` as "stop.reasons.other";
  return /^[a-z_]+$/.test(detail) ? t(key, { defaultValue: detail }) : detail;
}
