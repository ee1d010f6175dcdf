import type { TripStatus } from "../../api/types";

/** In the order of a trip's life. */
export const TRIP_STATUSES: readonly TripStatus[] = [
  "created",
  "assigned",
  "en_route_to_pickup",
  "at_pickup",
  "in_progress",
  "completed",
  "cancelled",
  "failed",
];

const FINAL: ReadonlySet<TripStatus> = new Set<TripStatus>(["completed", "cancelled", "failed"]);

export const isFinal = (status: TripStatus) => FINAL.has(status);
