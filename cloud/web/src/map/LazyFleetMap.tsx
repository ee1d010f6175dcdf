import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { mapLayers } from "../api/queries";
import type { FleetMapProps } from "./FleetMap";

// The map is the largest part of the app: pages come up before it.
const FleetMap = lazy(() => import("./FleetMap"));

export function LazyFleetMap(props: FleetMapProps) {
  // Asked for while the code is on its way.
  useQuery(mapLayers);
  return (
    <Suspense fallback={<div className="map" aria-busy />}>
      <FleetMap {...props} />
    </Suspense>
  );
}
