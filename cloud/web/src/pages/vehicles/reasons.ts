import { useTranslation } from "react-i18next";

/** What the service keeps as the reason of an emergency stop. */
export const REASONS = ["obstacle_detected", "unsafe_driving", "passenger_emergency", "road_hazard", "other"] as const;

type Reason = (typeof REASONS)[number];

/** Writes a reason in the user's language; one that was not chosen here stays as it is. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => (REASONS.includes(reason as Reason) ? t(`stop.reasons.${reason as Reason}`) : reason);
}
