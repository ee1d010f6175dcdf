import { lazy, Suspense } from "react";
import type { FleetMapProps } from "./FleetMap";

// The map is the largest part of the app: pages come up before it.
const FleetMap = lazy(() => import("./FleetMap"));

export function LazyFleetMap(props: FleetMapProps) {
  return (
    <Suspense fallback={<div className="map" aria-busy />}>
      <FleetMap {...props} />
    </Suspense>
  );
}
