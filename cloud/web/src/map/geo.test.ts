import { expect, test } from "vitest";
import { boundsOf, fromMercator, mercator, parsePlace } from "./geo";

test("Mercator has its corners where they belong", () => {
  expect(mercator(0, 0)).toEqual([0.5, 0.5]);
  const [x, y] = mercator(-180, 85.051129);
  expect(x).toBeCloseTo(0);
  expect(y).toBeCloseTo(0, 6);
});

test("places are read as latitude and longitude", () => {
  expect(parsePlace("24.4539, 54.3773")).toEqual({ lat: 24.4539, lng: 54.3773 });
  expect(parsePlace(" -24 54 ")).toEqual({ lat: -24, lng: 54 });
  expect(parsePlace("24.4539، 54.3773")).toEqual({ lat: 24.4539, lng: 54.3773 });
});

test("what is no place is refused", () => {
  for (const text of ["", "24.4", "91, 0", "0, 181", "north, east", "24.4, 54.3, 1"]) {
    expect(parsePlace(text), text).toBeUndefined();
  }
});

test("one place has bounds of some width", () => {
  const [west, south, east, north] = boundsOf([{ lat: 24, lng: 54 }]) ?? [0, 0, 0, 0];
  expect(north - south).toBeGreaterThan(0.001);
  expect(east - west).toBeGreaterThan(0.001);
  expect(boundsOf([])).toBeUndefined();
});

test("Mercator and back is the same place", () => {
  const { lat, lng } = fromMercator(...mercator(54.3773, 24.4539));
  expect(lat).toBeCloseTo(24.4539, 9);
  expect(lng).toBeCloseTo(54.3773, 9);
});
