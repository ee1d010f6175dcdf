import { expect, test } from "vitest";
import { backoffMs } from "./backoff";

test("doubles up to its longest", () => {
  const most = [0, 1, 2, 3, 4, 5, 50].map((failures) => backoffMs(failures, () => 1));
  expect(most).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("half of it is random", () => {
  expect(backoffMs(3, () => 0)).toBe(2000);
  expect(backoffMs(3, () => 0.5)).toBe(3000);
});
