import type { Polygon, Position } from "geojson";
import type { Place } from "../api/types";

/** West, south, east, north; degrees. */
export type Bounds = [number, number, number, number];

const METRES_PER_DEGREE = 111_320;

/** Web Mercator, 0 to 1 from the north-west corner of the world. */
export function mercator(lng: number, lat: number): [x: number, y: number] {
  const sin = Math.sin((lat * Math.PI) / 180);
  return [lng / 360 + 0.5, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
}

export function fromMercator(x: number, y: number): Place {
  return { lng: (x - 0.5) * 360, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

/** The box around places, at least `smallest_m` wide; nothing without places. */
export function boundsOf(places: Iterable<Place>, smallest_m = 200): Bounds | undefined {
  let bounds: Bounds | undefined;
  for (const { lat, lng } of places) {
    bounds ??= [lng, lat, lng, lat];
    bounds[0] = Math.min(bounds[0], lng);
    bounds[1] = Math.min(bounds[1], lat);
    bounds[2] = Math.max(bounds[2], lng);
    bounds[3] = Math.max(bounds[3], lat);
  }
  if (!bounds) return undefined;
  const missing = Math.max(0, smallest_m / METRES_PER_DEGREE - (bounds[3] - bounds[1])) / 2;
  return [bounds[0] - missing, bounds[1] - missing, bounds[2] + missing, bounds[3] + missing];
}

export function centreOf([west, south, east, north]: Bounds): Place {
  return { lat: (south + north) / 2, lng: (west + east) / 2 };
}

/** Mercator, x and y in turn. */
export function pathOf(places: readonly Place[]): Float64Array {
  return Float64Array.from(places.flatMap(({ lat, lng }) => mercator(lng, lat)));
}

export function polygonBounds({ coordinates }: Polygon): Bounds | undefined {
  return boundsOf((coordinates[0] ?? []).map(([lng = 0, lat = 0]: Position) => ({ lat, lng })));
}

/** Reads "24.4539, 54.3773"; nothing if it is no place. */
export function parsePlace(text: string): Place | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*[,،\s]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (!match) return undefined;
  const [lat, lng] = [Number(match[1]), Number(match[2])];
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : undefined;
}
