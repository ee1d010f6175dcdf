import { expect, test } from "vitest";
import { createFormat } from "./format";

const english = createFormat("en-GB", "Asia/Dubai");
const arabic = createFormat("ar-AE-u-nu-latn", "Asia/Dubai");

test("speeds are in km/h and never negative", () => {
  expect(english.speed(10)).toBe("36 km/h");
  expect(english.speed(-10)).toBe("36 km/h");
});

test("distances change their unit at a kilometre", () => {
  expect(english.distance(999)).toBe("999 m");
  expect(english.distance(1500)).toBe("1.5 km");
});

test("durations name two units at most", () => {
  expect(english.duration(42)).toBe("42 secs");
  expect(english.duration(3600)).toBe("1 hr");
  expect(english.duration(5400)).toBe("1 hr 30 mins");
  expect(english.duration(3599)).toBe("1 hr");
});

test("ages grow through the units", () => {
  expect(english.ago(4_400)).toBe("4 sec ago");
  expect(english.ago(119_000)).toBe("1 min ago");
  expect(english.ago(3 * 86_400_000)).toBe("3 days ago");
});

test("times are in the zone asked for", () => {
  expect(english.time("2026-01-02T20:00:00Z")).toBe("00:00:00");
});

test("Arabic keeps Latin digits", () => {
  const written = [arabic.speed(10), arabic.distance(1500), arabic.percent(0.5), arabic.time("2026-01-02T20:00:00Z")];
  for (const text of written) expect(text).not.toMatch(/[\u0660-\u0669]/);
  expect(arabic.speed(10)).toContain("36");
});
