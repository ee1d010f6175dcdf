const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * How long to wait before the next attempt, ms: doubling, with half of it random so that the browsers of a
 * whole control room do not come back in the same instant.
 */
export function backoffMs(failures: number, random = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return ceiling / 2 + (random() * ceiling) / 2;
}
