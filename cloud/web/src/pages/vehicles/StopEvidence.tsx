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
import { useReason } from "./reasons";
import "./stops.css";

type Step = keyof typeof en.stop.steps;

/** Emergency stops with the evidence of each step; of the one that holds the vehicle also its release. */
export function StopEvidence({ id }: { id: string }) {
  const { t } = useTranslation();
  const word = useStepWord();
  const { data: stops, error, refetch } = useEmergencyStops(id);
  if (error && !stops) return <Failure error={error} onRetry={refetch} />;
  if (!stops) return <Skeleton />;
  if (stops.length === 0) return <Empty title={t("stop.none")} />;
  return (
    <div className="stops">
      {stops.map((stop, index) => (
        <details key={stop.stop_id} open={index === 0}>
          <summary>
            <Badge tone={stop.status === "released" ? "success" : "danger"}>{word(stop.status)}</Badge>
            <Time at={stop.requested_at} />
            <bdi>{stop.requested_by}</bdi>
          </summary>
          <Stop stop={stop} />
          <Link className="stop-incident" to={`/incidents/${stop.incident_id}`}>
            {t("stop.incident")}
          </Link>
        </details>
      ))}
    </div>
  );
}

/** One stop: its release, and the evidence of each step. */
export function Stop({ stop }: { stop: EmergencyStop }) {
  const { t } = useTranslation();
  const word = useStepWord();
  const reason = useReason();
  return (
    <div className="stack">
      {stop.status !== "released" && <ReleaseControl stop={stop} />}
      <Timeline
        precise
        label={t("stop.evidence")}
        entries={stop.steps.map((step, index) => ({
          key: `${index}`,
          title: word(step.step),
          tone: TONES[step.step],
          ...step,
          detail: reason(step.detail),
        }))}
      />
    </div>
  );
}

function useStepWord(): (step: string) => string {
  const { t, i18n } = useTranslation();
  return (step) => (i18n.exists(`stop.steps.${step}`) ? t(`stop.steps.${step as Step}`) : step);
}

const TONES: Record<string, "danger" | "warning" | "success" | undefined> = {
  requested: "danger",
  not_delivered: "warning",
  released: "success",
};
