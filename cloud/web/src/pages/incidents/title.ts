import { useTranslation } from "react-i18next";
import type { Incident } from "../../api/types";
import { useReason } from "../vehicles/reasons";

/** The title in the user's language where the kind of incident is known, else as the service wrote it. */
export function useIncidentTitle(): (incident: Incident) => string {
  const { t } = useTranslation();
  const word = useReason();
  return ({ kind, title, vehicle_id: id }) => {
    if (kind !== "emergency_stop" || !id) return title;
    return t("incident.stop_title", { id, reason: word(title.slice(title.indexOf(": ") + 2)) });
  };
}
