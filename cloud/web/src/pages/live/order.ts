import { useMemo, useState } from "react";
import { useRoutePreview } from "../../api/queries";
import { ProblemError } from "../../api/request";
import type { Place, Trip } from "../../api/types";
import { parsePlace } from "../../map/geo";

export type Field = "pickup" | "destination" | "passengers";

/** What is being ordered: two places as typed, and the route between them. */
export function useOrder() {
  const [texts, setTexts] = useState({ pickup: "", destination: "" });
  const [mapCentre, setMapCentre] = useState<Place>();
  const pickup = useMemo(() => parsePlace(texts.pickup), [texts.pickup]);
  const destination = useMemo(() => parsePlace(texts.destination), [texts.destination]);
  const preview = useRoutePreview(pickup, destination);

  const setText = (field: "pickup" | "destination", text: string) => setTexts((texts) => ({ ...texts, [field]: text }));

  return {
    texts,
    setText,
    pickup,
    destination,
    preview,
    mapCentre,
    setMapCentre,
    clear: () => setTexts({ pickup: "", destination: "" }),
    /** Takes a click on the map for the first place that is missing, then for the destination. */
    pick: (place: Place) => setText(pickup ? "destination" : "pickup", writePlace(place)),
    pins: (ordering: boolean, trip: Trip | undefined) => pinsOf(ordering ? { pickup, destination } : (trip ?? {})),
  };
}

export type Order = ReturnType<typeof useOrder>;

export function writePlace({ lat, lng }: Place): string {
  return `${lat.toFixed(5)}, ${lng.toFixed(5)}`;
}

function pinsOf({ pickup, destination }: { pickup?: Place | undefined; destination?: Place | undefined }) {
  return [...(pickup ? [{ ...pickup, letter: "A" }] : []), ...(destination ? [{ ...destination, letter: "B" }] : [])];
}

/** The field that a refusal is about; nothing if it is about the whole order. */
export function fieldOf(error: Error | null): Field | undefined {
  if (!(error instanceof ProblemError)) return undefined;
  const { detail } = error.problem;
  // An area that complains of the goal has the start.
  if (/\b(goal|destination)\b/.test(detail)) return "destination";
  if (/\b(start|pickup|from)\b/.test(detail)) return "pickup";
  if (/passenger/.test(detail)) return "passengers";
  return undefined;
}
