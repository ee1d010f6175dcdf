import { useCallback, useSyncExternalStore } from "react";
import { vehicleStore } from "./store";
import type { Vehicle } from "./vehicle";

/** One vehicle, renewed only when it changes. */
export function useVehicle(id: string): Vehicle | undefined {
  return useSyncExternalStore(
    useCallback((listener: () => void) => vehicleStore.subscribeVehicle(id, listener), [id]),
    () => vehicleStore.get(id),
  );
}

/** All vehicles by id, renewed when they come, go, or change their status. */
export function useVehicles(): readonly Vehicle[] {
  return useSyncExternalStore(vehicleStore.subscribeList, () => vehicleStore.list());
}
