import { useQuery } from "@tanstack/react-query";
import { Maximize, Minus, Plus } from "lucide-react";
import { Map as MapLibre } from "maplibre-gl";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { mapLayers } from "../api/queries";
import type { Place } from "../api/types";
import { useTheme } from "../app/theme";
import { vehicleStore } from "../live/store";
import { Button } from "../ui/Button";
import { Empty } from "../ui/State";
import { type Bounds, boundsOf } from "./geo";
import { mapStyle } from "./style";
import { readTokens } from "./tokens";
import { type OverlayContent, VehicleOverlay } from "./VehicleOverlay";
import "maplibre-gl/dist/maplibre-gl.css";
import "./map.css";

export interface FleetMapProps extends OverlayContent {
  label: string;
  /** Keeps the selected vehicle in the middle until the map is dragged. */
  follow?: boolean;
  /** What to look at; whenever it is another one the map goes there. Without it: all vehicles, once. */
  view?: Bounds | undefined;
  onSelect?(id: string | undefined): void;
  /** Makes a click choose a place instead of a vehicle. */
  onPick?: ((place: Place) => void) | undefined;
  onDrag?(): void;
  /** Told the middle of the map when it came to rest. */
  onRest?(centre: Place): void;
}

const PADDING = 56;
const CLOSEST_FIT = 17;
const FOLLOW_ZOOM = 16;
/** About a centimetre, degrees. */
const SAME_PLACE = 1e-7;

export default function FleetMap(props: FleetMapProps) {
  const { t } = useTranslation();
  const container = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<{ map: MapLibre; overlay: VehicleOverlay }>();
  const [failed, setFailed] = useState(false);
  const theme = useTheme();
  const layers = useQuery(mapLayers).data;

  const follow = useEffectEvent((place: Place) => {
    if (!props.follow || !view) return;
    const { lng, lat } = view.map.getCenter();
    // Moving the map draws it, and that asks again.
    if (Math.hypot(place.lng - lng, place.lat - lat) > SAME_PLACE) view.map.jumpTo({ center: place });
  });
  const click = useEffectEvent((x: number, y: number, place: Place) => {
    if (props.onPick) props.onPick(place);
    else props.onSelect?.(view?.overlay.pick(x, y));
  });
  const drag = useEffectEvent(() => props.onDrag?.());
  const rest = useEffectEvent((place: Place) => props.onRest?.(place));

  useEffect(() => {
    if (!container.current) return;
    let map: MapLibre;
    try {
      map = new MapLibre({
        container: container.current,
        style: mapStyle([], readTokens()),
        center: [54.9, 24.8],
        zoom: 8,
        maxPitch: 0,
        dragRotate: false,
        pitchWithRotate: false,
        attributionControl: false,
        fadeDuration: 0,
      });
    } catch {
      setFailed(true);
      return;
    }
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    const overlay = new VehicleOverlay(map, vehicleStore, follow);
    map.on("click", ({ point, lngLat }) => click(point.x, point.y, { lat: lngLat.lat, lng: lngLat.lng }));
    map.on("dragstart", () => drag());
    map.on("moveend", () => rest(map.getCenter()));
    map.once("style.load", () => setView({ map, overlay }));
    return () => {
      setView(undefined);
      overlay.remove();
      map.remove();
    };
  }, []);

  useEffect(() => {
    if (!view) return;
    // The theme is in the tokens.
    void theme;
    view.map.setStyle(mapStyle(layers ?? [], readTokens()), { diff: true });
    view.overlay.readTheme();
  }, [view, layers, theme]);

  const { ids, selected, route, trail, pins } = props;
  useEffect(() => view?.overlay.show({ ids, selected, route, trail, pins }), [view, ids, selected, route, trail, pins]);

  const fitAll = () => {
    const bounds = allVehicles() ?? layers?.[0]?.bounds;
    if (bounds) view?.map.fitBounds(bounds, { padding: PADDING, maxZoom: CLOSEST_FIT });
  };
  useInitialView(view?.map, props.view, layers?.[0]?.bounds);

  useEffect(() => {
    if (props.follow && view) view.map.jumpTo({ zoom: Math.max(view.map.getZoom(), FOLLOW_ZOOM) });
  }, [props.follow, view]);

  // What was chosen in the list may be out of sight.
  useEffect(() => {
    const live = selected === undefined ? undefined : vehicleStore.get(selected)?.live;
    if (view && live && !view.map.getBounds().contains(live)) view.map.easeTo({ center: live });
  }, [selected, view]);

  if (failed) return <Empty title={t("map.unavailable")} />;
  return (
    <section className="map" data-picking={props.onPick ? true : undefined} aria-label={props.label}>
      <div ref={container} className="map-canvas" />
      <div className="map-controls">
        <Button className="icon-only" aria-label={t("map.zoom_in")} onPress={() => view?.map.zoomIn()}>
          <Plus aria-hidden />
        </Button>
        <Button className="icon-only" aria-label={t("map.zoom_out")} onPress={() => view?.map.zoomOut()}>
          <Minus aria-hidden />
        </Button>
        <Button className="icon-only" aria-label={t("map.fit")} onPress={fitAll}>
          <Maximize aria-hidden />
        </Button>
      </div>
    </section>
  );
}

function allVehicles(): Bounds | undefined {
  const places: Place[] = [];
  for (const { live } of vehicleStore.all()) if (live) places.push(live);
  return boundsOf(places);
}

/** Goes to what is asked for; else once to where the vehicles are, as soon as that is known. */
function useInitialView(map: MapLibre | undefined, wanted: Bounds | undefined, ground: Bounds | undefined): void {
  const key = wanted?.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same bounds in another array are no reason to move
  useEffect(() => {
    if (map && wanted) lookAt(map, wanted);
  }, [map, key]);

  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!map || key !== undefined || done) return;
    const look = () => {
      const all = allVehicles();
      if (!all) return;
      lookAt(map, all);
      setDone(true);
    };
    if (ground) lookAt(map, ground);
    look();
    return vehicleStore.subscribeFrame(look);
  }, [map, key, ground, done]);
}

function lookAt(map: MapLibre, bounds: Bounds): void {
  map.fitBounds(bounds, { padding: PADDING, maxZoom: CLOSEST_FIT, animate: false });
}
