import { expect, test } from "vitest";
import type { LiveVehicle } from "../api/types";
import { at, isMoving, moveTo } from "./motion";

function live(lng: number, second: number, heading_rad = 0): LiveVehicle {
  const received_at = `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
  return { lat: 0, lng, heading_rad, received_at } as LiveVehicle;
}

test("it arrives when the next report is due", () => {
  const first = moveTo(live(0, 0), "driving", undefined, 0, false);
  const second = moveTo(live(0.001, 1), "driving", first, 1000, false);
  expect(at(second, 1000)[0]).toBe(0.5);
  expect(at(second, 1500)[0]).toBeCloseTo(0.5 + 0.0005 / 360, 12);
  expect(at(second, 2000)[0]).toBe(second.x);
  expect(isMoving(second, 1999)).toBe(true);
  expect(isMoving(second, 2000)).toBe(false);
});

test("it turns the short way", () => {
  const first = moveTo(live(0, 0, 3), "driving", undefined, 0, false);
  const second = moveTo(live(0, 1, -3), "driving", first, 0, false);
  expect(Math.abs(at(second, 500)[2])).toBeCloseTo(Math.PI, 1);
});

test("jumps and reduced motion are not animated", () => {
  const first = moveTo(live(0, 0), "driving", undefined, 0, false);
  expect(moveTo(live(10, 1), "driving", first, 0, false).duration_ms).toBe(0);
  expect(moveTo(live(0.001, 1), "driving", first, 0, true).duration_ms).toBe(0);
});
