import type { LiveVehicle, VehicleView } from "../api/types";

/** What an operator has to know at a glance; one colour each. */
export type VehicleStatus = "stopped" | "driving" | "standing" | "offline";

/** In the order of attention. */
export const STATUSES: readonly VehicleStatus[] = ["stopped", "driving", "standing", "offline"];

export type RegisteredVehicle = Omit<VehicleView, "online" | "state">;

export interface Vehicle {
  readonly id: string;
  readonly registered: RegisteredVehicle;
  /** What it said last; nothing if it never did. */
  readonly live: LiveVehicle | undefined;
  readonly status: VehicleStatus;
}

/** A vehicle that said nothing for so long is offline, as the service has it. */
export const OFFLINE_AFTER_MS = 5000;

const STANDING_MPS = 0.1;

export function ageMs(live: LiveVehicle, serverNow: number): number {
  return Math.max(0, serverNow - Date.parse(live.received_at));
}

export function statusOf(live: LiveVehicle | undefined, serverNow: number): VehicleStatus {
  if (!live || live.mode === "offline" || ageMs(live, serverNow) >= OFFLINE_AFTER_MS) return "offline";
  const { latched, mode } = live.safety;
  if (latched || mode === "emergency_stop" || mode === "comfort_stop") return "stopped";
  return Math.abs(live.speed_mps) > STANDING_MPS ? "driving" : "standing";
}
