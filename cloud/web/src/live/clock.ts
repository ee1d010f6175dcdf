import { useSyncExternalStore } from "react";

/** The service's clock: ages are told by it, since a browser's may be wrong by minutes. */
class ServerClock {
  private offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Sets it by a heartbeat. */
  set(at: string): void {
    this.offsetMs = Date.parse(at) - Date.now();
  }
}

export const serverClock = new ServerClock();

const listeners = new Set<() => void>();
let second = serverClock.now();

setInterval(() => {
  second = serverClock.now();
  for (const listener of listeners) listener();
}, 1000);

/** Calls back every second. */
export function eachSecond(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The service's time, ms since the epoch, renewed every second. */
export function useServerNow(): number {
  return useSyncExternalStore(eachSecond, () => second);
}
