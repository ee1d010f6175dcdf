import type { EmergencyStop } from "../../api/types";

/** An agreement counts for so long. */
const VALID_MS = 600_000;

export interface Approval {
  user: string;
  at: string;
}

/** Who agrees that the vehicle drives again, one entry a person, the newest of each. */
export function validApprovals({ steps }: Pick<EmergencyStop, "steps">, now: number): Approval[] {
  const byUser = new Map<string, Approval>();
  for (const { step, actor, at } of steps) {
    if (step === "release_approved" && now - Date.parse(at) < VALID_MS) byUser.set(actor, { user: actor, at });
  }
  return [...byUser.values()];
}
