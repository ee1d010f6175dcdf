import type { DataDrivenPropertyValueSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { mapLayerPath } from "../api/queries";
import type { MapLayer } from "../api/types";
import type { Tokens } from "./tokens";

const LANES_FROM_ZOOM = 13;

/** The map: the ground and the layers of the service. Glyphs are drawn by the browser. */
export function mapStyle(layers: readonly MapLayer[], token: Tokens): StyleSpecification {
  const sources: StyleSpecification["sources"] = {};
  for (const { id } of layers) {
    sources[id] = { type: "geojson", data: new URL(mapLayerPath(id), location.href).href, tolerance: 0.2 };
  }
  const of = (kind: MapLayer["kind"]) => layers.filter((layer) => layer.kind === kind).map(({ id }) => id);
  return {
    version: 8,
    sources,
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("map-ground") } },
      ...of("areas").flatMap((source) => areas(source, token)),
      ...of("roads").flatMap((source) => roads(source, token)),
      ...of("lanes").flatMap((source) => lanes(source, token)),
      ...of("areas").map((source) => areaNames(source, token)),
    ],
  };
}

function areas(source: string, token: Tokens): LayerSpecification[] {
  const isNoGo = ["==", ["get", "kind"], "no_go"] as const;
  const colour = ["case", isNoGo, token("map-no-go"), token("map-area")] as unknown as string;
  return [
    {
      id: `${source}-fill`,
      type: "fill",
      source,
      paint: { "fill-color": colour, "fill-opacity": ["case", isNoGo as never, 0.14, 0.7] },
    },
    {
      id: `${source}-edge`,
      type: "line",
      source,
      paint: {
        "line-color": ["case", isNoGo as never, token("map-no-go"), token("map-marking")],
        "line-width": 1.5,
        "line-dasharray": [3, 2],
      },
    },
  ];
}

function areaNames(source: string, token: Tokens): LayerSpecification {
  return {
    id: `${source}-name`,
    type: "symbol",
    source,
    layout: { "text-field": ["get", "name"], "text-size": 12, "text-font": ["Inter"], "symbol-placement": "point" },
    paint: { "text-color": token("map-text"), "text-halo-color": token("map-ground"), "text-halo-width": 1.5 },
  };
}

function roads(source: string, token: Tokens): LayerSpecification[] {
  // The faster the road, the wider.
  const width = (extra: number): DataDrivenPropertyValueSpecification<number> => {
    const rank = (minor: number, middle: number, major: number) =>
      ["step", ["get", "speed_kmh"], minor + extra, 60, middle + extra, 100, major + extra] as never;
    return [
      "interpolate",
      ["exponential", 1.6],
      ["zoom"],
      7,
      rank(0.5, 1, 1.6),
      12,
      rank(2, 3, 4),
      17,
      rank(12, 18, 22),
    ];
  };
  const isMajor = [">=", ["get", "speed_kmh"], 100];
  return [
    {
      id: `${source}-casing`,
      type: "line",
      source,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": token("map-road-casing"), "line-width": width(1.6) },
    },
    {
      id: `${source}-road`,
      type: "line",
      source,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": ["case", isMajor as never, token("map-road-major"), token("map-road")],
        "line-width": width(0),
      },
    },
    {
      id: `${source}-blocked`,
      type: "line",
      source,
      filter: ["==", ["get", "blocked"], true],
      paint: { "line-color": token("map-no-go"), "line-width": width(0.5), "line-dasharray": [1.5, 1] },
    },
    {
      id: `${source}-name`,
      type: "symbol",
      source,
      minzoom: 10,
      filter: ["==", ["typeof", ["get", "name"]], "string"],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 400,
        "text-field": ["get", "name"],
        "text-size": 11,
        "text-font": ["Inter"],
      },
      paint: { "text-color": token("map-text"), "text-halo-color": token("map-ground"), "text-halo-width": 1.5 },
    },
  ];
}

function lanes(source: string, token: Tokens): LayerSpecification[] {
  const kind = ["get", "kind"];
  return [
    {
      id: `${source}-lane`,
      type: "fill",
      source,
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: {
        "fill-color": [
          "match",
          kind as never,
          "driving",
          token("map-lane"),
          "parking",
          token("map-parking"),
          "object",
          token("map-object"),
          token("map-verge"),
        ],
      },
    },
    {
      id: `${source}-boundary`,
      type: "line",
      source,
      minzoom: LANES_FROM_ZOOM,
      filter: ["==", kind, "boundary"] as never,
      paint: {
        "line-color": token("map-marking"),
        "line-width": ["interpolate", ["linear"], ["zoom"], LANES_FROM_ZOOM, 0.4, 18, 1.5],
      },
    },
    {
      id: `${source}-centre`,
      type: "line",
      source,
      minzoom: LANES_FROM_ZOOM + 3,
      filter: ["==", kind, "centre"] as never,
      paint: { "line-color": token("map-marking"), "line-width": 1, "line-opacity": 0.5, "line-dasharray": [6, 6] },
    },
  ];
}
