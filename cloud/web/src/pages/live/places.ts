import { useQueries, useQuery } from "@tanstack/react-query";
import type { FeatureCollection, Polygon } from "geojson";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { mapLayerPath, mapLayers } from "../../api/queries";
import { request } from "../../api/request";
import type { Place } from "../../api/types";
import { useVehicles } from "../../live/hooks";
import { centreOf, polygonBounds } from "../../map/geo";

export interface NamedPlace extends Place {
  name: string;
}

/** Places with a name: the middle of each area of the map, and where the vehicles are. */
export function usePlaces(): NamedPlace[] {
  const { t } = useTranslation();
  const vehicles = useVehicles();
  const layers = useQuery(mapLayers).data;
  const areas = useQueries({
    queries: (layers ?? [])
      .filter(({ kind }) => kind === "areas")
      .map(({ id }) => ({
        queryKey: ["map", id],
        queryFn: () => request<FeatureCollection<Polygon, { name?: string }>>("GET", mapLayerPath(id)),
      })),
    combine: (results) => results.flatMap(({ data }) => data?.features ?? []),
  });
  return useMemo(() => {
    const named: NamedPlace[] = [];
    for (const { geometry, properties } of areas) {
      const bounds = polygonBounds(geometry);
      if (properties.name && bounds) named.push({ name: properties.name, ...centreOf(bounds) });
    }
    for (const { id, live } of vehicles) {
      if (live) named.push({ name: t("order.at_vehicle", { id }), lat: live.lat, lng: live.lng });
    }
    return named;
  }, [areas, vehicles, t]);
}
