import { useEffect, useMemo, useState } from "react";
import { useTelemetry } from "../../api/queries";
import type { Place } from "../../api/types";
import { useVehicle } from "../../live/hooks";

const MINUTES = "5m";
const MOST_NEW = 2000;

/** Where a vehicle was in the last minutes: what the service kept, and what came since. */
export function useTrail(id: string | undefined): Place[] | undefined {
  const kept = useTelemetry(id, MINUTES).data;
  const live = useVehicle(id ?? "")?.live;
  const [since, setSince] = useState<(Place & { at: string })[]>([]);

  useEffect(() => {
    if (!live) return setSince([]);
    const { lat, lng, measured_at: at } = live;
    setSince((known) => (known.at(-1)?.at === at ? known : [...known, { lat, lng, at }].slice(-MOST_NEW)));
  }, [live]);

  return useMemo(() => {
    if (!id || !kept) return undefined;
    const last = kept.at(-1)?.measured_at ?? "";
    return [...kept, ...since.filter(({ at }) => Date.parse(at) > Date.parse(last || "1970-01-01"))];
  }, [id, kept, since]);
}
