import type { Vehicle, VehicleStatus } from "../live/vehicle";
import { mercator } from "./geo";

/** A vehicle on its way from where it was drawn to where it is; Mercator. */
export interface Motion {
  live: NonNullable<Vehicle["live"]>;
  status: VehicleStatus;
  fromX: number;
  fromY: number;
  fromHeading: number;
  x: number;
  y: number;
  /** rad, counter-clockwise from east. */
  heading: number;
  startedAt: number;
  duration_ms: number;
}

const LONGEST_MS = 1200;
/** A jump farther than this is no motion; about 2 km. */
const FARTHEST = 0.00005;

/** Goes on to a new state from where the vehicle is drawn now, and arrives when the next report is due. */
export function moveTo(
  live: Motion["live"],
  status: VehicleStatus,
  before: Motion | undefined,
  now: number,
  still: boolean,
): Motion {
  const [x, y] = mercator(live.lng, live.lat);
  const heading = live.heading_rad;
  const target = { live, status, x, y, heading, startedAt: now };
  const here = before && at(before, now);
  if (!here || still || Math.hypot(here[0] - x, here[1] - y) > FARTHEST) {
    return { ...target, fromX: x, fromY: y, fromHeading: heading, duration_ms: 0 };
  }
  const [fromX, fromY, fromHeading] = here;
  const standing = fromX === x && fromY === y && fromHeading === heading;
  const interval = Date.parse(live.received_at) - Date.parse(before.live.received_at);
  return { ...target, fromX, fromY, fromHeading, duration_ms: standing ? 0 : Math.min(interval, LONGEST_MS) };
}

export function isMoving(motion: Motion, now: number): boolean {
  return now < motion.startedAt + motion.duration_ms;
}

/** Where it is drawn at a moment. */
export function at(motion: Motion, now: number): [x: number, y: number, heading: number] {
  const { fromX, fromY, fromHeading, x, y, heading, startedAt, duration_ms } = motion;
  if (!isMoving(motion, now)) return [x, y, heading];
  const part = Math.max(0, now - startedAt) / duration_ms;
  const turn = Math.atan2(Math.sin(heading - fromHeading), Math.cos(heading - fromHeading));
  return [fromX + (x - fromX) * part, fromY + (y - fromY) * part, fromHeading + turn * part];
}
