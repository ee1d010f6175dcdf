import { useEffect, useMemo, useState } from "react";
import { useTelemetry } from "../../api/queries";
import type { LiveVehicle, Place } from "../../api/types";
import { useVehicle } from "../../live/hooks";

const MINUTES = "5m";
const MOST_NEW = 2000;

/** Where a vehicle was in the last minutes: what the service kept, and what came since. */
export function useTrail(id: string | undefined): Place[] | undefined {
  const kept = useTelemetry(id, MINUTES).data;
  const live = useVehicle(id ?? "")?.live;
  const [since, setSince] = useState<LiveVehicle[]>([]);

  useEffect(() => {
    if (!live) return;
    setSince((known) => {
      const ofSame = known.at(-1)?.vehicle_id === live.vehicle_id ? known : [];
      return ofSame.at(-1) === live ? known : [...ofSame, live].slice(-MOST_NEW);
    });
  }, [live]);

  return useMemo(() => {
    if (!kept) return undefined;
    const end = Date.parse(kept.at(-1)?.measured_at ?? "1970-01-01");
    const newer = since.filter(({ vehicle_id, measured_at }) => vehicle_id === id && Date.parse(measured_at) > end);
    return [...kept, ...newer];
  }, [id, kept, since]);
}
