import { useDeferredValue, useMemo, useState } from "react";
import { useVehicles } from "../../live/hooks";
import { STATUSES, type Vehicle, type VehicleStatus } from "../../live/vehicle";

export interface VehicleQuery {
  text: string;
  /** All of them where empty. */
  statuses: ReadonlySet<VehicleStatus>;
  fleet: string;
}

export const ALL_FLEETS = "";

export function matches({ registered, status }: Vehicle, { text, statuses, fleet }: VehicleQuery): boolean {
  if (statuses.size > 0 && !statuses.has(status)) return false;
  if (fleet !== ALL_FLEETS && registered.fleet_id !== fleet) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = `${registered.vehicle_id} ${registered.model} ${registered.fleet_id} ${registered.area}`.toLowerCase();
  return words.every((word) => hay.includes(word));
}

export function useVehicleFilter() {
  const all = useVehicles();
  const [query, setQuery] = useState<VehicleQuery>({ text: "", statuses: new Set(), fleet: ALL_FLEETS });
  const deferred = useDeferredValue(query);
  const active = query.text.trim() !== "" || query.statuses.size > 0 || query.fleet !== ALL_FLEETS;
  const vehicles = useMemo(
    () => (active ? all.filter((vehicle) => matches(vehicle, deferred)) : all),
    [all, deferred, active],
  );
  const counts = useMemo(() => countByStatus(all), [all]);
  const fleets = useMemo(() => [...new Set(all.map(({ registered }) => registered.fleet_id ?? ""))].sort(), [all]);
  return { query, setQuery, active, vehicles, counts, fleets, total: all.length };
}

export type VehicleFilter = ReturnType<typeof useVehicleFilter>;

function countByStatus(vehicles: readonly Vehicle[]): Record<VehicleStatus, number> {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<VehicleStatus, number>;
  for (const { status } of vehicles) counts[status] += 1;
  return counts;
}
