import { useSyncExternalStore } from "react";
import { me, queryClient } from "../api/queries";
import type { FleetEvent } from "../api/types";
import { eachSecond, serverClock } from "./clock";
import { vehicleStore } from "./store";
import { Stream, type StreamState } from "./stream";

export interface Connection {
  state: StreamState;
  /** Since when there is no connection, ms since the epoch. */
  lostAt: number | undefined;
  /** When the next attempt is due. */
  retryAt: number | undefined;
}

let connection: Connection = { state: "connecting", lostAt: undefined, retryAt: undefined };
const listeners = new Set<() => void>();

/** What the pages read is asked for again at most so often, however fast events come. */
const REFRESH_MS = 250;
const outdated = new Set<string>();
let refreshDue = false;

const stream = new Stream({
  onVehicles(states) {
    // A vehicle that was registered since.
    if (vehicleStore.update(states).length > 0) outdate("vehicles");
  },
  onEvent(event) {
    for (const key of outdatedBy(event)) outdate(...key);
  },
  onHeartbeat: (at) => serverClock.set(at),
  onOpen(resumed) {
    // Resuming misses no event, but what was asked for during the break may have failed.
    if (resumed) queryClient.invalidateQueries();
  },
  onState(state, retryAt) {
    const lostAt = state === "live" ? undefined : (connection.lostAt ?? (state === "lost" ? Date.now() : undefined));
    connection = { state, lostAt, retryAt };
    // Lost because the session ended? The answer leads to the login page then.
    if (state === "lost") queryClient.invalidateQueries({ queryKey: me.queryKey });
    for (const listener of listeners) listener();
  },
});

/** Keeps the pages up to date until the returned function is called. */
export function connect(): () => void {
  const stopTicking = eachSecond(() => vehicleStore.tick());
  stream.start();
  return () => {
    stream.stop();
    stopTicking();
  };
}

export const retryNow = stream.retryNow;

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}

/** Keys of the queries whose answers an event changed. */
export function outdatedBy({ kind, entity }: FleetEvent): string[][] {
  const id = entity.slice(entity.indexOf(":") + 1);
  const domain = kind.slice(0, kind.indexOf("."));
  switch (domain) {
    case "trip":
      return [["trips"], ["trip", id]];
    case "incident":
      return [["incidents"], ["incident", id]];
    case "emergency_stop":
      return [["stops", id]];
    case "vehicle":
      return [["vehicles"]];
    default:
      return [];
  }
}

function outdate(...key: string[]): void {
  outdated.add(JSON.stringify(key));
  if (refreshDue) return;
  refreshDue = true;
  setTimeout(() => {
    refreshDue = false;
    for (const written of outdated) queryClient.invalidateQueries({ queryKey: JSON.parse(written) });
    outdated.clear();
  }, REFRESH_MS);
}
